/**
 * EventBridge's matching, as far as the rules of a stack of Repull use it: equal strings, `wildcard`, `$or`, and members of objects.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (read 2026-11). A list in the event
 * matches where one of its elements does.
 */

import { getObjects, getString, isObject } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { ApiError } from "../aws/faults/aws-error.ts";

/** Throws ApiError for a pattern that EventBridge refuses, or that uses what no rule of Repull does. */
export function matchesPattern(pattern: JsonObject, event: Json | undefined): boolean {
  const events = Array.isArray(event) ? event : [event];
  return events.some((one) => isObject(one) && Object.entries(pattern).every((member) => isMet(member, one)));
}

function isMet([name, wanted]: [string, Json | undefined], event: JsonObject): boolean {
  if (name === "$or")
    return getObjects({ all: wanted ?? [] }, "all").some((pattern) => matchesPattern(pattern, event));
  if (isObject(wanted)) return matchesPattern(wanted, event[name]);
  if (!Array.isArray(wanted)) throw invalid(`"${name}" must be an object or an array`);
  const values = [event[name] ?? []].flat();
  return wanted.some((one) => values.some((value) => isEqual(one, value)));
}

function isEqual(wanted: Json, value: Json): boolean {
  if (!isObject(wanted)) return wanted === value;
  const wildcard = getString(wanted, "wildcard");
  if (wildcard === undefined) throw invalid(`the sandbox does not know ${Object.keys(wanted).join(", ")}`);
  if (typeof value !== "string") return false;
  const parts = wildcard.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(value);
}

function invalid(why: string): ApiError {
  return new ApiError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${why}`);
}
