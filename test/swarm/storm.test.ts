/** A bad morning: hundreds of services behind one NAT address, and every event several times, in any order. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { beforeAll, describe, test } from "vitest";
import { detect } from "../../src/remediation/detect/detect.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy/policy.ts";

const SERVICES = 200;
const IMAGES = ["grafana/grafana:11", "acme/api:2", "prom/prometheus:v3", "nginx:1.25"] as const;
const HOURS = 3600;

let world: World;
let events = 0;
/** The moments, in seconds, at which a revision was registered. */
const registrations: number[] = [];
const copies = new Map<string, number>();

beforeAll(async () => {
  const hub = Object.fromEntries(
    IMAGES.map((image) => [image.includes("/") ? image : `library/${image}`, { kilobytes: 1 }]),
  );
  world = await createWorld(
    readWorldFile({
      services: Array.from({ length: SERVICES }, (_, index) => ({
        cluster: "prod",
        name: `service-${index}`,
        image: IMAGES[index % IMAGES.length],
        desiredCount: 2,
      })),
      registries: { "docker.io": { images: hub, quota: { remaining: 0 } } },
    }),
  );
  const { ports } = world;
  const watched = {
    ...ports,
    ecs: {
      ...ports.ecs,
      async registerTaskDefinition(revision: JsonObject) {
        const arn = await ports.ecs.registerTaskDefinition(revision);
        registrations.push(world.clock.now() / 1000);
        return arn;
      },
    },
    copier: {
      ...ports.copier,
      async copy(...told: Parameters<typeof ports.copier.copy>) {
        const copied = await ports.copier.copy(...told);
        if (!copied.alreadyPresent) {
          const name = `${told[0].target.path}@${copied.digest}`;
          copies.set(name, (copies.get(name) ?? 0) + 1);
        }
        return copied;
      },
    },
  };
  serveWorkflows({ ...world, ports: watched }, { policy: DEFAULT_POLICY });

  // The queue: each event three times, up to five minutes late; what detect throws comes again.
  const random = createRandom("storm");
  const receive = async (document: JsonObject): Promise<void> => {
    events += 1;
    try {
      await detect(document, world.ports);
    } catch {
      world.clock.schedule(world.clock.now() + 360_000, () => receive(document));
    }
  };
  world.bus.subscribe((document) => {
    if (document.source !== "aws.ecs") return;
    for (let copy = 0; copy < 3; copy += 1)
      world.clock.schedule(world.clock.now() + random.next() * 300_000, () => receive(document));
  });
  await world.run(6 * HOURS);
}, 120_000);

describe(`a storm over ${SERVICES} services`, () => {
  test("is one: thousands of events", () => ok(events > 5000, `${events}`));

  test("starts exactly one execution for each failing deployment", () => {
    const deployments = world.executions.records
      .filter(({ workflow }) => workflow === "remediate")
      .map(({ input }) => String(((input as JsonObject).detail as JsonObject).startedBy));
    equal(deployments.length, SERVICES);
    equal(new Set(deployments).size, SERVICES);
  });

  test("copies each image once", () => {
    deepEqual(
      [...copies.values()],
      IMAGES.map(() => 1),
    );
  });

  test("registers one revision for each service", () => equal(registrations.length, SERVICES));

  test("stays inside RegisterTaskDefinition's 20 at once and 1 a second, and is seldom turned away", () => {
    const sorted = registrations.toSorted((one, other) => one - other);
    for (const [first, from] of sorted.entries()) {
      for (const [last, to] of sorted.entries()) {
        if (last > first)
          ok(last - first + 1 <= 20 + (to - from) + 1, `${last - first + 1} in ${to - from} s`);
      }
    }
    const refused = world.rates.throttled("ecs:RegisterTaskDefinition");
    ok(refused <= 5 * SERVICES, `${refused} calls were turned away`);
  });

  test("ends with every service whole, and one record for each", () => {
    const outcomes = world.bus.outcomes.map(({ outcome }) => outcome);
    deepEqual(
      outcomes,
      Array.from({ length: SERVICES }, () => "succeeded"),
    );
    const broken = world.cluster
      .services()
      .filter(({ deployments: [primary] }) => primary?.rolloutState !== "COMPLETED");
    deepEqual(
      broken.map(({ name }) => name),
      [],
    );
  });

  test("within half an hour of its first event", () => {
    const ended = world.executions.records.map(({ endedAt = Number.POSITIVE_INFINITY }) => endedAt);
    const began = world.executions.records.map(({ startedAt }) => startedAt);
    const minutes = (Math.max(...ended) - Math.min(...began)) / 60_000;
    ok(minutes < 30, `${minutes} minutes`);
  });
});
