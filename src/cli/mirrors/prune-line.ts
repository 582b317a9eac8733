/** What the function reports of a clean-up, and `repull mirrors prune --json` prints: one line. */

import * as z from "zod";

const text = z.string();
const place = { repository: text, digest: text };

export const pruneReportSchema = z.object({
  kind: z.enum(["dry-run", "pruned", "locked", "stopped"]),
  because: text.optional(),
  /** Of a dry run: what would be deleted. */
  deleted: z.array(
    z.object({
      ...place,
      tags: z.array(text),
      digests: z.array(text),
      bytes: z.number(),
      undo: z.array(text).optional(),
    }),
  ),
  /** Unused, and to be deleted at a later look. */
  marked: z.array(z.object({ ...place, undo: z.array(text).optional() })),
  kept: z.record(text, z.number()),
  failed: z.array(z.object({ ...place, because: text })),
});

export const pruneSchema = pruneReportSchema.extend({ type: z.literal("prune"), stack: text }).strict();

export type Prune = z.infer<typeof pruneSchema>;
