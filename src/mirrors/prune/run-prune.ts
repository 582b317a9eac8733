/**
 * One run of the clean-up: read, decide, report what is to go, look again at it, delete by digest. A dry run ends before the first
 * mark. Only one run works at a time, and each leaves marks for the next.
 */

import type { Digest } from "../../image/digest.ts";
import { type Copy, copiesOf, mayBeIndex } from "../copies.ts";
import type { EcrImage, EcrRepository } from "../facts.ts";
import type { ImageStore, PruneRecords, UseReader } from "../ports.ts";
import { decidePrune, type PruneDecision } from "./decide-prune.ts";
import { type Deletion, deleteCopies, type FailedCopy } from "./delete-copies.ts";
import {
  CLOCKS_APART_MAX_MS,
  type KeepCode,
  listOf,
  type PruneFacts,
  RECORDED_LATE_MS,
  RETENTION_MS,
} from "./keep-rules.ts";
import { type Mark, markKey } from "./mark.ts";
import { type DeletedCopy, deletedCopy } from "./undo-command.ts";

export type PrunePorts = {
  readonly store: ImageStore;
  readonly reader: UseReader;
  readonly records: PruneRecords;
  /** Executions of Repull that have not ended, or that ended at that time or later. */
  readonly executions: (since: number) => Promise<PruneFacts["executions"]>;
  /** Why nothing may be written; undefined where it may. Unreadable is a reason. */
  readonly stopped: () => Promise<string | undefined>;
  /** Why pulls of others are not recorded, or that it is not known; undefined where each pull is. */
  readonly unrecorded: () => Promise<string | undefined>;
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

type MarkedCopy = Pick<DeletedCopy, "repository" | "digest" | "undo">;

export type PruneReport = {
  readonly kind: "dry-run" | "pruned" | "locked" | "stopped";
  /** Why nothing was done, where one reason is for all. */
  readonly because?: string;
  /** Deleted; of a dry run, what would be. */
  readonly deleted: readonly DeletedCopy[];
  /** Copies that are unused, and may go at a later run. */
  readonly marked: readonly MarkedCopy[];
  /** How many copies are kept for each reason. */
  readonly kept: Readonly<Partial<Record<KeepCode, number>>>;
  /** What was to be deleted and was not, or may have been: ECR did not say. */
  readonly failed: readonly FailedCopy[];
};

export type PruneHooks = {
  /** What is about to be deleted, before the first deletion: an interrupted run has reported how to undo it. */
  readonly planned?: (copies: readonly DeletedCopy[]) => void;
  /** Whether enough time is left for another repository. */
  readonly hasTime?: () => boolean;
};

const NOTHING = { deleted: [], marked: [], kept: {}, failed: [] } as const;

export async function runPrune(
  input: PruneInput,
  ports: PrunePorts,
  hooks: PruneHooks = {},
): Promise<PruneReport> {
  const { store, records, stopped, times } = ports;
  const { isDryRun } = input;
  const because = isDryRun ? undefined : await stopped();
  if (because !== undefined) return { kind: "stopped", because, ...NOTHING };
  const names = await store.repositories(input.prefix);
  const release = isDryRun ? async () => {} : await records.lock(input.run, Math.min(...times()));
  if (release === undefined) return { kind: "locked", because: "another run is at work", ...NOTHING };
  try {
    const seen = await look(names, ports);
    const decisions = decidePrune(seen.copies, seen.facts);
    const report = reportOf(decisions, seen, input);
    if (isDryRun) return { kind: "dry-run", ...report };
    await writeMarks(decisions, seen, records);
    if (report.deleted.length > 0) hooks.planned?.(report.deleted);
    const deleted: DeletedCopy[] = [];
    const failed: FailedCopy[] = [];
    const { hasTime = () => true } = hooks;
    for (const [repository, those] of Map.groupBy(toDelete(decisions), ({ copy }) => copy.repository)) {
      const whyNot = hasTime() ? await whyNow(seen, ports) : "no time was left for it";
      const outcome =
        whyNot === undefined
          ? await deleteCopies(repository, those, { ...seen, rests: seen.rests.get(repository) }, ports)
          : {
              gone: [],
              failed: those.map(({ copy }) => ({ repository, digest: copy.digest, because: whyNot })),
            };
      deleted.push(...outcome.gone.map((one) => deletedCopy(one, seen.sources.get(repository), input.host)));
      failed.push(...outcome.failed);
    }
    return { kind: "pruned", ...report, deleted, failed };
  } finally {
    // A lock that is left ends by itself: what was deleted must be reported all the same.
    await release().catch(() => {});
  }
}

type Seen = {
  /** What ended before it had written all that it did when the first list was read. */
  readonly since: number;
  readonly copies: readonly Copy[];
  readonly facts: PruneFacts;
  readonly children: ReadonlyMap<Digest, readonly Digest[]>;
  readonly rests: ReadonlyMap<string, ReadonlySet<Digest>>;
  readonly sources: ReadonlyMap<string, EcrRepository>;
};

async function look(
  names: Awaited<ReturnType<ImageStore["repositories"]>>,
  { store, reader, records, executions, unrecorded, times }: PrunePorts,
): Promise<Seen> {
  // The services' clocks may differ, and ECS lists a new revision a moment late.
  const since = Math.min(...times()) - CLOCKS_APART_MAX_MS;
  const unread: string[] = "unread" in names ? [names.because] : [];
  const because = await unrecorded();
  if (because !== undefined) unread.push(because);
  const { marks, rests, known: before } = await records.read();
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
  const known = new Map(before);
  // Before the uses: one that ends while they are read may have added a use to a list that was read already.
  const running = await executions(since);
  const uses = images.size === 0 ? NO_USES : await reader.read(known);
  // By a dry run too: a large account would never be read to its end without it.
  const added = new Map([...known].filter(([arn, images]) => before.get(arn) !== images));
  if (added.size > 0) await records.writeKnown(added);
  return {
    since,
    copies: [...images].flatMap(([name, those]) => copiesOf(name, those, children, rests.get(name))),
    children,
    rests,
    sources: new Map(repositories.map((repository) => [repository.name, repository])),
    facts: { ...uses, times: times(), repositories, unread, marks, executions: running },
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

function toDelete(decisions: readonly PruneDecision[]): readonly Deletion[] {
  return decisions.filter((one) => one.kind === "delete");
}

function reportOf(decisions: readonly PruneDecision[], seen: Seen, { host }: PruneInput) {
  const kept: Partial<Record<KeepCode, number>> = {};
  for (const one of decisions) if (one.kind === "keep") kept[one.kept.code] = (kept[one.kept.code] ?? 0) + 1;
  const first = decisions.find((one) => one.kind === "keep");
  const isForAll = Object.keys(kept).length === 1 && toDelete(decisions).length === 0;
  // Without a copy that is known, no copy says why nothing was done.
  const because =
    isForAll && first?.kind === "keep"
      ? first.kept.because
      : decisions.length === 0
        ? seen.facts.unread[0]
        : undefined;
  return {
    ...(because === undefined ? {} : { because }),
    deleted: toDelete(decisions).map((one) => deletedCopy(one, seen.sources.get(one.copy.repository), host)),
    marked: decisions.flatMap((one): MarkedCopy[] => {
      if (one.kind !== "keep" || one.mark === undefined) return [];
      const source = seen.sources.get(one.copy.repository);
      const { repository, digest, undo } = deletedCopy({ ...one, kind: "delete", digests: [] }, source, host);
      return [{ repository, digest, ...(undo === undefined ? {} : { undo }) }];
    }),
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

/** Why nothing may be deleted at this moment: the uses were read before it, and an execution since then may have added one. */
async function whyNow({ since }: Seen, { executions, stopped }: PrunePorts): Promise<string | undefined> {
  const because = await stopped();
  if (because !== undefined) return because;
  const running = await executions(since);
  if ("unread" in running) return running.because;
  return running[0] === undefined ? undefined : `${running[0]} runs or has just ended, and may need a copy`;
}
