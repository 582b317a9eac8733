/** The one way in for EventBridge documents: what each means to us, or why it means nothing. */

import { redact } from "../text/redact.ts";
import { type Envelope, readEnvelope, TASK_STATE_CHANGE } from "./envelope.ts";
import type { AwsLocation, Ignored, PullFailure } from "./pull-failure.ts";
import { readTaskStateChange } from "./task-stopped.ts";

/** Other events of ECS, and why a pull's failure cannot be read from them. */
const WITHOUT_CAUSE: Readonly<Record<string, string>> = {
  "ECS Deployment State Change":
    "a deployment's event does not say why its tasks failed; the tasks' own events do",
  "ECS Service Action": "a service's event names neither task nor image; the tasks' own events do",
  "ECS Container Instance State Change": "a container instance's event names no task",
};

/**
 * Reads an EventBridge document. `home` is where we run: another account's or region's event is ignored.
 * Throws InvalidInput for what is not an EventBridge document, and for a task's event that is malformed.
 */
export function readEvent(document: unknown, home?: AwsLocation): PullFailure | Ignored {
  const envelope = readEnvelope(document);
  return notOurs(envelope, home) ?? readTaskStateChange(envelope, home);
}

function notOurs(
  { source, "detail-type": type, account, region }: Envelope,
  home?: AwsLocation,
): Ignored | undefined {
  if (source !== "aws.ecs") return ignored(`the event is of ${quoted(source)}, not of Amazon ECS`);
  const known = Object.hasOwn(WITHOUT_CAUSE, type) ? WITHOUT_CAUSE[type] : undefined;
  if (known !== undefined) return ignored(known);
  if (type !== TASK_STATE_CHANGE) return ignored(`events of the type ${quoted(type)} report no pull`);
  if (home && account !== undefined && account !== home.account)
    return ignored(`the event is of account ${quoted(account)}, not of ours`);
  if (home && region !== undefined && region !== home.region)
    return ignored(`the event is of region ${quoted(region)}, not of ours`);
  return undefined;
}

function ignored(because: string): Ignored {
  return { kind: "ignored", because };
}

function quoted(text: string): string {
  return JSON.stringify(redact(text).slice(0, 80));
}
