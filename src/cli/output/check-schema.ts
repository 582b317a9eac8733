/** The lines that `repull check --json` writes: one a finding, then the summary. */

import * as z from "zod";
import { FILE_KINDS } from "../../prevention/source-files/found-image.ts";

const text = z.string();

export const checkFindingSchema = z.looseObject({
  type: z.literal("check-finding"),
  file: text,
  line: z.number(),
  column: z.number(),
  endLine: z.number(),
  endColumn: z.number(),
  source: z.enum(FILE_KINDS),
  place: text,
  image: text,
  registry: text.nullable(),
  fixable: z.boolean(),
  replacement: z.looseObject({ image: text, digest: text, proof: text, writes: text }).optional(),
  likely: text.optional(),
  askedAt: text.optional(),
  codes: z.array(text),
  ignored: text.optional(),
  fixed: z.boolean().optional(),
});

/** The end of `repull check`. */
export const checkSummarySchema = z.looseObject({
  type: z.literal("summary"),
  files: z.number(),
  skipped: z.number(),
  images: z.number(),
  findings: z.number(),
  fixed: z.number(),
  ignored: z.number(),
  notCheckable: z.number(),
  refused: z.number(),
  changed: z.number(),
  errors: z.number(),
});
