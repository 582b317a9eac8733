/**
 * An EventBridge document without what we do not need and must not keep.
 *
 * It stays readable in an execution's history for weeks: overrides carry environment values, reasons carry account
 * names and token ids. What is left reads to the same failure.
 */

import { normalizeText } from "../pull-failure/normalize-text.ts";
import type { JsonObject } from "../runtime/json.ts";
import {
  type EventContainer,
  readEnvelope,
  readTaskDetail,
  TASK_STATE_CHANGE,
  type TaskDetail,
} from "./envelope.ts";

/** The document's ids and its reasons, redacted. Throws InvalidInput as `readEvent` does. */
export function redactEvent(document: unknown): JsonObject {
  const envelope = readEnvelope(document);
  const { id, source, account, region, time, resources, "detail-type": type } = envelope;
  const detail =
    source === "aws.ecs" && type === TASK_STATE_CHANGE ? redactedDetail(readTaskDetail(envelope)) : {};
  const arns = resources.filter((resource) => resource.startsWith("arn:")).slice(0, 10);
  return {
    version: "0",
    ...present({ id, "detail-type": type, source, account, time, region }),
    resources: arns,
    detail,
  };
}

function redactedDetail({ containers, stoppedReason, startedBy, group, ...ids }: TaskDetail): JsonObject {
  return {
    ...present({
      ...ids,
      group: named(group, OWNER_GROUP),
      startedBy: named(startedBy, STARTER),
      stoppedReason: spoken(stoppedReason),
    }),
    containers: containers.map(redactedContainer),
  };
}

/** What ECS, Scheduler and EventBridge write; anything else there is a caller's own text. */
const OWNER_GROUP = /^(?:service|family):/;
const STARTER = /^\s*(?:ecs-svc|chronos-schedule|events-rule)\//;
const CALLERS_TEXT = "[a caller's text]";

/** A name that says who owns the task, unchanged; of other texts, only that there was one. */
function named(text: string | undefined, known: RegExp): string | undefined {
  if (text === undefined || known.test(text) || text.trim() === "") return text;
  return CALLERS_TEXT;
}

function redactedContainer({ reason, ...container }: EventContainer): JsonObject {
  return present({ ...container, reason: spoken(reason) });
}

/** An error's text, in one line and redacted. */
function spoken(text: string | undefined): string | undefined {
  return text === undefined ? undefined : normalizeText(text);
}

function present(members: Readonly<Record<string, string | number | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
