/**
 * One seed, one run: a random world, the product in it, and everything that can go wrong, until the world is calm again.
 *
 * The invariants are looked at after every event of the world. What a run finds, the same seed finds again.
 */

import { isDeepStrictEqual } from "node:util";
import type { Ports } from "../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import type { ServiceRecord } from "../../src/sandbox/ecs/state.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { type Cut, canBeHealed, isWhole, silentHosts, touchable } from "./judge/health.ts";
import { isOwed, judgeTheEnd, waitedOut } from "./judge/judge.ts";
import type { Violation } from "./judge/violation.ts";
import { createWitness } from "./judge/witness.ts";
import { atTheWorstMoment, listen, serve, spendUntil } from "./product.ts";
import { createMischief, MISCHIEF } from "./world/disturbances.ts";
import { ANSWER_FAULTS, type AnswerFaultKind, createFaultInjector } from "./world/fault-injector.ts";
import { createMisfortunes } from "./world/misfortunes.ts";
import { CHANCES, createOperator, MOODS } from "./world/operator.ts";
import { randomPolicy, randomWorld } from "./world/random-world.ts";
import { HAPPENING, type Trait, traitsOf } from "./world/traits.ts";

export const FAULTS = [
  ...ANSWER_FAULTS,
  ...MISCHIEF,
  "lost-event",
  "doubled-event",
  "late-event",
  "death",
  "worst-moment",
  ...MOODS,
  "cap-reached",
] as const;
export type FaultKind = (typeof FAULTS)[number];

export type Report = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Whether each service that Repull may touch is owed its health: it has a place to run from, and no plan was denied. */
  readonly healable: boolean;
  /** How many services of it run whole at the end, of how many. */
  readonly whole: readonly [number, number];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Deployments between a comparison and its write: no read could have shown them before. */
  readonly races: number;
  /** Services that ran again after a limit's window was waited out. */
  readonly waitedOut: number;
  /** What made this world hard: what was given, and of the rest what came true. */
  readonly traits: readonly Trait[];
  readonly story: readonly string[];
};

/** A product that has been broken on purpose, for the test of this test. */
export type Sabotage = (ports: Ports, steps: () => string) => Ports;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Every pause of ECS's, of ours between attempts, and the days of a small quota: a world at rest ends sooner. */
const CALM_MS = 110 * HOUR;

/** How a seed is played otherwise than by its own chance. */
export type Ways = {
  /** How often a service is changed between Repull's comparison and its write: 0.05. */
  readonly struck?: number;
  /** Repull calls from the tasks' own address, and no other client uses up what comes back to it once the world is calm. */
  readonly windowsEnd?: boolean;
  /** Traits that the world has in addition to those of its seed. */
  readonly with?: readonly Trait[];
  /** The operator is asked, and denies half of the plans. */
  readonly denying?: boolean;
};

/** Plays one seed to its end. */
export async function runSwarm(
  seed: number,
  sabotage: Sabotage = (ports) => ports,
  { struck = 0.05, windowsEnd = false, with: others = [], denying = false }: Ways = {},
): Promise<Report> {
  const random = createRandom(seed);
  const traits = new Set([...traitsOf(random.fork("traits")), ...others]);
  const file = randomWorld(random.fork("world"), traits);
  const isNumbered = random.fork("ids").next() < 0.85;
  const world = await createWorld(readWorldFile(windowsEnd ? { ...file, repullAddress: "shared" } : file), {
    seed,
    unverified: {
      // What is unmeasured is played both ways.
      deploymentIdNamesRevision: isNumbered,
      failedTaskTellsDigest: random.fork("digests").next() < 0.3,
    },
  });
  const faults = Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const onFault = (kind: FaultKind): void => {
    faults[kind] += 1;
  };
  const chance = random.fork("chance");
  const chances = random.fork("owner");
  const isAsked = chances.next() < 0.15 || denying;
  const policy: Policy = {
    ...randomPolicy(random.fork("policy")),
    mode: isAsked ? "approve" : "remediate",
  };
  const witness = createWitness(world, policy, isNumbered);
  const silent = silentHosts(file);
  const misfortunes = createMisfortunes(world, traits, random.fork("misfortunes"), witness, isAsked);
  const isShared = world.addresses.repull === world.addresses.tasks;
  const cut: Cut = { silent, history: misfortunes.isHistoryCut(), pulls: isShared && !windowsEnd };
  const targets = world.schedules.all.map(({ target }) => withoutRevision(target));
  const intensity = chance.pick([0.01, 0.03, 0.08]);
  const liar = createFaultInjector(
    world.clock,
    random.fork("lies"),
    { chances: chancesOf(intensity), staleSecondsMax: 45, slowSecondsMax: 20 },
    onFault,
  );
  const mischief = createMischief(world, liar, random.fork("mischief"), witness, (kind, what) => {
    onFault(kind);
    witness.note(`foreign: ${kind} ${what}`);
  });
  const calmAt = world.clock.now() + chance.integer(20, 100) * MINUTE;
  const isCalm = (): boolean => world.clock.now() >= calmAt;

  const operator = isAsked
    ? createOperator(
        world,
        chances,
        witness,
        isCalm,
        onFault,
        denying ? { ...CHANCES, denies: 0.5 } : CHANCES,
      )
    : undefined;

  const portsFor = (execution: string, step: () => string): Ports => {
    const watched = witness.watchEffects(world.ports, execution);
    const effects = misfortunes.watch(operator?.watch(watched, execution) ?? watched, execution);
    const worst = atTheWorstMoment(effects, world, isCalm, { chance, struck }, async (service, kind) => {
      onFault("worst-moment");
      await mischief.doTo(service, kind);
    });
    return sabotage(witness.watchAnswers(liar.wrap(worst), execution), step);
  };
  const engine = serve(world, witness, policy, portsFor);
  world.bus.subscribe((document) => {
    const detail = document.detail as JsonObject;
    if (document["detail-type"] !== "ECS Deployment State Change") return;
    witness.note(
      `${String(document.resources).split("/").at(-1)} ${detail.deploymentId} ${detail.eventName}: ${detail.reason}`,
    );
  });
  world.executions.dies(({ name, when }, record) => {
    if (when === "unrecorded" && engine.outlasts(record.name)) return true;
    const dies = !isCalm() && chance.next() < intensity;
    if (dies) onFault("death");
    // A copy whose end was not recorded may be made again: that it is there is not known.
    if (dies && /^copy [0-9]+$/.test(name) && when === "unrecorded") witness.forgiveCopy();
    return dies;
  });
  listen(
    world,
    witness,
    isCalm,
    random.fork("events"),
    portsFor("detect", () => "detect"),
    policy,
    onFault,
  );

  for (let left = chance.integer(0, 4); left > 0; left -= 1) {
    world.clock.schedule(
      world.clock.now() + chance.integer(0, 60) * MINUTE,
      () => isCalm() || mischief.happen(),
    );
  }
  world.clock.schedule(calmAt, () => {
    liar.stop();
    mischief.calm();
  });
  spendUntil(world, () => windowsEnd && isCalm());

  const look = (): boolean => {
    witness.look();
    return witness.violations.length > 0;
  };
  await world.clock.advanceUntil(look, calmAt);
  const isDone = (service: ServiceRecord): boolean =>
    isWhole(service) || (!windowsEnd && !canBeHealed(world, witness, service, cut));
  const atRest = (): boolean =>
    look() || (!world.executions.running() && touchable(world, witness).every(isDone));
  await world.clock.advanceUntil(atRest, calmAt + CALM_MS);
  // A foreign deployment that was overwritten in a race may be restored only now.
  await world.clock.advanceUntil(() => look(), world.clock.now() + HOUR);

  faults["cap-reached"] += witness.notifiedWindows();
  for (const [index, { name, target }] of world.schedules.all.entries()) {
    if (!isDeepStrictEqual(withoutRevision(target), targets[index]))
      witness.violate("nothing-lost", `the target of ${name} differs in more than its revision`);
  }
  judgeTheEnd(world, witness, cut);
  const owed = touchable(world, witness);
  return {
    seed,
    violations: witness.violations,
    faults,
    healable: owed.every((service) => isOwed(world, witness, service, cut)),
    whole: [owed.filter(isWhole).length, owed.length],
    outcomes: tally(world.bus.outcomes.map(({ outcome }) => String(outcome))),
    races: witness.races(),
    waitedOut: waitedOut(world),
    traits: [...traits].filter((trait) => !HAPPENING.includes(trait) || misfortunes.happened.has(trait)),
    story: witness.story,
  };
}

function withoutRevision(target: JsonObject): JsonObject {
  const { TaskDefinitionArn: _, ...parameters } = target.EcsParameters as JsonObject;
  return { ...target, EcsParameters: parameters };
}

function chancesOf(intensity: number): Record<AnswerFaultKind, number> {
  return {
    throttled: intensity,
    "lost-call": intensity,
    "lost-answer": 2 * intensity,
    slow: intensity,
    "stale-read": 5 * intensity,
    "clock-jump": intensity / 4,
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
