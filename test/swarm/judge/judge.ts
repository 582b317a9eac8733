/** What must hold when a world has come to rest: every execution has reported its end, what could be healed runs. */

import type { JsonObject } from "../../../src/runtime/json.ts";
import type { ExecutionRecord } from "../../../src/sandbox/aws/durable-executions.ts";
import type { ServiceRecord } from "../../../src/sandbox/ecs/state.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { type Cut, canBeHealed, isWhole, touchable } from "./health.ts";
import { containersOf } from "./meanings.ts";
import { type Foreign, runningOf, type Witness } from "./witness.ts";

const HOUR = 3_600_000;
/** Longer than any wait of one execution: a window, a day's quota and an hour's after it, a rollout, and the pauses between. */
const EXECUTION_HOURS_MAX = 80;
/** A guard that says "enough" has seen so many substitutes of this service; who has made none is owed one. */
const SUBSTITUTES_OWED = 1;

export function judgeTheEnd(world: World, witness: Witness, cut: Cut): void {
  if (witness.violations.length > 0) return;
  for (const record of world.executions.records) judgeExecution(world, witness, record);
  for (const service of touchable(world, witness)) {
    judgeHealth(world, witness, service, cut);
    const last = witness.foreign.findLast((one) => one.service === service.arn);
    // ECS compares nothing when it writes: what no answer has shown, no writer could have spared.
    if (last !== undefined && last.byEcs !== true && witness.wasShown(last.deployment))
      judgeForeign(world, witness, service, last);
  }
}

function judgeExecution(world: World, witness: Witness, record: ExecutionRecord): void {
  witness.tell(record.name, record.log, "the history");
  witness.tell(record.name, record.input, "the input");
  witness.tell(record.name, record.failure ?? "", "the failure");
  witness.tell(record.name, record.result ?? "", "the result");
  if (record.workflow !== "remediate") return;
  const twin = world.executions.records.find((other) => isTwin(record, other));
  if (twin !== undefined) witness.violate("one-execution", `${twin.name} runs next to ${record.name}`);
  if (record.status === "running") {
    const hours = (world.clock.now() - record.startedAt) / HOUR;
    if (hours > EXECUTION_HOURS_MAX) witness.violate("recorded", `${record.name} never ends`);
    return;
  }
  const isEnd = ({ execution, outcome, resumesAt }: JsonObject): boolean =>
    execution === record.name && outcome !== "awaiting-approval" && resumesAt === undefined;
  if (!world.bus.outcomes.some(isEnd) && !witness.logged.some(isEnd))
    witness.violate("recorded", `${record.name} ${record.status} without a record: ${record.failure ?? ""}`);
}

/**
 * Whether a service is owed its health: it could run, Repull got its failure, no plan was denied, and the loop
 * guard has not had enough of it. Whatever is owed runs in the end.
 */
export function isOwed(world: World, witness: Witness, service: ServiceRecord, cut: Cut): boolean {
  if (isWhole(service)) return true;
  const said = wordsAbout(world, witness, service);
  // Of a deployment whose events were all lost, or reported other troubles, Repull knows nothing.
  const isKnown = witness.wasTold(service.deployments[0]?.id ?? "");
  // Nor is it owed more attempts than a loop may have; but its neighbours' are not its own.
  const hadEnough =
    said.some(({ reason }) => reason === "loop-guard") &&
    witness.substitutes.of(service.arn) >= SUBSTITUTES_OWED;
  const hasWaited = said.at(-1)?.reason === "limit-not-reset";
  const isLeft = said.some(({ outcome }) => outcome === "denied" || outcome === "approval-expired");
  return isKnown && !hadEnough && !hasWaited && !isLeft && canBeHealed(world, witness, service, cut);
}

function judgeHealth(world: World, witness: Witness, service: ServiceRecord, cut: Cut): void {
  if (isWhole(service)) return;
  if (isOwed(world, witness, service, cut))
    witness.violate(
      "healed",
      `${service.cluster.name}/${service.name} could be healed and does not run: ${told(wordsAbout(world, witness, service))}`,
    );
  const before = witness.ranBefore.get(service.arn);
  const isOurs = witness.startedBy(service.deployments[0]?.id ?? "") !== undefined;
  const crashes = world.registries.crashes.size > 0;
  if (before !== undefined && isOurs && !crashes && runningOf(service) < before)
    witness.violate(
      "never-worse",
      `${service.arn} ran ${before} tasks before it was written to, and runs ${runningOf(service)}`,
    );
}

/** Executions that reported a window, and healed after it. */
export function waitedOut(world: World): number {
  const waiting = world.bus.outcomes.filter(
    ({ outcome, resumesAt }) => outcome === "no-substitute" && resumesAt !== undefined,
  );
  const names = new Set(waiting.map(({ execution }) => execution));
  return world.bus.outcomes.filter(
    ({ outcome, execution }) => outcome === "succeeded" && names.has(execution),
  ).length;
}

/** Two executions of one failing deployment, at the same time. */
function isTwin(one: ExecutionRecord, other: ExecutionRecord): boolean {
  const [deployment, same] = [one, other].map(({ input }) => {
    const detail = (input as JsonObject).detail as JsonObject | undefined;
    return `${detail?.clusterArn} ${detail?.group} ${detail?.startedBy} ${detail?.taskDefinitionArn}`;
  });
  const endedAt = one.endedAt ?? Number.POSITIVE_INFINITY;
  return (
    one !== other &&
    other.workflow === "remediate" &&
    deployment === same &&
    other.startedAt >= one.startedAt &&
    other.startedAt < endedAt
  );
}

/** The last foreign deployment runs, or what was made of it because it could not be pulled. */
function judgeForeign(world: World, witness: Witness, service: ServiceRecord, last: Foreign): void {
  for (const { name } of containersOf(world, last.revision)) {
    const theirs = witness.sourceImage(last.revision, String(name));
    const now = witness.sourceImage(service.taskDefinition, String(name));
    if (now === theirs) continue;
    witness.violate("not-overwritten", `${service.arn} was deployed with ${theirs} last, and has ${now}`);
  }
}

/** What was published or logged about a service, in order. */
function wordsAbout(world: World, witness: Witness, service: ServiceRecord): readonly JsonObject[] {
  const isAbout = ({ workload }: JsonObject): boolean => {
    const { name, cluster } = (workload ?? {}) as JsonObject;
    return name === service.name && cluster === service.cluster.arn;
  };
  // Whatever is published is logged as well; but not every log line is of today's form.
  const logged = witness.logged.filter(isAbout);
  return logged.length > 0 ? logged : world.bus.outcomes.filter(isAbout);
}

function told(said: readonly JsonObject[]): string {
  return (
    said.map(({ execution, outcome, because }) => `${execution} ${outcome}: ${because}`).join(" | ") ||
    "no record"
  );
}
