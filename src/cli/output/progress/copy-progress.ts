/** A copy's progress for people: a line for each blob that is done, and on a terminal one with the progress. */

import { shortDigest } from "../../../image/digest.ts";
import type { CopyOptions, CopyPlan, CopyProgress } from "../../../oci/copy/types.ts";
import { type Clock, systemClock, type Timer } from "../../../runtime/clock.ts";
import { CLEAR_LINE } from "../../../text/visible.ts";
import type { CommandIo } from "../../io.ts";

const REDRAW_MS = 100;
const SENTENCES: Partial<Record<CopyProgress["state"], string>> = {
  done: "copied",
  skipped: "already there",
  mounted: "mounted",
};

/** After so long without a byte a person gets a message. */
const STILL_MS = 5_000;

/** Callbacks for a copy; `end` takes the moving line away. */
export function copyProgress(
  io: Pick<CommandIo, "err" | "isTty">,
  clock: Pick<Clock, "now">,
  timer: Timer = systemClock,
): Required<Pick<CopyOptions, "onPlan" | "onProgress">> & { end(): void } {
  const startedAt = clock.now();
  const under = new Map<CopyProgress["blob"], number>();
  let plan: CopyPlan | undefined;
  let settled = 0;
  let drawnAt = 0;

  let callOff = (): void => {};
  /** Reported once for each silence: what a registry hashes, or a source keeps back, moves no byte. */
  const watch = (): void => {
    callOff();
    if (under.size === 0) return;
    callOff = timer.after(STILL_MS, () => {
      const blobs = [...under.keys()].map(shortDigest).join(", ");
      io.err(`${io.isTty ? CLEAR_LINE : ""}  no byte for ${STILL_MS / 1000} s, still waiting for ${blobs}\n`);
    });
  };

  const draw = (): void => {
    if (!io.isTty || plan === undefined || clock.now() - drawnAt < REDRAW_MS) return;
    drawnAt = clock.now();
    const done = settled + [...under.values()].reduce((sum, bytes) => sum + bytes, 0);
    const rate = done / Math.max(0.001, (clock.now() - startedAt) / 1000);
    const left = rate > 0 ? `${Math.ceil((plan.bytes - done) / rate)} s left` : "";
    io.err(
      `${CLEAR_LINE}  ${inMegabytes(done)} of ${inMegabytes(plan.bytes)}  ${inMegabytes(rate)}/s  ${left}`,
    );
  };

  return {
    onPlan: (next) => {
      plan = next;
      io.err(`  ${next.digest}: ${next.blobs} blobs, ${inMegabytes(next.bytes)}\n`);
    },
    onProgress: ({ blob, state, bytesDone, bytesAll }) => {
      const words = SENTENCES[state];
      if (words === undefined) under.set(blob, bytesDone);
      else {
        under.delete(blob);
        settled += bytesAll;
        const clear = io.isTty ? CLEAR_LINE : "";
        io.err(`${clear}  ${shortDigest(blob)}  ${inMegabytes(bytesAll).padStart(10)}  ${words}\n`);
      }
      draw();
      watch();
    },
    end: () => {
      callOff();
      if (io.isTty) io.err(CLEAR_LINE);
    },
  };
}

/** Decimal megabytes, as registries and `docker` count. */
export function inMegabytes(bytes: number): string {
  return bytes > 0 && bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
