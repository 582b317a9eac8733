/** What the function reports of a refresh, and `repull mirrors refresh --json` prints: one line. */

import * as z from "zod";

const text = z.string();
const users = z.object({ count: z.number(), first: z.array(z.object({ place: text, by: text })) });
/** What became of a copy. `withheld`: none is made in this run. */
const copy = z.object({
  kind: z.enum(["copied", "running", "waiting", "failed", "none", "withheld"]),
  code: text.optional(),
  because: text.optional(),
});

export const refreshReportSchema = z.object({
  kind: z.enum(["dry-run", "refreshed", "locked"]),
  because: text.optional(),
  /** Tags that were looked at, HEADs that were sent, and tags of which nothing was learned. */
  tags: z.number(),
  heads: z.number(),
  unanswered: z.number(),
  moved: z.array(
    z.object({
      code: z.literal("tag-moved"),
      source: text,
      repository: text,
      from: text,
      to: text,
      users,
      copy,
      /** What to deploy where a service is to follow its tag; empty where its platforms have not changed. */
      images: z.array(text),
      /** Reported for the first time. */
      isNews: z.boolean(),
    }),
  ),
  lost: z.array(
    z.object({
      code: z.enum(["source-gone", "source-refused", "source-unreadable"]),
      source: text,
      repository: text,
      /** Milliseconds since the epoch. */
      since: z.number(),
      because: text.optional(),
      users,
      isNews: z.boolean(),
    }),
  ),
  back: z.array(text),
  /** Of the policy's list: tags that had no copy, and the services that run them. */
  wanted: z.array(z.object({ source: text, users: z.number(), copy })),
  problems: z.array(z.object({ image: text, code: text, because: text })),
  unread: z.array(text),
  /** How many of each list did not fit into the function's answer; its log has them. */
  cut: z.object({ lost: z.number(), moved: z.number(), wanted: z.number(), back: z.number() }).optional(),
});

export const refreshSchema = refreshReportSchema.extend({ type: z.literal("refresh"), stack: text }).strict();

export type Refresh = z.infer<typeof refreshSchema>;
