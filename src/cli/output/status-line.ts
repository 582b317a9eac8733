/** What `repull status --json` prints: one line. */

import * as z from "zod";

export const statusSchema = z.strictObject({
  type: z.literal("status"),
  stack: z.string().optional(),
  mode: z.enum(["observe", "approve", "remediate"]),
  writes: z.enum(["allowed", "stopped", "unknown"]),
  stoppedBecause: z.string().optional(),
  running: z.array(
    z.strictObject({
      execution: z.string(),
      workload: z.string().optional(),
      startedAt: z.string(),
      waitsForApproval: z.boolean(),
    }),
  ),
  /** In the last 24 hours. */
  done: z.array(
    z.strictObject({
      execution: z.string(),
      workload: z.string().optional(),
      outcome: z.string(),
      at: z.string().optional(),
      because: z.string().optional(),
      /** The command that takes it back, where it is in effect. */
      undo: z.array(z.string()).optional(),
    }),
  ),
  waiting: z.array(
    z.strictObject({
      workload: z.string(),
      runningCount: z.number(),
      desiredCount: z.number(),
      deployment: z.strictObject({ runningCount: z.number(), desiredCount: z.number() }).optional(),
      failure: z.string(),
      skippedBecause: z.string().optional(),
    }),
  ),
  /** Parts that could not be read, each with its reason. */
  unread: z.array(z.string()),
});

export type Status = z.infer<typeof statusSchema>;
