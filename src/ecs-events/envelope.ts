/**
 * The EventBridge document around what ECS reports, read with tolerance: unknown members are passed over, `null` is
 * absent, and every member may be missing until it is needed. What is there must have its type.
 */

import * as z from "zod/mini";
import { InvalidInput } from "../image/invalid-input.ts";

/** Longer than any ARN, name or image reference that AWS accepts. */
const TEXT_LENGTH_MAX = 2048;
/** A task has ten containers at most, and a few of ECS's own. */
const CONTAINERS_MAX = 100;

const text = orAbsent(z.string().check(z.maxLength(TEXT_LENGTH_MAX)));
/** Reasons may have any length: what reads them bounds them. */
const reason = orAbsent(z.string());

const container = z.object({
  name: text,
  image: text,
  reason,
  taskArn: text,
  lastStatus: text,
  exitCode: orAbsent(z.number()),
});

const taskDetail = z.object({
  clusterArn: text,
  taskArn: text,
  taskDefinitionArn: text,
  group: text,
  startedBy: text,
  launchType: text,
  lastStatus: text,
  desiredStatus: text,
  stopCode: text,
  stoppedReason: reason,
  version: orAbsent(z.number()),
  containers: z.pipe(
    z.nullish(z.pipe(z.array(z.unknown()).check(z.maxLength(CONTAINERS_MAX)), z.array(container))),
    z.transform((containers) => containers ?? []),
  ),
});

const envelope = z.object({
  "detail-type": z.string().check(z.maxLength(TEXT_LENGTH_MAX)),
  source: z.string().check(z.maxLength(TEXT_LENGTH_MAX)),
  id: text,
  account: text,
  region: text,
  time: text,
  resources: z.pipe(
    z.nullish(z.array(z.unknown()).check(z.maxLength(1000))),
    z.transform((resources) => (resources ?? []).filter((resource) => typeof resource === "string")),
  ),
  detail: z.unknown(),
});

export type Envelope = z.infer<typeof envelope>;
export type TaskDetail = z.infer<typeof taskDetail>;
export type EventContainer = TaskDetail["containers"][number];

export const TASK_STATE_CHANGE = "ECS Task State Change";

/** Reads what is around the detail. Throws InvalidInput with the path of the first member that is not as it must be. */
export function readEnvelope(document: unknown): Envelope {
  return checked(envelope, document, "");
}

/** Reads the detail of a task's state change. Throws InvalidInput likewise. */
export function readTaskDetail({ detail }: Envelope): TaskDetail {
  return checked(taskDetail, detail, "detail");
}

function orAbsent<T>(schema: z.ZodMiniType<T>) {
  return z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  );
}

function checked<T>(schema: z.ZodMiniType<T>, value: unknown, root: string): T {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InvalidInput(
    pathOf(root, issue?.path ?? []),
    issue === undefined ? "another shape" : expectationOf(issue),
  );
}

function pathOf(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (whole, key) =>
      typeof key === "number" ? `${whole}[${key}]` : whole === "" ? String(key) : `${whole}.${String(key)}`,
    root,
  );
}

const ARTICLES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "an array",
  string: "a string",
  number: "a number",
};

function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return ARTICLES[issue.expected] ?? issue.expected;
  if (issue.code === "too_big")
    return `at most ${issue.maximum} ${issue.origin === "array" ? "members" : "characters"}`;
  return issue.message;
}
