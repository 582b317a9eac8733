/** The copies of the repositories under a prefix, each with the image that it was made of. Nothing is pulled for it. */

import type { ImageReference } from "../image/reference.ts";
import type { Read } from "../network/facts.ts";
import { type Copy, copiesOf, isOurTag } from "./copies.ts";
import type { EcrImage, EcrRepository } from "./facts.ts";
import type { ImageStore } from "./ports.ts";
import { sourcesOfCopy } from "./source-of-copy.ts";

export type SourcedCopy = {
  readonly copy: Copy;
  /** Undefined: its repository could not be described. */
  readonly source: ImageReference | undefined;
  /** One for each tag that was copied: `source` is the first. */
  readonly sources: readonly ImageReference[];
  /** All tags of its repository: those of indexes vouch for platforms that were copied. */
  readonly tagsBeside: ReadonlySet<string>;
};

export type SourcedCopies = {
  readonly copies: readonly SourcedCopy[];
  /** All under the prefix, those of other tools too. */
  readonly images: readonly EcrImage[];
  /** What could not be read. */
  readonly gaps: readonly string[];
};

export async function readSourcedCopies(
  prefix: string,
  store: Pick<ImageStore, "repositories" | "describe" | "images">,
): Promise<SourcedCopies> {
  const gaps: string[] = [];
  const noted = <T>(read: Read<T>): readonly T[] => {
    if (!("unread" in read)) return read;
    gaps.push(read.because);
    return [];
  };
  const copies: SourcedCopy[] = [];
  const all: EcrImage[] = [];
  for (const name of noted(await store.repositories(prefix))) {
    const repository = await store.describe(name).catch((error: unknown) => {
      gaps.push(error instanceof Error ? error.message : `the repository ${name}`);
      return undefined;
    });
    const images = noted(await store.images(name));
    copies.push(...sourced(name, repository, images));
    all.push(...images);
  }
  return { copies, images: all, gaps };
}

function sourced(
  name: string,
  repository: EcrRepository | undefined,
  images: readonly EcrImage[],
): readonly SourcedCopy[] {
  const tagsBeside = new Set(images.flatMap(({ tags }) => tags));
  // To read what an index lists would be a pull.
  return copiesOf(name, images, new Map()).flatMap((copy) => {
    const { kind, tags, digest } = copy;
    if (kind !== "copy" || !tags.some((tag) => isOurTag(tag, digest))) return [];
    if (repository === undefined) return { copy, source: undefined, sources: [], tagsBeside };
    if (repository.source === undefined) return [];
    const sources = sourcesOfCopy(repository, copy);
    return { copy, source: sources[0], sources, tagsBeside };
  });
}

/** When it was pushed; 0 where ECR does not report it. */
export function pushedAt({ copy: { members } }: Pick<SourcedCopy, "copy">): number {
  return members[0]?.pushedAt ?? 0;
}
