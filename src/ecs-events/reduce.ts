/**
 * An EventBridge document without what we do not need and must not keep.
 *
 * It stays readable in an execution's history for weeks: overrides carry environment values, reasons carry account
 * names and token ids. What is left reads to the same failure.
 */

import { plainText } from "../pull-failure/plain-text.ts";
import type { JsonObject } from "../runtime/json.ts";
import {
  type EventContainer,
  readEnvelope,
  readTaskDetail,
  TASK_STATE_CHANGE,
  type TaskDetail,
} from "./envelope.ts";

/** The document's ids and its reasons, redacted. Throws InvalidInput as `readEvent` does. */
export function reduceEvent(document: unknown): JsonObject {
  const envelope = readEnvelope(document);
  const { id, source, account, region, time, resources, "detail-type": type } = envelope;
  const detail =
    source === "aws.ecs" && type === TASK_STATE_CHANGE ? reducedDetail(readTaskDetail(envelope)) : {};
  const arns = resources.filter((resource) => resource.startsWith("arn:")).slice(0, 10);
  return {
    version: "0",
    ...present({ id, "detail-type": type, source, account, time, region }),
    resources: arns,
    detail,
  };
}

function reducedDetail({ containers, stoppedReason, startedBy, group, ...ids }: TaskDetail): JsonObject {
  return {
    ...present({
      ...ids,
      group: spoken(group),
      startedBy: spoken(startedBy),
      stoppedReason: spoken(stoppedReason),
    }),
    containers: containers.map(reducedContainer),
  };
}

function reducedContainer({ reason, ...container }: EventContainer): JsonObject {
  return present({ ...container, reason: spoken(reason) });
}

/** What a person or a program may have written freely. */
function spoken(text: string | undefined): string | undefined {
  return text === undefined ? undefined : plainText(text);
}

function present(members: Readonly<Record<string, string | number | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
