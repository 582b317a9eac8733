/** Every copy of an account with what is known of it: its source, who uses it, whether the source's tag has moved, its size. */

import type { Digest } from "../image/digest.ts";
import { canonicalName } from "../image/reference.ts";
import type { Read } from "../network/facts.ts";
import { retainedIndexTag } from "../oci/copy/retained-index.ts";
import { type EcrImage, type ImageUse, USE_PLACES } from "./facts.ts";
import type { ImageStore, UseReader } from "./ports.ts";
import { usesOfReports } from "./reports/match-reports.ts";
import { type Heads, headSources, type SourceHead } from "./source-states.ts";
import { pushedAt, readSourcedCopies, type SourcedCopy } from "./sourced-copies.ts";
import { usersOfCopies } from "./users-of-copies.ts";

type MirrorCopy = {
  readonly repository: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly source?: string;
  /** `same`, `moved`: the tag names these bytes, or others. `by-digest`: it was copied by digest. */
  readonly sourceState: "same" | "moved" | "gone" | "by-digest" | "unknown";
  /** What the tag names now, where it has moved; why it is unknown. */
  readonly sourceDigest?: Digest;
  readonly sourceBecause?: string;
  readonly copiedAt?: number;
  readonly pulledAt?: number;
  /** Of the image and what refers to it. The platforms of an index are not in it. */
  readonly bytes: number;
  readonly isIndex: boolean;
  readonly referrers: number;
  readonly usedBy: readonly Pick<ImageUse, "place" | "by">[];
};

export type MirrorList = {
  readonly copies: readonly MirrorCopy[];
  /** Of all images under the prefix, those of other tools too: what ECR stores, layers that they share counted for each. */
  readonly bytes: number;
  readonly images: number;
  /** What could not be read. */
  readonly gaps: readonly string[];
};

export async function listMirrors(
  prefix: string,
  store: Pick<ImageStore, "repositories" | "describe" | "images">,
  reader: UseReader,
  heads: Heads,
): Promise<MirrorList> {
  const { copies: all, images, gaps: unread } = await readSourcedCopies(prefix, store);
  const gaps = [...unread];
  const noted = <T>(read: Read<T>): readonly T[] => {
    if (!("unread" in read)) return read;
    gaps.push(read.because);
    return [];
  };
  const { uses, clusters } = await reader.read(new Map());
  const reports = noted(clusters);
  const usersOf = usersOfCopies([
    ...USE_PLACES.flatMap((place) => noted(uses[place])),
    ...usesOfReports(reports),
  ]);
  for (const { name, because } of reports)
    if (because !== undefined) gaps.push(`the images of the cluster ${name}: ${because}`);
  const states = await headSources(
    all.flatMap(({ source }) => (source?.tag === undefined ? [] : source)),
    heads,
  );
  return {
    copies: all.map((one) => ({
      ...describe(one),
      ...stateOf(one, all, states),
      usedBy: onceEach(usersOf(one.copy)),
    })),
    bytes: sum(images),
    images: images.length,
    gaps: [...new Set(gaps)],
  };
}

function describe({ copy, source }: SourcedCopy): Omit<MirrorCopy, "usedBy" | "sourceState"> {
  const [image] = copy.members;
  return {
    repository: copy.repository,
    digest: copy.digest,
    tags: copy.tags,
    ...(source === undefined ? {} : { source: canonicalName(source) }),
    ...(image?.pushedAt === undefined ? {} : { copiedAt: image.pushedAt }),
    ...(image?.pulledAt === undefined ? {} : { pulledAt: image.pulledAt }),
    bytes: sum(copy.members),
    isIndex: /index|manifest\.list/.test(image?.mediaType ?? ""),
    referrers: copy.members.length - 1,
  };
}

type State = Pick<MirrorCopy, "sourceState" | "sourceDigest" | "sourceBecause">;

/** The platforms of one index are copied one after the other. */
const COPIED_TOGETHER_MS = 3_600_000;

/** A copy of one platform has its own digest: that the index is still the same one, the proof next to the newest copy says. */
function stateOf(
  one: SourcedCopy,
  all: readonly SourcedCopy[],
  states: ReadonlyMap<string, SourceHead>,
): State {
  const { source, copy, tagsBeside } = one;
  if (source === undefined) return { sourceState: "unknown" };
  if (source.tag === undefined) return { sourceState: "by-digest" };
  const name = canonicalName(source);
  const head = states.get(name);
  if (head === undefined) return { sourceState: "unknown" };
  if (head.kind === "gone") return { sourceState: "gone" };
  if (head.kind === "unknown") return { sourceState: "unknown", sourceBecause: head.because };
  const newest = Math.max(
    ...all
      .filter((other) => other.source !== undefined && canonicalName(other.source) === name)
      .map(pushedAt),
  );
  const isVouchedFor =
    tagsBeside.has(retainedIndexTag(head.digest)) && newest - pushedAt(one) <= COPIED_TOGETHER_MS;
  if (head.digest === copy.digest || isVouchedFor) return { sourceState: "same" };
  return { sourceState: "moved", sourceDigest: head.digest };
}

function sum(images: readonly EcrImage[]): number {
  return images.reduce((bytes, image) => bytes + (image.bytes ?? 0), 0);
}

function onceEach(uses: readonly ImageUse[]): MirrorCopy["usedBy"] {
  const byName = new Map(uses.map(({ place, by }) => [`${place} ${by}`, { place, by }]));
  return [...byName.values()];
}
