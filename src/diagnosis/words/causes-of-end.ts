/** A task that started and ended: its stop code and the exit codes of its containers, where no reason says more. */

import type { CauseCode, Hypothesis } from "../causes.ts";
import type { FailedStart } from "../failed-start.ts";

/** An image of another architecture ends at once: nothing of it can run. */
const AT_ONCE_MILLISECONDS = 5000;
/** The shell's: not executable, not found. (POSIX, XCU 2.8.2) */
const NO_COMMAND = new Set([126, 127]);
/** What `exec format error` ends with, by runtime. */
const MAY_BE_ARCHITECTURE = new Set([1, 255]);

/** @param told what the reasons have said already: a reason always says more than a code */
export function endCauses(start: FailedStart, told: readonly Hypothesis[]): readonly Hypothesis[] {
  const { stopCode, containers } = start;
  const source = { field: "stopCode", text: stopCode ?? "" };
  const cause = (code: CauseCode, certainty: Hypothesis["certainty"], params = {}): Hypothesis => ({
    code,
    certainty,
    params,
    source,
  });
  if (told.length > 0) return [];
  if (stopCode === "SpotInterruption" || stopCode === "TerminationNotice")
    return [cause("spot-interrupted", "certain")];
  if (stopCode === "UserInitiated") return [cause("stopped-on-purpose", "certain")];
  if (stopCode !== undefined && stopCode !== "EssentialContainerExited") return [];
  const ended =
    containers.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0) ??
    containers.find(({ exitCode }) => exitCode === 0);
  if (ended?.exitCode === undefined) return [];
  const { name, exitCode, image } = ended;
  const params = { container: name, exitCode: String(exitCode), ...(image === undefined ? {} : { image }) };
  const isFast = start.ranFor === undefined || start.ranFor < AT_ONCE_MILLISECONDS;
  return [
    ...(NO_COMMAND.has(exitCode) ? [cause("command-not-in-image", "likely", params)] : []),
    cause("application-exited", "likely", params),
    ...(MAY_BE_ARCHITECTURE.has(exitCode) && isFast
      ? [cause("image-of-other-architecture", "likely", params)]
      : []),
    ...(exitCode === 137 ? [cause("container-out-of-memory", "likely", params)] : []),
  ];
}
