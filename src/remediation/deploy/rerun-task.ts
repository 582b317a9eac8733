/**
 * Runs a task once more like one that failed, and reads what has become of it.
 *
 * Running a task again is not harmless: its caller may have tried again already. So it is done only where the operator
 * has said so, once for each task that failed, and what cannot be known about its start is not made up.
 */

import {
  containerInstanceArn,
  networkInterfaceId,
  rerunTaskRequest,
  type TaskNetwork,
} from "../../ecs/task/rerun-task-request.ts";
import type { Task } from "../../ecs/task/task.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { redact } from "../../text/redact.ts";
import type { Ports } from "../ports/ports.ts";
import type { RerunResult, RolloutStatus } from "./rollout.ts";

/** What a task was attached with. Read first of all: its network interface is deleted soon after it has stopped. */
export async function readTaskNetwork(
  { owner, clusterArn, taskArn }: PullFailure,
  { standaloneTasks, schedules, mode }: Policy,
  { tasks }: Pick<Ports, "tasks">,
): Promise<TaskNetwork | undefined> {
  const mayRun =
    (owner.kind === "standalone" && standaloneTasks === "run") ||
    (owner.kind === "scheduled" && schedules === "move-and-run");
  if (!mayRun || mode === "observe") return undefined;
  const task = await tasks.describe(clusterArn, taskArn);
  const id = task === undefined ? undefined : networkInterfaceId(task);
  return id === undefined ? undefined : await tasks.networkOf(id);
}

/** One task like the one that failed. The request holds its overrides: it is made and sent here, and kept nowhere. */
export async function rerunTask(
  { clusterArn, taskArn }: { readonly clusterArn: string; readonly taskArn: string },
  revision: string,
  network: TaskNetwork | undefined,
  token: string,
  ports: Pick<Ports, "tasks" | "log">,
): Promise<RerunResult> {
  const former = await ports.tasks.describe(clusterArn, taskArn);
  if (former === undefined)
    return { kind: "unknown", because: "ECS shows a stopped task for an hour, and that has passed" };
  const instance = containerInstanceArn(former);
  const instanceId =
    instance === undefined ? undefined : await ports.tasks.instanceIdOf(clusterArn, instance);
  const asked = rerunTaskRequest(former, { network, instanceId }, { revision, token });
  if (asked.kind === "unknown") return asked;
  const started = await ports.tasks.run(asked.request);
  if (started.kind === "started")
    ports.log.info("task run again", { former: taskArn, task: started.arn, revision });
  return started;
}

/** Whether the task runs. A task that ran and then failed has pulled its images: that is not what is asked here. */
export function judgeTask(task: Task | undefined): RolloutStatus {
  const starting: RolloutStatus = { kind: "in-progress", because: "and has not started yet" };
  if (task === undefined) return starting;
  const ran = task.containers.some(({ exitCode }) => exitCode !== undefined);
  if (task.lastStatus === "RUNNING") return { kind: "succeeded", because: "and runs" };
  if (task.lastStatus !== "STOPPED") return starting;
  if (ran) return { kind: "succeeded", because: "and has run" };
  const reason = task.containers.find(({ reason }) => reason !== undefined)?.reason ?? task.stoppedReason;
  return { kind: "failed", because: `and could not start: ${redact(reason ?? "ECS gives no reason")}` };
}
