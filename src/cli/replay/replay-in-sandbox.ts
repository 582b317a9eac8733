/** A recorded event in a closed world: ECS, the registries and their quotas as a small file next to it says. */

import { isObject } from "../../ecs/json-fields.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { detect } from "../../remediation/detect/detect.ts";
import type { Outcome } from "../../remediation/report/outcome.ts";
import { toOutcome } from "../../remediation/report/report.ts";
import type { Json } from "../../runtime/json.ts";
import { OUTCOME_SOURCE } from "../../sandbox/aws/event-bus.ts";
import { serveWorkflows } from "../../sandbox/install-repull.ts";
import { operate } from "../../sandbox/world/operator.ts";
import { environmentOf } from "../../sandbox/world/operator-entry.ts";
import { recordedEvent } from "../../sandbox/world/recorded-event.ts";
import { createRecordedWorld, healableWorld } from "../../sandbox/world/recorded-world.ts";
import type { World } from "../../sandbox/world/world.ts";
import { readWorldFile, type WorldFile } from "../../sandbox/world/world-file.ts";
import { explainPlan } from "../../substitution/explain-plan.ts";
import type { Plan } from "../../substitution/plan-types.ts";
import { type Policy, rightsIn } from "../../substitution/policy/policy.ts";
import { parseJson } from "../input/parse-json.ts";
import type { CommandIo } from "../io.ts";
import { createEventLog } from "../output/progress/event-log.ts";
import { unreadableFile } from "../wrong-call.ts";
import type { Replay, ReplayInput } from "./replay-types.ts";

/** Longer than any remediation may take, approvals of three days and quotas of a day among it: two weeks there. */
const WORLD_SECONDS_MAX = 14 * 86_400;

type Environment = Readonly<Record<string, string>>;

/** The policy by a document, and by what the stack's parameters make of the functions' environment. */
export type PolicyOf = (document: string | undefined, parameters: Environment) => Policy;

/**
 * Replays documents, each in a fresh world.
 * @param policyWith the policy of a world's operator; a document that was named goes before theirs
 */
export function replayInSandbox(policyWith: PolicyOf, input: ReplayInput, io: CommandIo): Replay {
  return async (document, where, tell) => {
    const read = readEvent(document);
    if (read.kind === "ignored") return toOutcome(read, undefined, "none");
    const described = await worldFor(document, where, input, io);
    const { operator = {} } = described.file;
    const policy = policyWith(operator.policy && JSON.stringify(operator.policy), environmentOf(operator));
    tell(`  in a sandbox: ${described.from}`);
    let world: World | undefined;
    const eventLog = createEventLog(() => world?.clock.now() ?? 0, tell);
    world = await createRecordedWorld(described.file, [document], {
      seed: input.seed,
      log: eventLog.log,
      allowed: policy.registries.allowed,
    });
    tellAhead(world, eventLog.say);
    serveWorkflows(world, {
      policy,
      rights: rightsIn(io.env),
      killSwitch: await operate(world, operator, policy),
      waitForRollout: input.settle,
      onPlan: newPlans((lines) => {
        for (const line of lines) eventLog.say(line);
      }),
    });
    return await remediateIn(world, recordedEvent(document, world), read, policy);
  };
}

/** A remediation that waits for hours plans again and again: only what is new is printed. */
function newPlans(tell: (lines: readonly string[]) => void): (plan: Plan) => void {
  const told = new Set<string>();
  return (plan) => {
    const lines = explainPlan(plan);
    tell(lines.filter((line) => !told.has(line)));
    for (const line of lines) told.add(line);
  };
}

/** Prints what waits, for a person or for a quota, as the bus gets it: the caller prints the end. */
function tellAhead({ bus }: World, say: (line: string) => void): void {
  bus.subscribe(({ source, detail }) => {
    const { outcome, summary, resumesAt } = isObject(detail) ? detail : {};
    if (source !== OUTCOME_SOURCE || (outcome !== "awaiting-approval" && resumesAt === undefined)) return;
    say(String(summary));
  });
}

/** The way of an event: through `detect`, which starts the execution by its name. */
async function remediateIn(
  world: World,
  document: unknown,
  failure: PullFailure,
  policy: Policy,
): Promise<Outcome> {
  let started: string | undefined;
  let ignored: Outcome | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    const detected = await detect(document, world.ports, policy);
    if (detected.kind === "ignored") ignored = toOutcome(detected, failure, "none");
    else started = detected.execution;
  });
  const record = () => world.executions.records.find(({ name }) => name === started);
  const ended = (): boolean => record() !== undefined && record()?.status !== "running";
  await world.runUntil(() => ignored !== undefined || ended(), WORLD_SECONDS_MAX);
  if (ignored !== undefined) return ignored;
  const execution = record();
  if (execution?.status === "succeeded") return execution.result as Outcome;
  const because = `the execution is ${execution?.status ?? "not there"}: ${execution?.failure ?? "no reason is known"}`;
  return toOutcome({ kind: "failed", because }, failure, started ?? "none");
}

/** The world file that was named, or the one next to the event, or a world made of the event itself. */
async function worldFor(
  document: Json,
  where: string,
  { world }: ReplayInput,
  io: CommandIo,
): Promise<{ file: WorldFile; from: string }> {
  // In a folder of their own, so that `repull replay events/*.json` means the events.
  const nextToIt = where.replace(/([^/\\]+)\.(?:json|ndjson)$/, "worlds/$1.json");
  const path = world ?? (nextToIt === where ? undefined : nextToIt);
  const text = path === undefined ? undefined : await io.readFile(path);
  if (text !== undefined && path !== undefined) {
    const file = readWorldFile(parseJson(text, path));
    return { file, from: `the world of ${path}${file.about === undefined ? "" : `: ${file.about}`}` };
  }
  if (world !== undefined) throw unreadableFile(world, io, "--world");
  return {
    file: healableWorld([document]),
    from: "there is no world file next to the event, so one was made of it",
  };
}
