/**
 * The service scheduler: looks at what runs, starts what is missing, stops what is no longer wanted.
 *
 * Old tasks go only when enough new ones run (minimumHealthyPercent), so a revision that cannot pull leaves
 * the former one serving. Starts that fail are repeated for ever, after growing pauses of up to 27 minutes;
 * a new deployment starts without a pause.
 */

import { isPending, isRunning } from "../documents/task-document.ts";
import type { DeploymentRecord, EcsEnvironment, ServiceRecord, TaskRecord } from "../state.ts";
import { stopTask, type TaskWatcher } from "../tasks/task-lifecycle.ts";
import { enterStage, trafficStepsOf } from "./deployment-stages.ts";
import { completeDeployment, countFailure, say, tellOfService } from "./deployments.ts";

export type ServiceScheduler = {
  /** Looks at the service now, as one event of the world. */
  look(service: ServiceRecord): void;
  readonly watcher: TaskWatcher;
};

/** @param start starts one task of a deployment */
export function createServiceScheduler(
  world: EcsEnvironment,
  start: (service: ServiceRecord, deployment: DeploymentRecord) => void,
): ServiceScheduler {
  const { clock, unverified } = world;

  const lookAt = (service: ServiceRecord, at: number): void => {
    if (service.scheduledReconciles.has(at)) return;
    service.scheduledReconciles.add(at);
    clock.schedule(at, () => {
      service.scheduledReconciles.delete(at);
      reconcile(service);
    });
  };

  const reconcile = (service: ServiceRecord): void => {
    const [primary] = service.deployments;
    if (primary === undefined || service.status !== "ACTIVE") return;
    if (movesTraffic(service) && primary.stage === undefined) {
      primary.trafficSteps = trafficStepsOf(service);
      enterStage(service, primary, "PRE_SCALE_UP", world, () => lookAt(service, clock.now()));
    }
    const tasks = tasksOf(service);
    stopSuperseded(service, primary, tasks);
    startMissing(service, primary, tasks);
    finish(service, primary);
  };

  /** New ones, as many as desired, but never more at once than maximumPercent allows. */
  const startMissing = (
    service: ServiceRecord,
    primary: DeploymentRecord,
    tasks: readonly TaskRecord[],
  ): void => {
    if (primary.rolloutState === "FAILED" || primary.stage === "PRE_SCALE_UP") return;
    const alive = tasks.filter(isAlive);
    const own = alive.filter((task) => task.deployment === primary).length;
    // The second environment runs in addition to the first, whatever the percentages of a rolling update say.
    const room = movesTraffic(service)
      ? service.desiredCount
      : Math.floor((service.desiredCount * service.maximumPercent) / 100) - alive.length;
    const missing = Math.min(service.desiredCount - own, room);
    if (missing <= 0) return;
    if (clock.now() < service.startsAgainAt) {
      lookAt(service, service.startsAgainAt);
      return;
    }
    for (let count = 0; count < missing; count++) start(service, primary);
    say(service, `(service ${service.name}) has started ${missing} tasks.`, world);
  };

  /** Old ones, as many as minimumHealthyPercent lets go; those that do not run yet go first and at once. */
  const stopSuperseded = (
    service: ServiceRecord,
    primary: DeploymentRecord,
    tasks: readonly TaskRecord[],
  ): void => {
    const old = tasks.filter((task) => isAlive(task) && task.deployment !== primary);
    for (const task of old.filter(isPending)) stop(task);

    const healthy = tasks.filter(
      (task) => isRunning(task) && (task.deployment !== primary || isSettled(task)),
    );
    const least = Math.ceil((service.desiredCount * service.minimumHealthyPercent) / 100);
    const isKept = movesTraffic(service) && !mayCleanUp(primary);
    const spare = isKept ? 0 : Math.max(0, healthy.length - least);
    for (const task of old.filter(isRunning).slice(0, spare)) stop(task);

    const own = tasks.filter((task) => isAlive(task) && task.deployment === primary);
    for (const task of own.slice(service.desiredCount)) stop(task);
  };

  const stop = (task: TaskRecord): void => {
    const because =
      task.deployment === undefined
        ? "Scaling activity initiated by service"
        : `Scaling activity initiated by (deployment ${task.deployment.id})`;
    stopTask(task, world, watcher, "ServiceSchedulerInitiated", because);
  };

  const finish = (service: ServiceRecord, primary: DeploymentRecord): void => {
    const tasks = tasksOf(service).filter((task) => task.lastStatus !== "STOPPED");
    const gone = service.deployments.filter(
      (deployment) => deployment !== primary && !tasks.some((task) => task.deployment === deployment),
    );
    for (const deployment of gone) deployment.status = "INACTIVE";
    service.deployments = service.deployments.filter((deployment) => !gone.includes(deployment));
    if (primary.rolloutState !== "IN_PROGRESS") return;
    const settled = tasks.filter((task) => task.deployment === primary && isRunning(task) && isSettled(task));
    if (settled.length < service.desiredCount) return;
    if (movesTraffic(service) && primary.stage === "SCALE_UP") {
      enterStage(service, primary, "POST_SCALE_UP", world, () => lookAt(service, clock.now()));
      return;
    }
    if (service.deployments.length > 1 || (movesTraffic(service) && !mayCleanUp(primary))) return;
    if (isBaking(service, primary)) return;
    completeDeployment(service, primary, world);
  };

  /** An alarm is watched for a while after a rolling deployment has all its tasks, too; how long ECS decides by itself. */
  const isBaking = (service: ServiceRecord, primary: DeploymentRecord): boolean => {
    if (service.alarms === undefined || movesTraffic(service)) return false;
    if (primary.stage === "BAKE_TIME") return true;
    if (primary.stage === "CLEAN_UP") return false;
    enterStage(service, primary, "BAKE_TIME", world, () => lookAt(service, clock.now()));
    return true;
  };

  /** A task that has just begun to run may still fall over: the scheduler waits before it counts on it. */
  const isSettled = (task: TaskRecord): boolean =>
    task.startedAt !== undefined && clock.now() - task.startedAt >= unverified.replaceAfterSeconds * 1000;

  const throttle = (service: ServiceRecord): void => {
    const { firstSeconds, growth, maxSeconds } = unverified.throttle;
    // Tasks that were started together fail together: they are one round.
    if (clock.now() < service.startsAgainAt) return;
    service.failedRounds += 1;
    const seconds = Math.min(maxSeconds, firstSeconds * growth ** (service.failedRounds - 1));
    service.startsAgainAt = clock.now() + seconds * 1000;
    if (service.failedRounds === 3) {
      say(
        service,
        `(service ${service.name}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
        world,
      );
      tellOfService(service, "WARN", "SERVICE_TASK_START_IMPAIRED", world);
    }
  };

  const watcher: TaskWatcher = {
    onRunning({ service, deployment }) {
      if (service === undefined || deployment === undefined) return;
      deployment.failedTasks = 0;
      // A start of the former revision says nothing about the next one's.
      if (service.deployments[0] === deployment) service.failedRounds = 0;
      lookAt(service, clock.now() + unverified.replaceAfterSeconds * 1000);
    },
    onStopping({ service, deployment, stopCode, stoppedReason, containers }) {
      if (service === undefined || deployment === undefined) return;
      const isPrimary = service.deployments[0] === deployment;
      if (stopCode === "TaskFailedToStart" && isPrimary) {
        const reason =
          containers.find((container) => container.reason !== undefined)?.reason ?? stoppedReason;
        say(service, `(service ${service.name}) was unable to place a task. Reason: ${reason}.`, world);
        throttle(service);
        countFailure(service, deployment, world, () => lookAt(service, clock.now()));
      }
    },
    onStopped({ service }) {
      if (service !== undefined) lookAt(service, clock.now());
    },
  };

  return { look: (service) => lookAt(service, clock.now()), watcher };
}

function movesTraffic({ strategy }: ServiceRecord): boolean {
  return strategy.kind !== "ROLLING";
}

/** Its traffic has all moved and its time is over; ECS's own rollback has nothing to wait for. */
function mayCleanUp({ stage }: DeploymentRecord): boolean {
  return stage === "CLEAN_UP";
}

/** Neither stopped nor stopping. */
function isAlive(task: TaskRecord): boolean {
  return isPending(task) || isRunning(task);
}

function tasksOf(service: ServiceRecord): readonly TaskRecord[] {
  return [...service.cluster.tasks.values()].filter((task) => task.service === service);
}
