/**
 * The copies of a repository: each is what one tag of Repull's names, with everything that belongs to it.
 *
 * An index belongs together with its platforms, and an image with its signatures and attestations. What is not known to
 * belong to one is a copy of its own that no rule lets go.
 */

import { type Digest, shortDigest } from "../image/digest.ts";
import type { EcrImage } from "./facts.ts";

export type Copy = {
  readonly repository: string;
  readonly digest: Digest;
  /** `rest`: what a run that ended early left of a copy. `other`: what is not known to belong to a copy. */
  readonly kind: "copy" | "proof" | "rest" | "other";
  readonly tags: readonly string[];
  /** The image itself first, then what it lists, then what refers to any of these. */
  readonly members: readonly EcrImage[];
  /** An index of its repository has not been read: it may list any member. */
  readonly isUnread: boolean;
};

const INDEX_TYPES = /(?:image\.index|manifest\.list)\.v\d/;
/** `<tag>-<12 digits of its digest>`: src/substitution/strategies/ecr-copy.ts */
const OUR_TAG = /-([0-9a-f]{12})$/;
/** Of an artifact that keeps an index: src/oci/copy/retained-index.ts */
const PROOF_TAG = /^index-[0-9a-f]{64,122}$/;
/** The list of referrers under a tag, and cosign's own tags. */
const REFERRER_TAG = /^(sha256|sha512)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** Whether an image is an index by its media type: one of an unknown type may be. */
export function mayBeIndex({ mediaType }: EcrImage): boolean {
  return mediaType === undefined || INDEX_TYPES.test(mediaType);
}

/** Whether it says in a member or by a tag that it refers to an image: a signature, for example. */
export function isReferrer({ subject, tags }: EcrImage): boolean {
  return subject !== undefined || tags.some((tag) => REFERRER_TAG.test(tag));
}

/** Whether Repull made the tag for this very image. */
export function isOurTag(tag: string, digest: Digest): boolean {
  return OUR_TAG.exec(tag)?.[1] === shortDigest(digest);
}

/**
 * @param children what each index that was read lists
 * @param rests what runs have begun to delete
 */
export function copiesOf(
  repository: string,
  images: readonly EcrImage[],
  children: ReadonlyMap<Digest, readonly Digest[]>,
  rests: ReadonlySet<Digest> = new Set(),
): readonly Copy[] {
  const byDigest = new Map(images.map((image) => [image.digest, image]));
  const referrersOf = referrersIn(images);
  const familyOf = (root: EcrImage): readonly EcrImage[] => {
    const family = new Map<Digest, EcrImage>();
    const add = (digest: Digest): void => {
      const image = byDigest.get(digest);
      if (image === undefined || family.has(digest)) return;
      family.set(digest, image);
      for (const child of children.get(digest) ?? []) add(child);
      for (const referrer of referrersOf.get(digest) ?? []) add(referrer);
    };
    add(root.digest);
    return [...family.values()];
  };
  const isUnread = images.some((one) => mayBeIndex(one) && !children.has(one.digest));
  const reached = new Set<Digest>();
  const copies: Copy[] = [];
  const take = (root: EcrImage, kind: Copy["kind"]): void => {
    const members = familyOf(root);
    for (const { digest } of members) reached.add(digest);
    copies.push({ repository, digest: root.digest, kind, tags: root.tags, members, isUnread });
  };
  for (const image of images) if (image.tags.some((tag) => !isAttached(tag))) take(image, "copy");
  for (const image of images) if (isProof(image) && !reached.has(image.digest)) take(image, "proof");
  for (const image of images)
    if (!reached.has(image.digest)) take(image, rests.has(image.digest) ? "rest" : "other");
  return copies;
}

function isProof({ tags }: EcrImage): boolean {
  return tags.length > 0 && tags.every((tag) => PROOF_TAG.test(tag));
}

/** A tag that attaches an artifact to an image, rather than names an image. */
function isAttached(tag: string): boolean {
  return PROOF_TAG.test(tag) || REFERRER_TAG.test(tag);
}

function referrersIn(images: readonly EcrImage[]): ReadonlyMap<string, readonly Digest[]> {
  const found = new Map<string, Digest[]>();
  const add = (subject: string, digest: Digest): void => {
    found.set(subject, [...(found.get(subject) ?? []), digest]);
  };
  for (const { digest, subject, tags } of images) {
    if (subject !== undefined) add(subject, digest);
    for (const tag of tags) {
      const [, algorithm, hex] = REFERRER_TAG.exec(tag) ?? [];
      if (algorithm !== undefined) add(`${algorithm}:${hex}`, digest);
    }
  }
  return found;
}
