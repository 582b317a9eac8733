/** A bad morning under a quota: three hundred services fail at once, and fifty an hour are let through. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { beforeAll, describe, test } from "vitest";
import { detect } from "../../src/remediation/detect/detect.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createRandom } from "../../src/sandbox/random.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../support/policy.ts";

const SERVICES = 300;
const PER_HOUR = 50;
const HOUR = 3600;
const IMAGES = ["grafana/grafana:11", "acme/api:2", "prom/prometheus:v3"] as const;

let world: World;
/** The hours of the clock in which a revision was registered, and how many. */
const registered = new Map<number, number>();

beforeAll(async () => {
  world = await createWorld(
    readWorldFile({
      time: "2026-01-20T10:02:00Z",
      services: Array.from({ length: SERVICES }, (_, index) => ({
        cluster: "prod",
        name: `service-${index}`,
        image: IMAGES[index % IMAGES.length],
        desiredCount: 1,
      })),
      registries: {
        "docker.io": {
          images: Object.fromEntries(IMAGES.map((image) => [image, { kilobytes: 1 }])),
          quota: { remaining: 0 },
        },
      },
    }),
  );
  const { ports, registries, addresses, clock } = world;
  const ecs = {
    ...ports.ecs,
    async registerTaskDefinition(revision: JsonObject) {
      const arn = await ports.ecs.registerTaskDefinition(revision);
      const hour = new Date(clock.now()).getUTCHours();
      registered.set(hour, (registered.get(hour) ?? 0) + 1);
      return arn;
    },
  };
  const policy = readPolicy({
    quotas: { remediationsPerHour: PER_HOUR },
    scope: { clusters: { include: ["prod"] } },
  });
  serveWorkflows({ ...world, ports: { ...ports, ecs } }, { policy });
  // Whatever the tasks' address gets back is used up at once: waiting heals no service.
  const spend = (): void => {
    const source = { address: addresses.tasks };
    const left = registries.dockerHub.pullsLeft(source) ?? 0;
    if (left > 0) registries.dockerHub.spend(source, left);
    clock.schedule(clock.now() + 300_000, spend);
  };
  spend();
  const random = createRandom("capped storm");
  const receive = async (document: JsonObject): Promise<void> => {
    await detect(document, world.ports, policy).catch(() =>
      clock.schedule(clock.now() + 360_000, () => receive(document)),
    );
  };
  world.bus.subscribe((document) => {
    if (document.source !== "aws.ecs") return;
    for (let copy = 0; copy < 2; copy += 1)
      clock.schedule(clock.now() + random.next() * 300_000, () => receive(document));
  });
  await world.run(7 * HOUR);
}, 180_000);

describe(`${SERVICES} services under a quota of ${PER_HOUR} remediations per hour`, () => {
  test("are let through fifty an hour, and not one more", () =>
    deepEqual(
      Object.fromEntries(registered),
      Object.fromEntries([10, 11, 12, 13, 14, 15].map((hour) => [hour, PER_HOUR])),
    ));

  test("report it once for each hour that was not enough", () => {
    const waiting = (world.bus.outcomes as unknown as readonly Outcome[]).filter(
      ({ outcome }) => outcome === "quota-exceeded",
    );
    deepEqual(
      waiting.map(({ resumesAt }) => resumesAt),
      [11, 12, 13, 14, 15].map((hour) => `2026-01-20T${hour}:00:00.000Z`),
    );
  });

  test("start one execution each, that waits for its quota", () => {
    const deployments = world.executions.records
      .filter(({ workflow }) => workflow === "remediate")
      .map(({ input }) => String(((input as JsonObject).detail as JsonObject).startedBy));
    equal(deployments.length, SERVICES);
    equal(new Set(deployments).size, SERVICES);
  });

  test("are all healed in the end", () => {
    const broken = world.cluster
      .services()
      .filter(({ deployments: [primary] }) => primary?.rolloutState !== "COMPLETED");
    deepEqual(
      broken.map(({ name }) => name),
      [],
    );
    equal(world.bus.outcomes.filter(({ outcome }) => outcome === "succeeded").length, SERVICES);
  });

  test("come back one after the other, and are hardly ever turned away by ECS", () => {
    const refused = ["ecs:DescribeServices", "ecs:RegisterTaskDefinition"].map((action) =>
      world.rates.throttled(action),
    );
    ok(Math.max(...refused) <= SERVICES / 10, `${refused.join(" and ")} calls were turned away`);
  });
});
