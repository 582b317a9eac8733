/**
 * One event of ECS as one published diagnosis, once for each deployment and cause: a deployment that cannot start makes the same
 * event every minute, and reads of the account are not free.
 *
 * What the words lead to first is claimed before anything is read, and what was found before it is published. A claim lasts
 * minutes until its work is done: a function that died in between has not lost the deployment for a day.
 */

import { isObject, optional } from "../ecs/json-fields.ts";
import type { Json, JsonObject } from "../runtime/json.ts";
import { diagnose } from "./diagnose.ts";
import { type FailedStart, failedStartsIn } from "./failed-start.ts";
import type { AccountReads } from "./reads.ts";
import { hypothesesOf } from "./words/hypotheses.ts";

export const DIAGNOSIS_DETAIL_TYPE = "Task Start Diagnosis";

const CLAIM_SECONDS = 300;
const DONE_SECONDS = 86_400;

/** Who does what once, kept for a time. */
export interface Claims {
  /** False: another execution has it, or it is done. */
  claim(id: string, seconds: number): Promise<boolean>;
  /** The work is done: it is not done again for so long. */
  keep(id: string, seconds: number): Promise<void>;
}

export type EventPorts = {
  readonly claims: Claims;
  readonly reads: (start: FailedStart) => AccountReads;
  readonly publish: (detail: JsonObject) => Promise<void>;
  readonly isOurCluster: (name: string) => boolean;
};

export type EventResult =
  | { readonly kind: "published"; readonly code?: string; readonly target: string }
  | {
      readonly kind: "ignored";
      readonly because: "no-failed-start" | "other-cluster" | "on-purpose" | "known";
    };

/** What is behind these is not a failure. */
const ON_PURPOSE = new Set(["stopped-on-purpose", "spot-interrupted", "infrastructure-replaced"]);

export async function diagnoseEvent(event: Json, ports: EventPorts): Promise<EventResult> {
  const [start] = isObject(event) ? (failedStartsIn(event) ?? []) : [];
  if (start === undefined || start.reasons.length + start.containers.length === 0)
    return { kind: "ignored", because: "no-failed-start" };
  const cluster = clusterOf(start);
  if (cluster === undefined || !ports.isOurCluster(cluster))
    return { kind: "ignored", because: "other-cluster" };
  const [first] = hypothesesOf(start);
  if (first !== undefined && ON_PURPOSE.has(first.code)) return { kind: "ignored", because: "on-purpose" };
  const subject = start.deployment ?? start.taskDefinition ?? start.target;
  const seen = `${cluster} ${subject} words ${first?.code ?? "none"}`;
  if (!(await ports.claims.claim(seen, CLAIM_SECONDS))) return { kind: "ignored", because: "known" };
  const found = await diagnose(start, ports.reads(start));
  const code = found.causes[0]?.code;
  const told = `${cluster} ${subject} cause ${code ?? "none"}`;
  const isNew = await ports.claims.claim(told, CLAIM_SECONDS);
  if (isNew) {
    await ports.publish(detailOf(start, found));
    await ports.claims.keep(told, DONE_SECONDS);
  }
  await ports.claims.keep(seen, DONE_SECONDS);
  return isNew
    ? { kind: "published", target: found.target, ...optional("code", code) }
    : { kind: "ignored", because: "known" };
}

function detailOf(
  start: FailedStart,
  { type: _, ...found }: Awaited<ReturnType<typeof diagnose>>,
): JsonObject {
  const { account, region, deployment, taskDefinition } = start;
  return {
    schemaVersion: "1",
    ...optional("account", account),
    ...optional("region", region),
    ...optional("deployment", deployment),
    ...optional("taskDefinition", taskDefinition),
    ...(found as unknown as JsonObject),
  };
}

/** By the cluster's ARN, or else by the service's or the task's, which contain its name. */
function clusterOf({ cluster, target }: FailedStart): string | undefined {
  const own = cluster?.slice(cluster.lastIndexOf("/") + 1);
  return own ?? /:(?:service|task)\/(?<cluster>[^/]+)\//.exec(target)?.groups?.cluster;
}
