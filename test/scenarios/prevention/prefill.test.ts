/** Images of new deployments, copied before a limit strikes: what is copied, how often, and what healing needs of it then. */

import { describe, expect, test } from "vitest";
import { isToBeLookedAtAgain, type PrefillResult, prefill } from "../../../src/prevention/prefill/prefill.ts";
import { quotaPeriod } from "../../../src/remediation/gates/quotas.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy, type SaidPolicy } from "../../support/policy.ts";

const HOUR = 3600;
const SIZE = { kilobytes: 2000 };
const HUB = { images: { "acme/web:1": SIZE, "acme/web:2": SIZE, "acme/web:3": SIZE, "nginx:1.27": SIZE } };
const AHEAD = { mirrors: { prefill: true } } as const;

type Played = {
  readonly world: World;
  readonly prefilled: PrefillResult[];
  /** Deploys an image to a service, as a pipeline does. */
  deploy(service: string, image: string): void;
};

type Given = {
  readonly policy?: SaidPolicy;
  readonly services?: readonly string[];
  readonly service?: object;
  readonly registries?: object;
  readonly kill?: string;
};

async function installed(given: Given = {}): Promise<Played> {
  const { policy = AHEAD, services = ["web"], service, registries, kill } = given;
  const world = await createWorld(
    readWorldFile({
      services: services.map((name) => ({
        cluster: "prod",
        name,
        image: "acme/web:1",
        desiredCount: 1,
        ...service,
      })),
      registries: { "docker.io": HUB, ...registries },
    }),
  );
  const prefilled: PrefillResult[] = [];
  installRepull(world, {
    policy: readPolicy(policy),
    onPrefilled: (result) => void prefilled.push(result),
    ...(kill === undefined ? {} : { killSwitch: { activeReason: async () => kill } }),
  });
  await world.run(HOUR / 4);
  return {
    world,
    prefilled,
    deploy(name, image) {
      const { taskDefinition = "" } = world.cluster.services().find((one) => one.name === name) ?? {};
      const former = world.definitions.describe(taskDefinition)?.taskDefinition ?? {};
      const [container = {}] = (former.containerDefinitions ?? []) as JsonObject[];
      const containerDefinitions = [{ ...container, image }];
      world.cluster.updateService(
        "prod",
        name,
        world.definitions.register({ ...former, containerDefinitions }),
      );
    },
  };
}

/** The first letter of an execution's name says what it is for: `a` ahead, `m` for a remediation. */
const copies = ({ world }: Played) =>
  world.executions.records
    .filter(({ workflow }) => workflow === "mirror")
    .map(({ name, result }) => [name.slice(0, 1), (result as { readonly kind?: string } | undefined)?.kind]);

/** What became of the images of the last event. */
const last = ({ prefilled }: Played) => {
  const looked = prefilled.findLast(({ kind }) => kind === "looked");
  return looked?.kind === "looked"
    ? looked.images.map((image) => ("code" in image ? image.code : image.kind))
    : prefilled
        .flatMap((one) => ("code" in one ? one.code : []))
        .filter((code) => code !== "no-new-revision");
};

describe("an image of a new deployment", () => {
  test("is copied ahead, and a limit that comes later is healed without a copy", async () => {
    const played = await installed();
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR);
    expect(copies(played)).toEqual([["a", "copied"]]);
    expect(played.world.bus.outcomes).toEqual([]);

    played.world.registries.dockerHub.spend({ address: played.world.addresses.tasks }, 200);
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR);
    const [outcome] = played.world.bus.outcomes as unknown as Outcome[];
    expect(outcome).toMatchObject({ outcome: "succeeded", images: [{ strategy: "ecr-copy" }] });
    expect(copies(played)).toHaveLength(1);
  });

  test("is copied once, whichever services it is deployed to, and no revision is registered", async () => {
    const played = await installed({ services: ["web", "api", "job"] });
    for (const service of ["web", "api", "job"]) played.deploy(service, "acme/web:2");
    await played.world.run(HOUR);
    expect(copies(played)).toEqual([["a", "copied"]]);
    expect(played.world.cluster.services().map(({ taskDefinition }) => taskDefinition.at(-1))).toEqual([
      "2",
      "2",
      "2",
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, given: Given, image: string, told: readonly string[]])[] = [
    ["the policy does not say so",                 { policy: {} },                                                              "acme/web:2", []],
    ["the mode is observe",                        { policy: { ...AHEAD, mode: "observe" } },                                   "acme/web:2", ["prefill-off"]],
    ["no copies are made at all",                  { policy: { ...AHEAD, strategies: ["ecr-copy", "ecr-public"] } },             "acme/web:2", ["no-copies"]],
    ["the policy excludes the service",            { policy: { ...AHEAD, scope: { services: { exclude: ["web"] } } } },          "acme/web:2", ["excluded-by-policy"]],
    ["the policy excludes the cluster",            { policy: { ...AHEAD, scope: { clusters: { include: ["stage"] } } } },        "acme/web:2", ["excluded-by-policy"]],
    ["the policy excludes the image",              { policy: { ...AHEAD, scope: { images: { exclude: ["acme/*"] } } } },         "acme/web:2", ["excluded-by-policy"]],
    ["its service opted out",                      { service: { tags: { repull: "off" } } },                                    "acme/web:2", ["opted-out"]],
    ["a tag lets Repull observe its service alone", { service: { tags: { "repull:mode": "observe" } } },                         "acme/web:2", ["opted-out"]],
    ["writes are stopped",                         { kill: "an incident" },                                                     "acme/web:2", ["writes-stopped"]],
    ["ECR Public has it",                          { registries: { "public.ecr.aws": { images: { "docker/library/nginx:1.27": { sameAs: "docker.io/library/nginx:1.27" } } } } }, "nginx:1.27", ["source-exists"]],
    ["it is of another registry",                  { registries: { "quay.io": { images: { "acme/web:2": SIZE } } } },           "quay.io/acme/web:2", ["other-registry"]],
    ["its registry has no such image",             {},                                                                          "acme/gone:1", ["no-substitute"]],
  ];
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, number, string, boolean]>([
    ["is out of order",     503, "unavailable",   true],
    ["refuses the image",   403, "no-substitute", false],
  ])("whose registry %s is looked at again only if that may help", async (_what, status, code, again) => {
    const played = await installed();
    played.world.registries.dockerHub.fail({ on: "manifest-head", as: { kind: "status", status } });
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR / 4);
    expect(last(played)).toEqual([code]);
    const looked = played.prefilled.filter(({ kind }) => kind === "looked");
    expect(looked.map(isToBeLookedAtAgain)).toEqual([again]);
  });

  test.each(table)("is not copied ahead where %s", async (_because, given, image, told) => {
    const played = await installed(given);
    played.deploy("web", image);
    await played.world.run(HOUR / 2);
    expect(copies(played).filter(([whose]) => whose === "a")).toEqual([]);
    expect(last(played)).toEqual(told);
  });
});

test("an event that is late, of a deployment that another has replaced, copies nothing", async () => {
  const played = await installed();
  const { world, prefilled } = played;
  let first: JsonObject | undefined;
  const stop = world.bus.subscribe((document) => {
    if (document["detail-type"] === "ECS Deployment State Change") first ??= document;
  });
  played.deploy("web", "acme/web:2");
  await world.run(HOUR / 4);
  stop();
  played.deploy("web", "acme/web:3");
  await world.run(HOUR / 4);
  const made = copies(played);
  const late = await prefill(first, readPolicy(AHEAD), "*", {
    ...world.ports,
    killSwitch: { activeReason: async () => undefined },
  });
  expect(late).toMatchObject({ kind: "ignored", code: "deployment-over" });
  expect(copies(played)).toEqual(made);
  expect(prefilled.length).toBeGreaterThan(0);
});

describe("what healing needs", () => {
  test("is not used by copies ahead: below half of the pulls none begins", async () => {
    const played = await installed();
    played.world.registries.dockerHub.spend({ address: played.world.addresses.repull }, 51);
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR);
    expect(copies(played)).toEqual([["a", "refused"]]);
  });

  test("is there for a remediation after a copy ahead was refused: its own copy has a name of its own", async () => {
    const played = await installed();
    played.world.registries.dockerHub.spend({ address: played.world.addresses.repull }, 51);
    played.world.registries.dockerHub.spend({ address: played.world.addresses.tasks }, 200);
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR);
    expect(copies(played)).toEqual([
      ["a", "refused"],
      ["m", "copied"],
    ]);
    expect(played.world.bus.outcomes).toMatchObject([{ outcome: "succeeded" }]);
  });

  test("is half of the bytes of a day", async () => {
    const played = await installed({
      policy: { ...AHEAD, quotas: { bytesPerDay: "5MB" } },
      services: ["web", "api"],
    });
    played.deploy("web", "acme/web:2");
    played.deploy("api", "acme/web:3");
    await played.world.run(HOUR);
    expect(copies(played).toSorted()).toEqual([
      ["a", "copied"],
      ["a", "refused"],
    ]);
  });

  test("is not spent on an image whose bytes are refused: none of its manifests is pulled, and no repository is made", async () => {
    const played = await installed({
      policy: { ...AHEAD, quotas: { bytesPerDay: "5MB" } },
      services: ["web"],
    });
    const { world } = played;
    const period = quotaPeriod("bytesPerDay", world.clock.now());
    await world.ports.quotaStore.acquire({ period, requester: "x", amount: 2_500_000, max: 5_000_000 });
    const left = () => world.registries.dockerHub.pullsLeft({ address: world.addresses.repull });
    const before = left();
    played.deploy("web", "acme/web:2");
    await world.run(HOUR);
    expect(copies(played)).toEqual([["a", "refused"]]);
    expect(world.registries.ecr.repositories()).toEqual([]);
    expect(left()).toBe(before);
  });

  test("is not asked for again after a copy ahead met the limit", async () => {
    const played = await installed({ services: ["web", "api"] });
    const lift = played.world.registries.dockerHub.fail({
      on: "manifest-get",
      as: { kind: "status", status: 429 },
    });
    played.deploy("web", "acme/web:2");
    await played.world.run(HOUR / 4);
    lift();
    played.deploy("api", "acme/web:3");
    await played.world.run(HOUR / 4);
    const ahead = played.world.executions.records.filter(({ name }) => name.startsWith("a-"));
    expect(ahead.map(({ result }) => (result as { readonly code?: string }).code)).toEqual([
      "rate-limited",
      "reserved-for-healing",
    ]);
  });
});

test("a copy ahead that was refused four times, for the pulls that healing needs, is made when they are there", async () => {
  const played = await installed();
  const { world } = played;
  for (let refusal = 0; refusal < 4; refusal++) {
    world.registries.dockerHub.spend({ address: world.addresses.repull }, 51);
    played.deploy("web", "acme/web:2");
    await world.run(7 * HOUR);
  }
  expect(copies(played)).toEqual(Array.from({ length: 4 }, () => ["a", "refused"]));
  played.deploy("web", "acme/web:2");
  await world.run(HOUR);
  expect(copies(played).at(-1)).toEqual(["a", "copied"]);
});

test("a copy ahead that fails is tried three times at later deployments, hours apart, and then no more", async () => {
  const played = await installed();
  played.world.registries.dockerHub.fail({ on: "blob-get", as: { kind: "reset" } });
  const tried: number[] = [];
  for (let deployment = 0; deployment < 12; deployment++) {
    played.deploy("web", "acme/web:2");
    await played.world.run(3 * HOUR);
    tried.push(copies(played).length);
  }
  expect(tried.slice(0, 4)).toEqual([1, 1, 1, 2]);
  expect(tried.at(-1)).toBe(3);
  expect(last(played)).toEqual(["given-up"]);
});
