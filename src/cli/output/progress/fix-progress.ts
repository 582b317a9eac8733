/** The progress of a fix: what it waits for, how its rollout goes, and the bytes of a copy. */

import type { Copier } from "../../../remediation/ports/ports.ts";
import type { Activity } from "../../../remediation/workflow/context.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { CommandIo } from "../../io.ts";
import { copyProgress } from "./copy-progress.ts";

/** Prints what is being done; what is the same is printed once. */
export function printActivity(say: (text: string) => void): (doing: Activity) => void {
  let said = "";
  return (doing) => {
    const words = doing.kind === "rollout" ? doing.because : formatWait(doing);
    if (words === said) return;
    said = words;
    say(words);
  };
}

function formatWait({ code, seconds }: Extract<Activity, { kind: "waiting" }>): string {
  const minutes = Math.round(seconds / 60);
  const again = `another look in ${minutes === 1 ? "a minute" : `${minutes} minutes`}`;
  switch (code) {
    case "no-answer":
      return `something did not answer: ${again}`;
    case "active-deployment":
      return `the policy waits for the deployment that is under way: ${again}`;
    case "change-calendar":
      return `the policy waits for the Change Calendar to open: ${again}`;
  }
}

/** The same copier, whose copies show how far they are. */
export function withCopyProgress(io: CommandIo, clock: Pick<Clock, "now">): (copier: Copier) => Copier {
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
