/**
 * Reads what the remediation needs to know next, and nothing else: the failure and its images before our write, the
 * rollout after it, the copy or the task that is waited for.
 *
 * What comes out is the result of a step: small JSON, without a task definition, an environment value or a secret.
 */

import { sameRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { checkRestored } from "../deploy/restore/restored-images.ts";
import type { StartedRollout } from "../deploy/rollout.ts";
import { rolloutOf } from "../deploy/rollouts.ts";
import { closedCalendar } from "../gates/change-calendar.ts";
import { isInTarget, mirrorRequestOf } from "../mirror/request-mirrors.ts";
import { AwsError, isTransient } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { readOnce } from "../survey/read-once.ts";
import { survey } from "../survey/survey.ts";
import type { Context } from "./context.ts";
import { imagesToMirror } from "./plan.ts";
import type { Seen } from "./seen.ts";
import { isAfterOurWrite, type Rollout, type State, type Stop, type TaskWork } from "./state.ts";

export type Subject = "failure" | "copy" | "displaced" | "rollout" | "restored";

/** What has to be read before the next decision; undefined: what is known is enough. */
export function subjectOf(state: State, { options }: Context): Subject | undefined {
  const { failed, ending: result, copying, plan, displaced, overwritten, rollback, rollout, task } = state;
  if (failed !== undefined || result !== undefined || state.isThrottled) return undefined;
  if (!isAfterOurWrite(state)) {
    if (copying?.name !== undefined) return "copy";
    return plan === undefined ? "failure" : undefined;
  }
  if (displaced !== undefined) return displaced.isWaitedFor ? "displaced" : undefined;
  if (overwritten === undefined && rollback?.restored !== undefined) return "restored";
  if (task !== undefined) return task.taskArn !== undefined && task.waitedSeconds > 0 ? "rollout" : undefined;
  // Another's deployment that ours may have replaced is looked for, though nothing is waited for.
  const isLookedAt = options.waitForRollout !== false || rollout?.foreignRevision !== undefined;
  const isWatched = overwritten === undefined && rollback === undefined && isLookedAt;
  return rollout !== undefined && isWatched ? "rollout" : undefined;
}

export async function observe(subject: Subject, state: State, context: Context, ports: Ports): Promise<Seen> {
  switch (subject) {
    case "failure":
      return await observeFailure(state, context, ports);
    case "copy":
      return await observeCopy(state, ports);
    case "displaced":
      return await observeService(state, ports);
    case "rollout":
      return await observeRollout(state, ports);
    case "restored":
      return await observeRestored(state, ports);
  }
}

async function observeFailure(state: State, { failure, options }: Context, ports: Ports): Promise<Seen> {
  const { policy, execution } = options;
  const at = ports.clock.now();
  const request = {
    failure,
    policy,
    execution,
    failedPlaces: state.tried.flatMap(({ places }) => places),
    ...(state.look > 1 ? { own: state.registered } : {}),
    mirrorRejections: state.rejected,
    meant: state.meant,
    ...optional("order", options.order),
  };
  const result = await survey(request, { ...ports, ecs: readOnce(ports.ecs) });
  return {
    kind: "survey",
    at,
    result,
    ...optional("stopped", await readStop(ports)),
    ...optional("closed", await closedCalendar(policy.changeCalendar, ports.changeCalendar)),
  };
}

/** A kill switch that cannot be read stops every write as one that is set does. */
async function readStop({ killSwitch }: Ports): Promise<Stop | undefined> {
  if (killSwitch === undefined) return undefined;
  const stop = (because: string): Stop => ({ because, ...optional("parameter", killSwitch.parameter) });
  try {
    const because = await killSwitch.activeReason();
    return because === undefined ? undefined : stop(because);
  } catch (error) {
    if (!(error instanceof AwsError) || isTransient(error)) throw error;
    return stop(error.message);
  }
}

async function observeCopy(state: State, ports: Ports): Promise<Seen> {
  const { name = "", index = 0 } = state.copying ?? {};
  const status = await ports.executions.status("mirror", name);
  const image = imagesToMirror(state)[index];
  const request = image === undefined ? undefined : mirrorRequestOf(image);
  // How it ended cannot be read: the target itself shows whether it has the image.
  const found =
    status?.status === "unknown" && request !== undefined ? await isInTarget(request, ports) : undefined;
  return {
    kind: "copy",
    at: ports.clock.now(),
    ...optional("status", status),
    ...optional("isInTarget", found),
  };
}

async function observeService({ displaced }: State, ports: Ports): Promise<Seen> {
  const { clusterArn = "", service = "", newRevision = "" } = displaced?.place ?? {};
  const now = await ports.ecs.describeService(clusterArn, service);
  const isOurs = now !== undefined && sameRevision(now.taskDefinition, newRevision);
  return { kind: "service", at: ports.clock.now(), ...(isOurs ? { deployments: now.deployments } : {}) };
}

async function observeRollout({ rollout, task }: State, ports: Ports): Promise<Seen> {
  const started = rollout === undefined ? task && startedTask(task) : startedService(rollout);
  const surveyed = (rollout ?? task)?.surveyed;
  if (started === undefined || surveyed === undefined) throw new Error("there is no rollout to observe");
  const verdict = await rolloutOf(surveyed).check(started, ports);
  return { kind: "rollout", at: ports.clock.now(), verdict };
}

function startedService(rollout: Rollout): StartedRollout {
  const { surveyed, newRevision, ownRevisions, foreignRevision, deploymentId } = rollout;
  return {
    clusterArn: surveyed.clusterArn,
    service: surveyed.service,
    previousRevision: surveyed.failingRevision,
    knownDeploymentIds: surveyed.deploymentIds,
    newRevision,
    ownRevisions,
    ...optional("replacedDeploymentId", surveyed.deploymentId),
    ...optional("foreignRevision", foreignRevision),
    ...optional("ourDeploymentId", deploymentId),
  };
}

function startedTask({ surveyed, substitution, taskArn }: TaskWork): StartedRollout {
  const { clusterArn, service } = surveyed;
  return { clusterArn, service, ...substitution, ...optional("taskArn", taskArn) };
}

async function observeRestored({ rollback }: State, ports: Ports): Promise<Seen> {
  if (rollback?.restored === undefined) throw new Error("nothing was put back");
  const { surveyed, newRevision } = rollback.of;
  const { clusterArn, service } = surveyed;
  const { to, byEcs } = rollback.restored;
  const status = await checkRestored({ clusterArn, service, newRevision, to, byEcs }, ports);
  return { kind: "restored", at: ports.clock.now(), ...status };
}
