/** The failed starts in a file: events, what ECS answers to Describe calls and RunTask, and what queues and logs put round them. */

import { type FailedStart, failedStartOf, failedStartsIn } from "../../diagnosis/failed-start.ts";
import { isList, isObject } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Json } from "../../runtime/json.ts";
import { readEventDocuments } from "./event-files.ts";

/** Throws InvalidInput where the text holds none, with what it is. */
export function startsInText(text: string, name: string): readonly FailedStart[] {
  const whole = parsed(text);
  // What ECS answers of services and of RunTask is not an event, and needs nothing taken off.
  const direct = (isList(whole) ? whole : [whole]).flatMap((one) =>
    isObject(one) ? (failedStartsIn(one) ?? []) : [],
  );
  if (direct.length > 0) return direct;
  const entries = readEventDocuments(text, name);
  const found = entries.flatMap((entry): readonly FailedStart[] => {
    if (entry.kind === "text") return [failedStartOf(entry.text, entry.image)];
    if (entry.kind !== "document" || !isObject(entry.document as Json)) return [];
    return failedStartsIn(entry.document as { readonly [key: string]: Json }) ?? [];
  });
  if (found.length > 0) return found;
  const because = entries.flatMap((one) =>
    one.kind === "unreadable" ? `${one.where}: ${one.because}` : [],
  )[0];
  throw new InvalidInput(
    name,
    `an event, or what ECS answers to describe-tasks or describe-services${because === undefined ? "" : `; ${because}`}`,
  );
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}
