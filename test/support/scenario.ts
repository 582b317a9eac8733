/**
 * One failing service in a world, and the product remediating it on an engine of choice.
 *
 * `twin` is the in-process engine; `dying` is the same, dying once after every operation and once between the effect
 * and the record of every step; `official` is AWS's own testing engine with its time skipped.
 */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner, WaitingOperationStatus } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll } from "vitest";
import { primaryDeployment, type Service } from "../../src/ecs/service/service.ts";
import { containersOf } from "../../src/ecs/task-definition/task-definition.ts";
import { readEvent } from "../../src/ecs-events/read-event.ts";
import { redactEvent } from "../../src/ecs-events/redact-event.ts";
import { detect } from "../../src/remediation/detect/detect.ts";
import { remediationName } from "../../src/remediation/detect/execution-names.ts";
import { type KillSwitch, NO_KILL_SWITCH, withKillSwitch } from "../../src/remediation/gates/kill-switch.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { isPerTask } from "../../src/remediation/survey/standalone-task.ts";
import { remediate } from "../../src/remediation/workflow/remediate.ts";
import { type DurableSlice, durableSteps } from "../../src/runtime/durable-steps.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import type { CallbackResult, Steps } from "../../src/runtime/steps.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createWorld, type World, type WorldOptions } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import type { Plan } from "../../src/substitution/plan-types.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { readPolicy, type SaidPolicy } from "./policy.ts";

export const ENGINES = ["twin", "dying", "official"] as const;
export type Engine = (typeof ENGINES)[number];

export type Scenario = {
  /** A world file; its first service, or first task, is the one that fails. */
  readonly world: unknown;
  readonly policy?: SaidPolicy;
  readonly options?: WorldOptions;
  readonly waitForRollout?: boolean;
  /** What happens to the world before anything fails. */
  readonly untilFailure?: (world: World) => void;
  /** Something that happens to the world while the remediation waits for its rollout for the first time. */
  readonly meanwhile?: (world: World) => void;
  /** The operator's answers to the approval requests, one after the other; a request without one stays open. */
  readonly answers?: readonly OwnersAnswer[];
  readonly killSwitch?: KillSwitch;
  /** Gets each plan as it is made. */
  readonly onPlan?: (plan: Plan) => void;
};

export type OwnersAnswer = {
  /** What is sent to the callback; `failed`: the callback's failure. */
  readonly says: string | { readonly failed: string };
  /** What happens to the world before. */
  readonly before?: (world: World) => unknown;
  /** So long after the question: 1. */
  readonly afterMinutes?: number;
};

const minutesOf = ({ afterMinutes = 1 }: OwnersAnswer): number => afterMinutes;

export type Ended = {
  readonly world: World;
  readonly event: JsonObject;
  readonly outcome: Outcome;
  readonly execution: string;
};

/**
 * The official engine's environment, for the tests of the describe in which this is called: it skips time by putting a
 * fake clock in the place of every timer. Streams do not wait for a clock: they keep the real next tick, or a world
 * whose registries stream would seem to be at rest.
 */
export function inOfficialEnvironment(): void {
  beforeAll(async () => {
    const { nextTick } = process;
    await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
    process.nextTick = nextTick;
  });
  afterAll(() => LocalDurableTestRunner.teardownTestEnvironment());
}

const HOURS = 3600;

/** Lets the world fail, remediates on the engine, and answers how it ended. */
export async function play(scenario: Scenario, engine: Engine = "twin"): Promise<Ended> {
  const policy = readPolicy({ ...scenario.policy });
  const { allowed } = policy.registries;
  const world = await createWorld(readWorldFile(scenario.world), { allowed, ...scenario.options });
  scenario.untilFailure?.(world);
  const event = await firstFailure(world);
  const { meanwhile } = scenario;
  if (meanwhile !== undefined) world.clock.schedule(world.clock.now() + 5_000, () => meanwhile(world));
  const installation = {
    policy,
    ...(scenario.waitForRollout === undefined ? {} : { waitForRollout: scenario.waitForRollout }),
    ...(scenario.onPlan === undefined ? {} : { onPlan: scenario.onPlan }),
    ...(scenario.killSwitch === undefined ? {} : { killSwitch: scenario.killSwitch }),
  };
  const answers = [...(scenario.answers ?? [])];
  serveWorkflows(world, installation);
  if (engine === "dying") dieEverywhere(world);
  const ended =
    engine === "official"
      ? await officially(world, event, installation, answers)
      : await inWorld(world, event, policy, answers);
  return { world, event, ...ended };
}

/** The first document on the bus that reports a pull that failed. */
export async function firstFailure(world: World): Promise<JsonObject> {
  let found: JsonObject | undefined;
  const failing = (document: JsonObject): boolean => readEvent(document, world.home).kind === "pull-failure";
  const stop = world.bus.subscribe((document) => {
    if (document.source === "aws.ecs" && found === undefined && failing(document)) found = document;
  });
  await world.runUntil(() => found !== undefined, HOURS);
  stop();
  if (found === undefined) throw new Error("nothing failed in this world");
  return found;
}

async function inWorld(
  world: World,
  event: JsonObject,
  policy: Policy,
  answers: OwnersAnswer[],
): Promise<{ outcome: Outcome; execution: string }> {
  const asked = new Set<string>();
  world.bus.subscribe(({ detail }) => {
    const { approval } = detail as unknown as Outcome;
    // A crash publishes a question twice; it is one question.
    if (approval === undefined || asked.has(approval.callbackId)) return;
    asked.add(approval.callbackId);
    const answer = answers.shift();
    if (answer === undefined) return;
    world.clock.schedule(world.clock.now() + minutesOf(answer) * 60_000, async () => {
      await answer.before?.(world);
      world.executions.answer(approval.callbackId, answerOf(answer));
    });
  });
  world.clock.schedule(world.clock.now(), () => detect(event, world.ports, policy));
  const remediation = () => world.executions.records.find(({ workflow }) => workflow === "remediate");
  await world.runUntil(() => remediation() !== undefined && remediation()?.status !== "running", 24 * HOURS);
  const record = remediation();
  if (record?.status !== "succeeded")
    throw new Error(`the execution is ${record?.status}: ${record?.failure}`);
  return { outcome: record.result as Outcome, execution: record.name };
}

function answerOf({ says }: OwnersAnswer): CallbackResult {
  return typeof says === "string"
    ? { kind: "answered", text: says }
    : { kind: "failed", because: says.failed };
}

/** Each operation of each execution is survived at its second try. */
function dieEverywhere(world: World): void {
  const died = new Set<string>();
  world.executions.dies(({ index, when }, { workflow, name }) => {
    const place = `${workflow} ${name} ${index} ${when}`;
    if (died.has(place)) return false;
    died.add(place);
    return true;
  });
}

async function officially(
  world: World,
  event: JsonObject,
  {
    killSwitch = NO_KILL_SWITCH,
    ...installation
  }: { policy: Policy; waitForRollout?: boolean; killSwitch?: KillSwitch },
  answers: OwnersAnswer[],
): Promise<{ outcome: Outcome; execution: string }> {
  const failure = readEvent(event, world.home);
  if (failure.kind !== "pull-failure") throw new Error(failure.because);
  const execution = remediationName("repull-remediate", failure, 1, isPerTask(failure, installation.policy));
  const due = new Map<string, number>();
  const told = new Map<string, OwnersAnswer | undefined>();
  const replied = new Map<string, Promise<void>>();
  const handlerFunction = withDurableExecution(async (input: Json, context) => {
    const moving: DurableSlice = {
      step: (name, run, config) => context.step(name, run, config),
      // The engine skips its own time; the world's is moved to when the wait would have ended. See docs/decisions.
      wait: async (name, { seconds }) => {
        const at = due.get(name) ?? world.clock.now() + seconds * 1000;
        due.set(name, at);
        await context.wait(name, { seconds });
        if (at > world.clock.now()) await world.clock.advanceTo(at);
      },
      createCallback: (name, config) => context.createCallback(name, config),
    };
    const ports = withKillSwitch(world.ports, killSwitch);
    const steps = durableSteps(moving);
    const asking: Steps = {
      ...steps,
      callback: async (name, seconds) => {
        if (!told.has(name)) told.set(name, answers.shift());
        const answer = told.get(name);
        // The engine skips no time here: one second represents the operator's hours.
        const question = await steps.callback(name, answer === undefined ? 1 : seconds);
        const waits = answer === undefined ? seconds * 1000 : minutesOf(answer) * 60_000;
        const reply = async (): Promise<void> => {
          await world.clock.advanceTo(world.clock.now() + waits);
          await answer?.before?.(world);
          if (answer === undefined) return;
          const callback = runner.getOperation(name);
          await callback.waitForData(WaitingOperationStatus.STARTED);
          if (typeof answer.says === "string") await callback.sendCallbackSuccess(answer.says);
          else await callback.sendCallbackFailure({ ErrorMessage: answer.says.failed });
        };
        return {
          id: question.id,
          answer: () => {
            if (!replied.has(name)) replied.set(name, reply());
            return question.answer();
          },
        };
      },
    };
    return await remediate(input, ports, { ...installation, execution }, asking);
  });
  const runner = new LocalDurableTestRunner({ handlerFunction });
  const run = await runner.run({ payload: redactEvent(event) as Json });
  await Promise.all(replied.values());
  return { outcome: run.getResult() as Outcome, execution };
}

/** What a service runs now, and how many of its tasks do. */
export async function stateOf(
  world: World,
  cluster: string,
  name: string,
): Promise<{ service: Service; images: readonly string[]; running: number; rollout: string | undefined }> {
  const service = await world.ports.ecs.describeService(cluster, name);
  if (service === undefined) throw new Error(`no service ${name}`);
  const described = await world.ports.ecs.describeTaskDefinition(service.taskDefinition);
  const primary = primaryDeployment(service);
  return {
    service,
    images: containersOf(described?.taskDefinition ?? {}).map(({ image }) => image ?? ""),
    running: primary?.runningCount ?? 0,
    rollout: primary?.rolloutState,
  };
}
