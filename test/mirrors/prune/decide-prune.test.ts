/** One account in which everything that could make a deletion wrong is there once: only the two unused copies go. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { type Digest, digestOf, shortDigest } from "../../../src/image/digest.ts";
import { copiesOf } from "../../../src/mirrors/copies.ts";
import { type EcrImage, type EcrRepository, type ImageUse, USE_PLACES } from "../../../src/mirrors/facts.ts";
import { decidePrune, PRUNE_RULES } from "../../../src/mirrors/prune/decide-prune.ts";
import type { PruneFacts } from "../../../src/mirrors/prune/keep-rules.ts";
import { type Mark, markKey, seenOf } from "../../../src/mirrors/prune/mark.ts";

const DAY = 86_400_000;
const NOW = 2_000 * DAY;
const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const MAIN = "repull/docker.io/library/nginx";
const INDEX = "application/vnd.oci.image.index.v1+json";

const digest = (name: string): Digest => digestOf(name);
const image = (name: string, more: Partial<EcrImage> = {}): EcrImage => ({
  digest: digest(name),
  tags: [`${name}-${shortDigest(digest(name))}`],
  pushedAt: NOW - 400 * DAY,
  pulledAt: NOW - 300 * DAY,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  isActive: true,
  ...more,
});
const part = (name: string, more: Partial<EcrImage> = {}): EcrImage =>
  image(name, { tags: [], pulledAt: NOW - 300 * DAY, ...more });

const unpulled = (): EcrImage => {
  const { pulledAt: _never, ...rest } = image("unpulled");
  return rest;
};

const IMAGES: Readonly<Record<string, readonly EcrImage[]>> = {
  [MAIN]: [
    image("unused"),
    image("unused-index", { mediaType: INDEX }),
    part("unused-index/amd64"),
    part("shared/arm64"),
    part("unused-index/signature", { subject: digest("unused-index/amd64") }),
    image("kept-index", { mediaType: INDEX }),
    part("kept-index/amd64"),
    image("pulled", { pulledAt: NOW - 90.5 * DAY }),
    image("pushed", { pushedAt: NOW - 90.5 * DAY }),
    unpulled(),
    image("from-the-future", { pulledAt: NOW + 5 * DAY }),
    image("latest", { tags: ["latest"] }),
    image("archived", { isActive: false }),
    image("signed-lately"),
    part("signed-lately/signature", { subject: digest("signed-lately"), pushedAt: NOW - DAY }),
    part("stray"),
    image("proof", { tags: [`index-${"a".repeat(64)}`] }),
    ...USE_PLACES.map((place) => image(`by-${place}`)),
    image("by-other-repository"),
    image("by-path-of-a-proxy"),
    image("by-cluster"),
    image("unmarked"),
    image("marked-lately"),
    image("changed"),
  ],
  "repull/docker.io/library/foreign": [image("in-foreign-repository")],
  "repull/docker.io/library/shared": [image("in-shared-repository")],
  "repull/docker.io/library/unread": [
    image("next-to-unread-index"),
    image("unread-index", { mediaType: INDEX }),
  ],
  "repull/docker.io/library/mentioned": [image("mentioned")],
  "repull/docker.io/library/gone": [image("last"), image("its-proof", { tags: [`index-${"b".repeat(64)}`] })],
};
const CHILDREN = new Map<Digest, readonly Digest[]>([
  [digest("unused-index"), [digest("unused-index/amd64"), digest("shared/arm64")]],
  [digest("kept-index"), [digest("kept-index/amd64"), digest("shared/arm64")]],
]);
const COPIES = Object.entries(IMAGES).flatMap(([repository, images]) =>
  copiesOf(repository, images, CHILDREN),
);
const NAMES = new Map(
  Object.values(IMAGES)
    .flat()
    .map((one) => [one.digest, one.tags[0]?.replace(/-[0-9a-f]{12}$/, "") ?? ""]),
);

const ours = (name: string): EcrRepository => ({
  name,
  source: "docker.io/library/nginx",
  readers: "own-account",
});
const REPOSITORIES: readonly EcrRepository[] = Object.keys(IMAGES).map((name) => {
  if (name.endsWith("/foreign")) return { name, readers: "own-account" };
  return name.endsWith("/shared") ? { ...ours(name), readers: "other-accounts" } : ours(name);
});

const tagOf = (name: string) => `${name}-${shortDigest(digest(name))}`;
const use = (place: ImageUse["place"], names: Partial<ImageUse>): ImageUse => ({
  place,
  by: place,
  ...names,
});
const USES = Object.fromEntries(
  USE_PLACES.map((place) => [place, [use(place, { image: `${HOST}/${MAIN}:${tagOf(`by-${place}`)}` })]]),
) as Record<ImageUse["place"], ImageUse[]>;
USES.services.push(
  use("services", { image: `docker.io/library/nginx:1.27@${digest("by-other-repository")}` }),
);
USES.functions.push(
  use("functions", { image: `proxy.test/ecr/remote/${MAIN}:${tagOf("by-path-of-a-proxy")}` }),
);
USES.tasks.push(use("tasks", { digest: digest("kept-index/amd64") }));
USES["job-definitions"].push(
  use("job-definitions", { image: `${HOST}/repull/docker.io/library/mentioned:\${TAG}` }),
);

const MARKS = new Map<string, Mark>(
  COPIES.flatMap((copy) => {
    const name = NAMES.get(copy.digest);
    if (name === "unmarked") return [];
    const at = name === "marked-lately" ? NOW - DAY + 1 : NOW - 2 * DAY;
    return [[markKey(copy), { at, seen: name === "changed" ? "other" : seenOf(copy) }] as const];
  }),
);

const FACTS: PruneFacts = {
  times: [NOW, NOW + 500],
  repositories: REPOSITORIES,
  executions: [],
  unread: [],
  marks: MARKS,
  uses: USES,
  clusters: [
    { name: "eks", isListed: true, reportedAt: NOW - DAY / 2, images: [digest("by-cluster")] },
    { name: "gone", isListed: false, reportedAt: NOW - 2 * DAY, images: [] },
  ],
  schedules: ["rate(7 days)", "at(1971-01-01T00:00:00)"],
};

const keptAs = (facts: PruneFacts) =>
  Object.fromEntries(
    decidePrune(COPIES, facts).map((one) => [
      NAMES.get(one.copy.digest) || "untagged",
      one.kind === "keep" ? one.kept.code : "deleted",
    ]),
  );

describe("decidePrune", () => {
  test("deletes the unused copies alone, and says of each other one why it is kept", () => {
    deepEqual(keptAs(FACTS), {
      unused: "deleted",
      "unused-index": "deleted",
      "kept-index": "used",
      pulled: "pulled-lately",
      pushed: "pushed-lately",
      unpulled: "no-pull-recorded",
      "from-the-future": "pulled-lately",
      latest: "foreign-tag",
      archived: "archived",
      "signed-lately": "pushed-lately",
      untagged: "not-a-copy",
      [`index-${"a".repeat(64)}`]: "vouches-for-copies",
      ...Object.fromEntries(USE_PLACES.map((place) => [`by-${place}`, "used"])),
      "by-other-repository": "used",
      "by-path-of-a-proxy": "used",
      "by-cluster": "used",
      unmarked: "marked-now",
      "marked-lately": "marked-lately",
      changed: "changed-since-mark",
      "in-foreign-repository": "repository-not-ours",
      "in-shared-repository": "repository-shared",
      "next-to-unread-index": "platforms-unknown",
      "unread-index": "platforms-unknown",
      mentioned: "used",
      last: "deleted",
      [`index-${"b".repeat(64)}`]: "deleted",
    });
  });

  test("deletes an index with its platforms and signatures, but for what a kept index lists", () => {
    const index = decidePrune(COPIES, FACTS).find(({ copy }) => copy.digest === digest("unused-index"));
    deepEqual(index?.kind === "delete" && index.digests, [
      digest("unused-index"),
      digest("unused-index/amd64"),
      digest("unused-index/signature"),
    ]);
  });

  test("would delete most of it by age alone, as a lifecycle rule does", () => {
    const { pulled, pushed } = PRUNE_RULES.copy;
    const naive = decidePrune(COPIES, FACTS, {
      account: {},
      copy: { pulled, pushed } as typeof PRUNE_RULES.copy,
    });
    equal(naive.filter(({ kind }) => kind === "delete").length > 20, true);
  });

  // biome-ignore format: a table is read by its columns
  const whole: readonly (readonly [string, Partial<PruneFacts>, string])[] = [
    ["the repositories are not read",        { repositories: { unread: "ecr:DescribeRepositories", because: "denied" } },  "unread"],
    ["a repository's images are not read",   { unread: ["ecr:DescribeImages: a page repeats"] },                           "unread"],
    ["the clusters are not read",            { clusters: { unread: "eks:ListClusters", because: "denied" } },              "unread"],
    ["the schedules are not read",           { schedules: { unread: "scheduler:ListSchedules", because: "denied" } },      "unread"],
    ["the executions are not read",          { executions: { unread: "lambda:List", because: "denied" } },                 "unread"],
    ["a cluster never reported",             { clusters: [{ name: "eks", isListed: true, images: [] }] },                  "cluster-not-reported"],
    ["a cluster's report is a day old",      { clusters: [{ name: "eks", isListed: true, images: [], reportedAt: NOW - DAY - 1_000 }] }, "cluster-not-reported"],
    ["a cluster's report is of tomorrow",    { clusters: [{ name: "eks", isListed: true, images: [], reportedAt: NOW + DAY }] }, "cluster-not-reported"],
    ["one of two clusters reported",         { clusters: [{ name: "a", isListed: true, images: [], reportedAt: NOW }, { name: "b", isListed: true, images: [] }] }, "cluster-not-reported"],
    ["a cluster reports that is not listed", { clusters: [{ name: "eks", isListed: false, images: [], reportedAt: NOW }] }, "cluster-not-listed"],
    ["no service says the time",             { times: [] },                                                                "clocks-differ"],
    ["a service's clock has jumped",         { times: [NOW, NOW + 400 * DAY] },                                            "clocks-differ"],
    ["a schedule is not understood",         { schedules: ["every full moon"] },                                           "schedule-not-understood"],
    ["an execution of Repull runs",          { executions: ["repull-remediate/x"] },                                       "execution-runs"],
    ...USE_PLACES.map((place) => [`the ${place} are not read`, { uses: { ...USES, [place]: { unread: place, because: "denied" } } }, "unread"] as const),
  ];
  for (const [when, facts, code] of whole)
    test(`keeps every copy, marked ones too, when ${when}`, () => {
      deepEqual(new Set(Object.values(keptAs({ ...FACTS, ...facts }))), new Set([code]));
    });

  test("waits as long as the longest schedule rests", () => {
    equal(keptAs({ ...FACTS, schedules: ["rate(298 days)"] }).unused, "deleted");
    equal(keptAs({ ...FACTS, schedules: ["rate(300 days)"] }).unused, "pulled-lately");
    equal(keptAs({ ...FACTS, schedules: ["cron(0 3 1 1 ? *)"] }).unused, "pulled-lately");
    equal(keptAs({ ...FACTS, schedules: ["at(2999-01-01T00:00:00)"] }).unused, "schedule-not-understood");
  });

  test("forgets a mark when the copy is used, and dates one anew when the clock went back", () => {
    const after = decidePrune(COPIES, FACTS).filter((one) => one.kind === "keep" && one.kept.code === "used");
    deepEqual(
      after.map((one) => one.kind === "keep" && one.mark),
      after.map(() => undefined),
    );
    const back = decidePrune(COPIES, { ...FACTS, clusters: [], times: [NOW - 3 * DAY] });
    const unused = back.find(({ copy }) => copy.digest === digest("unused"));
    deepEqual(unused?.kind === "keep" && unused.mark?.at, NOW - 3 * DAY);
  });

  test("ends the mark of a copy that is used, also in a run that keeps everything, and no other mark", () => {
    const use = { place: "functions" as const, by: "f", digest: digest("unused") };
    const decisions = decidePrune(COPIES, {
      ...FACTS,
      executions: ["repull-remediate/x"],
      uses: { ...USES, functions: [use] },
    });
    const markOf = (name: string) => {
      const one = decisions.find(({ copy }) => copy.digest === digest(name));
      return one?.kind === "keep" && one.mark !== undefined;
    };
    deepEqual([markOf("unused"), markOf("unused-index")], [false, true]);
  });

  test("deletes at most fifty digests in a run, and what is put off keeps what it shares", () => {
    const many = Array.from({ length: 40 }, (_, index) => image(`many-${index}`, { mediaType: INDEX }));
    const shared = part("many/shared");
    const children = new Map(
      many.map(({ digest: one }, index) => [one, [shared.digest, digest(`many/${index}`)]]),
    );
    const images = [...many, shared, ...many.map((_, index) => part(`many/${index}`))];
    const copies = copiesOf(MAIN, images, children);
    const marks = new Map(copies.map((copy) => [markKey(copy), { at: NOW - 2 * DAY, seen: seenOf(copy) }]));
    const gone = decidePrune(copies, { ...FACTS, marks }).flatMap((one) =>
      one.kind === "delete" ? one.digests : [],
    );
    equal(gone.length > 0 && gone.length <= 50, true);
    equal(gone.includes(shared.digest), false);
  });

  test("marks two hundred copies at most and as many proofs, and those that are marked stay so", () => {
    const many = Array.from({ length: 300 }, (_, index) => image(`many-${index}`));
    const proofs = Array.from({ length: 250 }, (_, index) =>
      image(`proof-${index}`, { tags: [`index-${digestOf(`proof ${index}`).slice("sha256:".length)}`] }),
    );
    const copies = copiesOf(MAIN, [...proofs, ...many], new Map());
    const first = decidePrune(copies, { ...FACTS, marks: new Map() });
    const marked = first.flatMap((one) =>
      one.kind === "keep" && one.mark ? [[one.copy, one.mark] as const] : [],
    );
    const count = (wanted: string) => marked.filter(([{ kind }]) => kind === wanted).length;
    deepEqual([marked.length, count("copy"), count("proof")], [400, 200, 200]);
    const marks = new Map(marked.map(([copy, mark]) => [markKey(copy), mark]));
    const second = decidePrune(copies, { ...FACTS, marks, times: [NOW + DAY / 2] });
    equal(second.filter((one) => one.kind === "keep" && one.kept.code === "marked-lately").length, 400);
  });

  test("marks copies though two hundred proofs wait with their marks for copies that stay", () => {
    const proofs = Array.from({ length: 250 }, (_, index) =>
      image(`proof-${index}`, { tags: [`index-${digestOf(`proof ${index}`).slice("sha256:".length)}`] }),
    );
    const copies = copiesOf(MAIN, [...proofs, image("waiting")], new Map());
    const marks = new Map(
      copies
        .filter(({ kind }) => kind === "proof")
        .map((copy) => [markKey(copy), { at: NOW - 2 * DAY, seen: seenOf(copy) }]),
    );
    const decided = decidePrune(copies, { ...FACTS, marks });
    deepEqual(
      decided.flatMap((one) => (one.copy.kind === "copy" && one.kind === "keep" ? one.kept.code : [])),
      ["marked-now"],
    );
  });

  test("lets no copy go before a day has passed by the earliest of the services that marked it", () => {
    const copies = copiesOf(MAIN, [image("skewed")], new Map());
    const facts = { ...FACTS, clusters: [] };
    const skewed = [NOW, NOW + 4 * 60_000];
    const [first] = decidePrune(copies, { ...facts, marks: new Map(), times: skewed });
    if (first?.kind !== "keep" || first.mark === undefined) throw new Error("not marked");
    const marks = new Map([[markKey(first.copy), first.mark]]);
    const codeAt = (...times: number[]) => {
      const [one] = decidePrune(copies, { ...facts, marks, times });
      return one?.kind === "keep" ? one.kept.code : "deleted";
    };
    deepEqual(
      [codeAt(NOW + DAY, NOW + DAY + 4 * 60_000), codeAt(NOW + DAY + 4 * 60_000, NOW + DAY + 8 * 60_000)],
      ["marked-lately", "deleted"],
    );
  });
});
