/** What one refresh leaves for the next: what is known of each source, by repository and tag. `aws/mirrors` implements it. */

import type { KnownImages } from "../ports.ts";
import type { SourceHead } from "../source-states.ts";
import type { CopiedTag } from "./copied-tags.ts";
import type { CopyTold } from "./copy-queue.ts";
import type { SourceRecord } from "./source-record.ts";

export interface RefreshRecords {
  /** Undefined: another run has it. Else what releases it. */
  lock(run: string, now: number): Promise<(() => Promise<void>) | undefined>;
  /** Throws AwsError. */
  read(): Promise<{
    readonly sources: ReadonlyMap<string, ReadonlyMap<string, SourceRecord>>;
    readonly known: KnownImages;
  }>;
  writeSources(repository: string, records: ReadonlyMap<string, SourceRecord>): Promise<void>;
  writeKnown(added: KnownImages): Promise<void>;
}

type Learned = {
  readonly tag: CopiedTag;
  readonly head: SourceHead;
  readonly record: SourceRecord | undefined;
};
type Seen = {
  readonly tags: readonly Learned[];
  readonly before: ReadonlyMap<string, ReadonlyMap<string, SourceRecord>>;
};

/** What was not learned in this run stays as it was; a tag whose copies are gone is forgotten. */
export async function writeRecords(
  { tags, before }: Seen,
  told: ReadonlyMap<string, CopyTold>,
  records: RefreshRecords,
): Promise<void> {
  for (const [repository, those] of Map.groupBy(tags, ({ tag }) => tag.repository)) {
    const after = new Map<string, SourceRecord>();
    for (const { tag, head, record } of those) {
      if (record === undefined) continue;
      const isNew = head.kind === "found" && told.get(tag.name)?.kind === "copied";
      after.set(tag.source.tag ?? "", isNew ? { ...record, copied: head.digest } : record);
    }
    if (JSON.stringify([...(before.get(repository) ?? [])]) !== JSON.stringify([...after]))
      await records.writeSources(repository, after);
  }
}
