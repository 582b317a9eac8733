/**
 * Undoes a remediation when the operator asks: a service or a target returns to the revision that it had before.
 *
 * It is as careful as the remediation. What is in effect is read from the account, the plan is shown before anything is
 * written, and each write compares once more: a change made since then is kept.
 */

import { shortRevision } from "../ecs/arn.ts";
import { optional } from "../ecs/json-fields.ts";
import { isSameButImages } from "../ecs/task-definition/same-definition.ts";
import { containersOf, type DescribedTaskDefinition } from "../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../image/reference.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import { SCHEDULE_ROLLOUT } from "../remediation/deploy/schedule-rollout.ts";
import { SERVICE_ROLLOUT } from "../remediation/deploy/service-rollout.ts";
import { isOrder } from "../remediation/detect/execution-names.ts";
import { AwsError, type AwsErrorKind } from "../remediation/ports/aws-error.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import { targetName } from "../remediation/ports/schedules.ts";
import { formatBackOn, formatBecause } from "../remediation/report/ending-reason.ts";
import { ineligibleReason } from "../remediation/survey/eligibility.ts";
import type { JsonObject } from "../runtime/json.ts";
import type { ActiveSubstitution } from "./active-substitutions.ts";

/** The ports that an undo needs. */
export type UndoPorts = Pick<Ports, "ecs" | "schedules" | "log">;

export type UndoPlan = {
  readonly effect: ActiveSubstitution;
  /** Why it cannot be undone; absent where it can. */
  readonly refusedBecause?: string;
  /** What the operator should know beforehand. */
  readonly warnings: readonly string[];
  /** Of an order: what each of its images goes back to, which is not what was written in the source. */
  readonly back?: readonly { readonly image: string; readonly substitute: string }[];
};

/** What would be done to each, and why not; reads only. */
export async function planUndo(
  effects: readonly ActiveSubstitution[],
  ports: Pick<UndoPorts, "ecs">,
): Promise<readonly UndoPlan[]> {
  const plans: UndoPlan[] = [];
  for (const effect of effects) plans.push(await planOne(effect, ports));
  return plans;
}

async function planOne(effect: ActiveSubstitution, ports: Pick<UndoPorts, "ecs">): Promise<UndoPlan> {
  const refused = (because: string): UndoPlan => ({ effect, refusedBecause: because, warnings: [] });
  const described = await ports.ecs.describeTaskDefinition(effect.former);
  if (described === undefined) return refused(`${effect.former} is gone`);
  if (effect.kind === "service") {
    const service = await ports.ecs.describeService(effect.clusterArn, effect.service);
    if (service === undefined) return refused(`the service ${effect.service} is gone`);
    // The opt-out tag stops Repull's own changes, but not an operator's command.
    const no = ineligibleReason({ ...service, tags: {} });
    if (no !== undefined) return refused(no.because);
  }
  const inUse = await ports.ecs.describeTaskDefinition(effect.revision);
  if (inUse !== undefined && !isSubstitute(inUse.taskDefinition, described.taskDefinition, effect))
    return refused(
      `${shortRevision(effect.revision)} has Repull's tags, but is not ${effect.former} with other places for its images: it was made outside Repull`,
    );
  const isInactive = described.taskDefinition.status === "INACTIVE";
  if (effect.kind === "target" && isInactive)
    return refused(`${effect.former} is INACTIVE, and a target of it would fail`);
  const hub = containersOf(described.taskDefinition).flatMap(({ image }) => {
    const reference = tryParseReference(image);
    return reference !== undefined && isDockerHubFront(reference.host) ? [image ?? ""] : [];
  });
  const back =
    isOrder(effect.execution) && inUse !== undefined ? changesBetween(inUse, described) : undefined;
  // It is where a rollback or an undo of the order has led: the tag names the very bytes that were left.
  const tags = (back ?? []).flatMap(({ image }) =>
    tryParseReference(image)?.digest === undefined ? [image] : [],
  );
  if (tags.length > 0)
    return refused(
      `${shortRevision(effect.revision)} has the bytes from before the order; ${effect.former} names ${tags.join(" and ")}, which may be others`,
    );
  return {
    effect,
    ...optional("back", back),
    warnings: [
      ...(isInactive ? [`${effect.former} is INACTIVE: a copy of it is registered`] : []),
      ...(hub.length === 0
        ? []
        : [
            `it pulls ${[...new Set(hub)].join(", ")} from Docker Hub again: while the limit lasts, no new task starts`,
          ]),
      ...(effect.kind === "service" && hub.length > 0
        ? ["when it fails again, Repull acts again: the tag repull=off on the service keeps it away"]
        : []),
    ],
  };
}

function changesBetween(
  inUse: DescribedTaskDefinition,
  former: DescribedTaskDefinition,
): NonNullable<UndoPlan["back"]> {
  const before = new Map(containersOf(former.taskDefinition).map(({ name, image }) => [name, image]));
  return containersOf(inUse.taskDefinition).flatMap(({ name, image: substitute = "" }) => {
    const image = before.get(name) ?? "";
    return image === substitute ? [] : [{ image, substitute }];
  });
}

/** Every principal that may tag can copy and write tags: the revision has to be what a remediation makes of the previous one. */
function isSubstitute(inUse: JsonObject, former: JsonObject, { images }: ActiveSubstitution): boolean {
  const written = new Map(containersOf(former).map(({ name, image }) => [name, image]));
  return (
    isSameButImages(inUse, former) &&
    containersOf(inUse).every(({ name, image }) => {
      const before = written.get(name);
      const told = images.find((one) => one.image === before);
      return image === before || told === undefined || tryParseReference(image)?.digest === told.digest;
    })
  );
}

export type Undone = {
  readonly effect: ActiveSubstitution;
  readonly kind: "undone" | "already" | "superseded" | "failed";
  readonly because: string;
  /** Of a `failed`: what AWS did in the place of answering. */
  readonly error?: AwsErrorKind;
};

/** Reverts one, unless it was changed since the plan. Never throws for what AWS answers. */
export async function undoOne({ effect, refusedBecause }: UndoPlan, ports: UndoPorts): Promise<Undone> {
  if (refusedBecause !== undefined) return { effect, kind: "failed", because: refusedBecause };
  try {
    return effect.kind === "service" ? await undoService(effect, ports) : await undoTarget(effect, ports);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { effect, kind: "failed", because: error.message, error: error.kind };
  }
}

async function undoService(
  effect: ActiveSubstitution & { readonly kind: "service" },
  ports: UndoPorts,
): Promise<Undone> {
  const { clusterArn, service, revision, former, execution, deploymentId } = effect;
  const place = { clusterArn, service, failingRevision: former };
  const undone = { place, newRevision: revision, execution, ...optional("deploymentId", deploymentId) };
  const restored = await SERVICE_ROLLOUT.undo(undone, ports);
  if (restored.kind === "superseded")
    return { effect, kind: "superseded", because: formatBecause(restored.because) };
  return {
    effect,
    kind: restored.kind === "already" ? "already" : "undone",
    because: `the service ${service} was moved from ${shortRevision(revision)} back to ${formatBackOn(restored.to, former)}`,
  };
}

async function undoTarget(
  effect: ActiveSubstitution & { readonly kind: "target" },
  ports: UndoPorts,
): Promise<Undone> {
  const { target, revision, former, clusterArn, execution } = effect;
  const place = { clusterArn, service: "", failingRevision: former };
  const undone = { place, newRevision: revision, execution, target };
  const restored = await SCHEDULE_ROLLOUT.undo(undone, ports);
  if (restored.kind === "superseded")
    return { effect, kind: "superseded", because: formatBecause(restored.because) };
  return {
    effect,
    kind: restored.kind === "already" ? "already" : "undone",
    because: `${targetName(target)} was moved from ${shortRevision(revision)} back to ${former}`,
  };
}
