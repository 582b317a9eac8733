/** What `repull mirrors refresh --apply --json` prints before anything is written: one line with each service and its images. */

import * as z from "zod";
import { remedySchema } from "../../../substitution/remedies/remedy.ts";

const text = z.string();

export const applySchema = z.strictObject({
  type: z.literal("apply"),
  policy: text,
  services: z.array(
    z.strictObject({
      cluster: text,
      service: text,
      taskDefinition: text,
      /** `apply`: it is to follow; `blocked`: it would, and `code` keeps it from that; `left`: each image says why. */
      kind: z.enum(["apply", "blocked", "left"]),
      code: text.optional(),
      because: text.optional(),
      remedies: z.array(remedySchema).optional(),
      images: z.array(
        z.strictObject({
          /** As the task definition writes it. */
          image: text,
          containers: z.array(text),
          /** `apply`, or why it stays: `current`, `names-digest`, `moved-again`, … */
          code: text,
          because: text.optional(),
          /** The tag that it follows. */
          source: text.optional(),
          /** What runs, and what the tag names. */
          runs: text.optional(),
          to: text.optional(),
          /** What the new revision says, and how it is known to be what the tag names. */
          writes: text.optional(),
          proof: text.optional(),
          /** What is gone back to, where the task definition names the tag. */
          wayBack: text.optional(),
        }),
      ),
      /** Images that keep their tag, which ECS resolves anew. */
      resolvedAgain: z.array(text),
    }),
  ),
  /** What could not be read. */
  unread: z.array(text),
  /** The command that does exactly this; absent where there is nothing to do. */
  next: z.array(text).optional(),
});

export type ApplyLine = z.infer<typeof applySchema>;
