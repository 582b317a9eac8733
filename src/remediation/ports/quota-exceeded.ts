/**
 * A quota that is used up, as a port or a step's result has it.
 */

import * as z from "zod/mini";

export const quotaExceededSchema = z.object({
  quota: z.enum(["remediationsPerHour", "bytesPerDay"]),
  window: z.string(),
  /** The quota, or the cluster's share of it, as it was then: a raised one is worth asking again. */
  max: z.number(),
  /** Whose share it is; absent: the quota of all clusters. */
  cluster: z.optional(z.string()),
  used: z.number(),
  amount: z.number(),
  /** When the next window opens, in milliseconds since the epoch. */
  opensAt: z.number(),
});

/** A quota that is reached, and until when it holds. */
export type QuotaExceeded = z.infer<typeof quotaExceededSchema>;
