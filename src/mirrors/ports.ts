/** What the list and the clean-up of copies ask of the account. `aws/mirrors` implements it. */

import type { Digest } from "../image/digest.ts";
import type { Read } from "../network/facts.ts";
import type { AccountUses, EcrImage, EcrRepository } from "./facts.ts";
import type { Mark } from "./prune/mark.ts";

export interface ImageStore {
  /** The names of the repositories under a prefix. */
  repositories(prefix: string): Promise<Read<string>>;
  /** Throws AwsError. */
  describe(repository: string): Promise<EcrRepository>;
  images(repository: string): Promise<Read<EcrImage>>;
  /** What indexes list; one that could not be read is left out. ECR takes it for a pull. Throws AwsError. */
  children(repository: string, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, readonly Digest[]>>;
  /** One that ECR refuses to delete stays there. Throws AwsError. */
  deleteImages(repository: string, digests: readonly Digest[]): Promise<void>;
}

/**
 * What never changes, and so is read once: the images of task definitions, by their ARNs; and by the ARN of a service a line for each
 * of its service revisions, with what it names.
 */
export type KnownImages = Map<string, readonly string[]>;

export interface UseReader {
  /** @param known to which it adds what it reads */
  read(known: KnownImages): Promise<AccountUses>;
}

/** What one run of the clean-up leaves for the next. */
export interface PruneRecords {
  /** Undefined: another run has it. Else what releases it. */
  lock(run: string, now: number): Promise<(() => Promise<void>) | undefined>;
  /** Throws AwsError. */
  read(): Promise<{
    readonly marks: ReadonlyMap<string, Mark>;
    /** By repository: what runs have begun to delete. */
    readonly rests: ReadonlyMap<string, ReadonlySet<Digest>>;
    readonly known: KnownImages;
  }>;
  writeMarks(repository: string, marks: ReadonlyMap<string, Mark>): Promise<void>;
  writeRest(repository: string, digests: readonly Digest[]): Promise<void>;
  writeKnown(added: KnownImages): Promise<void>;
}
