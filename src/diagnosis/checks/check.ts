/** One thing that was looked at: what came of it, by which fact, and the cause that it proves where it failed. */

import type { JsonObject } from "../../runtime/json.ts";
import type { CauseCode, Params } from "../causes.ts";
import { type Answered, commandOf, type Operation } from "../reads.ts";

type CheckResult = "passed" | "failed" | "not checked" | "not sure" | "not applicable";

export type StartCheck = {
  /** `net.subnet.route`, `image.tag-exists`, … */
  readonly id: string;
  readonly result: CheckResult;
  readonly because: string;
  /** Ids of what decided. */
  readonly fact?: Params;
  /** Proved by this check. */
  readonly cause?: { readonly code: CauseCode; readonly params: Params };
  /** What the check shows not to be the cause. */
  readonly excludes?: readonly CauseCode[];
  /** Where it seems so, and one fact stays unknown. */
  readonly suspected?: { readonly code: CauseCode; readonly params: Params };
  /** What is known of a cause that the words may have proved: ids for its sentence and its remedy. */
  readonly details?: readonly { readonly code: CauseCode; readonly params: Params }[];
  readonly permission?: string;
  /** The command that would answer, for a caller with the permission. */
  readonly command?: readonly string[];
};

export function passed(id: string, because: string, excludes: readonly CauseCode[] = []): StartCheck {
  return { id, result: "passed", because, ...(excludes.length === 0 ? {} : { excludes }) };
}

export function failed(id: string, because: string, code: CauseCode, params: Params): StartCheck {
  return { id, result: "failed", because, fact: params, cause: { code, params } };
}

export function notChecked(
  id: string,
  { permission, because }: Extract<Answered, { kind: "unread" }>,
  asked?: readonly [operation: Operation, input: JsonObject, region: string],
): StartCheck {
  return {
    id,
    result: "not checked",
    because,
    ...(permission === "" ? {} : { permission }),
    ...(asked === undefined ? {} : { command: commandOf(...asked) }),
  };
}

/** The start has nothing of that kind. */
export function notApplicable(id: string, because: string): StartCheck {
  return { id, result: "not applicable", because };
}

export function unknown(id: string, because: string): StartCheck {
  return { id, result: "not checked", because };
}
