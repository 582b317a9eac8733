/** Random histories of an account, each with several runs of the clean-up: nothing that is in use may ever be deleted. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import { copiesOf } from "../../../src/mirrors/copies.ts";
import { type ImageUse, USE_PLACES, type UsePlace } from "../../../src/mirrors/facts.ts";
import { decidePrune, PRUNE_RULES, type PruneRules } from "../../../src/mirrors/prune/decide-prune.ts";
import type { PruneFacts } from "../../../src/mirrors/prune/keep-rules.ts";
import { type Mark, markKey } from "../../../src/mirrors/prune/mark.ts";
import type { Read } from "../../../src/network/facts.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { createJudge, type Deleted } from "./judge.ts";
import { type Account, DAY, live, randomAccount } from "./random-account.ts";

const HISTORIES = 20_000;

/** What a run reads: as it is, or with a list that is refused, an index that is not read, a clock that has jumped. */
function read(account: Account, random: Random) {
  let isWhole = true;
  const refusable = <T>(list: readonly T[], action: string): Read<T> => {
    if (random.next() > 0.015) return list;
    isWhole = false;
    return { unread: action, because: `${action}: denied` };
  };
  const children = new Map<Digest, readonly Digest[]>();
  for (const { digest, lists } of account.images) if (random.next() > 0.04) children.set(digest, lists);
  const uses = Object.fromEntries(
    USE_PLACES.map((place) => [
      place,
      refusable(
        account.uses.filter((use) => use.place === place),
        place,
      ),
    ]),
  ) as Record<UsePlace, Read<ImageUse>>;
  const clock = random.next();
  const jumped = account.now + random.pick([-400, -1, 1, 400]) * DAY;
  const times = clock < 0.03 ? [] : clock < 0.1 ? [account.now, jumped] : [account.now, account.now + 900];
  const unread = random.next() > 0.02 ? [] : ["ecr:DescribeImages: throttled"];
  // A list that ended early: what comes after it is not known.
  const images = unread.length === 0 ? account.images : account.images.slice(0, 1);
  if (unread.length > 0) isWhole = false;
  const facts: Omit<PruneFacts, "marks"> = {
    times,
    uses,
    unread,
    clusters: refusable(
      account.clusters.map(({ digests, ...cluster }) => ({ ...cluster, images: digests })),
      "eks:ListClusters",
    ),
    schedules: refusable(account.schedules, "scheduler:ListSchedules"),
    executions: refusable(account.executions, "lambda:ListDurableExecutionsByFunction"),
    repositories: refusable(
      account.repositories.map(({ name, isOurs, readers }) => ({
        name,
        readers,
        ...(isOurs ? { source: "docker.io/x" } : {}),
      })),
      "ecr:DescribeRepositories",
    ),
  };
  const copies = account.repositories.flatMap(({ name }) =>
    copiesOf(
      name,
      images.filter(({ repository }) => repository === name),
      children,
    ),
  );
  return { facts, copies, isWhole };
}

/** What the judge objects to in one history, and how many digests it deleted. */
function play(
  seed: number,
  rules: PruneRules,
): { readonly wrong: readonly string[]; readonly deleted: number } {
  const random = createRandom(`history ${seed}`);
  const account = randomAccount(random);
  const judge = createJudge();
  let marks: ReadonlyMap<string, Mark> = new Map();
  let deleted = 0;
  for (let run = random.integer(2, 5); run > 0; run -= 1) {
    const { facts, copies, isWhole } = read(account, random);
    const decisions = decidePrune(copies, { ...facts, marks }, rules);
    const gone = new Map<string, Deleted>();
    for (const one of decisions)
      if (one.kind === "delete")
        for (const digest of one.digests) gone.set(digest, { repository: one.copy.repository, digest });
    const wrong = judge(account, isWhole, [...gone.values()]);
    if (wrong.length > 0) return { wrong, deleted };
    account.images = account.images.filter(({ digest }) => !gone.has(digest));
    deleted += gone.size;
    marks = new Map(
      decisions.flatMap((one) =>
        one.kind === "keep" && one.mark ? [[markKey(one.copy), one.mark] as const] : [],
      ),
    );
    live(account, random);
  }
  return { wrong: [], deleted };
}

/** The first history to which the judge objects. */
function firstWrong(rules: PruneRules): string | undefined {
  for (let seed = 0; seed < HISTORIES; seed += 1) {
    const { wrong } = play(seed, rules);
    if (wrong.length > 0) return `${seed}: ${wrong.join("; ")}`;
  }
  return undefined;
}

describe("the clean-up of copies, over random histories", () => {
  test(`deletes nothing that is in use, young, shared or unseen in ${HISTORIES} histories, and deletes much`, () => {
    let deleted = 0;
    for (let seed = 0; seed < HISTORIES; seed += 1) {
      const one = play(seed, PRUNE_RULES);
      deepEqual(one.wrong, [], `history ${seed}`);
      deleted += one.deleted;
    }
    equal(deleted > 1_000, true, `only ${deleted} were deleted`);
  }, 300_000);

  for (const kind of ["account", "copy"] as const)
    for (const name of Object.keys(PRUNE_RULES[kind]))
      test(`deletes wrongly without the rule ${name} of ${kind}, and the judge sees it`, () => {
        const { [name]: _taken, ...left } = PRUNE_RULES[kind];
        equal(firstWrong({ ...PRUNE_RULES, [kind]: left }) === undefined, false);
      }, 300_000);
});
