/** What a fix is doing, for whoever waits: its own records, told as they are made, and the bytes of a copy. */

import type { Copier } from "../remediation/ports.ts";
import type { Clock } from "../runtime/clock.ts";
import type { StepRecord } from "../runtime/in-process-steps.ts";
import { copyProgress } from "./copy-progress.ts";
import type { CommandIo } from "./io.ts";

/** Tells what has changed since the last record; what is the same is said once. */
export function tellRecords(
  clock: Pick<Clock, "now">,
  say: (text: string) => void,
): (record: StepRecord) => void {
  let said = "";
  return (record) => {
    const words =
      record.kind === "wait"
        ? waitInWords(record, clock.now())
        : record.kind === "step"
          ? stepInWords(record)
          : undefined;
    if (words === undefined || words === said) return;
    said = words;
    say(words);
  };
}

function waitInWords(
  { name, dueAt }: Extract<StepRecord, { kind: "wait" }>,
  now: number,
): string | undefined {
  const minutes = Math.round((dueAt - now) / 60_000);
  if (name.startsWith("look again"))
    return `something did not answer: another look in ${minutes === 1 ? "a minute" : `${minutes} minutes`}`;
  if (name.startsWith("deployment"))
    return `the policy waits for the deployment that is under way: another look in ${minutes} minutes`;
  return undefined;
}

function stepInWords({ name, result }: Extract<StepRecord, { kind: "step" }>): string | undefined {
  if (!name.startsWith("settle ") || result === undefined) return undefined;
  const verdict: unknown = JSON.parse(result);
  return typeof verdict === "object" && verdict !== null && "because" in verdict
    ? String(verdict.because)
    : undefined;
}

/** The same copier, whose copies show how far they are. */
export function shownCopies(io: CommandIo, clock: Pick<Clock, "now">): (copier: Copier) => Copier {
  return (copier) => ({
    ...copier,
    copy(request, { onPlan, onProgress, ...options } = {}) {
      const shown = copyProgress(io, clock);
      return copier
        .copy(request, {
          ...options,
          onPlan: (plan) => {
            onPlan?.(plan);
            shown.onPlan(plan);
          },
          onProgress: (progress) => {
            onProgress?.(progress);
            shown.onProgress(progress);
          },
        })
        .finally(shown.end);
    },
  });
}
