/** The policy's quotas: what is let through, what waits, what is published of it, and what becomes of those that wait. */

import { expect, test } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/substitution/policy/policy.ts";
import { readPolicy, type SaidPolicy } from "../../support/policy.ts";
import { ENGINES, inOfficialEnvironment, play } from "../../support/scenario.ts";

const HOUR = 3600;
const IMAGES = ["acme/web:1", "acme/api:1", "acme/job:1"];

/** At ten minutes past ten in the evening, three services cannot pull; each has an image of its own, 2 MB large. */
async function threeServices(quotas: Partial<Policy["quotas"]>, others: SaidPolicy = {}): Promise<World> {
  const world = await createWorld(
    readWorldFile({
      time: "2026-01-20T22:10:00Z",
      services: IMAGES.map((image, index) => ({
        cluster: "prod",
        name: `service-${index}`,
        image,
        desiredCount: 1,
      })),
      registries: {
        "docker.io": {
          images: Object.fromEntries(IMAGES.map((image) => [image, { kilobytes: 2000 }])),
          quota: { remaining: 0 },
        },
      },
    }),
  );
  installRepull(world, { policy: readPolicy({ ...others, quotas }) });
  return world;
}

const outcomes = (world: World): readonly Outcome[] => world.bus.outcomes as unknown as readonly Outcome[];
const named = (world: World): readonly string[] => outcomes(world).map(({ outcome }) => outcome);
const whole = (world: World): number =>
  world.cluster.services().filter(({ deployments: [primary] }) => primary?.rolloutState === "COMPLETED")
    .length;

test("one remediation per hour heals three services in three hours, and reports each full hour once", async () => {
  const world = await threeServices({ remediationsPerHour: 1 });
  await world.run(HOUR / 2);
  expect([whole(world), named(world).toSorted()]).toEqual([1, ["quota-exceeded", "succeeded"]]);
  const [reached] = outcomes(world).filter(({ outcome }) => outcome === "quota-exceeded");
  expect(reached).toMatchObject({
    resumesAt: "2026-01-20T23:00:00.000Z",
    remedies: [{ code: "raise-quota", setting: { key: "quotas.remediationsPerHour", value: 2 } }],
  });
  await world.run(HOUR);
  expect([whole(world), named(world).toSorted()]).toEqual([
    2,
    ["quota-exceeded", "quota-exceeded", "succeeded", "succeeded"],
  ]);
  await world.run(HOUR);
  expect(whole(world)).toBe(3);
  expect(named(world).filter((outcome) => outcome === "succeeded")).toHaveLength(3);
  expect(named(world)).toHaveLength(5);
  expect(
    [...world.quotas.windows].filter(([name]) => name.includes("PerHour")).map(([, { used }]) => used),
  ).toEqual([1, 1, 1]);
});

test("bytes over their day's quota wait for the next day, and none of them moves before", async () => {
  const world = await threeServices({ bytesPerDay: "5MB" });
  await world.run(1.8 * HOUR);
  expect([whole(world), named(world).toSorted()]).toEqual([2, ["quota-exceeded", "succeeded", "succeeded"]]);
  expect(outcomes(world).find(({ outcome }) => outcome === "quota-exceeded")?.because).toMatch(
    /^the quota of 5 MB copied per day \(quotas\.bytesPerDay\) is reached\. 4\.1 MB are used, and this image has 2\.05 MB$/,
  );
  await world.run(HOUR);
  expect(whole(world)).toBe(3);
});

test("an image that is larger than the whole day's quota is not waited for", async () => {
  const world = await threeServices({ bytesPerDay: "1MB" });
  await world.run(0.5 * HOUR);
  expect(new Set(named(world))).toEqual(new Set(["no-substitute"]));
  expect(
    outcomes(world)[0]
      ?.images[0]?.rejected.map(({ because }) => because)
      .join(),
  ).toContain("the image has 2.05 MB, more than the whole quota of 1 MB copied per day (quotas.bytesPerDay)");
});

test("a service is not deployed without the copy of its other image that a quota holds back", async () => {
  const { world } = await play({
    world: {
      time: "2026-01-20T22:10:00Z",
      services: [
        { cluster: "prod", name: "web", images: { web: "acme/web:1", side: "acme/side:1" }, desiredCount: 1 },
      ],
      registries: {
        "docker.io": {
          images: { "acme/web:1": { kilobytes: 2000 }, "acme/side:1": { kilobytes: 2000 } },
          quota: { remaining: 0 },
        },
      },
    },
    // Room for one of the two.
    policy: { quotas: { ...DEFAULT_POLICY.quotas, bytesPerDay: "3MB" } },
  });
  expect(named(world)).toEqual(["quota-exceeded", "succeeded"]);
  expect(world.definitions.newest("web", 9)).toHaveLength(2);
});

test("where only the copy quota is reached, a strategy that needs none heals meanwhile", async () => {
  const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";
  const { outcome, world } = await play({
    world: {
      services: [
        {
          cluster: "prod",
          name: "web",
          image: "acme/web:1",
          launchType: "EC2",
          desiredCount: 1,
          taskDefinition: {
            family: "web",
            executionRoleArn: "arn:aws:iam::123456789012:role/tasks",
            containerDefinitions: [{ name: "web", image: "acme/web:1", memory: 64 }],
          },
        },
      ],
      registries: {
        "docker.io": {
          images: { "acme/web:1": {} },
          quota: { remaining: 0 },
          accounts: { shop: { password: "x" } },
        },
      },
      secrets: { [arn]: { username: "shop", password: "x" } },
    },
    policy: { dockerHubSecret: arn },
    untilFailure: ({ ports, clock }) => {
      const window = { name: `bytesPerDay ${new Date(clock.now()).toISOString().slice(0, 10)}`, endsAt: 0 };
      void ports.quotaStore.acquire({ period: window, requester: "another", amount: 200e9, max: 200e9 });
    },
  });
  expect(outcome).toMatchObject({ outcome: "succeeded", images: [{ strategy: "authenticated-pull" }] });
  expect(outcome.images[0]?.rejected.map(({ because }) => because).join()).toContain("quotas.bytesPerDay");
  expect(named(world)).toEqual(["succeeded"]);
});

inOfficialEnvironment();

for (const engine of ENGINES) {
  test(`is claimed once, whatever dies (${engine})`, async () => {
    const { world, outcome } = await play(
      {
        world: {
          services: [{ cluster: "prod", name: "web", image: "acme/web:1", desiredCount: 1 }],
          registries: { "docker.io": { images: { "acme/web:1": {} }, quota: { remaining: 0 } } },
        },
      },
      engine,
    );
    expect(outcome.outcome).toBe("succeeded");
    const claims = [...world.quotas.windows].map(
      ([name, { requesters }]) => `${name.split(" ")[0]} ${requesters.size}`,
    );
    // Once of the cluster's share, and once of the hour.
    expect(claims.toSorted()).toEqual(["bytesPerDay 1", "remediationsPerHour 1", "remediationsPerHour 1"]);
  });
}

test("a quota that cannot be read permits nothing", async () => {
  const world = await threeServices({});
  const lift = world.faults.order("dynamodb:UpdateItem", "denied");
  await world.run(HOUR / 2);
  expect(new Set(named(world))).toEqual(new Set(["failed"]));
  expect(outcomes(world)[0]?.because).toContain("dynamodb:UpdateItem");
  expect(world.executions.records.filter(({ workflow }) => workflow === "mirror")).toEqual([]);
  expect(world.definitions.newest("service-0", 5)).toHaveLength(1);
  lift();
  await world.run(4 * HOUR);
  expect(whole(world)).toBe(3);
});

test("one that throttles for a while is asked again", async () => {
  const world = await threeServices({});
  world.faults.order("dynamodb:UpdateItem", "throttled", 40);
  await world.run(2 * HOUR);
  expect(whole(world)).toBe(3);
});

test("a raised quota lets through what waits within half an hour", async () => {
  const world = await threeServices({});
  let quotas = { ...DEFAULT_POLICY.quotas, remediationsPerHour: 1 };
  world.executions.serve("remediate", (input, steps, execution) =>
    remediate(input, world.ports, { policy: DEFAULT_POLICY, execution, limits: async () => quotas }, steps),
  );
  await world.run(HOUR / 6);
  expect(whole(world)).toBe(1);
  quotas = { ...quotas, remediationsPerHour: 3 };
  await world.run(HOUR / 2);
  expect(whole(world)).toBe(3);
});

test("an execution that has waited for a day ends as quota-exceeded, and says so", async () => {
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "acme/web:1", desiredCount: 1 }],
      registries: { "docker.io": { images: { "acme/web:1": {} }, quota: { remaining: 0 } } },
    }),
  );
  const policy = readPolicy({});
  const { ports } = world;
  // Another execution is always quicker.
  const claim: typeof ports.quotaStore.acquire = async ({ max }) => ({ kind: "reached", used: max });
  world.executions.serve("remediate", (input, steps, execution) =>
    remediate(
      input,
      { ...ports, quotaStore: { ...ports.quotaStore, acquire: claim } },
      { policy, execution },
      steps,
    ),
  );
  let isFirst = true;
  world.bus.subscribe(async (document) => {
    if (document.source !== "aws.ecs" || !isFirst) return;
    isFirst = (await detect(document, ports, policy)).kind !== "started";
  });
  await world.run(30 * HOUR);
  const last = outcomes(world).at(-1);
  expect(last).toMatchObject({ outcome: "quota-exceeded", images: [{ strategy: "mirror" }] });
  expect(last?.resumesAt).toBeUndefined();
  const [record] = world.executions.records;
  expect(record?.status).toBe("succeeded");
  expect(((record?.endedAt ?? 0) - (record?.startedAt ?? 0)) / 1000).toBeLessThan(24.1 * HOUR);
});

/** One service; its images are 2 MB each, and the quota lets one of them be copied in a day. */
async function oneImageADay(images: Readonly<Record<string, string>>, more: object = {}): Promise<World> {
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", images, desiredCount: 1, ...more }],
      registries: {
        "docker.io": {
          images: Object.fromEntries(Object.values(images).map((image) => [image, { kilobytes: 2000 }])),
          quota: { remaining: 0 },
        },
      },
    }),
  );
  installRepull(world, { policy: readPolicy({ quotas: { ...DEFAULT_POLICY.quotas, bytesPerDay: "3MB" } }) });
  return world;
}

test("a service whose images need two days of the quota is healed on the second, though no task fails any more", async () => {
  const world = await oneImageADay({ web: "acme/web:1", side: "acme/side:1" }, { circuitBreaker: "on" });
  await world.run(24 * HOUR);
  expect(whole(world)).toBe(1);
  expect(outcomes(world).at(-1)?.outcome).toBe("succeeded");
});

test("a service whose images need three days of the quota is given up after one, and nothing of it was changed", async () => {
  const images = { web: "acme/web:1", side: "acme/side:1", log: "acme/log:1" };
  const world = await oneImageADay(images, { circuitBreaker: "on" });
  await world.run(25 * HOUR);
  const last = outcomes(world).at(-1);
  expect([last?.outcome, last?.resumesAt]).toEqual(["quota-exceeded", undefined]);
  expect(world.definitions.newest("web", 9)).toHaveLength(1);
});
