/** One world with one policy, played to its first report: before a remedy is followed, and after. */

import { primaryDeployment } from "../../../src/ecs/service/service.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { type Outcome, outcomeSchema } from "../../../src/remediation/report/outcome.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { operate } from "../../../src/sandbox/world/operator.ts";
import { createWorld, type World, type WorldOptions } from "../../../src/sandbox/world/world.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";
import { type Policy, policyFrom, rightsIn } from "../../../src/substitution/policy/policy.ts";
import { readTemplate } from "../aws/template.ts";
import { firstFailure } from "../scenario.ts";

export type Case = {
  readonly world: WorldFile;
  /** The policy document. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Of the stack; absent: it may do everything. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly options?: WorldOptions;
  /** What happens to the world before anything fails; what it answers is done when it has failed. */
  readonly before?: (world: World) => unknown;
  /** The text of the first failure, in place of its own; nothing where a world has its own. */
  readonly retold?: (image: string) => string | undefined;
  /** The task is gone when its failure is looked at: the event's words are all that is left. */
  readonly isForgotten?: boolean;
  /** In place of the first failure: all that leads to the outcome. */
  readonly story?: (world: World, policy: Policy) => Promise<void>;
};

export type Told = {
  readonly world: World;
  readonly policy: Policy;
  /** Absent where nothing fails. */
  readonly outcome?: Outcome;
  readonly isHealed: boolean;
};

/** What the stack's parameters and the policy document make together, as the functions read them. */
export function policyOf({ policy, parameters }: Pick<Case, "policy" | "parameters">): Policy {
  return policyFrom(environmentOf(parameters), JSON.stringify(policy));
}

/** The environment that the template gives the functions. */
export function environmentOf(parameters: Case["parameters"] = {}): Record<string, string> {
  const ScheduleRoleArns = "arn:aws:iam::123456789012:role/schedules";
  const wanted = { Mode: "remediate", StandaloneTasks: "run", ScheduleRoleArns, ...parameters };
  const { globals } = readTemplate(wanted);
  const { Function: of } = globals as { Function: { Environment: { Variables: Record<string, Json> } } };
  const said = Object.entries(of.Environment.Variables).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(said) as Record<string, string>;
}

/** The first report of the failing workload; nothing where nothing fails any more. */
export async function told(one: Case): Promise<Told> {
  const policy = policyOf(one);
  const { file, options, before, story } = { file: one.world, ...one };
  const world = await createWorld(file, { allowed: policy.registries.allowed, ...options });
  const lift = await before?.(world);
  const ended = (outcome: Outcome): Told => ({ world, policy, outcome, isHealed: isHealed(outcome, world) });
  if (story !== undefined) {
    await story(world, policy);
    return ended(outcomeSchema.parse(world.bus.outcomes.at(-1)));
  }
  const event = await firstFailure(world).catch(() => undefined);
  if (typeof lift === "function") lift();
  if (event === undefined) return { world, policy, isHealed: await isWell(world) };
  const detail = retoldDetail(event.detail, one);
  if (detail !== event.detail && one.isForgotten !== true)
    world.cluster.addRecordedTask(detail as JsonObject);
  serveWorkflows(world, {
    policy,
    killSwitch: await operate(world, file.operator ?? {}, policy),
    rights: rightsIn(environmentOf(one.parameters)),
  });
  return ended(await remediated(world, { ...event, detail }, policy));
}

/** Hands a failure to Repull, and answers the first outcome after it. */
async function remediated(world: World, event: unknown, policy: Policy): Promise<Outcome> {
  const before = world.bus.outcomes.length;
  world.clock.schedule(world.clock.now(), () => detect(event, world.ports, policy));
  await world.runUntil(() => world.bus.outcomes.length > before, 30 * 3600);
  return outcomeSchema.parse(world.bus.outcomes[before]);
}

function retoldDetail(detail: Json | undefined, { retold, isForgotten }: Case): Json | undefined {
  const task = detail as { readonly containers: readonly JsonObject[] } & JsonObject;
  const text = retold?.(`${task.containers[0]?.image}`);
  if (text === undefined) return detail;
  const containers = task.containers.map(({ reason: _, ...container }) => container as JsonObject);
  // A task of its own, so that what ECS reports of the real one does not contradict it.
  const taskArn = `${task.taskArn}`.replace(/.{4}$/, "0000");
  return isForgotten === true && text === ""
    ? { ...task, taskArn }
    : { ...task, stoppedReason: text, containers, taskArn };
}

/** A service runs the substitute; a task was run again; what starts tasks points at what can be pulled. */
function isHealed({ outcome, newTaskDefinition = "" }: Outcome, { schedules }: World): boolean {
  if (outcome === "succeeded") return true;
  const targets = schedules.all.map(({ target }) => JSON.stringify(target));
  return (
    outcome === "redeployed" && targets.length > 0 && targets.some((text) => text.includes(newTaskDefinition))
  );
}

/** Every service runs all its tasks, and no task of its own waits or has failed to start. */
export async function isWell(world: World): Promise<boolean> {
  const services = world.cluster.services();
  for (const { cluster, name } of services) {
    const service = await world.ports.ecs.describeService(cluster.name, name);
    const primary = service && primaryDeployment(service);
    const running = primary?.runningCount ?? service?.runningCount ?? 0;
    if (running < (primary?.desiredCount ?? service?.desiredCount ?? 1)) return false;
  }
  const newest = world.cluster.allTasks().findLast(({ service }) => service === undefined);
  return newest === undefined ? services.length > 0 : newest.lastStatus === "RUNNING";
}
