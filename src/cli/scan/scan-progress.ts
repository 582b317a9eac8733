/** How far a scan is: one moving line on a terminal, a line for each kind of thing elsewhere. */

import type { Clock } from "../../runtime/clock.ts";
import { CLEAR_LINE } from "../../text/visible.ts";
import type { CommandIo } from "../io.ts";

export function scanProgress(
  { err, isTty }: Pick<CommandIo, "err" | "isTty">,
  clock: Pick<Clock, "now">,
): { tell(done: string): void; end(): void } {
  const startedAt = clock.now();
  let last = "";
  return {
    tell(done) {
      last = done;
      err(isTty ? `${CLEAR_LINE}  ${done}` : `  ${done}\n`);
    },
    end() {
      const seconds = ((clock.now() - startedAt) / 1000).toFixed(1);
      err(`${isTty && last !== "" ? CLEAR_LINE : ""}  read in ${seconds} s\n`);
    },
  };
}
