/** What counts as an image in use: of each kind of object, as it is written and as a node has pulled it. */

import { deepEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { usedImages } from "../../../src/kubernetes/workloads/used-images.ts";

const DIGEST = digestOf("web");
const spec = {
  containers: [{ name: "web", image: "web:1" }],
  initContainers: [{ name: "init", image: "init:1" }],
  volumes: [{ name: "model", image: { reference: "model:1" } }],
};
const NAMES = ["web:1", "init:1", "model:1"];
const template = { spec };
const statusOf = (imageID: unknown) => ({ containerStatuses: [{ name: "web", imageID }] });

describe("the images in use", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, object: object, images: readonly string[]])[] = [
    ["a pod's, with what its node has pulled",        { kind: "Pod", spec, status: statusOf(`docker.io/library/web@${DIGEST}`) },          [...NAMES, DIGEST]],
    ["a pod's, by a runtime with a scheme",           { kind: "Pod", spec, status: statusOf(`docker-pullable://web@${DIGEST}`) },          [...NAMES, DIGEST]],
    ["a pod's, of an ephemeral container too",        { kind: "Pod", spec: { ...spec, ephemeralContainers: [{ name: "debug", image: "debug:1" }] }, status: { ephemeralContainerStatuses: [{ imageID: `debug@${DIGEST}` }] } }, ["web:1", "init:1", "debug:1", "model:1", DIGEST]],
    ["a pod's that has pulled nothing",               { kind: "Pod", spec, status: statusOf("") },                                         NAMES],
    ["a Deployment's",                                { kind: "Deployment", spec: { replicas: 0, template } },                             NAMES],
    ["a ReplicaSet's, to which a rollout goes back",  { kind: "ReplicaSet", spec: { replicas: 0, template } },                             NAMES],
    ["a StatefulSet's",                               { kind: "StatefulSet", spec: { template } },                                         NAMES],
    ["a CronJob's that is suspended",                 { kind: "CronJob", spec: { suspend: true, jobTemplate: { spec: { template } } } },   NAMES],
    ["a PodTemplate's",                               { kind: "PodTemplate", template },                                                   NAMES],
    ["an old revision's of a StatefulSet",            { kind: "ControllerRevision", data: { spec: { template } } },                        NAMES],
    ["the index's places",                            { kind: "ImageIndex", spec: { rows: { "web:1": { use: `ecr/web@${DIGEST}` }, "init:1": { codes: ["absent"] } } } }, [`ecr/web@${DIGEST}`]],
    ["none of a name that no registry could have",    { kind: "Pod", spec: { containers: [{ name: "web", image: "x".repeat(5_000) }] } },  []],
    ["none of an odd object",                         { kind: "Pod", spec: { containers: [null, { image: 7 }] }, status: { containerStatuses: [null, { imageID: 7 }] } }, []],
  ];
  for (const [what, object, images] of table)
    test(`are ${what}`, () => deepEqual(usedImages(object), images));
});
