/**
 * Deletes copies of one repository that are still as they were when they were looked at: each copy's root first, as ECR wants
 * it, then the family of each root that is gone. Proofs come last, where no copy is left for which they vouch.
 *
 * BatchDeleteImage names what it refuses in an answer of status 200: what is there afterwards is read, not believed.
 */

import type { Digest } from "../../image/digest.ts";
import { type Copy, copiesOf, mayBeIndex } from "../copies.ts";
import type { ImageStore, PruneRecords } from "../ports.ts";
import type { PruneDecision } from "./decide-prune.ts";
import { seenOf } from "./mark.ts";

export type Deletion = Extract<PruneDecision, { kind: "delete" }>;

export type FailedCopy = {
  readonly repository: string;
  readonly digest: Digest;
  readonly because: string;
};

export type Deleted = {
  /** Copies whose root is gone, with what of them is gone. */
  readonly gone: readonly Deletion[];
  readonly failed: readonly FailedCopy[];
};

type Ports = {
  readonly store: Pick<ImageStore, "images" | "deleteImages">;
  readonly records: Pick<PruneRecords, "writeRest">;
};

type Looked = {
  readonly children: ReadonlyMap<Digest, readonly Digest[]>;
  /** What earlier runs have begun to delete of this repository. */
  readonly rests: ReadonlySet<Digest> | undefined;
};

/** Never throws: what a failure leaves is in the report. */
export async function deleteCopies(
  repository: string,
  those: readonly Deletion[],
  { children, rests = new Set() }: Looked,
  { store, records }: Ports,
): Promise<Deleted> {
  const failedAs = (because: string, which: readonly Deletion[]): readonly FailedCopy[] =>
    which.map(({ copy }) => ({ repository, digest: copy.digest, because }));
  const images = await store.images(repository);
  if ("unread" in images) return { gone: [], failed: failedAs(images.because, those) };
  const now = copiesOf(repository, images, children, rests);
  // An index that came meanwhile may list any of them.
  const isCrowded = images.some((image) => mayBeIndex(image) && !children.has(image.digest));
  const states = new Map(now.map((copy) => [copy.digest, seenOf(copy)]));
  const isSame = ({ copy }: Deletion): boolean => !isCrowded && states.get(copy.digest) === seenOf(copy);
  const same = those.filter(isSame);
  const changed = failedAs(
    "it has changed since it was looked at",
    those.filter((one) => !isSame(one)),
  );
  const chosen = new Set(same.map(({ copy }) => copy.digest));
  const digests = withoutMembers(
    same.flatMap((one) => one.digests),
    now.filter(({ digest }) => !chosen.has(digest)),
  );
  if (digests.length === 0) return { gone: [], failed: changed };

  let because: string | undefined;
  try {
    await records.writeRest(repository, [...rests, ...digests]);
    await deleteInOrder(repository, same, now, new Set(digests), store);
  } catch (error) {
    because = error instanceof Error ? error.message : "a call failed";
  }
  const after = await store.images(repository);
  if ("unread" in after) {
    const unknown = `what ECR deleted of it is not known: ${because ?? after.because}`;
    return { gone: [], failed: [...changed, ...failedAs(unknown, same)] };
  }
  const there = new Set(after.map(({ digest }) => digest));
  const gone = same
    .filter(({ copy }) => !there.has(copy.digest))
    .map((one) => ({ ...one, digests: one.digests.filter((digest) => !there.has(digest)) }));
  const left = digests.filter((digest) => there.has(digest));
  const begun = new Set(gone.flatMap(({ copy }) => copy.members.map(({ digest }) => digest)));
  // What stays with its root was not begun. A record that is not written names digests that are gone, and harms nothing.
  await records
    .writeRest(
      repository,
      [...rests, ...left.filter((digest) => begun.has(digest))].filter((digest) => there.has(digest)),
    )
    .catch(() => {});
  const kept = because ?? "ECR did not delete it, or a copy that needs it stays; the next runs try it again";
  return {
    gone,
    failed: [...changed, ...left.map((digest) => ({ repository, digest, because: kept }))],
  };
}

async function deleteInOrder(
  repository: string,
  same: readonly Deletion[],
  now: readonly Copy[],
  allowed: ReadonlySet<Digest>,
  store: Ports["store"],
): Promise<void> {
  const there = async (): Promise<ReadonlySet<Digest>> => {
    const read = await store.images(repository);
    if ("unread" in read) throw new Error(read.because);
    return new Set(read.map(({ digest }) => digest));
  };
  /** Answers which roots are there afterwards. */
  const deleteFamilies = async (those: readonly Deletion[]): Promise<ReadonlySet<Digest>> => {
    const roots = those.map(({ copy }) => copy.digest).filter((digest) => allowed.has(digest));
    await store.deleteImages(repository, roots);
    const left = await there();
    const families = those
      .filter(({ copy }) => !left.has(copy.digest))
      .flatMap((one) => one.digests)
      .filter((digest) => allowed.has(digest) && left.has(digest));
    const stay = now.filter(({ digest }) => left.has(digest));
    await store.deleteImages(repository, withoutMembers(families, stay));
    return left;
  };
  const left = await deleteFamilies(same.filter(({ copy }) => copy.kind !== "proof"));
  const proofs = same.filter(({ copy }) => copy.kind === "proof");
  const known = new Set(now.flatMap(({ members }) => members.map(({ digest }) => digest)));
  const hasCopies =
    now.some(({ kind, digest }) => kind !== "proof" && left.has(digest)) ||
    [...left].some((digest) => !known.has(digest));
  if (proofs.length > 0 && !hasCopies) await deleteFamilies(proofs);
}

/** A copy that stays keeps what it shares with one that goes. */
function withoutMembers(digests: readonly Digest[], stay: readonly Copy[]): readonly Digest[] {
  const needed = new Set(stay.flatMap(({ members }) => members.map(({ digest }) => digest)));
  return [...new Set(digests)].filter((digest) => !needed.has(digest));
}
