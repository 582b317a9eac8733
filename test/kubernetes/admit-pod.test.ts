import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { patchOf } from "../../src/kubernetes/admission/admission-patch.ts";
import { admissionReviewOf, readAdmissionReview } from "../../src/kubernetes/admission/admission-review.ts";
import { type Admission, admitPod } from "../../src/kubernetes/admission/admit-pod.ts";
import { auditAnnotationsOf, warningsOf } from "../../src/kubernetes/admission/format-admission.ts";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const useOf = (name: string, digit: string) => `public.ecr.aws/docker/library/${name}@${digestOf(digit)}`;
const rowOf = (name: string, digit: string): IndexRow => ({
  use: useOf(name, digit),
  proof: "same-index",
  trusted: { digest: digestOf(digit), from: "origin" },
  askedAt: "2026-11-29T08:00:00Z",
  goodUntil: "2026-11-29T14:00:00Z",
  platforms: ["linux/amd64"],
});
const noteOf = (image: string, digit: string) =>
  `${image} ${digestOf(digit)} same-index origin 2026-11-29T08:00:00Z`;

const admission: Admission = {
  rows: new Map([
    ["nginx:1.27", rowOf("nginx", "a")],
    ["redis:8", rowOf("redis", "b")],
  ]),
  mode: "remediate",
  account: "system:serviceaccount:repull:repull",
  now: Date.parse("2026-11-29T09:00:00Z"),
};

type Part = {
  metadata?: object;
  spec?: object;
  old?: object;
  operation?: string;
  subResource?: string;
  user?: string;
};
const podOf = (metadata: object, spec: object) => ({ kind: "Pod", apiVersion: "v1", metadata, spec });
const web = { containers: [{ name: "web", image: "nginx:1.27" }] };

function requestOf({ metadata = {}, spec = web, old, operation, subResource, user = "someone" }: Part) {
  const request = readAdmissionReview({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "1",
      operation: operation ?? (old === undefined ? "CREATE" : "UPDATE"),
      ...(subResource === undefined ? {} : { subResource }),
      namespace: "default",
      userInfo: { username: user },
      object: podOf(metadata, spec),
      ...(old === undefined ? {} : { oldObject: old }),
    },
  });
  ok(request);
  return request;
}

/** Each image with what becomes of it. */
const told = (part: Part, more: Partial<Admission> = {}) =>
  admitPod(requestOf(part), { ...admission, ...more }).map((one) =>
    one.kind === "left" ? `${one.image.container}: ${one.code}` : `${one.image.container}: ${one.kind}`,
  );

const swapped = { containers: [{ name: "web", image: useOf("nginx", "a") }] };
const withNote = { annotations: { "image.repull.dev/web": noteOf("nginx:1.27", "a") } };

describe("admitPod", () => {
  const all = {
    containers: [
      { name: "web", image: "nginx:1.27" },
      { name: "other", image: "app:1" },
    ],
    initContainers: [
      { name: "init", image: "redis:8" },
      { name: "side", image: "redis:8", restartPolicy: "Always" },
    ],
    ephemeralContainers: [{ name: "debugger", image: "redis:8" }],
    volumes: [{ name: "web", image: { reference: "nginx:1.27" } }],
  };
  const owners = (apiVersion: string, kind: string) => ({
    ownerReferences: [{ apiVersion, kind, name: "a", uid: "b" }],
  });
  const labelled = (mode: string) => ({ labels: { "repull.dev/mode": mode } });
  const old = (spec: object, metadata: object = {}) => podOf(metadata, spec);

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Part, readonly string[]])[] = [
    ["swaps every image with a row of a new pod",               { spec: all },                                        ["web: swap", "other: not-in-index", "init: swap", "side: swap", "web: swap"]],
    ["swaps an ephemeral container alone in its subresource",   { spec: all, old: old(web), subResource: "ephemeralcontainers" }, ["debugger: swap"]],
    ["leaves an ephemeral container that is there",             { spec: all, old: old(all), subResource: "ephemeralcontainers" }, ["debugger: unchanged"]],
    ["leaves an image that an update does not change",          { old: old(web) },                                    ["web: unchanged"]],
    ["swaps an image that an update changes",                   { old: old({ containers: [{ name: "web", image: "app:1" }] }) }, ["web: swap"]],
    ["leaves a volume in an update",                            { spec: all, old: old({ ...all, volumes: [] }) },     ["web: unchanged", "other: unchanged", "init: unchanged", "side: unchanged", "web: unchanged"]],
    ["keeps the swap when its written name is put over it",     { metadata: withNote, old: old(swapped, withNote) },  ["web: keep"]],
    ["keeps the swap when the update drops the note",           { old: old(swapped, withNote) },                      ["web: keep"]],
    ["swaps its name over an image that the note is not of",    { metadata: withNote, old: old({ containers: [{ name: "web", image: useOf("other", "9") }] }, withNote) }, ["web: swap"]],
    ["leaves what was swapped in this very request",            { metadata: withNote, spec: swapped },                ["web: swapped-before"]],
    ["leaves what was swapped in this update",                  { metadata: withNote, spec: swapped, old: old(web) }, ["web: swapped-before"]],
    ["leaves a pod of an operator",                             { metadata: owners("postgresql.cnpg.io/v1", "Cluster") }, ["web: foreign-owner"]],
    ["leaves a pod of a node",                                  { metadata: owners("v1", "Node") },                   ["web: foreign-owner"]],
    ["swaps in a pod of a ReplicaSet",                          { metadata: owners("apps/v1", "ReplicaSet") },        ["web: swap"]],
    ["swaps in a pod of a Job",                                 { metadata: owners("batch/v1", "Job") },              ["web: swap"]],
    ["swaps in a pod of a ReplicationController",               { metadata: owners("v1", "ReplicationController") },  ["web: swap"]],
    ["leaves what our controller writes",                       { user: "system:serviceaccount:repull:repull" },      ["web: own-write"]],
    ["leaves a pod that opted out",                             { metadata: labelled("off") },                        ["web: opted-out"]],
    ["only says what it would do for a pod that observes",      { metadata: labelled("observe") },                    ["web: observed"]],
    ["takes an unknown word for observe",                       { metadata: labelled("on") },                         ["web: observed"]],
    ["puts nothing back in a pod that observes",                { metadata: { ...labelled("observe"), ...withNote }, old: old(swapped, withNote) }, ["web: observed"]],
  ];
  for (const [title, part, images] of table) test(title, () => deepEqual(told(part), images));

  test("changes nothing where the namespace observes, whatever the pod says", () => {
    deepEqual(told({ metadata: labelled("remediate") }, { mode: "observe" }), ["web: observed"]);
  });
});

describe("the patch of an admission", () => {
  const patch = (part: Part, more: Partial<Admission> = {}) => {
    const request = requestOf(part);
    return patchOf(request, admitPod(request, { ...admission, ...more }));
  };

  test("adds the annotations that a pod does not have, then the image, then its note", () => {
    deepEqual(patch({}), [
      { op: "add", path: "/metadata/annotations", value: {} },
      { op: "replace", path: "/spec/containers/0/image", value: useOf("nginx", "a") },
      { op: "add", path: "/metadata/annotations/image.repull.dev~1web", value: noteOf("nginx:1.27", "a") },
    ]);
  });

  test("does not replace the annotations that a pod has", () => {
    deepEqual(
      patch({ metadata: { annotations: {} } })?.map(({ path }) => path),
      ["/spec/containers/0/image", "/metadata/annotations/image.repull.dev~1web"],
    );
  });

  test("is empty where nothing changes", () => {
    deepEqual(patch({ spec: { containers: [{ name: "web", image: "app:1" }] } }), []);
  });

  test("leaves metadata alone next to an ephemeral container", () => {
    const spec = { ...web, ephemeralContainers: [{ name: "debugger", image: "redis:8" }] };
    deepEqual(patch({ spec, old: podOf({}, web), subResource: "ephemeralcontainers" }), [
      { op: "replace", path: "/spec/ephemeralContainers/0/image", value: useOf("redis", "b") },
    ]);
  });

  test("takes the note of a swap away with the image that it was of", () => {
    deepEqual(
      patch({
        metadata: withNote,
        spec: { containers: [{ name: "web", image: "app:2" }] },
        old: podOf(withNote, swapped),
      }),
      [{ op: "remove", path: "/metadata/annotations/image.repull.dev~1web" }],
    );
  });

  test("is none where the annotations would be more than the API server takes", () => {
    const key = "note";
    const room = 262_144 - key.length - Buffer.byteLength(`image.repull.dev/web${noteOf("nginx:1.27", "a")}`);
    equal(patch({ metadata: { annotations: { [key]: "é".repeat(room / 2 + 1) } } }), undefined);
    equal(patch({ metadata: { annotations: { [key]: "x".repeat(room) } } })?.length, 2);
  });

  test("is none where an image in it is not a reference by digest", () => {
    const request = requestOf({});
    const [image] = admitPod(request, admission);
    ok(image?.kind === "swap");
    equal(patchOf(request, [{ ...image, swap: { ...image.swap, swap: "  " } }]), undefined);
    equal(patchOf(request, [{ ...image, swap: { ...image.swap, swap: "nginx:1" } }]), undefined);
  });
});

describe("what an admission reports", () => {
  const many = {
    containers: Array.from({ length: 30 }, (_, at) => ({
      name: `c${"x".repeat(60)}${at}`,
      image: "nginx:1.27",
    })),
  };

  test("is at most twenty warnings of at most 120 characters", () => {
    const warnings = warningsOf(admitPod(requestOf({ spec: many }), admission));
    equal(warnings.length, 20);
    for (const warning of warnings) ok(warning.length <= 120, warning);
  });

  test("is the code of each image that is left, and the note of each that is swapped, in the audit log", () => {
    const spec = { containers: [...web.containers, { name: "other", image: "app:1" }] };
    deepEqual(auditAnnotationsOf(admitPod(requestOf({ spec }), admission)), {
      swapped: `web: ${noteOf("nginx:1.27", "a")} -> ${useOf("nginx", "a")}`,
      left: "other: not-in-index",
    });
  });

  test("is what would be done where nothing is", () => {
    const decisions = admitPod(requestOf({}), { ...admission, mode: "observe" });
    equal(warningsOf(decisions).length, 1);
    deepEqual(Object.keys(auditAnnotationsOf(decisions)), ["would-swap"]);
  });
});

describe("an AdmissionReview", () => {
  // biome-ignore format: a table is read by its columns
  const others = [
    ["nothing",             undefined],
    ["a list",              []],
    ["another kind",        { kind: "Pod" }],
    ["another version",     { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1beta1", request: { uid: "1" } }],
    ["one without a uid",   { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { operation: "CREATE", object: { kind: "Pod" } } }],
    ["one of a Deployment", { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { uid: "1", operation: "CREATE", object: { kind: "Deployment" } } }],
  ] as const;
  for (const [what, document] of others) {
    test(`is not read from ${what}`, () => equal(readAdmissionReview(document), undefined));
  }

  test("allows the pod, and has no patch where nothing changes", () => {
    deepEqual(admissionReviewOf("1", { patch: [], warnings: [], auditAnnotations: {} }), {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: "1", allowed: true },
    });
  });
});
