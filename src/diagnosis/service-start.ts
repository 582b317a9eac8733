/** The start of a service that is diagnosed: its newest failure, or else what its events say, or else whether it would start. */

import { getMoment, getNumber, getObjects, getString, getStrings } from "../ecs/json-fields.ts";
import type { JsonObject } from "../runtime/json.ts";
import { type FailedStart, fromService, fromTask } from "./failed-start.ts";
import type { AccountReads } from "./reads.ts";
import { hypothesesOf } from "./words/hypotheses.ts";

const TASKS_MAX = 20;

export async function startOfService(
  service: JsonObject,
  cluster: string,
  reads: AccountReads,
): Promise<FailedStart> {
  const own = fromService(service);
  const serviceName = getString(service, "serviceName") ?? "";
  const listed = await reads.read("ecs.ListTasks", { cluster, serviceName, desiredStatus: "STOPPED" });
  const arns = listed.kind === "answer" ? getStrings(listed.answer, "taskArns").slice(0, TASKS_MAX) : [];
  if (arns.length === 0) return own;
  const answer = await reads.read("ecs.DescribeTasks", { cluster, tasks: arns });
  const tasks = answer.kind === "answer" ? getObjects(answer.answer, "tasks") : [];
  const failed = [...tasks]
    .filter((one) => getString(one, "desiredStatus") !== "RUNNING")
    .sort((a, b) => (getMoment(b, "stoppedAt") ?? 0) - (getMoment(a, "stoppedAt") ?? 0))
    .map(fromTask)
    .filter((one) => hypothesesOf(one).some(({ code }) => code !== "stopped-on-purpose"));
  const [newest] = failed;
  if (newest === undefined) return own;
  const cause = firstCause(newest);
  const alike = failed.filter((one) => firstCause(one) === cause).length;
  return { ...newest, others: { failed: failed.length, alike } };
}

/** Whether something of a service fails, by what ECS describes of it. */
export function isFailing(service: JsonObject): boolean {
  const wanted = getNumber(service, "desiredCount") ?? 0;
  const deployments = getObjects(service, "deployments");
  return (
    (getNumber(service, "runningCount") ?? 0) < wanted ||
    deployments.some((one) => (getNumber(one, "failedTasks") ?? 0) > 0 || one.rolloutState === "FAILED")
  );
}

function firstCause(start: FailedStart): string | undefined {
  return hypothesesOf(start)[0]?.code;
}
