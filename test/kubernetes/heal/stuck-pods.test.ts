/** Which waiting containers Repull could help, by the words of kubelet and of container runtimes. */

import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { stuckContainers } from "../../../src/kubernetes/heal/stuck-pods.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import {
  LIMIT_MESSAGE,
  MISSING_MESSAGE,
  pod,
  type SaidPod,
} from "../../support/kubernetes/cluster-objects.ts";

const OLD_CONTAINERD =
  'Failed to pull image "nginx:1.27": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/nginx:1.27": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:aa: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit';
const CRI_O =
  "reading manifest 1.27 in docker.io/library/nginx: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";
const USE = `public.ecr.aws/docker/library/nginx@${digestOf("nginx")}`;
const annotations = {
  "image.repull.dev/web": `nginx:1.27 ${digestOf("nginx")} same-index origin 2026-11-29T08:00:00Z`,
};

const kindsOf = (said: Omit<SaidPod, "name">) => {
  const object = pod({ name: "p", of: "web/1", ...said });
  const facts = podFacts({ ...object, metadata: { ...object.metadata, uid: "u" } });
  return facts === undefined ? ["no pod"] : stuckContainers(facts).map(({ kind }) => kind);
};

describe("a container", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, said: Omit<SaidPod, "name">, kinds: readonly string[]])[] = [
    ["containerd 2's limit, in the words of a back-off",   { waits: LIMIT_MESSAGE("nginx:1.27") },                                       ["limit"]],
    ["containerd 1's limit",                               { waits: OLD_CONTAINERD, reason: "ErrImagePull" },                            ["limit"]],
    ["CRI-O's limit",                                      { waits: CRI_O, reason: "ErrImagePull" },                                     ["limit"]],
    ["an image that is not there",                         { waits: MISSING_MESSAGE("nginx:1.27") },                                     ["missing"]],
    ["kubelet's own limit of pulls in a second",           { waits: "pull QPS exceeded", reason: "ErrImagePull" },                       []],
    ["a name that is none",                                { waits: LIMIT_MESSAGE("nginx:1.27"), reason: "InvalidImageName" },           []],
    ["no message",                                         { waits: "" },                                                                []],
    ["a registry that does not answer",                    { waits: 'failed to pull image "nginx:1.27": dial tcp 1.2.3.4:443: i/o timeout' }, []],
    ["a container that runs",                              { runs: digestOf("nginx") },                                                  []],
    ["a static pod",                                       { waits: LIMIT_MESSAGE("nginx:1.27"), annotations: { "kubernetes.io/config.mirror": "x" } }, []],
    ["an image of ours that cannot be pulled",             { image: USE, annotations, waits: MISSING_MESSAGE(USE) },                     ["substitute-failed"]],
    ["an image of ours, and the words about the one before", { image: USE, annotations, waits: LIMIT_MESSAGE("nginx:1.27") },            ["pending"]],
  ];
  for (const [what, said, kinds] of table) {
    test(`is ${kinds[0] ?? "left alone"}: ${what}`, () => expect(kindsOf(said)).toEqual(kinds));
  }

  test("that has run before is left alone: a patch would restart it", () => {
    const object = pod({ name: "p", of: "web/1", waits: LIMIT_MESSAGE("nginx:1.27") });
    const [status] = object.status?.containerStatuses ?? [];
    const ran = {
      ...object,
      metadata: { ...object.metadata, uid: "u" },
      status: { containerStatuses: [{ ...status, lastState: { terminated: { exitCode: 1 } } }] },
    };
    const facts = podFacts(ran);
    expect(facts && stuckContainers(facts)).toEqual([]);
  });
});
