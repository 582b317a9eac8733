/** What `repull mirrors --json` prints: one line. */

import * as z from "zod";

const text = z.string();

export const mirrorsSchema = z.strictObject({
  type: z.literal("mirrors"),
  account: text,
  region: text,
  copies: z.array(
    z.strictObject({
      repository: text,
      digest: text,
      tags: z.array(text),
      /** The image that was copied. */
      source: text.optional(),
      sourceState: z.enum(["same", "moved", "gone", "by-digest", "unknown"]),
      /** What the source's tag names now. */
      sourceDigest: text.optional(),
      sourceBecause: text.optional(),
      copiedAt: text.optional(),
      pulledAt: text.optional(),
      bytes: z.number(),
      isIndex: z.boolean(),
      /** Signatures, attestations and bills of materials that are kept with it. */
      referrers: z.number(),
      usedBy: z.array(z.strictObject({ place: text, by: text })),
    }),
  ),
  /** Of every image under the prefix. Layers that images share are counted for each. */
  storage: z.strictObject({
    images: z.number(),
    bytes: z.number(),
    usdPerMonth: z.number(),
    /** Where and when that price holds. */
    price: text,
  }),
  unread: z.array(text),
});

export type Mirrors = z.infer<typeof mirrorsSchema>;
