/** What pods say of an image's bytes, for pods of their revision and for those of others. */

import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { type PodFacts, podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import {
  testimonyOfCluster,
  testimonyOfRevision,
} from "../../../src/kubernetes/workloads/trusted-by-pods.ts";
import { pod, type SaidPod } from "../../support/kubernetes/cluster-objects.ts";

const [ONE, TWO] = [digestOf("one"), digestOf("two")];
const facts = (said: SaidPod): PodFacts => {
  const object = pod(said);
  const found = podFacts({ ...object, metadata: { ...object.metadata, uid: said.name } });
  if (found === undefined) throw new Error("a pod has a name and a uid");
  return found;
};
const runs = (runs?: typeof ONE): PodFacts =>
  facts({ name: "p", of: "web/1", ...(runs === undefined ? {} : { runs }) });
const swapped = (proof: string, use = ONE, meant = ONE): PodFacts =>
  facts({
    name: "p",
    of: "web/1",
    image: `public.ecr.aws/docker/library/nginx@${use}`,
    runs: use,
    annotations: { "image.repull.dev/web": `nginx:1.27 ${meant} ${proof} origin 2026-11-29T08:00:00Z` },
  });
const loaded = (imageID: string): PodFacts => {
  const object = runs(ONE);
  return { ...object, containers: object.containers.map((one) => ({ ...one, pulled: imageID })) };
};

/** A pod that runs something, as kubelet names it. */
const named = (image: string, generation?: number): PodFacts => {
  const { metadata, spec, status } = pod({ name: "p", of: "web/1", runs: ONE });
  const [first] = status?.containerStatuses ?? [];
  const found = podFacts({
    metadata: { ...metadata, uid: "p", ...(generation === undefined ? {} : { generation }) },
    spec,
    status: { containerStatuses: [{ ...first, image }] },
  });
  if (found === undefined) throw new Error("a pod has a name and a uid");
  return found;
};

describe("the pods of a revision", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, pods: readonly PodFacts[], said: string])[] = [
    ["there is none",                                             [],                                   "none"],
    ["none has started",                                          [runs(), runs()],                     "none"],
    ["one runs, and others wait",                                 [runs(), runs(ONE)],                  ONE],
    ["all run the same",                                          [runs(ONE), runs(ONE)],               ONE],
    ["two run different bytes",                                   [runs(ONE), runs(TWO)],               "unknown"],
    ["the image was loaded, and the node reports no digest of it",  [loaded("sha256:0123")],              "none"],
    ["they were changed, by the whole image",                     [swapped("same-index")],              ONE],
    ["they were changed, by a copy of one platform",              [swapped("same-platform", TWO, ONE)], ONE],
    ["the node gives the name in its whole form",                 [named("docker.io/library/nginx:1.27", 2)], ONE],
    ["the node gives another tag of the same bytes",              [named("nginx:latest", 1)],           ONE],
    ["an image that was changed has not been pulled yet",         [named("nginx:1.26", 2)],             "none"],
    ["an image by digest was changed to a tag",                   [named(`nginx@${ONE}`, 2)],           "none"],
    ["the node gives no name, and the image may have been changed", [named("sha256:0123", 2)],          "none"],
    ["a cluster before 1.33 does not say whether it was changed", [named("nginx:1.26")],                "none"],
    ["they use another image",                                    [facts({ name: "p", of: "web/1", image: "redis:7", runs: ONE })], "none"],
  ];
  for (const [when, pods, said] of table) {
    test(`say ${said.slice(0, 14)} when ${when}`, () => {
      const testimony = testimonyOfRevision(pods, "nginx:1.27");
      expect(testimony.kind === "digest" ? testimony.digest : testimony.kind).toBe(said);
    });
  }
});

describe("the revisions of a cluster", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, revisions: readonly (readonly PodFacts[])[], said: string, others: string | undefined])[] = [
    ["all say the same",                        [[runs(ONE)], [runs(ONE)]],          ONE,       ONE],
    ["one has no word of its own",              [[runs(ONE)], []],                   "none",    ONE],
    ["two say different bytes",                 [[runs(ONE)], [runs(TWO)]],          "unknown", undefined],
    ["only an annotation says it",              [[swapped("same-index")]],           "none",    undefined],
    ["none says anything",                      [[], [runs()]],                      "none",    undefined],
  ];
  for (const [when, revisions, said, others] of table) {
    test(`say ${said.slice(0, 14)} when ${when}`, () => {
      const found = testimonyOfCluster(revisions, "nginx:1.27");
      const kind = found.testimony.kind === "digest" ? found.testimony.digest : found.testimony.kind;
      expect([kind, found.others]).toEqual([said, others]);
    });
  }
});
