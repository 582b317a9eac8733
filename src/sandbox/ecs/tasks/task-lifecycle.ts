/**
 * The life of one task: provisioned, its images pulled, run, stopped; each change is an event on the bus.
 *
 * The pace is a real Fargate task's whose pull failed (2021-11-27): created at 0 s, execution stopped at 18 s,
 * stopping with its reason at 28 s, stopped at 42 s. So the reason is known before the task is STOPPED.
 */

import { getObjects, getString } from "../../../ecs/json-fields.ts";
import { parseReference } from "../../../image/reference.ts";
import { taskEventDetail } from "../documents/task-document.ts";
import { hex } from "../ids.ts";
import type { ContainerRecord, EcsEnvironment, StopCode, TaskRecord } from "../state.ts";
import { type PullRefusal, pullImage } from "./image-pull.ts";
import { ec2Message, fargateMessage } from "./pull-error-messages.ts";

const SECONDS = 1000;
/** An EC2 instance is ready; Fargate makes one first. */
const PROVISIONING = { FARGATE: 6, EC2: 0 };
const SCHEDULING = 6;
const PULL_START = 5;
const PULL_BYTES_PER_SECOND = 20_000_000;
const CONTAINER_START = 3;
const STOPPING_AFTER_FAILURE = { FARGATE: 10, EC2: 1 };
const DEPROVISIONING = { FARGATE: 14, EC2: 1 };

/** What the service or caller that started the task is notified of. */
export type TaskWatcher = {
  onRunning(task: TaskRecord): void;
  onStopping(task: TaskRecord): void;
  onStopped(task: TaskRecord): void;
};

/** Lives the task's life until it runs or has failed to; a process of the clock. */
export async function runTask(task: TaskRecord, world: EcsEnvironment, watcher: TaskWatcher): Promise<void> {
  const { clock } = world;
  change(task, world, { lastStatus: task.launchType === "FARGATE" ? "PROVISIONING" : "PENDING" });
  await clock.sleep(PROVISIONING[task.launchType] * SECONDS);
  if (task.launchType === "FARGATE") {
    if (task.desiredStatus === "STOPPED") return;
    change(task, world, { lastStatus: "PENDING" });
  }
  await clock.sleep(SCHEDULING * SECONDS);
  if (task.desiredStatus === "STOPPED") return;

  task.connectivityAt = clock.now();
  task.pullStartedAt = clock.now();
  const failure = await pullAll(task, world);
  task.pullStoppedAt = clock.now();
  if (hasBeenStopped(task)) return;
  task.version += 1;
  if (failure !== undefined) {
    task.executionStoppedAt = clock.now();
    await clock.sleep(STOPPING_AFTER_FAILURE[task.launchType] * SECONDS);
    if (hasBeenStopped(task)) return;
    const { container, text } = failure;
    if (!world.unverified.failedTaskTellsDigest) for (const each of task.containers) delete each.imageDigest;
    const isFargate = task.launchType === "FARGATE";
    if (!isFargate) container.reason = text;
    stopTask(task, world, watcher, "TaskFailedToStart", isFargate ? text : "Task failed to start");
    return;
  }

  await clock.sleep(CONTAINER_START * SECONDS);
  if (hasBeenStopped(task)) return;
  for (const container of task.containers) {
    container.lastStatus = "RUNNING";
    container.runtimeId = `${task.id}-${world.random.integer(1_000_000_000, 4_000_000_000)}`;
  }
  task.startedAt = clock.now();
  change(task, world, { lastStatus: "RUNNING" });
  watcher.onRunning(task);
  await crashIfDeclared(task, world, watcher);
}

/** Stops a task; it is stopped a moment later. A task that is already stopping is left alone. */
export function stopTask(
  task: TaskRecord,
  world: EcsEnvironment,
  watcher: TaskWatcher,
  stopCode: StopCode,
  stoppedReason: string,
): void {
  if (task.desiredStatus === "STOPPED") return;
  const { clock } = world;
  task.desiredStatus = "STOPPED";
  task.stopCode = stopCode;
  task.stoppedReason = stoppedReason;
  task.stoppingAt = clock.now();
  for (const container of task.containers) container.lastStatus = "STOPPED";
  if (task.launchType === "FARGATE") change(task, world, { lastStatus: "DEPROVISIONING" });
  watcher.onStopping(task);
  clock.schedule(clock.now() + DEPROVISIONING[task.launchType] * SECONDS, () => {
    task.stoppedAt = clock.now();
    task.executionStoppedAt ??= task.stoppingAt ?? clock.now();
    change(task, world, { lastStatus: "STOPPED" });
    watcher.onStopped(task);
  });
}

type Failure = { readonly container: ContainerRecord; readonly text: string };

/** Pulls the images one after another; the first that is refused decides. */
async function pullAll(task: TaskRecord, world: EcsEnvironment): Promise<Failure | undefined> {
  const { clock, send, unverified, credentialsFor } = world;
  await clock.sleep(PULL_START * SECONDS);
  for (const container of task.containers) {
    const reference = parseReference(container.image);
    const isConsistent = container.definition.versionConsistency !== "disabled";
    const known = isConsistent ? task.deployment?.resolved.get(container.name) : undefined;
    const credentials = credentialsFor(container.definition, pullRoleOf(task));
    const pull = await pullImage({
      reference,
      platform: task.platform,
      send,
      asksAgain: task.launchType === "EC2",
      ...(known === undefined ? {} : { known }),
      ...(credentials === undefined ? {} : { credentials }),
    });
    if (pull.digest !== undefined && isConsistent) task.deployment?.resolved.set(container.name, pull.digest);
    if (pull.kind === "pulled") {
      container.imageDigest = pull.digest;
      if (pull.isOfOtherArchitecture) container.cannotExecute = true;
      await clock.sleep((pull.bytes / PULL_BYTES_PER_SECOND) * SECONDS);
      continue;
    }
    if (pull.digest !== undefined) container.imageDigest = pull.digest;
    return { container, text: messageFor(task, pull.refusal, container, unverified) };
  }
  return undefined;
}

/** Who pulls: the task's execution role; on EC2 the agent, as the instance that it runs on. */
export function pullRoleOf({ definition, launchType }: TaskRecord): string | undefined {
  return launchType === "EC2" ? "instance" : getString(definition, "executionRoleArn");
}

function messageFor(
  task: TaskRecord,
  refusal: PullRefusal,
  container: ContainerRecord,
  unverified: EcsEnvironment["unverified"],
): string {
  const reference = parseReference(container.image);
  return task.launchType === "FARGATE"
    ? fargateMessage(refusal, reference, unverified)
    : ec2Message(refusal, reference, unverified);
}

/** `exec format error` is in the log alone: https://github.com/aws/copilot-cli/issues/6095 */
const EXEC_FORMAT_ERROR = { FARGATE: 255, EC2: 1 } as const;

/** An essential container that exits takes the task with it. */
async function crashIfDeclared(task: TaskRecord, world: EcsEnvironment, watcher: TaskWatcher): Promise<void> {
  for (const container of task.containers) {
    if (container.imageDigest === undefined || container.definition.essential === false) continue;
    const crash = container.cannotExecute
      ? { exitCode: EXEC_FORMAT_ERROR[task.launchType], afterSeconds: 0.2 }
      : world.crashOf(container.definition, container.imageDigest);
    if (crash === undefined) continue;
    await world.clock.sleep(crash.afterSeconds * SECONDS);
    if (hasBeenStopped(task)) return;
    container.exitCode = crash.exitCode;
    task.executionStoppedAt = world.clock.now();
    stopTask(task, world, watcher, "EssentialContainerExited", "Essential container in task exited");
    return;
  }
}

function change(
  task: TaskRecord,
  world: EcsEnvironment,
  to: { readonly lastStatus: TaskRecord["lastStatus"] },
): void {
  task.lastStatus = to.lastStatus;
  task.version += 1;
  task.updatedAt = world.clock.now();
  world.bus.emit({
    source: "aws.ecs",
    type: "ECS Task State Change",
    resources: [task.arn],
    detail: taskEventDetail(task),
  });
}

/** Checked after every pause: meanwhile a call may have stopped the task. */
function hasBeenStopped(task: TaskRecord): boolean {
  return task.desiredStatus === "STOPPED";
}

/** The containers of a task that is about to start. */
export function containerRecords(
  { random, home }: EcsEnvironment,
  clusterName: string,
  taskId: string,
  definition: TaskRecord["definition"],
): ContainerRecord[] {
  return getObjects(definition, "containerDefinitions").map((container) => ({
    arn: `arn:${home.partition}:ecs:${home.region}:${home.account}:container/${clusterName}/${taskId}/${hex(random, 32)}`,
    name: getString(container, "name") ?? "",
    image: getString(container, "image") ?? "",
    definition: container,
    lastStatus: "PENDING",
  }));
}
