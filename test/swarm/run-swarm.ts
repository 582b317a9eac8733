/**
 * One seed, one run: a random world, the product in it, and everything that can go wrong, until the world is calm again.
 *
 * The invariants are looked at after every event of the world. What a run finds, the same seed finds again.
 */

import { isDeepStrictEqual } from "node:util";
import { detect } from "../../src/remediation/detect.ts";
import { mirror } from "../../src/remediation/mirror.ts";
import type { Ports } from "../../src/remediation/ports.ts";
import { remediate } from "../../src/remediation/remediate.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { createRandom, type Random } from "../../src/runtime/random.ts";
import type { Steps } from "../../src/runtime/steps.ts";
import type { ServiceRecord } from "../../src/sandbox/cluster-state.ts";
import { isRunning } from "../../src/sandbox/ecs-documents.ts";
import type { ExecutionRecord } from "../../src/sandbox/executions.ts";
import { createLiar, LIES, type LieKind } from "../../src/sandbox/liar.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { readWorldFile } from "../../src/sandbox/world-file.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/substitution/policy.ts";
import { tagRoom } from "../../src/workload/task-definition.ts";
import { createMischief, MISCHIEF, type MischiefKind } from "./mischief.ts";
import { createOwner, MOODS } from "./owner.ts";
import { randomPolicy, randomWorld, SECRET } from "./random-world.ts";
import { createWitness, type Foreign, type Violation, type Witness } from "./witness.ts";

export const FAULTS = [
  ...LIES,
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
  /** Whether each service that Repull may touch has a place to run from. */
  readonly healable: boolean;
  /** How many services of it run whole at the end, of how many. */
  readonly whole: readonly [number, number];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Somebody deployed between a comparison and its write: nobody could have seen it before. */
  readonly races: number;
  /** Services that ran again after a limit's window was waited out. */
  readonly waitedOut: number;
  readonly story: readonly string[];
};

/** A product that has been broken on purpose, for the test of this test. */
export type Sabotage = (ports: Ports, steps: () => string) => Ports;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** As the queue of the stack is set up. */
const VISIBILITY_MS = 360_000;
const RECEIVES_MAX = 5;
/** Long enough for every pause of ECS's, of ours between attempts, and for the rollouts; and where caps are small, for days. */
const CALM_MS = 60 * HOUR;
const CAPPED_CALM_MS = 100 * HOUR;

/**
 * Plays one seed to its end.
 * @param ways struck: how often somebody changes a service between Repull's comparison and its write; windowsEnd: Repull
 * calls from the tasks' own address, and nobody uses up what comes back to it once the world is calm
 */
export async function runSwarm(
  seed: number,
  sabotage: Sabotage = (ports) => ports,
  { struck = 0.05, windowsEnd = false }: { readonly struck?: number; readonly windowsEnd?: boolean } = {},
): Promise<Report> {
  const random = createRandom(seed);
  const file = randomWorld(random.fork("world"));
  const world = await createWorld(readWorldFile(windowsEnd ? { ...file, repullAddress: "shared" } : file), {
    seed,
  });
  const faults = Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const onFault = (kind: FaultKind): void => {
    faults[kind] += 1;
  };
  const chance = random.fork("chance");
  const owners = random.fork("owner");
  const isAsked = owners.next() < 0.2;
  const policy: Policy = {
    ...randomPolicy(random.fork("policy")),
    mode: isAsked ? "approve" : "remediate",
  };
  const isCapped = policy.caps.remediationsPerHour < DEFAULT_POLICY.caps.remediationsPerHour;
  const witness = createWitness(world, policy);
  const targets = world.schedules.all.map(({ target }) => withoutRevision(target));
  const intensity = chance.pick([0.01, 0.03, 0.08]);
  const liar = createLiar(
    world.clock,
    random.fork("lies"),
    { chances: chancesOf(intensity), staleSecondsMax: 45, slowSecondsMax: 20 },
    onFault,
  );
  const mischief = createMischief(world, liar, random.fork("mischief"), witness, (kind, what) => {
    onFault(kind);
    witness.note(`somebody: ${kind} ${what}`);
  });
  const calmAt = world.clock.now() + chance.integer(20, 100) * MINUTE;
  const isCalm = (): boolean => world.clock.now() >= calmAt;

  const owner = isAsked ? createOwner(world, owners, witness, isCalm, onFault) : undefined;

  const portsFor = (execution: string, step: () => string): Ports => {
    const watched = witness.watchEffects(world.ports, execution);
    const effects = owner?.watch(watched, execution) ?? watched;
    const worst = atTheWorstMoment(effects, world, isCalm, { chance, struck }, async (service, kind) => {
      onFault("worst-moment");
      await mischief.doTo(service, kind);
    });
    return sabotage(witness.watchAnswers(liar.wrap(worst), execution), step);
  };
  serve(world, witness, policy, portsFor);
  world.bus.subscribe((document) => {
    const detail = document.detail as JsonObject;
    if (document["detail-type"] !== "ECS Deployment State Change") return;
    witness.note(
      `${String(document.resources).split("/").at(-1)} ${detail.deploymentId} ${detail.eventName}: ${detail.reason}`,
    );
  });
  world.executions.dies(({ name, when }) => {
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
    liar.calm();
    mischief.calm();
  });
  spendUntil(world, () => windowsEnd && isCalm());

  const look = (): boolean => {
    witness.look();
    return witness.violations.length > 0;
  };
  await world.clock.advanceUntil(look, calmAt);
  const atRest = (): boolean => look() || (!world.executions.running() && services(world).every(isWhole));
  await world.clock.advanceUntil(atRest, calmAt + (isCapped ? CAPPED_CALM_MS : CALM_MS));
  // A deployment of somebody else that was overwritten in a race may be given back only now.
  await world.clock.advanceUntil(() => look(), world.clock.now() + HOUR);

  faults["cap-reached"] += witness.held();
  for (const [index, { name, target }] of world.schedules.all.entries()) {
    if (!isDeepStrictEqual(withoutRevision(target), targets[index]))
      witness.violate("nothing-lost", `the target of ${name} differs in more than its revision`);
  }
  judgeTheEnd(world, witness);
  const touchable = services(world);
  return {
    seed,
    violations: witness.violations,
    faults,
    healable: touchable.every((service) => canBeHealed(world, witness, service)),
    whole: [touchable.filter(isWhole).length, touchable.length],
    outcomes: tally(world.bus.outcomes.map(({ outcome }) => String(outcome))),
    races: witness.races(),
    waitedOut: waitedOut(world),
    story: witness.story,
  };
}

function withoutRevision(target: JsonObject): JsonObject {
  const { TaskDefinitionArn: _, ...parameters } = target.EcsParameters as JsonObject;
  return { ...target, EcsParameters: parameters };
}

function chancesOf(intensity: number): Record<LieKind, number> {
  return {
    throttled: intensity,
    "lost-call": intensity,
    "lost-answer": 2 * intensity,
    slow: intensity,
    "stale-read": 5 * intensity,
    "clock-jump": intensity / 4,
  };
}

function serve(
  world: World,
  witness: Witness,
  policy: Policy,
  portsFor: (execution: string, step: () => string) => Ports,
): void {
  world.executions.serve("remediate", async (input, steps, execution) => {
    let step = "";
    witness.stepBegins(execution);
    const ports = portsFor(execution, () => step);
    const watched: Steps = {
      ...steps,
      async step(name, run, options) {
        const result = await steps.step(
          name,
          () => {
            step = name;
            witness.stepBegins(execution);
            return run();
          },
          options,
        );
        witness.stepEnded(execution);
        if (name.startsWith("survey")) {
          const surveyed = result as { kind: string; deploymentId?: string };
          if (surveyed.kind === "survey") witness.surveyed(execution, surveyed.deploymentId);
        }
        return result;
      },
    };
    return await remediate(input, ports, { policy, execution }, watched);
  });
  world.executions.serve("mirror", (input, steps, execution) =>
    mirror(
      input,
      portsFor(execution, () => "copy"),
      policy,
      steps,
    ),
  );
}

/** EventBridge, the queue and detect: late, twice, never; and what detect throws comes again. */
function listen(
  world: World,
  witness: Witness,
  isCalm: () => boolean,
  random: Random,
  ports: Ports,
  policy: Policy,
  onFault: (kind: FaultKind) => void,
): void {
  const receive = async (document: JsonObject, receives: number): Promise<void> => {
    try {
      const detected = await detect(document, ports, policy);
      const { startedBy } = document.detail as JsonObject;
      if (detected.kind !== "ignored") witness.told(String(startedBy));
    } catch {
      if (receives < RECEIVES_MAX)
        world.clock.schedule(world.clock.now() + VISIBILITY_MS, () => receive(document, receives + 1));
    }
  };
  world.bus.subscribe(async (published) => {
    if (published.source !== "aws.ecs") return;
    const document = withSecrets(published);
    if (isCalm()) return await receive(document, 1);
    if (random.next() < 0.1) return onFault("lost-event");
    if (random.next() < 0.2) {
      onFault("doubled-event");
      world.clock.schedule(world.clock.now() + random.integer(0, 300) * 1000, () => receive(document, 1));
    }
    if (random.next() < 0.2) {
      onFault("late-event");
      world.clock.schedule(world.clock.now() + random.integer(1, 600) * 1000, () => receive(document, 1));
      return;
    }
    await receive(document, 1);
  });
}

/** Overrides carry environment values. */
function withSecrets(document: JsonObject): JsonObject {
  const detail = document.detail as JsonObject;
  const overrides = {
    containerOverrides: [{ name: "web", environment: [{ name: "TOKEN", value: SECRET }] }],
  };
  return { ...document, detail: { ...detail, overrides } };
}

/** Between what the product compares and what it then writes. */
function atTheWorstMoment(
  ports: Ports,
  world: World,
  isCalm: () => boolean,
  { chance: random, struck }: { readonly chance: Random; readonly struck: number },
  strike: (service: ServiceRecord, kind: MischiefKind) => Promise<void>,
): Ports {
  const perhaps = async (cluster: string, name: string, chance: number): Promise<void> => {
    const service = world.cluster.service(cluster, name);
    if (isCalm() || service === undefined || random.next() >= chance) return;
    await strike(service, random.pick(["deploy", "old-image-again", "rollback", "deregister"]));
  };
  return {
    ...ports,
    ecs: {
      ...ports.ecs,
      async describeService(cluster, name) {
        await perhaps(cluster, name, 0.005);
        return await ports.ecs.describeService(cluster, name);
      },
      async updateService(cluster, name, revision) {
        await perhaps(cluster, name, struck);
        return await ports.ecs.updateService(cluster, name, revision);
      },
    },
  };
}

/** Everybody behind the address goes on pulling, in some worlds for ever: then no window ends for long. */
function spendUntil(world: World, isOver: () => boolean): void {
  const spend = (): void => {
    if (isOver()) return;
    for (const source of [{ address: world.addresses.tasks }, { user: "swarm-account" }]) {
      const left = world.registries.dockerHub.pullsLeft(source) ?? 0;
      if (left > 0) world.registries.dockerHub.spend(source, left);
    }
    world.clock.schedule(world.clock.now() + 5 * MINUTE, spend);
  };
  spend();
}

/** The services that Repull may touch. */
function services(world: World): readonly ServiceRecord[] {
  return world.cluster.services().filter(({ controller, tags, taskDefinition }) => {
    const room = tagRoom(world.definitions.describe(taskDefinition)?.tags ?? []);
    return controller === "ECS" && tags.repull !== "off" && room >= 5;
  });
}

function isWhole(service: ServiceRecord): boolean {
  const [primary] = service.deployments;
  const tasks = [...service.cluster.tasks.values()].filter(
    (task) => task.deployment === primary && isRunning(task),
  );
  return primary?.rolloutState === "COMPLETED" && tasks.length >= service.desiredCount;
}

/** Whether each image that the service may not pull from Docker Hub is to be had elsewhere, judged from the registries themselves. */
function canBeHealed(world: World, witness: Witness, service: ServiceRecord): boolean {
  const { dockerHub, ecr, ecrPublic } = world.registries;
  const definition = world.definitions.describe(service.taskDefinition)?.taskDefinition ?? {};
  const mayUseEcr = service.launchType === "EC2" || definition.executionRoleArn !== undefined;
  const repull = { address: world.addresses.repull };
  return (definition.containerDefinitions as readonly JsonObject[]).every(({ name }) => {
    const image = witness.ownersImage(service.taskDefinition, String(name));
    if (image.includes(".amazonaws.com/")) return mayUseEcr;
    const path = image.includes("/") ? image : `library/${image}`;
    const [repository = ""] = path.split(":");
    const digests = [...witness.meantNow(image)];
    const isPublic = digests.some(
      (digest) => ecrPublic.manifest(`docker/${repository}`, digest) !== undefined,
    );
    if (isPublic) return true;
    if (!mayUseEcr) return false;
    const isCopied = digests.some(
      (digest) => ecr.manifest(`repull/docker.io/${repository}`, digest) !== undefined,
    );
    return isCopied || (dockerHub.pullsLeft(repull) ?? 0) >= 2;
  });
}

function judgeTheEnd(world: World, witness: Witness): void {
  if (witness.violations.length > 0) return;
  for (const record of world.executions.records) {
    witness.tell(record.name, record.log, "the history");
    witness.tell(record.name, record.input, "the input");
    witness.tell(record.name, record.failure ?? "", "the failure");
    witness.tell(record.name, record.result ?? "", "the result");
    if (record.workflow !== "remediate") continue;
    const twin = world.executions.records.find((other) => isTwin(record, other));
    if (twin !== undefined) witness.violate("one-execution", `${twin.name} runs beside ${record.name}`);
    if (record.status === "running") witness.violate("recorded", `${record.name} never ends`);
    else if (
      !world.bus.outcomes.some(
        ({ execution, outcome, goesOnAt }) =>
          execution === record.name && outcome !== "awaiting-approval" && goesOnAt === undefined,
      )
    )
      witness.violate(
        "recorded",
        `${record.name} ${record.status} without a record: ${record.failure ?? ""}`,
      );
  }
  for (const service of services(world)) {
    // Of a deployment whose events were all lost, or told of other troubles, Repull knows nothing.
    const isKnown = witness.wasTold(service.deployments[0]?.id ?? "");
    // Nor is it owed more attempts than a loop may have.
    const isEnough = /no more is tried|no other is tried|hours of waiting/.test(
      lastWord(world, service.name),
    );
    if (
      !isWhole(service) &&
      isKnown &&
      !isEnough &&
      !isLeft(world, service.name) &&
      canBeHealed(world, witness, service)
    )
      witness.violate(
        "healed",
        `${service.name} could be healed and does not run: ${said(world, service.name)}`,
      );
    const last = witness.foreign.findLast((one) => one.service === service.name);
    // ECS compares nothing when it writes: what no answer has told of, nobody could have spared.
    if (last !== undefined && last.byEcs !== true && witness.wasShown(last.deployment))
      judgeForeign(world, witness, service, last);
  }
}

/** Executions that told of a window, and healed after it. */
function waitedOut(world: World): number {
  const waiting = world.bus.outcomes.filter(
    ({ outcome, goesOnAt }) => outcome === "stand-still" && goesOnAt !== undefined,
  );
  const names = new Set(waiting.map(({ execution }) => execution));
  return world.bus.outcomes.filter(({ outcome, execution }) => outcome === "settled" && names.has(execution))
    .length;
}

/** Two executions of one failing deployment, at the same time. */
function isTwin(one: ExecutionRecord, other: ExecutionRecord): boolean {
  const [deployment, same] = [one, other].map(({ input }) => {
    const detail = (input as JsonObject).detail as JsonObject | undefined;
    return `${detail?.startedBy} ${detail?.taskDefinitionArn}`;
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

/** What somebody deployed last is what runs, or what was made of it because it could not be pulled. */
function judgeForeign(world: World, witness: Witness, service: ServiceRecord, last: Foreign): void {
  const names = (world.definitions.describe(last.revision)?.taskDefinition.containerDefinitions ??
    []) as readonly JsonObject[];
  for (const { name } of names) {
    const theirs = witness.ownersImage(last.revision, String(name));
    const now = witness.ownersImage(service.taskDefinition, String(name));
    if (now === theirs) continue;
    witness.violate("not-overwritten", `${service.name} was deployed with ${theirs} last, and has ${now}`);
  }
}

/** Whom their owner leaves as they are, by a no or by silence, stay as they are; which word is the last does not matter. */
function isLeft(world: World, service: string): boolean {
  return world.bus.outcomes.some(
    ({ outcome, workload }) =>
      (outcome === "denied" || outcome === "expired") &&
      (workload as JsonObject | undefined)?.name === service,
  );
}

function lastWord(world: World, service: string): string {
  const about = world.bus.outcomes.filter(
    (detail) => (detail.workload as JsonObject | undefined)?.name === service,
  );
  return String(about.at(-1)?.because ?? "");
}

function said(world: World, service: string): string {
  const about = world.bus.outcomes.filter(
    (detail) => (detail.workload as JsonObject | undefined)?.name === service,
  );
  return (
    about.map(({ execution, outcome, because }) => `${execution} ${outcome}: ${because}`).join(" | ") ||
    "no record"
  );
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
