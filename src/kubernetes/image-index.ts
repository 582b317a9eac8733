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
      .object({ digest: z.custom<Digest>(isDigest), from: word })
      .readonly()
      .optional(),
    askedAt: time,
    goodUntil: time,
    platforms: z.array(z.string().max(64)).max(64).readonly(),
    codes: z.array(word).max(32).readonly().optional(),
  })
  .readonly();

/** One image: `use` and `proof` together, or `codes` that say why there is no place. Times are RFC 3339, UTC. */
export type IndexRow = z.infer<typeof indexRow>;

export type ImageIndex = {
  readonly apiVersion: "repull.dev/v1";
  readonly kind: "ImageIndex";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly rows: Readonly<Record<string, IndexRow>> };
};

/**
 * The objects that hold the rows: one, or 2, 4, 8 … of them, as few as the bounds allow. Write objects with a higher number
 * first: when their number doubles, a row that moves is then in two objects for a moment, not in none.
 */
export function packRows(
  rows: ReadonlyMap<string, IndexRow>,
  maxBytes = BYTES_MAX,
  maxRows = ROWS_MAX,
): readonly ImageIndex[] {
  const numbered = [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((entry) => ({
      entry,
      hash: Number.parseInt(digestOf(entry[0]).slice(-8), 16),
      bytes: sizeOf(entry),
    }));
  for (let count = 1; ; count *= 2) {
    const buckets = Array.from({ length: count }, () => ({
      bytes: ENVELOPE_BYTES,
      entries: [] as [string, IndexRow][],
    }));
    for (const { entry, hash, bytes } of numbered) {
      const bucket = buckets[hash % count];
      bucket?.entries.push(entry);
      if (bucket !== undefined) bucket.bytes += bytes;
    }
    const fits = buckets.every(({ bytes, entries }) => bytes <= maxBytes && entries.length <= maxRows);
    if (fits || count >= OBJECTS_MAX) return buckets.map(({ entries }, at) => indexObject(at, entries));
  }
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

/** A row; undefined where it is not of the schema. */
export function readRow(stated: unknown): IndexRow | undefined {
  return indexRow.safeParse(stated).data;
}

function indexObject(at: number, entries: readonly (readonly [string, IndexRow])[]): ImageIndex {
  return {
    apiVersion: "repull.dev/v1",
    kind: "ImageIndex",
    metadata: { name: `repull-${at}`, labels: { [INDEX_LABEL.key]: INDEX_LABEL.value } },
    spec: { rows: Object.fromEntries(entries) },
  };
}

/** Metadata that the API server adds, and the members round the rows. */
const ENVELOPE_BYTES = 4_000;

function sizeOf([image, row]: readonly [string, IndexRow]): number {
  return Buffer.byteLength(JSON.stringify({ [image]: row })) + 1;
}
