import { deepEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { podImages, templateOf } from "../../src/kubernetes/pod-images.ts";

const spec = {
  containers: [
    { name: "web", image: "nginx:1.27", imagePullPolicy: "Always" },
    { name: "log", image: "fluent-bit" },
  ],
  initContainers: [
    { name: "migrate", image: "app:1" },
    { name: "proxy", image: "envoy:1", restartPolicy: "Always" },
  ],
  ephemeralContainers: [{ name: "debugger", image: "busybox" }],
  volumes: [
    { name: "models", image: { reference: "models:3", pullPolicy: "Never" } },
    { name: "tmp", emptyDir: {} },
  ],
};

describe("podImages", () => {
  test("finds containers, init containers, sidecars, ephemeral containers and image volumes", () => {
    deepEqual(
      podImages(spec).map(({ path, container, kind, image }) => [path, container, kind, image]),
      [
        ["/spec/containers/0/image", "web", "container", "nginx:1.27"],
        ["/spec/containers/1/image", "log", "container", "fluent-bit"],
        ["/spec/initContainers/0/image", "migrate", "init", "app:1"],
        ["/spec/initContainers/1/image", "proxy", "sidecar", "envoy:1"],
        ["/spec/ephemeralContainers/0/image", "debugger", "ephemeral", "busybox"],
        ["/spec/volumes/0/image/reference", "models", "volume", "models:3"],
      ],
    );
  });

  test("has the pull policy where the pod has one", () => {
    deepEqual(
      podImages(spec).map(({ pullPolicy }) => pullPolicy),
      ["Always", undefined, undefined, undefined, undefined, "Never"],
    );
  });

  // biome-ignore format: a table is read by its columns
  const nothing = [
    ["no spec",                        undefined],
    ["a spec that is a list",          []],
    ["containers that are not a list",    { containers: { name: "a", image: "b" } }],
    ["a container without an image",   { containers: [{ name: "a" }, { name: "b", image: "" }] }],
    ["a container that is not an object",  { containers: [null, "nginx", 7] }],
    ["an image that is not text",       { containers: [{ name: "a", image: 7 }] }],
    ["a volume of another source",     { volumes: [{ name: "a", configMap: { name: "b" } }] }],
  ] as const;
  for (const [what, pod] of nothing) {
    test(`finds no image in ${what}`, () => deepEqual(podImages(pod), []));
  }

  test("keeps the index of a container after one without an image", () => {
    deepEqual(
      podImages({ containers: [{ name: "a" }, { name: "b", image: "c" }] }).map(({ path }) => path),
      ["/spec/containers/1/image"],
    );
  });
});

describe("templateOf", () => {
  const pod = { metadata: { labels: { app: "a" } }, spec };
  // biome-ignore format: a table is read by its columns
  const kinds = [
    ["Pod",                   pod,                                              "/spec"],
    ["PodTemplate",           { template: pod },                                "/template/spec"],
    ["Deployment",            { spec: { template: pod } },                      "/spec/template/spec"],
    ["ReplicaSet",            { spec: { template: pod } },                      "/spec/template/spec"],
    ["StatefulSet",           { spec: { template: pod } },                      "/spec/template/spec"],
    ["DaemonSet",             { spec: { template: pod } },                      "/spec/template/spec"],
    ["ReplicationController", { spec: { template: pod } },                      "/spec/template/spec"],
    ["Job",                   { spec: { template: pod } },                      "/spec/template/spec"],
    ["CronJob",               { spec: { jobTemplate: { spec: { template: pod } } } }, "/spec/jobTemplate/spec/template/spec"],
  ] as const;
  for (const [kind, object, path] of kinds) {
    test(`finds the template of a ${kind} at ${path}`, () => {
      deepEqual(templateOf({ kind, ...object }), { path, metadata: pod.metadata, spec });
    });
  }

  test("finds none in a kind that makes no pods", () => {
    deepEqual(templateOf({ kind: "Service", spec: {} }), undefined);
    deepEqual(templateOf(undefined), undefined);
  });

  test("gives an empty template where the object has none", () => {
    deepEqual(templateOf({ kind: "Deployment" }), { path: "/spec/template/spec", metadata: {}, spec: {} });
  });
});
