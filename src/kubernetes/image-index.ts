/**
 * The index of proved images, as the cluster keeps it: objects `ImageIndex` of `imageindexes.repull.dev/v1`.
 *
 * A row says, for an image exactly as pods write it, which repository@digest may run instead and how that is known; or that
 * there is none, and why. The controller writes rows, admission and heal read them. One object holds some thousand rows
 * (etcd takes a request of 1.5 MiB), so the rows are spread over several by a hash of the image: a new row changes one object.
 */

import * as z from "zod";
import { type Digest, digestOf, isDigest } from "../image/digest.ts";
import { tryParseReference } from "../image/reference.ts";
import { PROOFS } from "../substitution/proof.ts";
import { type Mode, modeOf } from "./mode.ts";

export const INDEX_API = { group: "repull.dev", version: "v1", plural: "imageindexes", kind: "ImageIndex" };
/** The label by which the policy's binding and the webhook find the objects. */
export const INDEX_LABEL = { key: "repull.dev/index", value: "images" };

const BYTES_MAX = 900_000;
/** What the fence's expression can check within the API server's cost limit, with room to spare. */
const ROWS_MAX = 4_000;
const OBJECTS_MAX = 256;

/** A time as the API server writes it. */
const time = z.iso.datetime();
const word = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

const indexRow = z
  .object({
    use: z
      .string()
      .refine((text) => tryParseReference(text)?.digest !== undefined, "repository@digest")
      .optional(),
    proof: z.enum(PROOFS).optional(),
    trusted: z
      .object({ digest: z.custom<Digest>(isDigest).optional(), from: word })
      .readonly()
      .optional(),
    askedAt: time,
    goodUntil: time,
    platforms: z.array(z.string().max(64)).max(64).readonly(),
    codes: z.array(word).max(32).readonly().optional(),
  })
  .readonly();

/** A row as an object keeps it: `trusted.digest` is left out where it is the digest of `use`, which saves a fifth of the row. */
export type StoredRow = z.infer<typeof indexRow>;

/** One image: `use` and `proof` together, or `codes` that say why there is no place. Times are RFC 3339, UTC. */
export type IndexRow = Omit<StoredRow, "trusted"> & {
  readonly trusted?: { readonly digest: Digest; readonly from: string } | undefined;
};

export type ImageIndex = {
  readonly apiVersion: "repull.dev/v1";
  readonly kind: "ImageIndex";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly rows: Readonly<Record<string, StoredRow>> };
};

/**
 * The objects that hold the rows, as few as the bounds allow: each costs the API server time at each new pod. A row is in the
 * object for which a hash of image and number is highest (https://en.wikipedia.org/wiki/Rendezvous_hashing, read 2026-11), so that
 * one object more takes rows from the others and moves no row among them. Write objects with a higher number first: a row
 * that moves is then in two objects for a moment, not in none.
 */
export function packRows(
  rows: ReadonlyMap<string, IndexRow>,
  maxBytes = BYTES_MAX,
  maxRows = ROWS_MAX,
): readonly ImageIndex[] {
  const all = [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([image, row]) => [image, storedRow(row)] as const)
    .map((entry) => ({
      entry,
      bytes: sizeOf(entry),
      seed: Number.parseInt(digestOf(entry[0]).slice(-8), 16),
      object: 0,
      highest: -1,
    }));
  for (let count = 1; ; count += 1) {
    const sizes = Array.from({ length: count }, () => ({ bytes: ENVELOPE_BYTES, rows: 0 }));
    for (const row of all) {
      const score = mixed(row.seed, count);
      if (score > row.highest) [row.object, row.highest] = [count - 1, score];
      const size = sizes[row.object];
      if (size === undefined) continue;
      size.bytes += row.bytes;
      size.rows += 1;
    }
    const fits = sizes.every(({ bytes, rows }) => bytes <= maxBytes && rows <= maxRows);
    if (fits || count >= OBJECTS_MAX)
      return sizes.map((_, at) =>
        indexObject(
          at,
          all.filter(({ object }) => object === at).map(({ entry }) => entry),
        ),
      );
  }
}

/** 32 evenly spread bits of both: the last steps of MurmurHash3 (https://github.com/aappleby/smhasher, fmix32). */
function mixed(seed: number, number: number): number {
  let bits = seed ^ Math.imul(number, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * The rows of all objects by image; of two for one image, that which was asked later. A row that is not of the schema is
 * left out, as if it were not there: a pod stays as it is written then.
 */
export function readRows(objects: Iterable<unknown>): ReadonlyMap<string, IndexRow> {
  const rows = new Map<string, IndexRow>();
  for (const object of objects) {
    const { spec } = object as { spec?: { rows?: unknown } };
    if (typeof spec?.rows !== "object" || spec.rows === null) continue;
    for (const [image, stated] of Object.entries(spec.rows)) {
      const row = readRow(stated);
      const other = rows.get(image);
      if (row === undefined) continue;
      if (other === undefined || Date.parse(other.askedAt) < Date.parse(row.askedAt)) rows.set(image, row);
    }
  }
  return rows;
}

/** The workloads whose label lowers their mode, as the objects name them. Another word than `off` observes. */
export function readModes(objects: Iterable<unknown>): ReadonlyMap<string, Mode> {
  const modes = new Map<string, Mode>();
  for (const object of objects) {
    const { spec } = object as { spec?: { modes?: unknown } };
    if (typeof spec?.modes !== "object" || spec.modes === null) continue;
    for (const [key, stated] of Object.entries(spec.modes))
      modes.set(key, modeOf(modes.get(key) ?? "observe", String(stated)));
  }
  return modes;
}

/** A row; undefined where it is not of the schema. */
export function readRow(stated: unknown): IndexRow | undefined {
  const { data } = indexRow.safeParse(stated);
  if (data === undefined) return undefined;
  const { trusted, ...row } = data;
  if (trusted === undefined) return row;
  const digest = trusted.digest ?? tryParseReference(row.use)?.digest;
  return digest === undefined ? undefined : { ...row, trusted: { digest, from: trusted.from } };
}

function storedRow(row: IndexRow): StoredRow {
  const { use, trusted } = row;
  const isOfUse = trusted !== undefined && use?.endsWith(`@${trusted.digest}`) === true;
  return isOfUse ? { ...row, trusted: { from: trusted.from } } : row;
}

function indexObject(at: number, entries: readonly (readonly [string, StoredRow])[]): ImageIndex {
  return {
    apiVersion: "repull.dev/v1",
    kind: "ImageIndex",
    metadata: { name: `repull-${at}`, labels: { [INDEX_LABEL.key]: INDEX_LABEL.value } },
    spec: { rows: Object.fromEntries(entries) },
  };
}

/** Metadata that the API server adds, and the members round the rows. */
const ENVELOPE_BYTES = 4_000;

function sizeOf([image, row]: readonly [string, StoredRow]): number {
  return Buffer.byteLength(JSON.stringify({ [image]: row })) + 1;
}
