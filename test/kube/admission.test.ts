/**
 * What becomes of pods on a real API server: by the policy, by the webhook, and by both. One table for the three, since a pod must
 * not show which of them it met.
 */

import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test as vitestTest } from "vitest";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import {
  type AdmissionWorld,
  digestOf,
  podOf,
  rowOf,
  secondsFromNow,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";
import { APPLY_PATCH, JSON_PATCH, MERGE_PATCH } from "../support/kube/api-client.ts";
import { startInjector } from "../support/kube/injecting-webhook.ts";
import { ofSeenPods } from "../support/kube/passed-unseen.ts";

const PODS = "/api/v1/namespaces/default/pods";
/** What the API server calls the writer. */
const AS_GITOPS = "?fieldManager=gitops&force=true";

const rowsNow = (): ReadonlyMap<string, IndexRow> => {
  const { use: _use, proof: _proof, ...nowhere } = rowOf("none", "0");
  return new Map<string, IndexRow>([
    ["nginx:1.27", rowOf("nginx", "a")],
    ["redis:8", rowOf("redis", "b")],
    ["models:1", rowOf("models", "c")],
    ["expired:1", rowOf("expired", "d", { goodUntil: secondsFromNow(-2) })],
    ["fresh", rowOf("fresh", "e", { askedAt: secondsFromNow(-1) })],
    ["stale", rowOf("stale", "e", { askedAt: secondsFromNow(-90) })],
    ["nowhere:1", { ...nowhere, codes: ["no-proof"] }],
    ["wrong:1", rowOf("wrong", "1", { trusted: { digest: digestOf("2"), from: "pod" } })],
    [
      "child:1",
      rowOf("child", "1", { proof: "same-platform", trusted: { digest: digestOf("2"), from: "pod" } }),
    ],
    [`nginx:1.27@${digestOf("a")}`, rowOf("nginx", "a")],
    [`nginx:1.27@${digestOf("3")}`, rowOf("nginx", "a")],
    ["docker.io/library/nginx:1.27", rowOf("nginx", "a")],
    // What a swap gives is an image too, which other pods may have written themselves.
    [useOf("nginx", "a"), rowOf("elsewhere/nginx", "a")],
  ]);
};

const withImage = (image: string, more: object = {}) => ({
  containers: [{ name: "web", image, imagePullPolicy: "IfNotPresent", ...more }],
});
const owner = (apiVersion: string, kind: string) => ({
  ownerReferences: [
    { apiVersion, kind, name: "a", uid: "00000000-0000-0000-0000-000000000001", controller: true },
  ],
});
const labelled = (mode: string) => ({ labels: { "repull.dev/mode": mode } });

/** Workloads whose own label lowers their mode, as the index names them. */
const MODES = {
  "default/Deployment/left": "off",
  "default/Deployment/seen": "observe",
  "default/StatefulSet/db": "off",
  "default/CronJob/report": "off",
  "default/Job": "off",
  "other/Deployment/web": "off",
};
const madeBy = (kind: string, ownerName: string, hash?: string) => ({
  ...(hash === undefined ? {} : { labels: { "pod-template-hash": hash } }),
  ownerReferences: [
    {
      apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
      kind,
      name: ownerName,
      controller: true,
      uid: "00000000-0000-0000-0000-000000000002",
    },
  ],
});

// biome-ignore lint/suspicious/noExplicitAny: a pod as the server answers it
type Pod = any;
/** Every image of a pod, by the name of what has it. */
const imagesOf = ({ spec }: Pod): Record<string, string> =>
  Object.fromEntries([
    ...[...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(
      (one: Pod) => [one.name, one.image] as const,
    ),
    ...(spec.volumes ?? []).flatMap((one: Pod) =>
      one.image === undefined ? [] : [[`volume ${one.name}`, one.image.reference] as const],
    ),
  ]);
/** Our annotations, without the times. */
const notesOf = ({ metadata }: Pod): Record<string, string> =>
  Object.fromEntries(
    Object.entries<string>(metadata.annotations ?? {}).flatMap(([key, value]) =>
      key.includes("repull.dev/")
        ? [[key.replace("image.repull.dev/", ""), value.split(" ").slice(0, -1).join(" ")]]
        : [],
    ),
  );

/** By which ways pods are swapped. */
const WAYS = [
  { way: "the policy", policy: true, webhook: false },
  { way: "the webhook", policy: false, webhook: true },
  { way: "both", policy: true, webhook: true },
];

describe.each(WAYS)("a pod that meets $way", ({ policy, webhook }) => {
  const test = (title: string, run: () => Promise<void>) =>
    vitestTest(title, () => (webhook ? ofSeenPods(world, run) : run()));

  let world: AdmissionWorld;
  let count = 0;
  const name = () => `pod-${++count}`;
  const create = async (spec: object, metadata: object = {}, path = PODS) => {
    const { metadata: own, ...pod } = podOf(name(), spec, metadata);
    const namespace = /namespaces\/([^/]+)/.exec(path)?.[1];
    const answer = await world.api.send("POST", path, { ...pod, metadata: { ...own, namespace } });
    equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body as Pod;
  };
  const patch = async (pod: Pod, body: object, contentType = MERGE_PATCH, sub = "") => {
    const answer = await world.api.send("PATCH", `${PODS}/${pod.metadata.name}${sub}`, body, { contentType });
    equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body as Pod;
  };

  beforeAll(async () => {
    world = await startAdmissionWorld({ policy });
    if (webhook) await world.startWebhook();
    await world.writeIndex(rowsNow(), MODES);
  });
  afterAll(() => world.stop());

  test("runs proved images in its containers, init containers, sidecars and volumes, and says so", async () => {
    const pod = await create(
      {
        ...withImage("nginx:1.27"),
        initContainers: [
          { name: "init", image: "redis:8" },
          { name: "side", image: "redis:8", restartPolicy: "Always" },
        ],
        volumes: [
          { name: "web", image: { reference: "models:1", pullPolicy: "IfNotPresent" } },
          { name: "scratch", emptyDir: {} },
        ],
      },
      { annotations: { "example.com/theirs": "kept" } },
    );
    deepEqual(imagesOf(pod), {
      web: useOf("nginx", "a"),
      init: useOf("redis", "b"),
      side: useOf("redis", "b"),
      "volume web": useOf("models", "c"),
    });
    deepEqual(notesOf(pod), {
      web: `nginx:1.27 ${digestOf("a")} same-index origin`,
      init: `redis:8 ${digestOf("b")} same-index origin`,
      side: `redis:8 ${digestOf("b")} same-index origin`,
      "image-volume.repull.dev/web": `models:1 ${digestOf("c")} same-index origin`,
    });
    equal(pod.metadata.annotations["example.com/theirs"], "kept");
  });

  // biome-ignore format: a table is read by its columns
  const created: readonly (readonly [string, object, object, string])[] = [
    ["swaps where there are no annotations",            withImage("nginx:1.27"),                               {},                                        useOf("nginx", "a")],
    ["swaps the name written in whole",                 withImage("docker.io/library/nginx:1.27"),             {},                                        useOf("nginx", "a")],
    ["swaps a name with the trusted digest",            withImage(`nginx:1.27@${digestOf("a")}`),              {},                                        useOf("nginx", "a")],
    ["swaps to a platform of the trusted index",        withImage("child:1"),                                  {},                                        useOf("child", "1")],
    ["swaps what is always pulled by a fresh proof",    withImage("fresh", { imagePullPolicy: "Always" }),     {},                                        useOf("fresh", "e")],
    ["swaps in a pod of a ReplicaSet",                  withImage("nginx:1.27"),                               owner("apps/v1", "ReplicaSet"),            useOf("nginx", "a")],
    ["swaps in a pod of a Job",                         withImage("nginx:1.27"),                               madeBy("Job", "load-1"),                  useOf("nginx", "a")],
    ["swaps in a pod of a ReplicationController",       withImage("nginx:1.27"),                               owner("v1", "ReplicationController"),      useOf("nginx", "a")],
    ["swaps where the label says remediate",            withImage("nginx:1.27"),                               labelled("remediate"),                     useOf("nginx", "a")],
    ["swaps a container whose note is of another form", withImage("nginx:1.27"),                               { annotations: { "image.repull.dev/web": "x" } }, useOf("nginx", "a")],
    ["leaves an image without a row",                   withImage("app:1"),                                    {},                                        "app:1"],
    ["leaves an image without a place",                 withImage("nowhere:1"),                                {},                                        "nowhere:1"],
    ["leaves an image whose row has ended",             withImage("expired:1"),                                {},                                        "expired:1"],
    ["leaves an image whose row contradicts itself",    withImage("wrong:1"),                                  {},                                        "wrong:1"],
    ["leaves a name with another digest",               withImage(`nginx:1.27@${digestOf("3")}`),              {},                                        `nginx:1.27@${digestOf("3")}`],
    ["leaves what is always pulled by an older proof",  withImage("stale", { imagePullPolicy: "Always" }),     {},                                        "stale"],
    ["leaves what is never pulled",                     withImage("nginx:1.27", { imagePullPolicy: "Never" }), {},                                        "nginx:1.27"],
    ["leaves a pod that opted out",                     withImage("nginx:1.27"),                               labelled("off"),                           "nginx:1.27"],
    ["leaves a pod that observes",                      withImage("nginx:1.27"),                               labelled("observe"),                       "nginx:1.27"],
    ["leaves a pod with an unknown word",               withImage("nginx:1.27"),                               labelled("yes"),                           "nginx:1.27"],
    ["leaves a pod of an operator",                     withImage("nginx:1.27"),                               owner("postgresql.cnpg.io/v1", "Cluster"), "nginx:1.27"],
    ["leaves a pod of another core kind",               withImage("nginx:1.27"),                               owner("v1", "ConfigMap"),                  "nginx:1.27"],
    ["leaves a pod of a Deployment that opted out",     withImage("nginx:1.27"),                               madeBy("ReplicaSet", "left-7d9f", "7d9f"), "nginx:1.27"],
    ["leaves a pod of a Deployment that observes",      withImage("nginx:1.27"),                               madeBy("ReplicaSet", "seen-7d9f", "7d9f"), "nginx:1.27"],
    ["leaves a pod of a StatefulSet that opted out",    withImage("nginx:1.27"),                               madeBy("StatefulSet", "db"),               "nginx:1.27"],
    ["leaves a pod of a Job of a CronJob that opted out", withImage("nginx:1.27"),                             madeBy("Job", "report-29400480"),          "nginx:1.27"],
    ["swaps in a pod of a Deployment whose name goes on", withImage("nginx:1.27"),                             madeBy("ReplicaSet", "left-b-7d9f", "7d9f"), useOf("nginx", "a")],
    ["swaps in a pod of a Deployment of another namespace's name", withImage("nginx:1.27"),                    madeBy("ReplicaSet", "web-7d9f", "7d9f"),  useOf("nginx", "a")],
    ["swaps in a pod of a ReplicaSet that is called like one of a Deployment", withImage("nginx:1.27"),        madeBy("ReplicaSet", "left-7d9f"),         useOf("nginx", "a")],
    ["swaps in a pod of a DaemonSet that is called like a StatefulSet", withImage("nginx:1.27"),               madeBy("DaemonSet", "db"),                 useOf("nginx", "a")],
    ["leaves a pod of a Job by hand where a CronJob opted out", withImage("nginx:1.27"),                           madeBy("Job", "again"),                    "nginx:1.27"],
    ["swaps in a pod of a Job of another CronJob",      withImage("nginx:1.27"),                               madeBy("Job", "other-29400480"),           useOf("nginx", "a")],
    ["leaves an image with a space in it",              withImage("nginx :1.27"),                              {},                                        "nginx :1.27"],
  ];
  for (const [title, spec, metadata, image] of created) {
    test(title, async () => {
      const pod = await create(spec, metadata);
      equal(imagesOf(pod).web, image);
      equal(
        (pod.metadata.annotations?.["image.repull.dev/web"] ?? "").includes(" sha256:"),
        image.startsWith("public.ecr.aws/"),
      );
    });
  }

  test("is left alone as a mirror of a static pod", async () => {
    const annotations = { "kubernetes.io/config.mirror": "hash", "kubernetes.io/config.hash": "hash" };
    const pod = podOf(
      name(),
      { ...withImage("nginx:1.27"), nodeName: "n1" },
      { annotations, ...owner("v1", "Node") },
    );
    await world.api.send("POST", "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n1" },
    });
    const answer = await world.api.send("POST", PODS, pod);
    equal(answer.status, 201, JSON.stringify(answer.body));
    deepEqual(imagesOf(answer.body), { web: "nginx:1.27" });
  });

  // biome-ignore format: a table is read by its columns
  const namespaces = [
    ["kube-system",     undefined,    "nginx:1.27"],
    ["kube-node-lease", undefined,    "nginx:1.27"],
    ["repull",          undefined,    "nginx:1.27"],
    ["opted-out",       "off",        "nginx:1.27"],
    ["observing",       "observe",    "nginx:1.27"],
    ["misspelt",        "remediates", "nginx:1.27"],
    ["remediated",      "remediate",  useOf("nginx", "a")],
  ] as const;
  for (const [namespace, mode, image] of namespaces) {
    test(`has ${image.startsWith("public") ? "a proved image" : "its own image"} in namespace ${namespace}`, async () => {
      const labels = mode === undefined ? {} : { "repull.dev/mode": mode };
      await world.plane.kubectl.apply({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace, labels },
      });
      // The API server sees a namespace's labels by a watch of its own.
      let images: Record<string, string> = {};
      for (let tries = 0; images.web !== image && tries < 50; tries++) {
        if (tries > 0) await delay(100);
        images = imagesOf(await create(withImage("nginx:1.27"), {}, `/api/v1/namespaces/${namespace}/pods`));
      }
      deepEqual(images, { web: image });
    });
  }

  test("gets a proved image for a sidecar that a later webhook injects", async () => {
    const stop = await startInjector(world.plane);
    try {
      let pod = await create(withImage("app:1"), { labels: { inject: "yes" } });
      // The API server learns of a new configuration within a moment.
      for (let tries = 0; imagesOf(pod).injected === undefined && tries < 50; tries++) {
        await delay(100);
        pod = await create(withImage("app:1"), { labels: { inject: "yes" } });
      }
      deepEqual(imagesOf(pod), { web: "app:1", injected: useOf("redis", "b") });
    } finally {
      await world.plane.kubectl(["delete", "mutatingwebhookconfiguration", "zz-injector"]);
      await stop();
      await delay(500);
    }
  });

  test("gets a proved image for a container that kubectl debug adds, and no annotation", async () => {
    const pod = await create(withImage("app:1"));
    const ephemeralContainers = [{ name: "debugger", image: "redis:8", targetContainerName: "web" }];
    const changed = await patch(
      pod,
      { spec: { ephemeralContainers } },
      "application/strategic-merge-patch+json",
      "/ephemeralcontainers",
    );
    deepEqual(imagesOf(changed), { web: "app:1", debugger: useOf("redis", "b") });
    deepEqual(notesOf(changed), {});
  });

  describe("that is updated", () => {
    /** A pod that was there before Repull: its images are what it runs. */
    const older = (spec: object, metadata: object = {}) =>
      create(spec, { ...metadata, labels: { "repull.dev/mode": "off" } }).then((pod) =>
        patch(pod, { metadata: { labels: { "repull.dev/mode": null } } }),
      );

    test("keeps the images that it runs when a label comes", async () => {
      const pod = await older({
        ...withImage("nginx:1.27"),
        initContainers: [{ name: "init", image: "redis:8" }],
      });
      const changed = await patch(pod, { metadata: { labels: { a: "b" } } });
      deepEqual(imagesOf(changed), { web: "nginx:1.27", init: "redis:8" });
      deepEqual(notesOf(changed), {});
    });

    test("gets a proved image where the update changes it, and only there", async () => {
      const pod = await older({
        containers: [
          { name: "web", image: "app:1" },
          { name: "other", image: "redis:8" },
        ],
      });
      const changed = await patch(
        pod,
        [{ op: "replace", path: "/spec/containers/0/image", value: "nginx:1.27" }],
        JSON_PATCH,
      );
      deepEqual(imagesOf(changed), { web: useOf("nginx", "a"), other: "redis:8" });
      deepEqual(Object.keys(notesOf(changed)), ["web"]);
    });

    test("keeps its swap when the name that it was written with is put over it", async () => {
      const pod = await create(withImage("nginx:1.27"));
      const image = [{ op: "replace", path: "/spec/containers/0/image", value: "nginx:1.27" }];
      const changed = await patch(pod, image, JSON_PATCH);
      deepEqual(imagesOf(changed), { web: useOf("nginx", "a") });
      equal(changed.metadata.generation, pod.metadata.generation);
    });

    test("keeps its swap and its note when it is replaced as a whole from its source", async () => {
      const pod = await create(withImage("nginx:1.27"));
      const source = structuredClone(pod);
      source.spec.containers[0].image = "nginx:1.27";
      delete source.metadata.annotations;
      const answer = await world.api.send("PUT", `${PODS}/${pod.metadata.name}`, source);
      equal(answer.status, 200, JSON.stringify(answer.body));
      deepEqual([imagesOf(answer.body), notesOf(answer.body)], [imagesOf(pod), notesOf(pod)]);
    });

    test("gets the image that is put over another one, though a copied note says that it is there", async () => {
      const note = `nginx:1.27 ${digestOf("a")} same-index origin 2026-11-29T08:00:00Z`;
      const pod = await create(withImage(`quay.io/x/y@${digestOf("9")}`), {
        annotations: { "image.repull.dev/web": note },
      });
      const changed = await patch(
        pod,
        [{ op: "replace", path: "/spec/containers/0/image", value: "nginx:1.27" }],
        JSON_PATCH,
      );
      deepEqual(imagesOf(changed), { web: useOf("nginx", "a") });
    });

    test("loses the note of a swap with the image that it was of", async () => {
      const pod = await create(withImage("nginx:1.27"));
      const changed = await patch(
        pod,
        [{ op: "replace", path: "/spec/containers/0/image", value: "app:2" }],
        JSON_PATCH,
      );
      deepEqual([imagesOf(changed), notesOf(changed)], [{ web: "app:2" }, {}]);
    });

    test("has the note of its new image after a second change", async () => {
      const pod = await create(withImage("nginx:1.27"));
      const changed = await patch(
        pod,
        [{ op: "replace", path: "/spec/containers/0/image", value: "redis:8" }],
        JSON_PATCH,
      );
      deepEqual(imagesOf(changed), { web: useOf("redis", "b") });
      deepEqual(notesOf(changed), { web: `redis:8 ${digestOf("b")} same-index origin` });
    });
  });

  describe("that comes from git", () => {
    const source = () => podOf(name(), withImage("nginx:1.27"));
    const apply = (pod: { metadata: { name: string } }) =>
      world.api.send("PATCH", `${PODS}/${pod.metadata.name}${AS_GITOPS}`, pod, {
        contentType: APPLY_PATCH,
      });

    test("does not change when it is applied on the server's side again", async () => {
      const pod = source();
      const first = await apply(pod);
      const second = await apply(pod);
      equal(second.status, 200, JSON.stringify(second.body));
      deepEqual(imagesOf(second.body), { web: useOf("nginx", "a") });
      deepEqual(
        [second.body.metadata.generation, second.body.spec],
        [first.body.metadata.generation, first.body.spec],
      );
    });

    test("shows kubectl no difference, and applying it again changes nothing", async () => {
      const pod = source();
      await world.plane.kubectl.apply(pod);
      const diff = await world.plane.kubectl(["diff", "-f", "-"], {
        stdin: JSON.stringify(pod),
        mayFail: true,
      });
      const again = await world.plane.kubectl.apply(pod);
      equal(diff.status, 0, diff.stdout);
      const now = await world.plane.kubectl.json(["get", "pod", pod.metadata.name]);
      deepEqual([imagesOf(now), now.metadata.generation], [{ web: useOf("nginx", "a") }, 1], again.stdout);
    });
  });

  test("is admitted as it is when its annotations have no room for ours", async () => {
    const full = { "example.com/full": "x".repeat(262_144 - 16) };
    deepEqual(imagesOf(await create(withImage("nginx:1.27"), { annotations: full })), { web: "nginx:1.27" });
  });

  // The policy's clock is what the API server writes into managedFields; a client may send some of its own.
  const fieldsOf = (writer: string) =>
    JSON.parse(`{"apiVersion":"v1","fieldsType":"FieldsV1","manager":"${writer}","operation":"Update"}`);
  const everything = {
    "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:name": {} } } },
  };
  // biome-ignore format: a table is read by its columns
  const madeUp = [
    ["of another writer, from long ago",     [{ ...fieldsOf("node"), time: "2020-01-01T00:00:00Z", fieldsV1: everything }]],
    ["of the same writer, from long ago",    [{ ...fieldsOf("repull-test"), time: "2020-01-01T00:00:00Z", fieldsV1: everything }]],
    ["without a time",                       [{ ...fieldsOf("node"), fieldsV1: everything }]],
    ["of a time to come",                    [{ ...fieldsOf("node"), time: "2120-01-01T00:00:00Z", fieldsV1: everything }]],
    ["that are taken away",                  [{}]],
  ] as const;
  for (const [what, managedFields] of madeUp) {
    test(`gets no image of a row that has ended by managed fields ${what}`, async () => {
      const path = "/api/v1/namespaces/default/pods?fieldManager=repull-test";
      deepEqual(imagesOf(await create(withImage("expired:1"), { managedFields }, path)), {
        web: "expired:1",
      });
    });
  }

  test("is swapped in a dry run, of which nothing remains", async () => {
    const pod = podOf(name(), withImage("nginx:1.27"));
    const { body } = await world.api.send("POST", `${PODS}?dryRun=All`, pod);
    deepEqual(imagesOf(body), { web: useOf("nginx", "a") });
    equal((await world.api.send("GET", `${PODS}/${pod.metadata.name}`)).status, 404);
  });

  test("is left alone when our controller writes it", async () => {
    const user = "system:serviceaccount:repull:repull";
    const { body } = await world.api.send(
      "POST",
      `${PODS}?dryRun=All`,
      podOf(name(), withImage("nginx:1.27")),
      { user },
    );
    deepEqual(imagesOf(body), { web: "nginx:1.27" });
  });
});
