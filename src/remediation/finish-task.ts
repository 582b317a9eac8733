/**
 * What follows a new revision where no service waits for it: a schedule is moved to it, or the task is run again.
 *
 * Running a task again is not harmless: whoever started it may have tried again already. So it is done only where the
 * owner has said so, once for each task that failed, and what cannot be known about its start is not made up.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { StepFailed, type Steps } from "../runtime/steps.ts";
import { remedyInWords } from "../substitution/format-remedy.ts";
import type { ImagePlan } from "../substitution/planner.ts";
import type { Policy, Rights } from "../substitution/policy.ts";
import type { Remedy } from "../substitution/remedy.ts";
import { redact } from "../text/redact.ts";
import { revisionName } from "../workload/arn.ts";
import { isPinned } from "../workload/scheduled-target.ts";
import { instanceArnOf, interfaceOf, startAgain, type TaskNetwork } from "../workload/start-again.ts";
import type { Task } from "../workload/task.ts";
import { type Course, persistent } from "./course.ts";
import type { Ports } from "./ports.ts";
import { allowTaskChanges } from "./remedies-of-refusal.ts";
import { type Ending, inSource } from "./report.ts";
import { type ScheduledTarget, targetName } from "./schedules-port.ts";
import type { Survey } from "./survey.ts";
import type { TaskFacts } from "./survey-task.ts";

const LOOK_SECONDS = 15;
/** A pull, a slow start: long enough for both. */
const WATCH_SECONDS_MAX = 1200;

/** What a task was attached with; read first of all, for its interface goes when the task has stopped. */
export async function noteNetwork(
  { owner, clusterArn, taskArn }: PullFailure,
  { standaloneTasks, schedules, mode }: Policy,
  ports: Ports,
  steps: Steps,
): Promise<TaskNetwork | undefined> {
  const runs =
    (owner.kind === "standalone" && standaloneTasks === "run") ||
    (owner.kind === "scheduled" && schedules === "move-and-run");
  if (!runs || mode === "observe") return undefined;
  try {
    return await steps.step(
      "note network",
      async () => {
        const task = await ports.tasks.describe(clusterArn, taskArn);
        const id = task === undefined ? undefined : interfaceOf(task);
        return id === undefined ? undefined : await ports.tasks.networkOf(id);
      },
      persistent,
    );
  } catch (error) {
    // Without it the task is still given its revision, and is not run again.
    if (error instanceof StepFailed) return undefined;
    throw error;
  }
}

/** What the owner has to do by hand where the policy keeps Repull from writing. */
export function taskHeldBack(
  { wish, schedule }: TaskFacts,
  former: string,
  images: readonly ImagePlan[],
  {
    rights,
    waiting = [],
  }: { readonly rights?: Rights | undefined; readonly waiting?: readonly Remedy[] } = {},
): Ending | undefined {
  if (wish !== "report") return undefined;
  const setting = schedule === undefined ? "StandaloneTasks" : "Schedules";
  const allow = allowTaskChanges(schedule, rights);
  const starter = schedule === undefined ? "somebody's own call" : `the rule or schedule ${schedule}`;
  const copies = images.flatMap(({ winner }) => winner?.copy ?? []);
  return {
    kind: "declined",
    reason: "report-only",
    because: `no service started the task but ${starter}, and the policy says to report it (${setting}=report)`,
    images,
    remedies: [allow, ...waiting],
    nextSteps: [
      ...copies.map(({ source, target }) => `repull mirror ${source} ${target}`),
      ...inSource(images),
      schedule === undefined
        ? "then start the task again"
        : `then point ${schedule} at the new revision of ${revisionName(former)}`,
      remedyInWords(allow),
    ],
  };
}

type Made = { readonly former: string; readonly ours: string };

/** Moves the schedule and runs the task again, as far as the policy goes; answers how it ended. */
export async function finishTask(
  surveyed: Survey & { readonly task: TaskFacts },
  made: Made,
  images: readonly ImagePlan[],
  { network, options: { execution }, ports, steps }: Course,
): Promise<Ending> {
  const { task } = surveyed;
  const registered = `${revisionName(made.ours)} was registered in place of ${revisionName(made.former)}`;
  const ended = { images, made };
  if (task.wish === "register") {
    return {
      kind: "applied",
      because: `${registered}; the task was not run again (StandaloneTasks=register)`,
      ...ended,
      nextSteps: [`start the task again, on ${revisionName(made.ours)}`, ...inSource(images)],
    };
  }
  const moved = task.wish === "run" ? undefined : await moveTargets(task.targets, made, ports, steps);
  if (moved?.kind === "superseded") return { kind: "superseded", because: moved.because, ...ended };
  if (task.wish === "move") {
    return {
      kind: "applied",
      because: `${registered}; ${moved?.because}; the run that failed was not made up for (Schedules=move)`,
      ...ended,
    };
  }
  const before = moved === undefined ? registered : `${registered}; ${moved.because}`;
  const again = await steps.step(
    "run again",
    // The attempt is no part of it: a second attempt for the same task must not run it a second time.
    () => runAgain(surveyed, made.ours, network, execution.replace(/-[0-9]+$/, ""), ports),
    persistent,
  );
  if (again.kind !== "started") {
    return {
      kind: moved === undefined ? "unsettled" : "applied",
      because: `${before}; the task was not run again: ${again.because}`,
      ...ended,
      nextSteps: [`start the task again by hand, on ${revisionName(made.ours)}`, ...inSource(images)],
    };
  }
  const watched = await watchTask(surveyed.clusterArn, again.arn, ports, steps);
  return { kind: watched.kind, because: `${before}; ${watched.because}`, ...ended, passing: false };
}

async function moveTargets(
  targets: readonly ScheduledTarget[],
  { former, ours }: Made,
  ports: Ports,
  steps: Steps,
): Promise<{ readonly kind: "moved" | "superseded"; readonly because: string }> {
  const words: string[] = [];
  let touched = 0;
  for (const [index, target] of targets.entries()) {
    if (!isPinned(target.taskDefinition)) {
      words.push(`${targetName(target)} names no revision and takes the newest by itself`);
      touched += 1;
      continue;
    }
    if (revisionName(target.taskDefinition) !== revisionName(former)) {
      words.push(`${targetName(target)} runs ${revisionName(target.taskDefinition)}, and was left alone`);
      continue;
    }
    const result = await steps.step(`move target ${index + 1}`, () => move(target, ours, ports), persistent);
    if (result !== "changed") touched += 1;
    words.push(
      result === "changed"
        ? `${targetName(target)} was changed by somebody else meanwhile, and was left alone`
        : `${targetName(target)} was moved from ${revisionName(former)} to ${revisionName(ours)}`,
    );
  }
  return { kind: touched === 0 ? "superseded" : "moved", because: words.join("; ") };
}

async function move(
  target: ScheduledTarget,
  to: string,
  ports: Ports,
): Promise<"moved" | "already" | "changed"> {
  const result = await ports.schedules.move(target, to);
  ports.log.info(`target ${result}`, { target: targetName(target), from: target.taskDefinition, to });
  return result;
}

type Again =
  | { readonly kind: "started"; readonly arn: string }
  | { readonly kind: "refused" | "unknown"; readonly because: string };

/** One task like the one that failed. The request holds its overrides: it is made and sent here, and kept nowhere. */
async function runAgain(
  { clusterArn, task }: Survey & { readonly task: TaskFacts },
  revision: string,
  network: TaskNetwork | undefined,
  token: string,
  ports: Ports,
): Promise<Again> {
  const former = await ports.tasks.describe(clusterArn, task.taskArn);
  if (former === undefined)
    return { kind: "unknown", because: "ECS shows a stopped task for an hour, and that has passed" };
  const instance = instanceArnOf(former);
  const instanceId = instance === undefined ? undefined : await ports.tasks.instanceOf(clusterArn, instance);
  const asked = startAgain(former, { network, instanceId }, { revision, token });
  if (asked.kind === "unknown") return asked;
  const started = await ports.tasks.run(asked.request);
  if (started.kind === "started")
    ports.log.info("task run again", { former: task.taskArn, task: started.arn, revision });
  return started;
}

type Watched = { readonly kind: "settled" | "unsettled" | "failed"; readonly because: string };

async function watchTask(clusterArn: string, arn: string, ports: Ports, steps: Steps): Promise<Watched> {
  const name = `the task was run again (${arn.slice(arn.lastIndexOf("/") + 1)})`;
  for (let waited = 0, look = 1; ; look++) {
    await steps.wait(`started ${look}`, LOOK_SECONDS);
    waited += LOOK_SECONDS;
    const verdict = await steps.step(
      `task ${look}`,
      async () => judge(await ports.ecs.describeTask(clusterArn, arn)),
      persistent,
    );
    if (verdict !== undefined) return { kind: verdict.kind, because: `${name} ${verdict.because}` };
    if (waited >= WATCH_SECONDS_MAX)
      return {
        kind: "unsettled",
        because: `${name} and has not started in ${WATCH_SECONDS_MAX / 60} minutes`,
      };
  }
}

/** What has become of it; undefined while nothing has. That it ends badly after it has run is its own affair. */
function judge(task: Task | undefined): Watched | undefined {
  if (task === undefined) return undefined;
  const ran = task.containers.some(({ exitCode }) => exitCode !== undefined);
  if (task.lastStatus === "RUNNING") return { kind: "settled", because: "and runs" };
  if (task.lastStatus !== "STOPPED") return undefined;
  if (ran) return { kind: "settled", because: "and has run" };
  const reason = task.containers.find(({ reason }) => reason !== undefined)?.reason ?? task.stoppedReason;
  return { kind: "failed", because: `and could not start: ${redact(reason ?? "ECS gives no reason")}` };
}
