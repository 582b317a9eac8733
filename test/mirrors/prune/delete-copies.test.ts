/** The deletion in one repository, step by step: what ECR refuses, lists late or does not list, and what is kept and recorded then. */

import { describe, expect, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import { type Copy, copiesOf } from "../../../src/mirrors/copies.ts";
import type { EcrImage } from "../../../src/mirrors/facts.ts";
import { type Deletion, deleteCopies } from "../../../src/mirrors/prune/delete-copies.ts";
import { index, old, part, proof, WEB } from "./run-account.ts";

type Family = Readonly<Record<string, readonly EcrImage[]>>;
/** What happens around the calls of a run; a step is one list of the images. */
type Meanwhile = {
  readonly refused?: readonly EcrImage[];
  readonly failing?: string;
  /** Lists that cannot be read, counted from 1. */
  readonly unread?: readonly number[];
  /** Before the list of that number. */
  readonly before?: Readonly<Record<number, (images: EcrImage[]) => EcrImage[]>>;
};

/** @param lists what each index lists @param chosen those to delete, all of the repository where absent */
async function deleted(
  roots: readonly EcrImage[],
  lists: Family = {},
  { refused = [], failing, unread = [], before = {} }: Meanwhile = {},
  { chosen = roots, rests = [] }: { chosen?: readonly EcrImage[]; rests?: readonly EcrImage[] } = {},
) {
  const parts = [...new Set(Object.values(lists).flat())].filter((one) => !roots.includes(one));
  let images = [...roots, ...parts, ...rests];
  const children = new Map<Digest, readonly Digest[]>(
    roots.map(({ digest }) => [digest, (lists[digest] ?? []).map((one) => one.digest)]),
  );
  const restDigests = new Set(rests.map(({ digest }) => digest));
  const those = copiesOf(WEB, images, children, restDigests)
    .filter(({ digest }) => chosen.some((one) => one.digest === digest))
    .map(
      (copy: Copy): Deletion => ({ copy, kind: "delete", digests: copy.members.map(({ digest }) => digest) }),
    );
  const records: (readonly Digest[])[] = [];
  let step = 0;
  const result = await deleteCopies(
    WEB,
    those,
    { children, rests: restDigests },
    {
      store: {
        images: async () => {
          step += 1;
          images = before[step]?.(images) ?? images;
          return unread.includes(step) ? { unread: "ecr:DescribeImages", because: "no list" } : [...images];
        },
        deleteImages: async (_, digests) => {
          if (digests.length > 0 && failing !== undefined) throw new Error(failing);
          const stays = ({ digest }: EcrImage) => refused.some((one) => one.digest === digest);
          images = images.filter((one) => !digests.includes(one.digest) || stays(one));
        },
      },
      records: { writeRest: async (_, digests) => void records.push([...digests]) },
    },
  );
  return {
    left: images.map(({ digest }) => digest),
    gone: result.gone.map(({ copy }) => copy.digest),
    failed: result.failed.map(({ digest, because }) => ({ digest, because })),
    records,
  };
}

const [one, two] = [index("one"), index("two")];
const [amd64, arm64] = [part("amd64"), part("arm64")];
const digestsOf = (...images: readonly EcrImage[]) => images.map(({ digest }) => digest);
const pulled = (image: EcrImage) => (images: EcrImage[]) =>
  images.map((other) => (other.digest === image.digest ? { ...other, pulledAt: 1 } : other));
const listing = (...families: readonly (readonly [EcrImage, readonly EcrImage[]])[]): Family =>
  Object.fromEntries(families.map(([root, those]) => [root.digest, those]));

describe("a copy of a platform that another one lists too", () => {
  const shared = listing([one, [amd64]], [two, [amd64]]);

  test("is deleted with both of them, and reported once where ECR refuses it", async () => {
    const { left, gone, failed, records } = await deleted([one, two], shared, { refused: [amd64] });
    expect([left, gone, failed.map(({ digest }) => digest)]).toEqual([
      digestsOf(amd64),
      digestsOf(one, two),
      digestsOf(amd64),
    ]);
    expect(records.at(-1)).toEqual(digestsOf(amd64));
  });

  test("stays with the one that has changed, and is not reported as failed", async () => {
    const { left, failed } = await deleted([one, two], shared, { before: { 1: pulled(two) } });
    expect([left, failed.map(({ digest }) => digest)]).toEqual([digestsOf(two, amd64), digestsOf(two)]);
  });

  test("stays with the one that ECR refuses to delete", async () => {
    const { left } = await deleted([one, two], shared, { refused: [two] });
    expect(left).toEqual(digestsOf(two, amd64));
  });

  test("stays where the one that was to stay is deleted by another caller meanwhile", async () => {
    const without = (images: EcrImage[]) => images.filter(({ digest }) => digest !== two.digest);
    const { left } = await deleted([one, two], shared, { before: { 2: without } }, { chosen: [one] });
    expect(left).toEqual(digestsOf(amd64));
  });

  test("stays where it is itself a tagged copy that is to go with another, and its index is not", async () => {
    const tagged = old("tagged");
    const lists = listing([one, [tagged]]);
    const { left, gone } = await deleted([one, tagged, two], lists, {}, { chosen: [tagged, two] });
    expect([left, gone]).toEqual([digestsOf(one, tagged), digestsOf(two)]);
  });
});

describe("the record of what a run has begun", () => {
  test("has what earlier runs began too, until it is gone", async () => {
    const rest = part("rest");
    const options = { chosen: [one], rests: [rest] };
    const whole = await deleted([one], listing([one, [amd64]]), {}, options);
    expect(whole.records).toEqual([digestsOf(rest, one, amd64), digestsOf(rest)]);
    const gone = (images: EcrImage[]) => images.filter(({ digest }) => digest !== rest.digest);
    const after = await deleted([one], listing([one, [amd64]]), { before: { 3: gone } }, options);
    expect(after.records.at(-1)).toEqual([]);
  });

  test("does not name the platforms of a root that stays: nothing of it was begun", async () => {
    const { records, left } = await deleted([one], listing([one, [amd64, arm64]]), { refused: [one] });
    expect([left, records.at(-1)]).toEqual([digestsOf(one, amd64, arm64), []]);
  });

  test("is not written where nothing is to be deleted", async () => {
    const { records, failed } = await deleted([one], {}, { before: { 1: pulled(one) } });
    expect([records, failed.map(({ digest }) => digest)]).toEqual([[], digestsOf(one)]);
  });
});

describe("a deletion that fails", () => {
  const lists = listing([one, [amd64]]);

  test("is reported with the reason of the call for each digest that is left, and with the copies that had changed", async () => {
    const { failed } = await deleted([one, two], lists, { failing: "throttled", before: { 1: pulled(two) } });
    expect(failed.map(({ digest }) => digest)).toEqual(digestsOf(two, one, amd64));
    expect(failed.slice(1).map(({ because }) => because)).toEqual(["throttled", "throttled"]);
  });

  test("is reported as not known where the images cannot be read afterwards, with the first reason", async () => {
    const { failed, gone } = await deleted([one, two], lists, {
      failing: "throttled",
      unread: [2],
      before: { 1: pulled(two) },
    });
    expect([gone, failed.map(({ digest }) => digest)]).toEqual([[], digestsOf(two, one)]);
    expect(failed[1]?.because).toContain("throttled");
  });

  test("takes the platforms of an index that is gone with it, in the same run", async () => {
    const { left, gone, failed } = await deleted([one], lists);
    expect([left, gone, failed]).toEqual([[], digestsOf(one), []]);
  });
});

describe("the proof of a repository stays", () => {
  const vouching = proof("proof");

  test("where the images cannot be read after the copies were deleted", async () => {
    const { left } = await deleted([one, vouching], {}, { unread: [2] });
    expect(left).toEqual(digestsOf(vouching));
  });

  test("where an image comes while the copies are deleted", async () => {
    const late = (images: EcrImage[]) => [...images, old("late")];
    const { left } = await deleted([one, vouching], {}, { before: { 2: late } });
    expect(left).toEqual(digestsOf(vouching, old("late")));
  });
});
