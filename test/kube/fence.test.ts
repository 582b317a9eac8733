/**
 * What our account may do to pods and to the index when RBAC lets it do anything: attempts to break the fence, with a real token of
 * the account, on a real API server.
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import {
  type AdmissionWorld,
  digestOf,
  INDEXES,
  podOf,
  rowOf,
  startAdmissionWorld,
  useOf,
} from "../support/kube/admission-world.ts";
import {
  APPLY_PATCH,
  type ApiClient,
  connectApi,
  JSON_PATCH,
  MERGE_PATCH,
} from "../support/kube/api-client.ts";

const PODS = "/api/v1/namespaces/default/pods";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";

const use = useOf("nginx", "a");
const noteFor = (image: string) => `${image} ${digestOf("a")} same-index pod 2026-11-29T08:00:00Z`;
const NOTE = noteFor("nginx:1.27");

// biome-ignore lint/suspicious/noExplicitAny: an object as the server answers it
type Any = any;
type Change = { readonly op: string; readonly path: string; readonly value?: unknown };
const put = (path: string, value: unknown): Change => ({ op: "add", path, value });
const drop = (path: string): Change => ({ op: "remove", path });
const image = (value: string, at = "containers/0"): Change => ({
  op: "replace",
  path: `/spec/${at}/image`,
  value,
});
const note = (value: string, container = "web"): Change =>
  put(`/metadata/annotations/image.repull.dev~1${container}`, value);

let world: AdmissionWorld;
let ours: ApiClient;
let count = 0;

beforeAll(async () => {
  world = await startAdmissionWorld({ fence: true });
  const { stdout } = await world.plane.kubectl(["create", "token", "repull", "-n", "repull"]);
  ours = await connectApi(world.plane, stdout.trim());
  // A policy is in force a moment after it is there, each for itself; and until its rights are, an account is refused by RBAC.
  const first = podOf("first", { containers: [{ name: "a", image: "b" }] });
  const rows = { "nginx:1.27": { ...rowOf("nginx", "a"), use: `evil.example/nginx@${digestOf("a")}` } };
  const index = {
    apiVersion: "repull.dev/v1",
    kind: "ImageIndex",
    metadata: { name: "repull-9", labels: { "repull.dev/index": "images" } },
    spec: { rows },
  };
  for (const [policy, path, body] of [
    ["repull-pods", PODS, first],
    ["repull-index", INDEXES, index],
  ] as const)
    for (let left = 400; ; left--) {
      const answer = await ours.send("POST", `${path}?dryRun=All`, body);
      if (String(answer.body.message).includes(`'${policy}'`)) break;
      if (left === 0) throw new Error(`the policy ${policy} is not in force: ${JSON.stringify(answer.body)}`);
      await delay(50);
    }
});
afterAll(async () => {
  ours?.close();
  await world?.stop();
});

const waiting = (name: string, reason: string) => ({
  name,
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
});

/** A pod of which `web` and `init` wait for their images, with every other state next to them. */
async function stuckPod(annotations: Record<string, string> = {}): Promise<Any> {
  const pod = podOf(
    `stuck-${++count}`,
    {
      containers: ["web", "running", "ended", "crashing", "silent"].map((name) => ({
        name,
        image: name === "web" ? "nginx:1.27" : "app:1",
      })),
      initContainers: [
        { name: "side", image: "proxy:1", restartPolicy: "Always" },
        { name: "begun", image: "proxy:1", restartPolicy: "Always" },
        { name: "init", image: "redis:8" },
      ],
      volumes: [{ name: "models", image: { reference: "models:1" } }],
    },
    { annotations: { "example.com/theirs": "kept", ...annotations }, labels: { app: "web" } },
  );
  equal((await world.api.send("POST", PODS, pod)).status, 201);
  const status = {
    phase: "Pending",
    containerStatuses: [
      waiting("web", "ImagePullBackOff"),
      { ...waiting("running", ""), ready: true, state: { running: { startedAt: "2026-11-29T08:00:00Z" } } },
      { ...waiting("ended", ""), state: { terminated: { exitCode: 0, reason: "Completed" } } },
      waiting("crashing", "CrashLoopBackOff"),
    ],
    initContainerStatuses: [
      waiting("side", "ImagePullBackOff"),
      {
        ...waiting("begun", ""),
        ready: true,
        started: true,
        state: { running: { startedAt: "2026-11-29T08:00:00Z" } },
      },
      waiting("init", "ErrImagePull"),
    ],
  };
  const answer = await world.api.send(
    "PATCH",
    `${PODS}/${pod.metadata.name}/status`,
    { status },
    { contentType: STRATEGIC_PATCH },
  );
  equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const patchAs = (client: ApiClient, { metadata }: Any, changes: readonly Change[]) =>
  client.send("PATCH", `${PODS}/${metadata.name}`, changes, { contentType: JSON_PATCH });

describe("our account, in a pod", () => {
  // biome-ignore format: a table is read by its columns
  const allowed: readonly (readonly [string, readonly Change[], Record<string, string>?])[] = [
    ["an image of allowedRegistries by digest",              [image(use), note(NOTE)]],
    ["an init container's image",                            [image(useOf("redis", "b"), "initContainers/2"), note(noteFor("redis:8"), "init")]],
    ["a sidecar's image",                                    [image(useOf("proxy", "c"), "initContainers/0"), note(noteFor("proxy:1"), "side")]],
    ["an image with a tag and a digest",                     [image(`public.ecr.aws/docker/library/nginx:1.27@${digestOf("a")}`), note(NOTE)]],
    ["two images at once",                                   [image(use), note(NOTE), image(useOf("redis", "b"), "initContainers/2"), note(noteFor("redis:8"), "init")]],
    ["the name as written, at a digest",                     [image(`nginx:1.27@${digestOf("a")}`), note(NOTE)]],
    ["another place for what was swapped before",            [image(use), note(NOTE)], { "image.repull.dev/web": noteFor("docker.io/library/nginx:1.27") }],
    ["the name in the note, at a digest",                    [image(`quay.io/nginx:1@${digestOf("a")}`), note(noteFor("quay.io/nginx:1"))], { "image.repull.dev/web": noteFor("quay.io/nginx:1") }],
  ];
  for (const [title, changes, annotations] of allowed) {
    test(`may write ${title}`, async () => {
      const answer = await patchAs(ours, await stuckPod(annotations), changes);
      equal(answer.status, 200, JSON.stringify(answer.body));
    });
  }

  const noted = { "image.repull.dev/web": NOTE };
  // biome-ignore format: a table is read by its columns
  const refused: readonly (readonly [string, readonly Change[], Record<string, string>?])[] = [
    ["an image by tag",                                      [image("public.ecr.aws/docker/library/nginx:1.27"), note(NOTE)]],
    ["an image of another registry",                         [image(`evil.example.com/nginx@${digestOf("a")}`), note(NOTE)]],
    ["a registry whose name begins like an allowed one",     [image(`public.ecr.aws.evil.example.com/nginx@${digestOf("a")}`), note(NOTE)]],
    ["a registry with a port at an allowed name",            [image(`public.ecr.aws:5000/nginx@${digestOf("a")}`), note(NOTE)]],
    ["a registry that an allowed name is a path of",         [image(`evil.example.com/public.ecr.aws/nginx@${digestOf("a")}`), note(NOTE)]],
    ["an allowed name as a login",                           [image(`public.ecr.aws/x@evil.example.com/nginx@${digestOf("a")}`), note(NOTE)]],
    ["an image of Docker Hub that the pod does not have",    [image(`evil/nginx@${digestOf("a")}`), note(NOTE)]],
    ["a name that begins like the one written",              [image(`nginx:1.27.evil@${digestOf("a")}`), note(NOTE)]],
    ["a short digest",                                       [image("public.ecr.aws/docker/library/nginx@sha256:abc"), note(NOTE)]],
    ["a digest in capitals",                                 [image(`public.ecr.aws/docker/library/nginx@sha256:${"A".repeat(64)}`), note(NOTE)]],
    ["a digest of another algorithm",                        [image(`public.ecr.aws/docker/library/nginx@sha512:${"a".repeat(128)}`), note(NOTE)]],
    ["a digest after a digest",                              [image(`public.ecr.aws/docker/library/nginx@${digestOf("b")}@${digestOf("a")}`), note(NOTE)]],
    ["an allowed registry in capitals",                      [image(`PUBLIC.ECR.AWS/docker/library/nginx@${digestOf("a")}`), note(NOTE)]],
    ["an allowed registry in letters that look alike",       [image(`public.\u0435cr.aws/docker/library/nginx@${digestOf("a")}`), note(NOTE)]],
    ["an allowed registry with a dot at its end",            [image(`public.ecr.aws./docker/library/nginx@${digestOf("a")}`), note(NOTE)]],
    ["an allowed registry as the whole name",                [image(`public.ecr.aws@${digestOf("a")}`), note(NOTE)]],
    ["a line break within a name",                           [image(`public.ecr.aws/docker\n/nginx@${digestOf("a")}`), note(NOTE)]],
    ["a space within a name",                                [image(`public.ecr.aws/docker /nginx@${digestOf("a")}`), note(NOTE)]],
    ["the image of a sidecar that has begun",                [image(use, "initContainers/1"), note(noteFor("proxy:1"), "begun")]],
    ["an init container that becomes a sidecar",             [put("/spec/initContainers/2/restartPolicy", "Always")]],
    ["an image with a line break",                           [image(`${use}\nx`), note(NOTE)]],
    ["the image of a running container",                     [image(use, "containers/1"), note(noteFor("app:1"), "running")]],
    ["the image of a container that has ended",              [image(use, "containers/2"), note(noteFor("app:1"), "ended")]],
    ["the image of a container that crashes",                [image(use, "containers/3"), note(noteFor("app:1"), "crashing")]],
    ["the image of a container of which nothing is known",   [image(use, "containers/4"), note(noteFor("app:1"), "silent")]],
    ["an image of a waiting and of a running container",     [image(use), note(NOTE), image(use, "containers/1"), note(noteFor("app:1"), "running")]],
    ["an image without a note",                              [image(use)]],
    ["a note of another name than the pod had",              [image(use), note(noteFor("evil:1"))]],
    ["a note that names more than the pod had",              [image(use), note(`nginx:1.27 evil ${digestOf("a")}`)]],
    ["a note alone",                                         [note(NOTE)]],
    ["a note of another container",                          [image(use), note(NOTE), note(noteFor("app:1"), "running")]],
    ["another's annotation",                                 [image(use), note(NOTE), put("/metadata/annotations/example.com~1theirs", "changed")]],
    ["an annotation more",                                   [image(use), note(NOTE), put("/metadata/annotations/example.com~1more", "x")]],
    ["no annotation of another's any more",                  [image(use), note(NOTE), drop("/metadata/annotations/example.com~1theirs")]],
    ["no annotations at all",                                [drop("/metadata/annotations")]],
    ["no note any more",                                     [drop("/metadata/annotations/image.repull.dev~1web")], noted],
    ["another's name by a forged note, in two steps",        [image(`evil:1@${digestOf("a")}`), note(noteFor("evil:1"))], noted],
    ["a label",                                              [put("/metadata/labels/more", "x")]],
    ["a label in addition to an image",                              [image(use), note(NOTE), put("/metadata/labels/app", "other")]],
    ["no labels",                                            [drop("/metadata/labels")]],
    ["a finalizer",                                          [put("/metadata/finalizers", ["example.com/f"])]],
    ["an owner",                                             [put("/metadata/ownerReferences", [{ apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "b" }])]],
    ["a toleration",                                         [put("/spec/tolerations/-", { key: "a", operator: "Exists" })]],
    ["a deadline",                                           [put("/spec/activeDeadlineSeconds", 1)]],
    ["a grace period",                                       [put("/spec/terminationGracePeriodSeconds", 1)]],
    ["a volume's image",                                     [image(use.replace("nginx", "models"), "volumes/0/image/reference".replace("/image/reference", ""))]],
    ["an environment",                                       [put("/spec/containers/0/env", [{ name: "A", value: "b" }])]],
    ["a container more",                                     [put("/spec/containers/-", { name: "evil", image: use })]],
  ];
  for (const [title, changes, annotations] of refused) {
    test(`may not write ${title}`, async () => {
      const pod = await stuckPod(annotations);
      const answer = await patchAs(ours, pod, changes);
      ok([403, 422].includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
      deepEqual((await world.api.send("GET", `${PODS}/${pod.metadata.name}`)).body, pod);
    });
  }

  const path = ({ metadata }: Any, sub: string) => `${PODS}/${metadata.name}${sub}`;
  const ephemeral = { spec: { ephemeralContainers: [{ name: "evil", image: use }] } };
  const requests: Record<string, (pod: Any) => ReturnType<ApiClient["send"]>> = {
    "a new pod": () => ours.send("POST", PODS, podOf("evil", { containers: [{ name: "a", image: use }] })),
    "a new pod by a generated name": () => {
      const { metadata: _, ...pod } = podOf("", { containers: [{ name: "a", image: use }] });
      return ours.send("POST", PODS, { ...pod, metadata: { generateName: "evil-" } });
    },
    "a template that pods are made from": () =>
      ours.send("POST", "/api/v1/namespaces/default/podtemplates", {
        apiVersion: "v1",
        kind: "PodTemplate",
        metadata: { name: "evil" },
        template: { spec: { containers: [{ name: "a", image: use }] } },
      }),
    "an image of a running container, applied": (pod) =>
      ours.send(
        "PATCH",
        path(pod, "?fieldManager=repull&force=true"),
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: pod.metadata.name },
          spec: { containers: [{ name: "running", image: use }] },
        },
        { contentType: APPLY_PATCH },
      ),
    "an image without a note, applied": (pod) =>
      ours.send(
        "PATCH",
        path(pod, "?fieldManager=repull&force=true"),
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: pod.metadata.name },
          spec: { containers: [{ name: "web", image: use }] },
        },
        { contentType: APPLY_PATCH },
      ),
    "a pod as a whole with another image": (pod) => {
      const whole = structuredClone(pod);
      whole.spec.containers[1].image = use;
      return ours.send("PUT", path(pod, ""), whole);
    },
    "a container to debug with": (pod) =>
      ours.send("PATCH", path(pod, "/ephemeralcontainers"), ephemeral, { contentType: STRATEGIC_PATCH }),
    "a status": (pod) =>
      ours.send(
        "PATCH",
        path(pod, "/status"),
        { status: { phase: "Running" } },
        { contentType: MERGE_PATCH },
      ),
    "a node for it": (pod) =>
      ours.send("POST", path(pod, "/binding"), {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: pod.metadata.name },
        target: { kind: "Node", name: "a" },
      }),
    "a node for it, by the older resource": (pod) =>
      ours.send("POST", "/api/v1/namespaces/default/bindings", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: pod.metadata.name },
        target: { kind: "Node", name: "a" },
      }),
    "its eviction": (pod) =>
      ours.send("POST", path(pod, "/eviction"), {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: pod.metadata.name },
      }),
    "its resources": (pod) =>
      ours.send(
        "PATCH",
        path(pod, "/resize"),
        { spec: { containers: [{ name: "web", resources: { limits: { cpu: "1" } } }] } },
        { contentType: STRATEGIC_PATCH },
      ),
    "its end": (pod) => ours.send("DELETE", path(pod, "")),
    "the end of all": () => ours.send("DELETE", PODS),
    "a command in it": (pod) =>
      ours.send("POST", path(pod, "/exec?command=id&container=running&stdout=true")),
    "to a process of it": (pod) => ours.send("POST", path(pod, "/attach?container=running&stdout=true")),
    "to a port of it": (pod) => ours.send("POST", path(pod, "/portforward?ports=80")),
    "to a server of it": (pod) => ours.send("POST", path(pod, "/proxy/")),
    "an image of a running container, merged": (pod) =>
      ours.send(
        "PATCH",
        path(pod, ""),
        { spec: { containers: [{ name: "running", image: use }] } },
        { contentType: STRATEGIC_PATCH },
      ),
    "a list of containers, merged": (pod) =>
      ours.send(
        "PATCH",
        path(pod, ""),
        { spec: { containers: [{ name: "web", image: use }] } },
        { contentType: MERGE_PATCH },
      ),
    "a pod that is not there, applied": () =>
      ours.send(
        "PATCH",
        path({ metadata: { name: "evil" } }, "?fieldManager=repull"),
        podOf("evil", { containers: [{ name: "a", image: use }] }),
        { contentType: APPLY_PATCH },
      ),
    "a change of it in a dry run": (pod) =>
      ours.send("PATCH", path(pod, "?dryRun=All"), [put("/metadata/labels/more", "x")], {
        contentType: JSON_PATCH,
      }),
  };
  for (const [title, send] of Object.entries(requests)) {
    test(`may not write ${title}`, async () => {
      const pod = await stuckPod();
      const answer = await send(pod);
      ok([403, 422].includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
      deepEqual((await world.api.send("GET", path(pod, ""))).body, pod);
    });
  }

  test("may apply nothing more on the server's side", async () => {
    const pod = await stuckPod();
    const applied = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: pod.metadata.name, labels: { more: "x" } },
    };
    const answer = await ours.send("PATCH", `${path(pod, "")}?${"fieldManager=repull&force=true"}`, applied, {
      contentType: "application/apply-patch+yaml",
    });
    equal(answer.status, 422, JSON.stringify(answer.body));
  });

  test("does not bind anyone else: an administrator may write a tag into a running container", async () => {
    const answer = await patchAs(world.api, await stuckPod(), [
      image("nginx:1.28", "containers/1"),
      put("/metadata/labels/more", "x"),
    ]);
    equal(answer.status, 200, JSON.stringify(answer.body));
  });
});

describe("the index", () => {
  const indexOf = (name: string, rows: object) => ({
    apiVersion: "repull.dev/v1",
    kind: "ImageIndex",
    metadata: { name },
    spec: { rows },
  });
  const own = () => indexOf(`own-${++count}`, { "nginx:1.27": rowOf("nginx", "a") });

  test("is written by our account", async () => {
    const index = own();
    equal((await ours.send("POST", INDEXES, index)).status, 201);
    const answer = await ours.send(
      "PATCH",
      `${INDEXES}/${index.metadata.name}`,
      { spec: { rows: { "redis:8": rowOf("redis", "b") } } },
      { contentType: MERGE_PATCH },
    );
    equal(answer.status, 200);
  });

  test("is read, and taken away, by an administrator", async () => {
    const index = own();
    await ours.send("POST", INDEXES, index);
    equal((await world.api.send("GET", `${INDEXES}/${index.metadata.name}`)).status, 200);
    equal((await world.api.send("DELETE", `${INDEXES}/${index.metadata.name}`)).status, 200);
  });

  const others: Record<string, (index: Any) => ReturnType<ApiClient["send"]>> = {
    "made by an administrator": () => world.api.send("POST", INDEXES, own()),
    "replaced by an administrator": (index) =>
      world.api.send("PUT", `${INDEXES}/${index.metadata.name}`, index),
    "patched by an administrator": (index) =>
      world.api.send(
        "PATCH",
        `${INDEXES}/${index.metadata.name}`,
        { spec: { rows: { evil: rowOf("evil", "e") } } },
        { contentType: MERGE_PATCH },
      ),
    "labelled by an administrator": (index) =>
      world.api.send(
        "PATCH",
        `${INDEXES}/${index.metadata.name}`,
        { metadata: { labels: { a: "b" } } },
        { contentType: MERGE_PATCH },
      ),
    "patched by another account of our namespace": (index) =>
      world.api.send(
        "PATCH",
        `${INDEXES}/${index.metadata.name}`,
        { metadata: { labels: { a: "b" } } },
        {
          contentType: MERGE_PATCH,
          user: "system:serviceaccount:repull:repull-webhook",
          groups: ["system:masters"],
        },
      ),
  };
  for (const [title, send] of Object.entries(others)) {
    test(`is not ${title}`, async () => {
      const { body: index } = await ours.send("POST", INDEXES, own());
      equal((await send(index)).status, 403);
      deepEqual((await world.api.send("GET", `${INDEXES}/${index.metadata.name}`)).body, index);
    });
  }

  // biome-ignore format: a table is read by its columns
  const uses = [
    ["of another registry",                               `evil.example.com/nginx@${digestOf("a")}`],
    ["of a registry that begins like an allowed one",     `public.ecr.aws.evil.example.com/nginx@${digestOf("a")}`],
    ["of Docker Hub, written short",                      `nginx@${digestOf("a")}`],
    ["by tag",                                            "public.ecr.aws/docker/library/nginx:1.27"],
    ["with two digests",                                  `public.ecr.aws/x@evil.example.com/y@${digestOf("a")}`],
    ["with a space",                                      `public.ecr.aws/x y@${digestOf("a")}`],
    ["that is empty",                                     ""],
  ] as const;
  for (const [title, wrong] of uses) {
    test(`takes no image ${title}, among good ones`, async () => {
      const rows = { "nginx:1.27": rowOf("nginx", "a"), "redis:8": { ...rowOf("redis", "b"), use: wrong } };
      const answer = await ours.send("POST", INDEXES, indexOf(`own-${++count}`, rows));
      equal(answer.status, 422, JSON.stringify(answer.body));
    });
  }

  test("takes as many rows as an object may have, within the server's limit of cost", async () => {
    const rows = Object.fromEntries(
      Array.from({ length: 4_000 }, (_, at) => [`docker.io/app-${at}`, rowOf(`app-${at}`, "a")]),
    );
    equal((await ours.send("POST", INDEXES, indexOf("repull-0", rows))).status, 201);
  });
});
