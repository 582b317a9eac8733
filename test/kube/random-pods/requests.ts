/** The requests by which a random pod comes, and is changed. */

import { APPLY_PATCH, JSON_PATCH, MERGE_PATCH } from "../../support/kube/api-client.ts";
import type { Change, Life } from "./lives.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of the API server
type Any = any;

const AS_WRITER = "?fieldManager=";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";

/** @param isDryRun nothing is stored */
export function creation({ namespace, pod, maker }: Life, isDryRun: boolean) {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const query = isDryRun ? "dryRun=All" : "";
  const as = maker.user === undefined ? {} : { user: maker.user, groups: ["system:masters"] };
  // Applied is what has a name.
  if (maker.by === "post" || pod.metadata.name === undefined)
    return { method: "POST", path: `${pods}?${query}`, options: as };
  return {
    method: "PATCH",
    path: `${pods}/${pod.metadata.name}${AS_WRITER}maker&force=true&${query}`,
    options: { ...as, contentType: APPLY_PATCH },
  };
}

function isStatic({ metadata }: Any): boolean {
  return metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
}

/** Whether there may be no room for our annotations. */
export function isFull({ metadata }: Any): boolean {
  return JSON.stringify(metadata.annotations ?? {}).length > 200_000;
}

/** The request by which a change comes, and the pod as it asks for it. */
export function askedFor(change: Change, pod: Any, life: Life) {
  const asked = structuredClone(pod);
  const patch = (body: object, contentType: string, sub = "") => ({
    method: "PATCH",
    sub,
    body,
    contentType,
    pod: asked,
  });
  asked.metadata.annotations ??= {};
  switch (change.kind) {
    case "label":
      asked.metadata.labels = { ...asked.metadata.labels, touched: "yes" };
      return patch({ metadata: { labels: { touched: "yes" } } }, MERGE_PATCH);
    case "annotate":
      if (isFull(pod)) return undefined;
      asked.metadata.annotations["example.com/touched"] = change.value.slice(0, 500);
      return patch(
        { metadata: { annotations: { "example.com/touched": change.value.slice(0, 500) } } },
        MERGE_PATCH,
      );
    case "mode":
      if (change.value === null) delete asked.metadata.labels?.["repull.dev/mode"];
      else asked.metadata.labels = { ...asked.metadata.labels, "repull.dev/mode": change.value };
      return patch({ metadata: { labels: { "repull.dev/mode": change.value } } }, MERGE_PATCH);
    case "set-image":
      asked.spec.containers[change.container].image = change.image;
      if (change.as === "strategic") {
        const { name } = asked.spec.containers[change.container];
        return patch({ spec: { containers: [{ name, image: change.image }] } }, STRATEGIC_PATCH);
      }
      return patch(
        [{ op: "replace", path: `/spec/containers/${change.container}/image`, value: change.image }],
        JSON_PATCH,
      );
    case "debug": {
      const container = { name: change.name, image: change.image, imagePullPolicy: "IfNotPresent" };
      const others = asked.spec.ephemeralContainers ?? [];
      if (isStatic(pod) || others.some(({ name }: Any) => name === change.name)) return undefined;
      // A strategic merge puts what is new first.
      asked.spec.ephemeralContainers = [
        {
          ...container,
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          resources: {},
        },
        ...others,
      ];
      return patch({ spec: { ephemeralContainers: [container] } }, STRATEGIC_PATCH, "/ephemeralcontainers");
    }
    case "resize": {
      const one = asked.spec.containers[change.container];
      // The API server asks the node whether it has what is wanted.
      if (
        pod.spec.nodeName !== undefined ||
        one.resources.requests?.cpu !== "100m" ||
        isStatic(pod) ||
        pod.spec.os?.name === "windows"
      )
        return undefined;
      if (pod.spec.resources?.limits !== undefined) return undefined;
      one.resources.requests.cpu = "200m";
      const container = { name: one.name, resources: { requests: { cpu: "200m" } } };
      return patch({ spec: { containers: [container] } }, STRATEGIC_PATCH, "/resize");
    }
    case "status": {
      if (["Failed", "Succeeded"].includes(pod.status.phase)) return undefined;
      return patch({ status: { phase: change.phase } }, MERGE_PATCH, "/status");
    }
    case "end":
      return {
        method: "DELETE",
        sub: "?gracePeriodSeconds=0",
        body: undefined,
        contentType: "application/json",
        pod: asked,
      };
    case "applied-label": {
      const { name, namespace } = asked.metadata;
      const labels = { [`${change.writer}.example/label`]: "yes" };
      asked.metadata.labels = { ...asked.metadata.labels, ...labels };
      const body = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels } };
      return patch(body, APPLY_PATCH, `${AS_WRITER}${change.writer}`);
    }
    case "put-back":
      return putBack(change.as, asked, life);
  }
}

function putBack(as: "patch" | "replace" | "apply", asked: Any, { pod: source }: Life) {
  // Applied are the containers alone.
  for (const list of as === "apply" ? ["containers"] : ["containers", "initContainers"])
    for (const one of source.spec[list] ?? [])
      for (const now of asked.spec[list]) if (now.name === one.name) now.image = one.image;
  switch (as) {
    case "patch": {
      const body = ["containers", "initContainers"].flatMap((list) =>
        (asked.spec[list] ?? []).map((one: Any, at: number) => ({
          op: "replace",
          path: `/spec/${list}/${at}/image`,
          value: one.image,
        })),
      );
      return { method: "PATCH", sub: "", body, contentType: JSON_PATCH, pod: asked };
    }
    case "replace": {
      for (const key of Object.keys(asked.metadata.annotations))
        if (key.includes("repull.dev/")) delete asked.metadata.annotations[key];
      const { managedFields: _, ...metadata } = asked.metadata;
      return {
        method: "PUT",
        sub: "",
        body: { ...asked, metadata },
        contentType: "application/json",
        pod: asked,
      };
    }
    case "apply": {
      const { name, namespace } = asked.metadata;
      const containers = source.spec.containers.map(({ name, image }: Any) => ({ name, image }));
      const body = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec: { containers } };
      return {
        method: "PATCH",
        sub: "?fieldManager=gitops&force=true",
        body,
        contentType: APPLY_PATCH,
        pod: asked,
      };
    }
  }
}
