/** What `repull mirrors cache create --json` prints: one line. */

import * as z from "zod";

const text = z.string();
const part = z.enum(["create", "created", "present"]);

export const cacheSchema = z.strictObject({
  type: z.literal("cache"),
  account: text,
  region: text,
  kind: z.enum(["dry-run", "made"]),
  registry: text,
  prefix: text,
  upstream: text,
  /** Of a dry run `create`: it would be created. */
  rule: part,
  /** Absent: none is wanted. */
  template: part.optional(),
  /** The template of a wider prefix, `ROOT` for example, that is for new repositories of this one no longer. */
  before: text.optional(),
  settings: z.strictObject({
    secret: text.optional(),
    mutability: text.optional(),
    kmsKey: text.optional(),
    tags: z.record(text, text).optional(),
    lifecycle: text.optional(),
    role: text.optional(),
  }),
  /** Whether ECR can sign in at the upstream: asked after the rule is there. Absent: not asked, or not answered. */
  isValid: z.boolean().optional(),
  because: text.optional(),
  /** Commands that take back what this call made. */
  undo: z.array(z.array(text)),
  /** The pattern of the repositories, as the stack's ReadableRepositoryArns takes it. */
  repositories: text,
});

export type CacheLine = z.infer<typeof cacheSchema>;
