/** The document by which the schedule asks for a sweep: exactly these members; anything else is rejected. */

import * as z from "zod/mini";
import { InvalidInput } from "../../image/invalid-input.ts";

export const SWEEP_MINUTES = 15;

const schema = z.strictObject({
  sweep: z.literal(true),
  /** EventBridge Scheduler's `<aws.scheduler.scheduled-time>`. */
  scheduledAt: z.iso.datetime({ offset: true }),
});

const PERIOD_MS = SWEEP_MINUTES * 60_000;
/** An execution that ended a moment ago may not be in Lambda's list yet. */
const LIST_DELAY_MS = 60_000;

export type SweepRequest = {
  /** The number of the schedule's period: two sweeps that follow each other have numbers that do. */
  readonly sweepNumber: number;
};

/** Reads the request. Throws InvalidInput for any other document. */
export function readSweepRequest(document: unknown): SweepRequest {
  const read = schema.safeParse(document);
  if (!read.success) {
    const path = read.error.issues[0]?.path.join(".") ?? "";
    throw new InvalidInput(path || "sweep", 'exactly {"sweep": true, "scheduledAt": an ISO 8601 time}');
  }
  return { sweepNumber: Math.round(Date.parse(read.data.scheduledAt) / PERIOD_MS) };
}

/** The period that a sweep looks back on, in milliseconds since the epoch: those of two sweeps that follow each other meet. */
export function periodBefore(sweepNumber: number): { readonly from: number; readonly to: number } {
  const to = sweepNumber * PERIOD_MS - LIST_DELAY_MS;
  return { from: to - PERIOD_MS, to };
}
