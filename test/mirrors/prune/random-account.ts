/**
 * A random account with copies, uses and everything that could make a deletion wrong, and how it is read: sometimes refused,
 * sometimes by a clock that has jumped. It knows nothing of the product's rules.
 */

import { type Digest, digestOf, shortDigest } from "../../../src/image/digest.ts";
import { type EcrImage, type ImageUse, USE_PLACES, type UsePlace } from "../../../src/mirrors/facts.ts";
import type { Random } from "../../../src/sandbox/random.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export type TrueImage = EcrImage & { readonly repository: string; readonly lists: readonly Digest[] };
export type TrueRepository = {
  readonly name: string;
  readonly isOurs: boolean;
  readonly readers: "own-account" | "other-accounts";
};

export type Account = {
  now: number;
  readonly repositories: readonly TrueRepository[];
  images: TrueImage[];
  uses: ImageUse[];
  clusters: { name: string; isListed: boolean; reportedAt?: number; digests: string[] }[];
  schedules: string[];
  executions: string[];
};

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

let serial = 0;

export function randomAccount(random: Random): Account {
  const account: Account = {
    now: 2_000 * DAY,
    repositories: Array.from({ length: random.integer(1, 3) }, (_, index) => ({
      name: `repull/docker.io/library/image-${index}`,
      isOurs: random.next() > 0.15,
      readers: random.next() > 0.15 ? ("own-account" as const) : ("other-accounts" as const),
    })),
    images: [],
    uses: [],
    clusters: random.next() > 0.1 ? [] : [{ name: "eks", isListed: random.next() > 0.3, digests: [] }],
    schedules:
      random.next() > 0.2
        ? ["rate(1 hour)"]
        : [random.pick(["rate(200 days)", "cron(0 3 1 1 ? *)", "every full moon"])],
    executions: [],
  };
  for (const { name } of account.repositories)
    for (let count = random.integer(1, 4); count > 0; count -= 1) push(account, name, random);
  return account;
}

/** A copy as Repull pushes it, long ago or just now: a platform with its proof, or an index; or an image of another tool. */
function push(account: Account, repository: string, random: Random): void {
  const ago = random.next() > 0.25 ? random.integer(92, 700) * DAY : random.integer(0, 91) * DAY;
  const pushedAt = account.now - ago;
  const old = (): number => pushedAt + Math.floor(random.next() * random.next() * ago * 0.5);
  const add = (more: Partial<TrueImage> = {}): TrueImage => {
    serial += 1;
    const digest = digestOf(`${repository} ${serial}`);
    const image: TrueImage = {
      repository,
      digest,
      tags: [],
      pushedAt,
      mediaType: MANIFEST,
      isActive: true,
      lists: [],
      ...more,
    };
    account.images.push(image);
    return image;
  };
  const named = (image: TrueImage): TrueImage =>
    replace(account, image, {
      tags: [`1.${random.integer(0, 9)}-${shortDigest(image.digest)}`],
      ...(random.next() > 0.1 ? { pulledAt: old() } : {}),
    });
  const kind = random.next();
  if (kind < 0.1) add({ tags: [random.pick(["latest", "1.2-deadbeef0000"])], pulledAt: old() });
  else if (kind < 0.15) add({ pulledAt: old() });
  else if (kind < 0.5) {
    named(add());
    const kept = digestOf(`kept ${serial}`).slice("sha256:".length);
    if (random.next() > 0.5) add({ tags: [`index-${kept}`] });
  } else {
    const shared = account.images.find(
      (one) =>
        one.repository === repository &&
        one.lists.length === 0 &&
        one.subject === undefined &&
        !one.tags.some((tag) => tag.startsWith("index-")),
    );
    const children = [
      add().digest,
      add({ pulledAt: old() }).digest,
      ...(shared !== undefined && random.next() < 0.4 ? [shared.digest] : []),
    ];
    const index = named(add({ mediaType: INDEX, lists: children }));
    if (random.next() > 0.6) add({ subject: random.pick([index.digest, ...children]) });
    if (random.next() > 0.8) add({ tags: [`sha256-${index.digest.slice(7)}.sig`] });
  }
  if (random.next() < 0.03) {
    const one = random.pick(account.images);
    replace(account, one, { isActive: false });
  }
}

/** A signature that comes later, as a referrer or under cosign's tag. */
function sign(account: Account, { repository, digest }: TrueImage, random: Random): void {
  serial += 1;
  const signature = {
    repository,
    digest: digestOf(`signature ${serial}`),
    pushedAt: account.now,
    mediaType: MANIFEST,
    isActive: true,
    lists: [],
  };
  account.images.push(
    random.next() < 0.5
      ? { ...signature, tags: [], subject: digest }
      : { ...signature, tags: [`sha256-${digest.slice(7)}.sig`] },
  );
}

export function replace(account: Account, image: TrueImage, more: Partial<TrueImage>): TrueImage {
  const changed = { ...image, ...more };
  account.images = account.images.map((one) => (one === image ? changed : one));
  return changed;
}

/** Some time goes by, and a few things happen. */
export function live(account: Account, random: Random): void {
  account.now += random.pick([HOUR, 6 * HOUR, 23 * HOUR, DAY, 2 * DAY, 30 * DAY, 100 * DAY]);
  account.executions = random.next() < 0.06 ? ["repull-remediate/x"] : [];
  for (const cluster of account.clusters) {
    if (random.next() < 0.6) cluster.reportedAt = account.now - random.integer(0, 20) * HOUR;
  }
  for (let count = random.integer(0, 3); count > 0; count -= 1) {
    const image = account.images.length === 0 ? undefined : random.pick(account.images);
    if (image === undefined) return;
    const what = random.next();
    if (what < 0.25) replace(account, image, { pulledAt: account.now - random.integer(0, 3) * HOUR });
    else if (what < 0.6) account.uses.push(useOf(image, random));
    else if (what < 0.75) account.uses.splice(0, 1);
    else if (what < 0.8) replace(account, image, { tags: [...image.tags, "prod"] });
    else if (what < 0.85) for (const cluster of account.clusters) cluster.digests.push(image.digest);
    else if (what < 0.9) sign(account, image, random);
    else push(account, image.repository, random);
  }
}

function useOf({ repository, digest, tags }: TrueImage, random: Random): ImageUse {
  const place: UsePlace = random.pick(USE_PLACES);
  const by = `${place}/x`;
  const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
  const [tag] = tags;
  const way = random.next();
  if (way < 0.3) return { place, by, digest };
  if (way < 0.4) return { place, by, image: `${host}/${repository}:\${TAG}` };
  if (way < 0.7 && tag !== undefined) return { place, by, image: `${host}/${repository}:${tag}` };
  if (way < 0.8) return { place, by, image: `docker.io/library/other@${digest}` };
  return { place, by, image: `${host}/${repository}@${digest}` };
}
