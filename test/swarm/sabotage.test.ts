/** The test of the test: each promise is broken on purpose, and the swarm has to name it. */

import { equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import type { Ports } from "../../src/remediation/ports/ports.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { INVARIANTS, type Invariant } from "./judge/violation.ts";
import { runSwarm, type Sabotage, type Ways } from "./run-swarm.ts";
import {
  adoptsByTags,
  asksAnewAfterItsWayBack,
  countsNeighbours,
  leavesNothingToItsMaker,
  seesNoEnd,
  seesNoTags,
  seesTenRevisions,
  takesTheUnreadForSuccess,
  trustsTheTagOfNow,
  waitsForEveryRegistry,
} from "./world/old-faults.ts";
import { SECRET } from "./world/random-service.ts";
import { type Trait, traitsOf } from "./world/traits.ts";

const SEEDS_MAX = 60;
/** The worst moment comes often here: it is the promise that is tried, not the luck of a seed. */
const STRUCK = 0.3;

const withEcs = (ports: Ports, ecs: Partial<Ports["ecs"]>): Ports => ({
  ...ports,
  ecs: { ...ports.ecs, ...ecs },
});

const withContainers = (revision: JsonObject, change: (container: JsonObject) => JsonObject): JsonObject => ({
  ...revision,
  containerDefinitions: (revision.containerDefinitions as readonly JsonObject[]).map(change),
});

const OTHER_BYTES = `sha256:${"0123456789abcdef".repeat(4)}`;

const table: readonly (readonly [broken: string, Invariant, Sabotage])[] = [
  [
    "a planner that takes any bytes of the right name",
    "same-bytes",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: (revision) =>
          ports.ecs.registerTaskDefinition(
            withContainers(revision, (container) => ({
              ...container,
              image: String(container.image).replace(/sha256:[0-9a-f]{64}$/, OTHER_BYTES),
            })),
          ),
      }),
  ],
  [
    "a revision made of the members that an SDK knows",
    "nothing-lost",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: ({ memberOfTomorrow: _, ...known }) =>
          ports.ecs.registerTaskDefinition(known),
      }),
  ],
  [
    "a container that loses its secrets",
    "nothing-lost",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: (revision) =>
          ports.ecs.registerTaskDefinition(
            withContainers(revision, ({ secrets: _, ...container }) => container),
          ),
      }),
  ],
  [
    "a revision without the existing tags",
    "nothing-lost",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: (revision) => {
          const tags = (revision.tags as readonly JsonObject[]).filter(({ key }) =>
            String(key).startsWith("repull:"),
          );
          return ports.ecs.registerTaskDefinition({ ...revision, tags });
        },
      }),
  ],
  ["a redeployment that does not compare", "not-overwritten", withoutComparison()],
  ["a settling that does not look what it replaced", "not-overwritten", withBlinkers()],
  [
    "a registration that never knows its own revision again",
    "bounded",
    (ports) =>
      withEcs(ports, {
        newestRevisions: async () => [],
        async registerTaskDefinition(revision) {
          const arn = await ports.ecs.registerTaskDefinition(revision);
          if (arn.length > 0) throw new Error("the answer is always lost");
          return arn;
        },
      }),
  ],
  [
    "a copy that begins before the approval is answered",
    "approved",
    (ports) => ({
      ...ports,
      bus: {
        async publish(detail) {
          if (detail.outcome === "awaiting-approval") await ports.executions.start("mirror", "m-0-1", {});
          await ports.bus.publish(detail);
        },
      },
    }),
  ],
  [
    "a report that is neither sent nor logged",
    "recorded",
    (ports) => ({ ...ports, bus: { publish: async () => {} }, log: silentLog }),
  ],
  [
    "a log line with the whole revision",
    "no-secret",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: (revision) => {
          ports.log.info("registering", { revision });
          return ports.ecs.registerTaskDefinition(revision);
        },
      }),
  ],
  [
    "a tag that quotes the environment",
    "no-secret",
    (ports) =>
      withEcs(ports, {
        registerTaskDefinition: (revision) =>
          ports.ecs.registerTaskDefinition({
            ...revision,
            tags: [...(revision.tags as readonly Json[]), { key: "repull:why", value: SECRET }],
          }),
      }),
  ],
  [
    "an execution that is given the whole event",
    "no-secret",
    (ports) => ({
      ...ports,
      executions: {
        ...ports.executions,
        start: (workflow, name, input) =>
          ports.executions.start(
            workflow,
            name,
            workflow === "remediate" ? { ...(input as JsonObject), overrides: [SECRET] } : input,
          ),
      },
    }),
  ],
  [
    "a product that starts nothing",
    "healed",
    (ports) => ({ ...ports, executions: { ...ports.executions, start: async () => "taken" as const } }),
  ],
  ["a product that writes nothing", "healed", (ports) => withEcs(ports, { updateService: async () => [] })],
  [
    "a name for every event",
    "one-execution",
    (ports) => {
      const counts = Array.from({ length: 1000 }, (_, index) => index).values();
      return {
        ...ports,
        executions: {
          ...ports.executions,
          start: (workflow, name, input) =>
            ports.executions.start(
              workflow,
              workflow === "remediate" ? `${name}-${counts.next().value}` : name,
              input,
            ),
        },
      };
    },
  ],
  [
    "a copier that sends again what is there",
    "copied-once",
    (ports) => ({
      ...ports,
      copier: {
        ...ports.copier,
        copy: async (request, options) => {
          await ports.copier.copy(request, options);
          return await ports.copier.copy({ ...request, targetIsEmpty: true });
        },
      },
    }),
  ],
  [
    "a quota that is not acquired",
    "capped",
    (ports) => ({
      ...ports,
      quotaStore: { ...ports.quotaStore, acquire: async () => ({ kind: "granted" as const }) },
    }),
  ],
  [
    "a quota that is ten times as large",
    "capped",
    (ports) => withClaim(ports, (request) => ports.quotaStore.acquire({ ...request, max: 10 * request.max })),
  ],
  [
    "a claim that does not know its claimant again",
    "capped",
    (ports) =>
      withClaim(ports, (request) =>
        ports.quotaStore.acquire({ ...request, requester: `${request.requester}+` }),
      ),
  ],
  [
    "a full hour that every execution notifies of",
    "capped",
    (ports) => ({ ...ports, quotaStore: { ...ports.quotaStore, claimNotification: async () => true } }),
  ],
  [
    "a task that is run without a token",
    "once",
    (ports) => ({
      ...ports,
      tasks: { ...ports.tasks, run: ({ clientToken: _, ...request }) => ports.tasks.run(request) },
    }),
  ],
];

function withClaim(ports: Ports, claim: Ports["quotaStore"]["acquire"]): Ports {
  return { ...ports, quotaStore: { ...ports.quotaStore, acquire: claim } };
}

/** Answers the comparison with what was surveyed, whatever is there now. */
function withoutComparison(): Sabotage {
  const surveyed = new Map<string, NonNullable<Awaited<ReturnType<Ports["ecs"]["describeService"]>>>>();
  return (ports, step) =>
    withEcs(ports, {
      async describeService(cluster, name) {
        const service = await ports.ecs.describeService(cluster, name);
        if (step().startsWith("observe failure") && service !== undefined) surveyed.set(name, service);
        return step().startsWith("start ") ? (surveyed.get(name) ?? service) : service;
      },
    });
}

/** Shows the product no other deployment than the primary. */
function withBlinkers(): Sabotage {
  return (ports) =>
    withEcs(ports, {
      async describeService(cluster, name) {
        const service = await ports.ecs.describeService(cluster, name);
        return (
          service && {
            ...service,
            deployments: service.deployments.filter(({ status }) => status === "PRIMARY"),
          }
        );
      },
    });
}

/** What the product once did; each needs a world of its kind, and is to be found within so many seeds. */
const OLD_SEEDS_MAX = 500;
const oldFaults: readonly (readonly [was: string, Invariant, Sabotage, readonly Trait[], Ways?])[] = [
  ["a tag that means what it means now", "same-bytes", trustsTheTagOfNow, ["moved-tag"]],
  [
    "a digest that is asked anew after a rollback",
    "same-bytes",
    asksAnewAfterItsWayBack,
    ["moved-tag", "failing-substitute"],
  ],
  ["a revision that is adopted by its tags", "adopted", adoptsByTags(), ["forged-revision"]],
  [
    "a guard that counts the services of the same name in other clusters",
    "healed",
    countsNeighbours(),
    ["several-clusters"],
  ],
  [
    "a guard that sees ten revisions of a family",
    "bounded",
    seesTenRevisions,
    [],
    { with: ["crowd", "shared-family"] },
  ],
  [
    "a second remediation for failing tasks of our own",
    "one-execution",
    leavesNothingToItsMaker,
    ["failing-substitute"],
  ],
  [
    "a history that cannot be read and is taken for success",
    "approved",
    takesTheUnreadForSuccess,
    [],
    { with: ["refused-record"], denying: true },
  ],
  ["a survey that waits for every registry", "recorded", waitsForEveryRegistry(), ["silent-host"]],
  ["a rollout of which no end is seen", "never-worse", seesNoEnd, [], { windowsEnd: true }],
  ["an opt-out that is not read", "opted-out", seesNoTags, []],
];

describe("what the product once did is found by worlds of its kind", () => {
  for (const [was, invariant, sabotage, traits, ways = {}] of oldFaults) {
    test(`${was}: ${invariant}`, { timeout: 300_000 }, async () => {
      const found = new Set<Invariant>();
      let played = 0;
      for (let seed = 1; seed <= OLD_SEEDS_MAX && !found.has(invariant); seed += 1) {
        const has = traitsOf(createRandom(seed).fork("traits"));
        if (!traits.every((trait) => has.has(trait))) continue;
        played += 1;
        const { violations } = await runSwarm(seed, sabotage, ways);
        for (const violation of violations) found.add(violation.invariant);
      }
      ok(found.has(invariant), `found ${[...found].join(", ") || "nothing"} in ${played} worlds`);
    });
  }
});

describe("what is broken on purpose is found, by the name of its promise", () => {
  for (const [broken, invariant, sabotage] of table) {
    test(`${broken}: ${invariant}`, { timeout: 120_000 }, async () => {
      const found = new Set<Invariant>();
      for (let seed = 1; seed <= SEEDS_MAX && !found.has(invariant); seed += 1) {
        const { violations } = await runSwarm(seed, sabotage, { struck: STRUCK });
        for (const violation of violations) found.add(violation.invariant);
      }
      ok(found.has(invariant), `found ${[...found].join(", ") || "nothing"} in ${SEEDS_MAX} seeds`);
    });
  }

  test("every promise is broken once", () => {
    equal(
      [...INVARIANTS].sort().join(", "),
      [...new Set([...table, ...oldFaults].map(([, invariant]) => invariant))].sort().join(", "),
    );
  });
});
