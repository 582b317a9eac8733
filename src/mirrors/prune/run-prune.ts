/**
 * One run of the clean-up: read, decide, look again at what is about to go, delete by digest. A dry run stops before the first
 * write. Only one run works at a time, and each leaves marks for the next.
 */

import type { Digest } from "../../image/digest.ts";
import { type Copy, copiesOf, mayBeIndex } from "../copies.ts";
import type { EcrImage, EcrRepository } from "../facts.ts";
import type { ImageStore, PruneRecords, UseReader } from "../ports.ts";
import { decidePrune, type PruneDecision } from "./decide-prune.ts";
import { type KeepCode, listOf, type PruneFacts, RECORDED_LATE_MS, RETENTION_MS } from "./keep-rules.ts";
import { type Mark, markKey, seenOf } from "./mark.ts";
import { type DeletedCopy, deletedCopy } from "./undo-command.ts";

export type PrunePorts = {
  readonly store: ImageStore;
  readonly reader: UseReader;
  readonly records: PruneRecords;
  /** Executions of Repull that have not ended. */
  readonly executions: () => Promise<PruneFacts["executions"]>;
  /** Why nothing may be written; undefined where it may. Unreadable is a reason. */
  readonly stopped: () => Promise<string | undefined>;
  /** What each service that answered said the time is. */
  readonly times: () => readonly number[];
};

export type PruneInput = {
  readonly prefix: string;
  /** `123456789012.dkr.ecr.eu-west-1.amazonaws.com` */
  readonly host: string;
  readonly run: string;
  readonly isDryRun: boolean;
};

export type PruneReport = {
  readonly kind: "dry-run" | "pruned" | "locked" | "stopped";
  /** Why nothing was done, where one reason is for all. */
  readonly because?: string;
  /** Deleted; of a dry run, what would be. */
  readonly deleted: readonly DeletedCopy[];
  /** Copies that are unused, and may go at a later run. */
  readonly marked: readonly { readonly repository: string; readonly digest: Digest }[];
  /** How many copies are kept for each reason. */
  readonly kept: Readonly<Partial<Record<KeepCode, number>>>;
  /** What was to be deleted and was not. */
  readonly failed: readonly {
    readonly repository: string;
    readonly digest: Digest;
    readonly because: string;
  }[];
};

const NOTHING = { deleted: [], marked: [], kept: {}, failed: [] } as const;

export async function runPrune(input: PruneInput, ports: PrunePorts): Promise<PruneReport> {
  const { store, records, stopped, times } = ports;
  const { isDryRun } = input;
  const because = isDryRun ? undefined : await stopped();
  if (because !== undefined) return { kind: "stopped", because, ...NOTHING };
  const names = await store.repositories(input.prefix);
  const release = isDryRun ? async () => {} : await records.lock(input.run, Math.min(...times()));
  if (release === undefined) return { kind: "locked", because: "another run is at work", ...NOTHING };
  try {
    const seen = await look(names, ports, isDryRun);
    const decisions = decidePrune(seen.copies, seen.facts);
    const report = reportOf(decisions, seen, input);
    if (isDryRun) return { kind: "dry-run", ...report };
    await writeMarks(decisions, seen, records);
    const failed = [];
    const deleted = [];
    for (const [repository, those] of Map.groupBy(toDelete(decisions), ({ copy }) => copy.repository)) {
      const outcome = await deleteIn(repository, those, seen, ports);
      deleted.push(...outcome.gone.map((one) => deletedCopy(one, seen.sources.get(repository), input.host)));
      failed.push(...outcome.failed);
    }
    return { kind: "pruned", ...report, deleted, failed };
  } finally {
    await release();
  }
}

type Seen = {
  readonly copies: readonly Copy[];
  readonly facts: PruneFacts;
  readonly children: ReadonlyMap<Digest, readonly Digest[]>;
  readonly rests: ReadonlyMap<string, ReadonlySet<Digest>>;
  readonly sources: ReadonlyMap<string, EcrRepository>;
};

async function look(
  names: Awaited<ReturnType<ImageStore["repositories"]>>,
  { store, reader, records, executions, times }: PrunePorts,
  isDryRun: boolean,
): Promise<Seen> {
  const unread: string[] = "unread" in names ? [names.because] : [];
  const { marks, rests, taskDefinitions } = await records.read();
  const images = new Map<string, readonly EcrImage[]>();
  for (const name of listOf(names)) {
    const read = await store.images(name);
    if ("unread" in read) unread.push(read.because);
    // A repository without an old image has nothing to delete: its tags, policy and indexes need not be read.
    else if (read.some((image) => isOld(image, Math.min(...times())))) images.set(name, read);
  }
  const children = new Map<Digest, readonly Digest[]>();
  const repositories: EcrRepository[] = [];
  for (const [name, those] of images) {
    try {
      repositories.push(await store.describe(name));
      const indexes = those.filter((image) => mayBeIndex(image)).map(({ digest }) => digest);
      for (const [digest, listed] of await store.children(name, indexes)) children.set(digest, listed);
    } catch (error) {
      unread.push(error instanceof Error ? error.message : `the repository ${name}`);
    }
  }
  const known = new Map(taskDefinitions);
  const uses = images.size === 0 ? NO_USES : await reader.read(known);
  if (!isDryRun) {
    const added = new Map([...known].filter(([arn]) => !taskDefinitions.has(arn)));
    if (added.size > 0) await records.writeTaskDefinitions(added);
  }
  return {
    copies: [...images].flatMap(([name, those]) => copiesOf(name, those, children, rests.get(name))),
    children,
    rests,
    sources: new Map(repositories.map((repository) => [repository.name, repository])),
    facts: { ...uses, times: times(), repositories, unread, marks, executions: await executions() },
  };
}

/** Asked only where there is nothing to delete. */
const NO_USES: Awaited<ReturnType<UseReader["read"]>> = {
  uses: {
    services: [],
    "service-revisions": [],
    "task-definitions": [],
    tasks: [],
    functions: [],
    "job-definitions": [],
    "build-projects": [],
  },
  clusters: [],
  schedules: [],
};

function isOld({ pushedAt = Number.POSITIVE_INFINITY, pulledAt = 0 }: EcrImage, now: number): boolean {
  return now - Math.max(pushedAt, pulledAt) > RETENTION_MS + RECORDED_LATE_MS;
}

type Deletion = Extract<PruneDecision, { kind: "delete" }>;

function toDelete(decisions: readonly PruneDecision[]): readonly Deletion[] {
  return decisions.filter((one) => one.kind === "delete");
}

function reportOf(decisions: readonly PruneDecision[], seen: Seen, { host }: PruneInput) {
  const kept: Partial<Record<KeepCode, number>> = {};
  for (const one of decisions) if (one.kind === "keep") kept[one.kept.code] = (kept[one.kept.code] ?? 0) + 1;
  const first = decisions.find((one) => one.kind === "keep");
  const isForAll = Object.keys(kept).length === 1 && toDelete(decisions).length === 0;
  return {
    ...(isForAll && first?.kind === "keep" ? { because: first.kept.because } : {}),
    deleted: toDelete(decisions).map((one) => deletedCopy(one, seen.sources.get(one.copy.repository), host)),
    marked: decisions.flatMap((one) =>
      one.kind === "keep" && one.mark !== undefined
        ? [{ repository: one.copy.repository, digest: one.copy.digest }]
        : [],
    ),
    kept,
    failed: [],
  };
}

/** What was marked in a repository, and is not any more, is forgotten too. */
async function writeMarks(
  decisions: readonly PruneDecision[],
  seen: Seen,
  records: PruneRecords,
): Promise<void> {
  for (const [repository, those] of Map.groupBy(decisions, ({ copy }) => copy.repository)) {
    const after = new Map<string, Mark>();
    for (const one of those)
      if (one.kind === "keep" && one.mark !== undefined) after.set(markKey(one.copy), one.mark);
    const before = new Map([...seen.facts.marks].filter(([key]) => key.startsWith(`${repository}@`)));
    if (JSON.stringify([...before].sort()) !== JSON.stringify([...after].sort()))
      await records.writeMarks(repository, after);
  }
}

type Ended = { readonly gone: readonly Deletion[]; readonly failed: PruneReport["failed"] };

/** Looks again at the copies of one repository, and deletes those that are as they were: indexes first, as ECR wants it. */
async function deleteIn(
  repository: string,
  those: readonly Deletion[],
  { children, rests }: Seen,
  { store, records, executions, stopped }: PrunePorts,
): Promise<Ended> {
  const all = (because: string, which = those) =>
    which.map(({ copy }) => ({ repository, digest: copy.digest, because }));
  const because = (await stopped()) ?? whyBusy(await executions());
  if (because !== undefined) return { gone: [], failed: all(because) };
  const images = await store.images(repository);
  if ("unread" in images) return { gone: [], failed: all(images.because) };
  const now = new Map(
    copiesOf(repository, images, children, rests.get(repository)).map((copy) => [copy.digest, copy]),
  );
  // An index that came meanwhile may list any of them.
  const isCrowded = images.some((image) => mayBeIndex(image) && !children.has(image.digest));
  const isSame = ({ copy }: Deletion): boolean => {
    const found = now.get(copy.digest);
    return !isCrowded && found !== undefined && seenOf(found) === seenOf(copy);
  };
  const same = those.filter(isSame);
  const changed = all(
    "it has changed since it was looked at",
    those.filter((one) => !isSame(one)),
  );
  // A copy that stays keeps what it shares with one that goes.
  const needed = new Set(
    those.filter((one) => !isSame(one)).flatMap(({ copy }) => copy.members.map(({ digest }) => digest)),
  );
  const digests = [...new Set(same.flatMap((one) => one.digests))].filter((digest) => !needed.has(digest));
  if (digests.length === 0) return { gone: [], failed: changed };
  const roots = new Set(same.map(({ copy }) => copy.digest));
  await records.writeRest(repository, [...(rests.get(repository) ?? []), ...digests]);
  for (const isRoot of [true, false])
    await store.deleteImages(
      repository,
      digests.filter((digest) => roots.has(digest) === isRoot),
    );
  // What is there afterwards is read, not believed.
  const after = await store.images(repository);
  const isLeft = (digest: Digest): boolean =>
    "unread" in after || after.some((image) => image.digest === digest);
  const gone = new Set(digests.filter((digest) => !isLeft(digest)));
  const left = digests.filter(isLeft);
  await records.writeRest(
    repository,
    [...(rests.get(repository) ?? []), ...left].filter((digest) => !gone.has(digest)),
  );
  return {
    gone: same.filter(({ copy }) => gone.has(copy.digest)),
    failed: [
      ...changed,
      ...left.map((digest) => ({
        repository,
        digest,
        because: "ECR did not delete it; the next run tries it again",
      })),
    ],
  };
}

function whyBusy(executions: PruneFacts["executions"]): string | undefined {
  if ("unread" in executions) return executions.because;
  return executions[0] === undefined ? undefined : `${executions[0]} runs, and may need a copy`;
}
