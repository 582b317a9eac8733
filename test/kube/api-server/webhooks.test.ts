/**
 * How the API server treats any mutating webhook, whatever its failure policy: which ours is built on.
 *
 * Each was found out on a real server before it was designed for; a new version of Kubernetes that differs shows here.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterPort } from "../../../src/cluster/cluster-port.ts";
import { openCluster } from "../../../src/cluster/open-cluster.ts";
import type { Pod } from "../../../src/kubernetes/objects/objects.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { freePorts } from "../../support/free-ports.ts";
import { makeAuthority } from "../../support/kube/authority.ts";
import { type ControlPlane, startControlPlane } from "../../support/kube/control-plane.ts";
import {
  patchedBy,
  type ScriptedWebhook,
  startScriptedWebhook,
  type WebhookAnswer,
  webhookFor,
} from "../../support/kube/scripted-webhook.ts";

let plane: ControlPlane;
let webhook: ScriptedWebhook;
let cluster: ClusterPort;
let count = 0;

beforeAll(async () => {
  plane = await startControlPlane();
  webhook = await startScriptedWebhook(plane);
  cluster = openCluster({ from: "kubeconfig", files: [plane.kubeconfig] }, systemClock);
});
afterAll(async () => {
  cluster?.close();
  await webhook?.close();
  await plane?.stop();
});

async function namespace(): Promise<string> {
  const name = `webhooks-${++count}`;
  await plane.kubectl(["create", "namespace", name]);
  return name;
}

const pod = (at: string, image = "nginx:1", name = "web"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: at },
  spec: { containers: [{ name: "web", image }] },
});
const imagesOf = ({ spec }: Pod) => spec.containers.map(({ image }) => image);
const swap = (at: number, value: string) => ({
  op: "replace",
  path: `/spec/containers/${at}/image`,
  value,
});

/** Configurations work a moment after they are stored: until a pod that is only tried reaches the webhook. */
async function untilCalled(at: string): Promise<void> {
  const before = webhook.requests.length;
  const calls = async () => {
    await cluster.create("pods", pod(at, "nginx:1", "probe"), { dryRun: true }).catch(() => {});
    return webhook.requests.length;
  };
  await expect.poll(calls, { timeout: 30_000 }).toBeGreaterThan(before);
}

describe("a pod is refused in spite of failurePolicy Ignore", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["when a test in the patch does not hold",              patchedBy([{ op: "test", path: "/spec/containers/0/image", value: "other" }, swap(0, "x:1")]), "ServerError"],
    ["when the patch replaces what is not there",           patchedBy([swap(7, "x:1")]),                                                       "ServerError"],
    ["when the patch adds to annotations that are absent",  patchedBy([{ op: "add", path: "/metadata/annotations/a", value: "1" }]),           "ServerError"],
    ["when the patch makes an image that cannot be one",    patchedBy([swap(0, "  ")]),                                                        "Invalid"],
    ["when the webhook does not allow it",                  { allowed: false },                                                                "Forbidden"],
  ] as const;
  for (const [when, answer, reason] of table)
    test(when, async () => {
      const at = await namespace();
      webhook.answer(`/${at}`, () => answer);
      const url = `${webhook.url}/${at}`;
      await plane.kubectl.apply(webhookFor(plane, { name: at, url, namespace: at }));
      await untilCalled(at);
      const created = cluster.create("pods", pod(at));
      if (reason === "Forbidden") await expect(created).rejects.toMatchObject({ status: 400 });
      else await expect(created).rejects.toMatchObject({ reason });
      expect(await cluster.list("pods", { namespace: at })).toEqual([]);
    });
});

describe("a pod is admitted unchanged", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, WebhookAnswer])[] = [
    ["when the webhook answers HTTP 500",             (_, response) => response.writeHead(500).end("no")],
    ["when the webhook answers what is not JSON",     (_, response) => response.writeHead(200).end("<html>")],
    ["when the webhook hangs up",                     (request) => request.socket.destroy()],
    ["when the webhook does not answer in time",      () => {}],
    ["when the answer is another request's",          { allowed: true, uid: "other" }],
    ["when a patch comes without its type",           { allowed: true, patch: Buffer.from("[]").toString("base64") }],
    ["when a type comes without a patch",             { allowed: true, patchType: "JSONPatch" }],
    ["when the webhook allows it and says no more",   { allowed: true }],
  ];
  for (const [when, answer] of table)
    test(when, async () => {
      const at = await namespace();
      webhook.answer(`/${at}`, () => answer);
      const url = `${webhook.url}/${at}`;
      await plane.kubectl.apply(webhookFor(plane, { name: at, url, namespace: at }));
      await untilCalled(at);
      expect(imagesOf(await cluster.create("pods", pod(at)))).toEqual(["nginx:1"]);
    });

  test("when nothing listens where the webhook should be", async () => {
    const at = await namespace();
    const [port = 0] = await freePorts(1);
    const url = `https://127.0.0.1:${port}/`;
    await plane.kubectl.apply(webhookFor(plane, { name: at, url, namespace: at }));
    expect(imagesOf(await cluster.create("pods", pod(at)))).toEqual(["nginx:1"]);
  });

  test("when another authority signed the webhook's certificate", async () => {
    const at = await namespace();
    const { certificateBase64 } = await makeAuthority(plane.folder, "other-authority");
    webhook.answer(`/${at}`, () => patchedBy([swap(0, "x:1")]));
    const clientConfig = { url: `${webhook.url}/${at}`, caBundle: certificateBase64 };
    await plane.kubectl.apply(
      webhookFor(plane, { name: at, url: clientConfig.url, namespace: at }, { clientConfig }),
    );
    expect(imagesOf(await cluster.create("pods", pod(at)))).toEqual(["nginx:1"]);
  });
});

test("a field that the API does not know is dropped from a patched pod, and the pod is admitted", async () => {
  const at = await namespace();
  webhook.answer(`/${at}`, () =>
    patchedBy([swap(0, "x:1"), { op: "add", path: "/spec/notAField", value: 1 }]),
  );
  await plane.kubectl.apply(webhookFor(plane, { name: at, url: `${webhook.url}/${at}`, namespace: at }));
  await untilCalled(at);
  const made = await cluster.create("pods", pod(at));
  expect(imagesOf(made)).toEqual(["x:1"]);
  expect(made.spec).not.toHaveProperty("notAField");
});

describe("a server-side dry run", () => {
  test("reaches a webhook without side effects, says so, and reports what it would change", async () => {
    const at = await namespace();
    webhook.answer(`/${at}`, () => patchedBy([swap(0, "x:1")]));
    await plane.kubectl.apply(webhookFor(plane, { name: at, url: `${webhook.url}/${at}`, namespace: at }));
    await untilCalled(at);
    const answer = await cluster.create("pods", pod(at), { dryRun: true });
    expect(imagesOf(answer)).toEqual(["x:1"]);
    expect(webhook.requests.at(-1)?.dryRun).toBe(true);
  });

  test("shows a pod of a ReplicaSet to the webhook without a name", async () => {
    const at = await namespace();
    await plane.kubectl.apply(webhookFor(plane, { name: at, url: `${webhook.url}/${at}`, namespace: at }));
    await untilCalled(at);
    const metadata = { generateName: "web-", namespace: at };
    const made = await cluster.create("pods", { ...pod(at), metadata }, { dryRun: true });
    expect(made.metadata.name).toMatch(/^web-/);
    expect(webhook.requests.at(-1)?.object.metadata.generateName).toBe("web-");
  });
});

describe("a container that a later webhook injects", () => {
  const injects = patchedBy([
    { op: "add", path: "/spec/containers/-", value: { name: "side", image: "nginx:2" } },
  ]);
  const swapsAll = ({ object }: { object: Pod }) =>
    patchedBy(
      object.spec.containers.flatMap(({ image }, at) =>
        image?.startsWith("nginx") ? [swap(at, `mirror.test/${image}`)] : [],
      ),
    );
  const onlyDockerHub = {
    matchConditions: [
      { name: "hub", expression: "object.spec.containers.exists(c, c.image.startsWith('nginx'))" },
    ],
  };

  // biome-ignore format: a table is read by its columns
  const table = [
    ["is shown to a webhook that was called before, by reinvocation",            "a", "quay.io/x:1", { reinvocationPolicy: "IfNeeded" },                   "mirror.test/nginx:2"],
    ["is not shown to a webhook that is never called again",                      "a", "quay.io/x:1", { reinvocationPolicy: "Never" },                      "nginx:2"],
    ["is not shown to a webhook whose condition skipped the first call",          "a", "quay.io/x:1", { reinvocationPolicy: "IfNeeded", ...onlyDockerHub },  "nginx:2"],
    ["is shown to a webhook whose configuration's name comes later",              "z", "quay.io/x:1", { reinvocationPolicy: "Never", ...onlyDockerHub },     "mirror.test/nginx:2"],
  ] as const;
  for (const [what, name, image, more, expected] of table)
    test(what, async () => {
      const at = await namespace();
      webhook.answer(`/${at}/inject`, ({ object }) =>
        object.spec.containers.length > 1 ? { allowed: true } : injects,
      );
      webhook.answer(`/${at}/swap`, (request) => {
        const answer = swapsAll(request);
        return answer.patch === patchedBy([]).patch ? { allowed: true } : answer;
      });
      const place = (path: string, first: string) => ({
        name: `${first}-${at}`,
        url: `${webhook.url}/${at}/${path}`,
        namespace: at,
      });
      await plane.kubectl.apply(webhookFor(plane, place("swap", name), more));
      await plane.kubectl.apply(webhookFor(plane, place("inject", "m")));
      // Both work once a pod that needs both comes out as the injector leaves it.
      const tried = async () => {
        const [first, ...others] = imagesOf(
          await cluster.create("pods", pod(at, "nginx:1"), { dryRun: true }),
        );
        return { first, others: others.length };
      };
      await expect.poll(tried, { timeout: 30_000 }).toEqual({ first: "mirror.test/nginx:1", others: 1 });
      const made = await cluster.create("pods", pod(at, image));
      expect(imagesOf(made)).toEqual([image, expected]);
    });
});
