/**
 * The writes. Each compares before it writes, because a step may run more than once and the world may have moved since
 * the observation: what is different then is a result, and no write.
 */

import { createHash } from "node:crypto";
import { optional } from "../../ecs/json-fields.ts";
import type { Restored } from "../deploy/redeploy-previous.ts";
import type { RedeployResult } from "../deploy/redeploy-service.ts";
import { type RegisterResult, registerRevision } from "../deploy/register-revision.ts";
import { restoreOverwritten } from "../deploy/restore/restore-overwritten.ts";
import type { RolloutStart } from "../deploy/rollout.ts";
import { rolloutOf } from "../deploy/rollouts.ts";
import { type ClosedCalendar, closedCalendar } from "../gates/change-calendar.ts";
import { acquireRemediation, isStillExceeded } from "../gates/quotas.ts";
import { mirrorRequestOf, nameOfMirror, startMirror } from "../mirror/request-mirrors.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";
import type { WriteKind } from "./action.ts";
import type { Context } from "./context.ts";
import { imagesToMirror, planned } from "./plan.ts";
import { currentTarget } from "./rules/task-rules.ts";
import { isAfterOurWrite, type QuotaWait, type State } from "./state.ts";

/** AWS bounds the rate of these writes for the account; with pauses, some fifteen minutes. Then they fail like any other. */
const THROTTLED_MAX = 10;
/** A raised quota is seen so soon. */
const QUOTA_SECONDS_MAX = 1800;
/** Those that wait do not all come back in a period's first second, and services without a running task come first. */
const SPREAD_SECONDS = 240;

export type StartedCopy = {
  readonly name: string;
  readonly start: "waiting" | "done" | "spent" | { readonly held: QuotaExceeded };
};

export type WriteResult =
  | { readonly write: "acquire-quota"; readonly waiting?: QuotaWait }
  | { readonly write: "start-copy"; readonly copy: StartedCopy }
  | { readonly write: "register"; readonly registered: RegisterResult }
  | { readonly write: "start"; readonly started: RolloutStart }
  | { readonly write: "undo"; readonly restored: Restored }
  | { readonly write: "restore"; readonly redeployed: RedeployResult }
  | { readonly write: "throttled" }
  /** The operator's Change Calendar has closed since the observation: nothing was written. */
  | { readonly write: "calendar-closed"; readonly closed: ClosedCalendar };

/** By these a change begins. */
const BEGINS_A_CHANGE: readonly WriteKind[] = ["start-copy", "register", "start"];

const BOUNDED_BY_RATE: readonly WriteKind[] = ["register", "start", "undo", "restore"];

export async function write(
  kind: WriteKind,
  state: State,
  context: Context,
  ports: Ports,
): Promise<WriteResult> {
  try {
    if (BEGINS_A_CHANGE.includes(kind) && !isAfterOurWrite(state)) {
      const closed = await closedCalendar(context.options.policy.changeCalendar, ports.changeCalendar);
      if (closed !== undefined) return { write: "calendar-closed", closed };
    }
    return await writeOnce(kind, state, context, ports);
  } catch (error) {
    const mayWait = BOUNDED_BY_RATE.includes(kind) && state.throttled + 1 < THROTTLED_MAX;
    if (mayWait && error instanceof AwsError && error.kind === "throttled") return { write: "throttled" };
    throw error;
  }
}

async function writeOnce(
  kind: WriteKind,
  state: State,
  context: Context,
  ports: Ports,
): Promise<WriteResult> {
  const { execution } = context.options;
  switch (kind) {
    case "acquire-quota":
      return { write: kind, ...(await acquireQuota(state, context, ports)) };
    case "start-copy":
      return { write: kind, copy: await startCopy(state, context, ports) };
    case "register": {
      const { surveyed, plan } = planned(state);
      return { write: kind, registered: await registerRevision(surveyed, plan.images, execution, ports) };
    }
    case "start":
      return { write: kind, started: await startRollout(state, context, ports) };
    case "undo":
      return { write: kind, restored: await undoRollout(state, execution, ports) };
    case "restore":
      return { write: kind, redeployed: await restore(state, ports) };
  }
}

async function acquireQuota(
  { quota, plan }: State,
  { failure, options }: Context,
  ports: Ports,
): Promise<{ readonly waiting?: QuotaWait }> {
  const { policy, execution, limits = async () => policy.quotas } = options;
  const now = await limits();
  const cluster = failure.clusterArn.slice(failure.clusterArn.lastIndexOf("/") + 1);
  const { copies } = quota;
  const held =
    quota.of === "writes"
      ? await acquireRemediation({ claimant: execution, cluster }, now, policy.scope.clusters, ports)
      : copies !== undefined && isStillExceeded(copies, now, ports.clock.now())
        ? copies
        : undefined;
  if (held === undefined) return {};
  const isDown = plan?.surveyed.runningCount === 0;
  const left = secondsUntilOpen(held, ports.clock.now(), execution, isDown);
  const seconds = Math.min(left, QUOTA_SECONDS_MAX);
  ports.log.info("quota exceeded", { ...held, seconds });
  return { waiting: { held, seconds } };
}

/** Until the period begins, and a moment of its own after that. */
function secondsUntilOpen(
  { opensAt }: QuotaExceeded,
  now: number,
  execution: string,
  isDown: boolean,
): number {
  const left = Math.max(1, Math.ceil((opensAt - now) / 1000));
  const [one = 0, two = 0] = createHash("sha256").update(execution).digest();
  return left + (isDown ? 0 : SPREAD_SECONDS) + ((one * 256 + two) % SPREAD_SECONDS);
}

async function startCopy(state: State, { options }: Context, ports: Ports): Promise<StartedCopy> {
  const { index, attempt } = state.copying ?? { index: 0, attempt: 1 };
  const image = imagesToMirror(state)[index];
  const request = image === undefined ? undefined : mirrorRequestOf(image);
  if (request === undefined) throw new Error("there is no image to be copied");
  const name = nameOfMirror(request, attempt, ports);
  const { limits = async () => options.policy.quotas } = options;
  return { name, start: await startMirror(name, request, limits, ports) };
}

async function startRollout(
  state: State,
  { failure, options }: Context,
  ports: Ports,
): Promise<RolloutStart> {
  const { task, network, registered } = state;
  const surveyed = task?.surveyed ?? planned(state).surveyed;
  const change = {
    surveyed,
    registered,
    execution: options.execution,
    newRevision: task?.substitution.newRevision ?? state.newRevision ?? "",
    ...optional("failing", failure.owner.kind === "service" ? failure.owner.deploymentId : undefined),
    heals: failure.preemptive !== true,
    ...optional("network", network),
    ...optional("target", task && currentTarget(task)),
  };
  return await rolloutOf(surveyed).start(change, ports);
}

async function undoRollout({ rollback, wayBack }: State, execution: string, ports: Ports): Promise<Restored> {
  if (rollback === undefined) throw new Error("there is nothing to go back from");
  const { surveyed, newRevision, kind, deploymentId: ourDeploymentId } = rollback.of;
  // Whether the digests of a service revision come along with a rollback of ECS's own is not documented.
  const byEcs = rollback.withoutEcs !== true && wayBack === undefined;
  // What could not be pulled for a while may run whole by now: hours may lie between the verdict and this write.
  const heals = kind === "cannot-pull";
  const place = wayBack === undefined ? surveyed : { ...surveyed, failingRevision: wayBack };
  const undone = {
    place,
    newRevision,
    execution,
    heals,
    isSeenTwice: true,
    byEcs,
    ...optional("ourDeploymentId", ourDeploymentId),
  };
  return await rolloutOf(surveyed).undo(undone, ports);
}

async function restore({ overwritten }: State, ports: Ports): Promise<RedeployResult> {
  if (overwritten === undefined) throw new Error("there is nothing to restore");
  return await restoreOverwritten(
    { ...overwritten, registered: overwritten.substitution.newRevision },
    ports,
  );
}
