/**
 * Judges a run of the clean-up by what is true of the account, not by what was read: with words and figures of its own.
 * A judge of one history.
 */

import type { Digest } from "../../../src/image/digest.ts";
import { type Account, DAY, type TrueImage } from "./random-account.ts";

export type Deleted = { readonly repository: string; readonly digest: Digest };
type Look = { readonly at: number; readonly state: string };

export function createJudge() {
  /** By image: the earliest of the looks since which it has not been used and has not changed. */
  const looks = new Map<string, Look>();

  /** What is wrong with these deletions. @param isWhole whether every list of the run was read to its end */
  const judge = (account: Account, isWhole: boolean, deleted: readonly Deleted[]): readonly string[] => {
    const wrong: string[] = [];
    const families = new Map(account.images.map((image) => [image.digest, familyOf(account, image)]));
    const gone = new Set(deleted.map(({ digest }) => digest));
    const longest = account.schedules.some((one) => one === "rate(200 days)")
      ? 201
      : account.schedules.some((one) => one.startsWith("cron"))
        ? 367
        : 91;
    if (deleted.length > 50) wrong.push("more than fifty in a run");
    if (deleted.length > 0 && !isWhole) wrong.push("deleted though a list was not read");
    if (deleted.length > 0 && account.executions.length > 0) wrong.push("deleted while Repull works");
    if (deleted.length > 0 && account.schedules.includes("every full moon"))
      wrong.push("deleted under a schedule of unknown length");
    const speaks = ({ reportedAt }: Account["clusters"][number]): boolean =>
      reportedAt !== undefined && account.now - reportedAt <= DAY;
    if (deleted.length > 0 && account.clusters.some((one) => one.isListed !== speaks(one)))
      wrong.push("deleted though a cluster is silent, or speaks that is not listed");
    for (const image of account.images.filter(({ digest }) => gone.has(digest))) {
      const say = (what: string) => wrong.push(`${image.digest.slice(7, 19)}: ${what}`);
      const repository = account.repositories.find(({ name }) => name === image.repository);
      if (!repository?.isOurs) say("in a repository that Repull did not make");
      if (repository?.readers !== "own-account") say("in a repository that others read");
      if (isUsed(account, image)) say("in use");
      if (!image.isActive) say("archived");
      if (account.now - (image.pushedAt ?? account.now) < longest * DAY) say("pushed lately");
      if (account.now - (image.pulledAt ?? 0) < longest * DAY) say("pulled lately");
      if (!image.tags.every((tag) => isMade(tag, image))) say("with another's tag");
      const roots = account.images.filter(
        (one) => one.tags.length > 0 && families.get(one.digest)?.has(image.digest),
      );
      if (roots.length === 0) say("of no copy");
      for (const root of roots) {
        if (gone.has(root.digest)) {
          if (root.pulledAt === undefined && root.tags.some((tag) => /^\d/.test(tag))) say("never pulled");
          const look = looks.get(root.digest);
          if (look === undefined || look.state !== stateOf(account, families.get(root.digest) ?? new Set()))
            say("not seen before as it is");
          else if (account.now - look.at < DAY) say("seen less than a day ago");
        } else if (!isAttached(root) || root.digest === image.digest) say("of a copy that stays");
      }
      if (image.tags.some((tag) => tag.startsWith("index-")))
        if (
          account.images.some(
            (one) =>
              one.repository === image.repository &&
              /-[0-9a-f]{12}$/.test(one.tags[0] ?? "") &&
              !gone.has(one.digest),
          )
        )
          say("the proof of a copy that stays");
    }
    for (const image of account.images.filter(({ digest }) => !gone.has(digest))) {
      for (const child of image.lists) if (gone.has(child)) wrong.push("a platform of an index that stays");
      if (
        account.images.some((one) => one.lists.includes(image.digest) && gone.has(one.digest)) &&
        image.tags.length === 0
      )
        if (
          !account.images.some((one) => one.lists.includes(image.digest) && !gone.has(one.digest)) &&
          !account.images.some((one) => one.subject !== undefined && one.digest === image.digest)
        )
          wrong.push("a platform without its index is left");
    }
    if (isWhole)
      for (const image of account.images) {
        const family = families.get(image.digest) ?? new Set();
        const state = stateOf(account, family);
        if (
          [...family].some((one) =>
            isUsed(
              account,
              account.images.find(({ digest }) => digest === one),
            ),
          )
        )
          looks.delete(image.digest);
        else if (looks.get(image.digest)?.state !== state)
          looks.set(image.digest, { at: account.now, state });
      }
    return wrong;
  };
  return judge;
}

function isUsed({ uses, clusters }: Account, image: TrueImage | undefined): boolean {
  if (image === undefined) return false;
  const names = [
    image.digest,
    ...image.tags.map((tag) => `${image.repository}:${tag}`),
    `${image.repository}:\${`,
  ];
  return (
    uses.some((use) => use.digest === image.digest || names.some((name) => use.image?.includes(name))) ||
    clusters.some(({ digests }) => digests.includes(image.digest))
  );
}

function familyOf({ images }: Account, root: TrueImage): ReadonlySet<Digest> {
  const family = new Set<Digest>([root.digest]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { digest, lists, subject, tags } of images) {
      if (family.has(digest)) for (const child of lists) family.add(child);
      const signed = tags.find((tag) => tag.endsWith(".sig"))?.slice("sha256-".length, -".sig".length);
      if (
        (subject !== undefined && family.has(subject)) ||
        (signed !== undefined && family.has(`sha256:${signed}`))
      )
        family.add(digest);
    }
  }
  return family;
}

function stateOf({ images }: Account, family: ReadonlySet<Digest>): string {
  return images
    .filter(({ digest }) => family.has(digest))
    .map(({ digest, tags, pushedAt, pulledAt }) => [digest, tags, pushedAt, pulledAt].join())
    .join("\n");
}

function isMade(tag: string, { digest }: TrueImage): boolean {
  return tag.endsWith(`-${digest.slice(7, 19)}`) || tag.startsWith("index-") || tag.endsWith(".sig");
}

function isAttached({ tags }: TrueImage): boolean {
  return tags.every((tag) => tag.endsWith(".sig"));
}
