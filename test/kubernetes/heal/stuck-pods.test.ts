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
const DIGEST = digestOf("nginx");
const USE = `public.ecr.aws/docker/library/nginx@${DIGEST}`;
const BY_DIGEST = `nginx@${DIGEST}`;
const COPY = `123456789012.dkr.ecr.eu-central-1.amazonaws.com/repull/docker.io/library/nginx@${DIGEST}`;
const note = (written: string) => ({
  "image.repull.dev/web": `${written} ${DIGEST} same-index origin 2026-11-29T08:00:00Z`,
});
const annotations = note("nginx:1.27");
/** containerd asks for a tag's digest by HEAD, which is not counted, and is refused at the manifest of that digest. */
const limitAt = (image: string): string =>
  LIMIT_MESSAGE(image).replace("manifests/latest", `manifests/${DIGEST}`);

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
    ["words that name the same digest elsewhere",          { image: USE, annotations, waits: limitAt("nginx:1.27") },                     ["pending"]],
    ["words about the written digest, at the first place", { image: USE, annotations: note(BY_DIGEST), waits: limitAt(BY_DIGEST) },       ["pending"]],
    ["words about a copy whose name ends as this one's",   { image: BY_DIGEST, annotations: note(BY_DIGEST), waits: MISSING_MESSAGE(COPY) }, ["pending"]],
    ["words about a tag and digest of a copy",             { image: `nginx:1.27@${DIGEST}`, annotations, waits: MISSING_MESSAGE(COPY) },  ["pending"]],
    ["words about a repository whose name begins alike",   { image: USE, annotations, waits: MISSING_MESSAGE(USE.replace("nginx@", "nginx-slim@")) }, ["pending"]],
    ["CRI-O's words about ours",                           { image: USE, annotations, waits: `initializing source docker://${USE}: reading manifest ${DIGEST} in public.ecr.aws/docker/library/nginx: toomanyrequests` }, ["substitute-failed"]],
    ["CRI-O's words, the repository apart from the digest", { image: USE, annotations, waits: `reading manifest ${DIGEST} in public.ecr.aws/docker/library/nginx: toomanyrequests` }, ["substitute-failed"]],
    ["containerd's whole name for the written one",        { image: `nginx:1.27@${DIGEST}`, annotations, waits: limitAt(`docker.io/library/nginx@${DIGEST}`) }, ["substitute-failed"]],
    ["kubelet's own words that name no image",             { image: USE, annotations, waits: "pull QPS exceeded", reason: "ErrImagePull" }, ["pending"]],
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
