/** What one refresh leaves for the next: what is known of each source, by repository and tag. `aws/mirrors` implements it. */

import type { KnownImages } from "../ports.ts";
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
