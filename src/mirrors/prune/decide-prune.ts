/**
 * Which copies a run deletes, which it marks, and why it keeps each other one. Pure: the services' time is part of the facts.
 *
 * What two copies share stays with the one that is kept, and a proof goes with the last copy of its repository.
 */

import type { Digest } from "../../image/digest.ts";
import type { Copy } from "../copies.ts";
import type { EcrRepository, ImageUse } from "../facts.ts";
import { USE_PLACES } from "../facts.ts";
import { usesOfReports } from "../reports/match-reports.ts";
import { usersOfCopies } from "../users-of-copies.ts";
import { ACCOUNT_RULES, COPY_RULES, type Kept, listOf, type PruneFacts, retentionOf } from "./keep-rules.ts";
import { type Mark, markKey, seenOf } from "./mark.ts";

export const DIGESTS_A_RUN_MAX = 50;
/** Each repository in which something is deleted is looked at anew, before and after: nine calls. */
export const REPOSITORIES_A_RUN_MAX = 10;
/**
 * As many as four runs delete at the most: a mark for each of ten thousand copies would say no more. Proofs have as many of
 * their own: they keep theirs while they wait for the copies next to them.
 */
export const MARKS_MAX = 200;

export type PruneDecision =
  /** With the mark that it has after the run. */
  | { readonly copy: Copy; readonly kind: "keep"; readonly kept: Kept; readonly mark?: Mark }
  | { readonly copy: Copy; readonly kind: "delete"; readonly digests: readonly Digest[] };

export type PruneRules = { readonly account: typeof ACCOUNT_RULES; readonly copy: typeof COPY_RULES };
export const PRUNE_RULES: PruneRules = { account: ACCOUNT_RULES, copy: COPY_RULES };

/** The codes of the second look: the copy was unused when it was marked, and is now. */
const MARKED: readonly Kept["code"][] = ["marked-now", "changed-since-mark", "marked-lately"];

/** @param rules those in force: all, but for a test that takes one away */
export function decidePrune(
  copies: readonly Copy[],
  facts: PruneFacts,
  rules: PruneRules = PRUNE_RULES,
): readonly PruneDecision[] {
  const usersOf = usersOfCopies(allUses(facts));
  for (const rule of Object.values(rules.account)) {
    const kept = rule(facts);
    if (kept === undefined) continue;
    // Of what was read, a use ends a mark. What was not read neither marks nor ends one.
    const markOf = (copy: Copy) => (usersOf(copy).length > 0 ? undefined : facts.marks.get(markKey(copy)));
    return copies.map((copy) => keep(copy, kept, markOf(copy)));
  }
  const now = Math.min(...facts.times);
  // A copy is old by the earliest time, and marked by the latest: a day is a whole one by each service.
  const latest = Math.max(...facts.times);
  const retentionMs = retentionOf(listOf(facts.schedules), now);
  const repositories = new Map<string, EcrRepository>(
    listOf(facts.repositories).map((repository) => [repository.name, repository]),
  );
  const judged = copies.map((copy): Judged => {
    const mark = facts.marks.get(markKey(copy));
    const repository = repositories.get(copy.repository);
    const seen = { copy, repository, now, retentionMs, usedBy: usersOf(copy), mark };
    for (const rule of Object.values(rules.copy)) {
      const kept = rule(seen);
      if (kept === undefined) continue;
      // A copy that is kept for another reason loses its mark: it must be seen unused twice from then on.
      if (!MARKED.includes(kept.code)) return { copy, kept };
      // A clock that went back must not shorten the day between two looks.
      const isValid = kept.code === "marked-lately" && mark !== undefined && mark.at <= latest;
      return { copy, kept, mark: isValid ? mark : { at: latest, seen: seenOf(copy) } };
    }
    return mark === undefined ? { copy } : { copy, mark };
  });
  return withinOneRun(withinMarks(judged, latest));
}

/** Of the copies that are to be marked, as many as there are marks for; of proofs too. */
function withinMarks(judged: readonly Judged[], latest: number): readonly Judged[] {
  const without = new Set<Judged>();
  for (const those of [judged.filter((one) => !isProof(one)), judged.filter(isProof)]) {
    const isNew = ({ kept, mark }: Judged): boolean => kept !== undefined && mark?.at === latest;
    const left = MARKS_MAX - those.filter((one) => one.mark !== undefined && !isNew(one)).length;
    for (const one of those.filter(isNew).slice(Math.max(0, left))) without.add(one);
  }
  return judged.map((one) => (without.has(one) ? { copy: one.copy, kept: MARKED_LATER } : one));
}

function isProof({ copy }: Judged): boolean {
  return copy.kind === "proof";
}

const MARKED_LATER: Kept = { code: "next-run", because: "enough copies are marked without it" };

type Judged = { readonly copy: Copy; readonly kept?: Kept; readonly mark?: Mark };

function keep(copy: Copy, kept: Kept, mark: Mark | undefined): PruneDecision {
  return { copy, kind: "keep", kept, ...(mark === undefined ? {} : { mark }) };
}

function allUses({ uses, clusters }: PruneFacts): readonly ImageUse[] {
  return [...USE_PLACES.flatMap((place) => listOf(uses[place])), ...usesOfReports(listOf(clusters))];
}

const VOUCHES: Kept = {
  code: "vouches-for-copies",
  because: "a copy next to it is kept, which it may vouch for",
};
const TOO_MANY: Kept = {
  code: "too-many-digests",
  because: `it has more than the ${DIGESTS_A_RUN_MAX} digests of one run`,
};
const NEXT_RUN: Kept = { code: "next-run", because: "this run deletes enough without it" };

/**
 * As many whole copies as one run may delete. What a kept copy has is not deleted with another one: so each copy that is put
 * off is looked at as kept, until no further one is.
 */
function withinOneRun(judged: readonly Judged[]): readonly PruneDecision[] {
  const putOff = new Map<Copy, Kept>();
  for (;;) {
    const kept = judged.filter(({ copy, kept: why }) => why !== undefined || putOff.has(copy));
    const needed = new Set(
      kept.flatMap(({ copy }) => copy.members.map((one) => memberKey(copy, one.digest))),
    );
    const crowded = new Set(
      kept.filter(({ copy }) => copy.kind !== "proof").map(({ copy }) => copy.repository),
    );
    const chosen = new Map<Copy, readonly Digest[]>();
    const begun = new Set<string>();
    const before = putOff.size;
    let left = DIGESTS_A_RUN_MAX;
    for (const { copy, kept: why } of judged) {
      if (why !== undefined || putOff.has(copy)) continue;
      const digests = copy.members
        .map(({ digest }) => digest)
        .filter((digest) => !needed.has(memberKey(copy, digest)));
      if (copy.kind === "proof" && crowded.has(copy.repository)) putOff.set(copy, VOUCHES);
      else if (digests.length > DIGESTS_A_RUN_MAX) putOff.set(copy, TOO_MANY);
      else if (digests.length > left) putOff.set(copy, NEXT_RUN);
      else if (begun.size >= REPOSITORIES_A_RUN_MAX && !begun.has(copy.repository))
        putOff.set(copy, NEXT_RUN);
      else {
        begun.add(copy.repository);
        left -= digests.length;
        chosen.set(copy, digests);
      }
    }
    if (putOff.size > before) continue;
    return judged.map(({ copy, kept: why, mark }): PruneDecision => {
      const digests = chosen.get(copy);
      if (digests !== undefined) return { copy, kind: "delete", digests };
      return keep(copy, why ?? putOff.get(copy) ?? NEXT_RUN, mark);
    });
  }
}

function memberKey({ repository }: Copy, digest: Digest): string {
  return `${repository}@${digest}`;
}
