/**
 * The envelopes around an event where people find it: a queue's message, a topic's notification, a log, what a Lambda
 * function was given; and ECS's own answers, which hold the same task without an event.
 *
 * DescribeTasks names a task's members as EventBridge does ("the detail section … DescribeTasks output",
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html, read 2026-11).
 */

import { gunzipSync } from "node:zlib";
import { parseArn } from "../../ecs/arn.ts";
import { TASK_STATE_CHANGE } from "../../ecs-events/envelope.ts";
import { isMembers, type Members } from "../../runtime/json.ts";
import { withoutMark } from "../../text/decode-text.ts";
import type { DocumentEntry } from "./document-entry.ts";
import { kubernetesTexts } from "./kubernetes-objects.ts";

/** Reads the documents of a text. */
type ReadText = (text: string, where: string) => readonly DocumentEntry[];

/** SNS in SQS in Lambda is three; what nests deeper is not an event. */
const DEPTH_MAX = 6;
const LOG_BYTES_MAX = 64 * 1024 * 1024;

/** The events in a document: itself, where it has no known envelope. */
export function unwrapped(
  document: unknown,
  where: string,
  readText: ReadText,
  depth = 0,
): readonly DocumentEntry[] {
  const own: DocumentEntry = { kind: "document", where, document };
  if (depth >= DEPTH_MAX || !isMembers(document) || "detail-type" in document) return [own];
  const further = (value: unknown, at: string): readonly DocumentEntry[] =>
    unwrapped(value, `${where}${at}`, readText, depth + 1);
  const inside = (value: unknown, at: string): readonly DocumentEntry[] => {
    if (typeof value !== "string") return further(value, at);
    const text = withoutMark(value).trim();
    // A queue may hold anything, and so may a log: what is not JSON is not an event.
    if (text === "") return [unreadable(`${where}${at}`, "the message is empty")];
    return readText(text, `${where}${at}`).flatMap((entry) =>
      entry.kind === "document" ? unwrapped(entry.document, entry.where, readText, depth + 1) : [entry],
    );
  };
  return (
    ecsAnswer(document, where) ??
    kubernetesTexts(document, where) ??
    carried(document, where, further, inside) ?? [own]
  );
}

type Inside = (value: unknown, at: string) => readonly DocumentEntry[];

/** Whatever carries an event on: SQS, SNS, Lambda, CloudWatch Logs. */
function carried(
  document: Members,
  where: string,
  further: Inside,
  inside: Inside,
): readonly DocumentEntry[] | undefined {
  const each = (key: string): readonly DocumentEntry[] | undefined => {
    const list = document[key];
    return Array.isArray(list) ? list.flatMap((one, index) => further(one, `.${key}[${index}]`)) : undefined;
  };
  // ReceiveMessage's answer and Lambda's event; a message of each.
  for (const key of ["Messages", "Records"]) {
    const entries = each(key);
    if (entries !== undefined) return entries;
  }
  for (const key of ["Body", "body"])
    if (typeof document[key] === "string") return inside(document[key], `.${key}`);
  if (isMembers(document.Sns)) return inside(document.Sns.Message, ".Sns.Message");
  if (document.Type === "Notification" || "TopicArn" in document) return inside(document.Message, ".Message");
  // What Lambda sends on where an invocation failed.
  if ("requestPayload" in document) return inside(document.requestPayload, ".requestPayload");
  if (isMembers(document.awslogs)) return logsIn(document.awslogs.data, where, further);
  for (const key of ["logEvents", "events"]) {
    const entries = logLines(document[key], (message, index) => inside(message, `.${key}[${index}].message`));
    if (entries !== undefined) return entries;
  }
  return undefined;
}

/** `aws logs filter-log-events`, and what a subscription hands out. */
function logLines(
  events: unknown,
  read: (message: string, index: number) => readonly DocumentEntry[],
): readonly DocumentEntry[] | undefined {
  if (!Array.isArray(events) || events.length === 0) return undefined;
  if (!events.every((event) => isMembers(event) && typeof event.message === "string")) return undefined;
  return events.flatMap(({ message }: { message: string }, index) => read(message, index));
}

function logsIn(data: unknown, where: string, further: Inside): readonly DocumentEntry[] {
  const at = ".awslogs.data";
  try {
    const bytes = gunzipSync(Buffer.from(String(data), "base64"), { maxOutputLength: LOG_BYTES_MAX });
    return further(JSON.parse(bytes.toString("utf8")), at);
  } catch {
    return [unreadable(`${where}${at}`, "not what CloudWatch Logs hands out: JSON, compressed, in base64")];
  }
}

/** What ECS answers to Describe and List calls: tasks are read, of the others it is said what to pass instead. */
function ecsAnswer(document: Members, where: string): readonly DocumentEntry[] | undefined {
  const { tasks, failures, services, taskArns, taskArn } = document;
  if (Array.isArray(tasks)) {
    const read = tasks.map((task, index) => taskEntry(task, `${where}.tasks[${index}]`));
    const missing = (Array.isArray(failures) ? failures : [])
      .filter(isMembers)
      .map(({ arn, reason }, index) =>
        unreadable(
          `${where}.failures[${index}]`,
          `ECS answers ${JSON.stringify(reason ?? "nothing")} for ${JSON.stringify(arn ?? "a task")}: it shows a stopped task for about an hour`,
        ),
      );
    return read.length + missing.length === 0
      ? [unreadable(where, "the answer to describe-tasks holds no task")]
      : [...read, ...missing];
  }
  if (typeof taskArn === "string" && ("containers" in document || "stoppedReason" in document))
    return [taskEntry(document, where)];
  if (Array.isArray(taskArns))
    return [unreadable(where, "a list of tasks names no reason: pass what aws ecs describe-tasks answers")];
  if (Array.isArray(services))
    return [
      unreadable(
        where,
        "an answer to describe-services names neither task nor image: pass what aws ecs describe-tasks answers for a stopped task (aws ecs list-tasks --desired-status STOPPED)",
      ),
    ];
  return undefined;
}

/** The task's state change as EventBridge would have sent it. */
function taskEntry(task: unknown, where: string): DocumentEntry {
  if (!isMembers(task)) return unreadable(where, "a task is an object");
  const arn = typeof task.taskArn === "string" ? parseArn(task.taskArn) : undefined;
  const time = momentOf(task.stoppedAt ?? task.stoppingAt ?? task.createdAt);
  const document = {
    version: "0",
    "detail-type": TASK_STATE_CHANGE,
    source: "aws.ecs",
    ...(arn === undefined ? {} : { account: arn.account, region: arn.region }),
    ...(time === undefined ? {} : { time }),
    resources: typeof task.taskArn === "string" ? [task.taskArn] : [],
    detail: task,
  };
  return { kind: "document", where, document };
}

/** The AWS CLI writes moments as text, its first version as seconds. */
function momentOf(value: unknown): string | undefined {
  const moment = typeof value === "number" ? new Date(value * 1000) : new Date(String(value));
  return value === undefined || Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

function unreadable(where: string, because: string): DocumentEntry {
  return { kind: "unreadable", where, because };
}
