/** What `repull check` was asked to do, and which of it does not go together. */

import type { Pin } from "../../prevention/source-files/edits/pin.ts";
import { WrongCall } from "../wrong-call.ts";
import type { CheckSettings } from "./check-environment.ts";

export type CheckInput = CheckSettings & {
  /** `-` is standard input. */
  readonly paths: readonly string[];
  /** Patterns of files and folders that are not read. */
  readonly exclude?: readonly string[];
  readonly json: boolean;
  readonly github: boolean;
  /** Files to write. */
  readonly sarif?: string;
  readonly record?: string;
  /** A file of answers: nothing is asked. */
  readonly assessments?: string;
  readonly offline: boolean;
  /** Ask again what the cache knows. */
  readonly fresh: boolean;
  readonly fix: boolean;
  readonly diff: boolean;
  readonly pin?: Pin;
};

/** Throws WrongCall. */
export function refuseWrongCall(input: CheckInput): void {
  const { paths, json, github, offline, fix, diff, record, assessments, stack } = input;
  const isInput = paths.includes("-");
  if (json && github) throw new WrongCall("either --json or --github");
  if (json && diff) throw new WrongCall("either --json or --diff");
  if (isInput && paths.length > 1) throw new WrongCall("- is given alone");
  if (isInput && (fix || diff)) throw new WrongCall("--fix and --diff need a file, not standard input");
  if (offline && assessments !== undefined) throw new WrongCall("either --offline or --assessments FILE");
  if (offline && record !== undefined)
    throw new WrongCall("--record writes what was asked: not with --offline");
  if (offline && stack !== undefined) throw new WrongCall("--stack reads an account: not with --offline");
  if (offline && (fix || diff))
    throw new WrongCall(
      "--offline proves nothing, so there is nothing to write; --assessments FILE has proofs of an earlier run",
    );
}
