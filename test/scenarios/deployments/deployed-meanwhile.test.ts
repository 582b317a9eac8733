/** Foreign deployments at the very moments at which we write: the deployment that was made last runs in the end. */

import { describe, expect, it } from "vitest";
import type { Service } from "../../../src/ecs/service/service.ts";
import { toTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { AwsError, type AwsErrorKind } from "../../../src/remediation/ports/aws-error.ts";
import type { Ecs, Ports } from "../../../src/remediation/ports/ports.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const POLICY = readPolicy({});
const HOURS = 3600;

type Update = Parameters<Ecs["updateService"]>;
/** `lateAfter`: ECS shows the time before this write of ours for half a minute; `isBefore`: and before what came with it; `loses`: the answer to this write is lost. */
type How = {
  readonly dies?: string;
  readonly isRefused?: boolean;
  readonly lateAfter?: number;
  readonly isBefore?: boolean;
  readonly loses?: number;
};
type Lost = {
  readonly isNotSent?: boolean;
  readonly seconds: number;
  readonly shows: "nothing" | "before";
  readonly isUnlisted?: boolean;
};
type Played = { readonly world: World; readonly outcome: Outcome };

const silent = (action: string) => new AwsError("unavailable", action, "TimeoutError: timed out");

async function failingWorld(): Promise<World> {
  return await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 }],
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": { platforms: ["linux/amd64"] } },
          quota: { remaining: 0 },
        },
        ecr: {
          images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
        },
      },
    }),
  );
}

/** One remediation whose calls of ECS are these. */
async function play(world: World, ecs: (truth: Ecs) => Partial<Ecs>): Promise<Played> {
  const ports: Ports = { ...world.ports, ecs: { ...world.ports.ecs, ...ecs(world.ports.ecs) } };
  world.executions.serve("remediate", (input, steps, execution) =>
    remediate(input, ports, { policy: POLICY, execution }, steps),
  );
  await detect(await firstFailure(world), world.ports, POLICY);
  await world.runUntil(() => !world.executions.running(), 12 * HOURS);
  const [record] = world.executions.records;
  return { world, outcome: record?.result as Outcome };
}

/** A pipeline registers a revision and deploys it; answers its name. */
function deploys(world: World, image: string): string {
  const container = { name: "web", image, essential: true };
  const arn = world.definitions.register({ family: "web", containerDefinitions: [container] });
  world.cluster.updateService("prod", "web", arn);
  return arn;
}

const now = ({ cluster }: World) => cluster.service("prod", "web");

describe("a person's rollback to our revision", () => {
  const table = [
    ["ECS answers the write with its deployments", (answer: unknown) => answer],
    ["only the looks show our deployment", () => []],
  ] as const;
  for (const [when, told] of table) {
    it(`stays in place when ECS showed the past until another deployment came, and ${when}`, async () => {
      const world = await failingWorld();
      let past: { readonly service: Service | undefined; readonly until: number } | undefined;
      let isLost = true;
      let rollback: string | undefined;
      const { outcome } = await play(world, (truth) => ({
        async describeService(cluster, name) {
          if (past !== undefined && world.clock.now() < past.until) return past.service;
          return await truth.describeService(cluster, name);
        },
        async updateService(...update: Update) {
          if (past === undefined) {
            const until = world.clock.now() + 45_000;
            past = { service: await truth.describeService(update[0], update[1]), until };
            world.clock.schedule(until + 5_000, () => deploys(world, "nginx:1.24"));
            world.clock.schedule(until + 30_000, () => {
              world.cluster.updateService(...update);
              rollback = now(world)?.deployments[0]?.id;
            });
          }
          const answer = await truth.updateService(...update);
          const wasLost = isLost;
          isLost = false;
          if (wasLost) throw new AwsError("unavailable", "ecs:UpdateService", "TimeoutError: timed out");
          return told(answer) as typeof answer;
        },
      }));
      expect(now(world)?.deployments[0]?.id).toBe(rollback);
      expect(outcome.outcome).toBe("succeeded");
    });
  }
});

describe("a deployment that comes between a comparison of ours and its write", () => {
  /** What is deployed during our first, second … write. */
  const table: readonly (readonly [when: string, deployed: readonly (readonly string[])[], how: How])[] = [
    ["the substitute's write", [["nginx:1.26"]], {}],
    ["the rollback's write too", [["nginx:1.26"], ["nginx:1.27"]], {}],
    [
      "the rollback's write too, whose process then dies",
      [["nginx:1.26"], ["nginx:1.27"]],
      { dies: "restore" },
    ],
    ["two ways back", [["nginx:1.26"], ["nginx:1.27"], ["nginx:1.28"]], { dies: "restore" }],
    ["the write that restores the former revision", [[], ["nginx:1.26"]], { isRefused: true }],
    [
      "the write that restores, whose process then dies",
      [[], ["nginx:1.26"]],
      { isRefused: true, dies: "undo" },
    ],
    [
      "the rollback's write too, of which ECS shows the state before for a while",
      [["nginx:1.26"], ["nginx:1.27"]],
      { lateAfter: 2 },
    ],
    [
      "the write that restores, of which ECS shows the state before for a while",
      [[], ["nginx:1.26"]],
      { isRefused: true, lateAfter: 2, isBefore: true },
    ],
    [
      "the write that restores, whose process dies and of which ECS shows the state before for a while",
      [[], ["nginx:1.26"]],
      { isRefused: true, lateAfter: 2, dies: "undo" },
    ],
    [
      "the substitute's write, whose answer is lost and before which ECS then shows the state for a while",
      [["nginx:1.26"]],
      { lateAfter: 1, loses: 1 },
    ],
    [
      "the rollback's write too, whose answer is lost and before which ECS then shows the state for a while",
      [["nginx:1.26"], ["nginx:1.27"]],
      { lateAfter: 2, loses: 2 },
    ],
    [
      "the write that restores, whose answer is lost and before which ECS then shows the state for a while",
      [[], ["nginx:1.26"]],
      { isRefused: true, lateAfter: 2, loses: 2 },
    ],
  ];
  for (const [when, deployed, how] of table) {
    it(`runs in the end when it comes at ${when}`, async () => {
      const world = await failingWorld();
      const { dies, isRefused = false, lateAfter, isBefore = false, loses }: How = how;
      if (isRefused) {
        const as = { kind: "status", status: 403, code: "DENIED", message: "not authorized" } as const;
        world.registries.ecr.fail({ on: "manifest-get", as });
      }
      const died = new Set<string>();
      world.executions.dies(({ name, when: moment }) => {
        if (dies === undefined || !name.startsWith(dies) || moment !== "unrecorded" || died.has(name))
          return false;
        died.add(name);
        return true;
      });
      let writes = 0;
      let last = "";
      let past: { readonly service: Service | undefined; readonly until: number } | undefined;
      const { outcome } = await play(world, (truth) => ({
        async describeService(cluster, name) {
          const isLate = past !== undefined && world.clock.now() < past.until;
          return isLate ? past?.service : await truth.describeService(cluster, name);
        },
        async updateService(...update: Update) {
          const before = await truth.describeService(update[0], update[1]);
          for (const image of deployed[writes] ?? []) last = deploys(world, image);
          writes += 1;
          if (lateAfter === writes) {
            const service = isBefore ? before : await truth.describeService(update[0], update[1]);
            past = { service, until: world.clock.now() + 30_000 };
          }
          const answer = await truth.updateService(...update);
          if (loses === writes) throw silent("ecs:UpdateService");
          return answer;
        },
      }));
      expect(now(world)?.taskDefinition).toBe(last);
      expect(outcome.outcome).toBe("superseded");
      expect(died.size > 0).toBe(dies !== undefined);
    });
  }
});

describe("a way back in whose place another execution's heal is found", () => {
  type Heal = {
    /** Who registers it, and what its tags say that it is based on. */
    readonly by: "repull" | "account";
    readonly basedOn?: "theirs" | "another";
    readonly dies?: boolean;
    readonly loses?: boolean;
    readonly refused?: AwsErrorKind;
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, heal: Heal, runs: "deployed last" | "what was found"])[] = [
    ["it is of what Repull brought back",                                      { by: "repull" },                      "deployed last"],
    ["it is of what Repull brought back, and the process dies at the write",   { by: "repull", dies: true },          "deployed last"],
    ["it is of what Repull brought back, and the write's answer is lost",      { by: "repull", loses: true },         "deployed last"],
    ["it is of what Repull brought back, and its description is late",         { by: "repull", refused: "throttled" }, "deployed last"],
    ["it is of what Repull brought back, and may not be described",            { by: "repull", refused: "denied" },   "what was found"],
    ["it is of another revision",                                              { by: "repull", basedOn: "another" },  "what was found"],
    ["another caller registered it with Repull's tags",                        { by: "account" },                     "what was found"],
  ];
  for (const [when, heal, runs] of table)
    it(`runs ${runs} where ${when}`, async () => {
      const { by, basedOn = "theirs", dies = false, loses = false, refused } = heal;
      const world = await failingWorld();
      const theirs: string[] = [];
      let found = "";
      let writes = 0;
      let deaths = 0;
      let refusals = 0;
      world.executions.dies(({ name, when: moment }) => {
        if (!dies || found === "" || deaths > 0 || !name.startsWith("restore") || moment !== "unrecorded")
          return false;
        deaths += 1;
        return true;
      });
      /** Another execution replaces what Repull has brought back, before the next way back is written. */
      const heals = async () => {
        const container = { name: "web", image: "nginx:1.26", essential: true };
        const based = basedOn === "theirs" ? (theirs[0] ?? "") : (theirs[1] ?? "");
        const tags = toTags({
          execution: "r-0123456789abcdef0123456789abcdef01234567-1",
          previousRevision: based.slice(based.lastIndexOf("/") + 1),
          service: "prod/web",
          images: [],
        });
        found = world.definitions.register({ family: "web", containerDefinitions: [container], tags }, by);
        world.cluster.updateService("prod", "web", found);
      };
      const { outcome } = await play(world, (truth) => ({
        async describeTaskDefinition(name) {
          if (name === found && refused !== undefined && (refused === "denied" || refusals === 0)) {
            refusals += 1;
            throw new AwsError(refused, "ecs:DescribeTaskDefinition", "not answered");
          }
          return await truth.describeTaskDefinition(name);
        },
        async describeService(cluster, name) {
          if (writes === 2 && found === "") await heals();
          return await truth.describeService(cluster, name);
        },
        async updateService(...update: Update) {
          if (writes < 2) theirs.push(deploys(world, `nginx:1.${26 + writes}`));
          writes += 1;
          const answer = await truth.updateService(...update);
          if (loses && writes === 3) throw silent("ecs:UpdateService");
          return answer;
        },
      }));
      expect(found).not.toBe("");
      expect(deaths).toBe(dies ? 1 : 0);
      expect(now(world)?.taskDefinition).toBe(runs === "deployed last" ? theirs[1] : found);
      expect(outcome.outcome).toBe("superseded");
    });
});

describe("a deployment that comes at our write, whose answer is lost", () => {
  /** What becomes of the call, and what ECS shows after it for so many seconds. */
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, how: Lost, outcome: string])[] = [
    ["ECS answers no question until ours has replaced it", { seconds: 50, shows: "nothing" }, "superseded"],
    ["ECS shows the time before it until ours has replaced it", { seconds: 90, shows: "before" }, "superseded"],
    ["the call did not arrive either, and ECS then shows the time before it, at whose end our second write is done", { isNotSent: true, seconds: 90, shows: "before" }, "superseded"],
    ["what it was may not be read: ours stays, as nothing shows another", { seconds: 50, shows: "nothing", isUnlisted: true }, "succeeded"],
  ];
  for (const [when, how, outcome] of table)
    it(`runs in the end when ${when}`, async () => {
      const world = await failingWorld();
      const { isNotSent = false, isUnlisted = false, seconds, shows } = how;
      let isFirst = true;
      let theirs = "";
      let looks = 0;
      let past: { readonly service: Service | undefined; readonly until: number } | undefined;
      const played = await play(world, (truth) => ({
        async listServiceDeployments(cluster, name) {
          if (isUnlisted && !isFirst)
            throw new AwsError("denied", "ecs:ListServiceDeployments", "not authorized");
          return await truth.listServiceDeployments(cluster, name);
        },
        async describeService(cluster, name) {
          if (past === undefined || world.clock.now() >= past.until)
            return await truth.describeService(cluster, name);
          looks += 1;
          // Where the call did not arrive, the first look shows it, and only what comes next is of the past.
          if (isNotSent && looks === 1) return await truth.describeService(cluster, name);
          if (shows === "nothing") throw silent("ecs:DescribeServices");
          return past.service;
        },
        async updateService(...update: Update) {
          if (isFirst) {
            isFirst = false;
            const service = await truth.describeService(update[0], update[1]);
            past = { service, until: world.clock.now() + seconds * 1000 };
            theirs = deploys(world, "nginx:1.26");
            if (!isNotSent) await truth.updateService(...update);
            throw silent("ecs:UpdateService");
          }
          return await truth.updateService(...update);
        },
      }));
      expect(played.outcome.outcome).toBe(outcome);
      if (outcome === "superseded") expect(now(world)?.taskDefinition).toBe(theirs);
    });
});

describe("a deployment of the same images, by digest, that ours has replaced", () => {
  /** The image of the deployment that comes with our write; what runs in the end, ours or that one, and the outcome. */
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, imageOf: (ours: string) => string, runs: "ours" | "theirs", outcome: string, refusal?: "denied" | "throttled"])[] = [
    ["is not deployed again: ours runs what it would",          (ours) => ours,                             "ours",   "succeeded"],
    ["is not either where another registry has the digest",     (ours) => `ghcr.io/shop/nginx${ours.slice(ours.indexOf("@"))}`, "ours", "succeeded"],
    ["is deployed again where it names a tag",                  () => "nginx:1.26",                         "theirs", "superseded"],
    ["is deployed again where it names another digest",         (ours) => `${ours.slice(0, -4)}beef`,       "theirs", "superseded"],
    ["is deployed again where it may not be read",              (ours) => ours,                             "theirs", "superseded", "denied"],
    ["is deployed again where it could not be read for a minute", () => "nginx:1.26",                "theirs", "superseded", "throttled"],
  ];
  for (const [title, imageOf, runs, outcome, refusal] of table)
    it(title, async () => {
      const world = await failingWorld();
      let ours = "";
      let theirs = "";
      let until = 0;
      const played = await play(world, (truth) => ({
        async describeTaskDefinition(name) {
          const isOver = refusal === "throttled" && world.clock.now() >= until;
          if (refusal !== undefined && theirs !== "" && name === theirs && !isOver)
            throw new AwsError(refusal, "ecs:DescribeTaskDefinition", "not answered");
          return await truth.describeTaskDefinition(name);
        },
        async updateService(...update: Update) {
          const isFirst = theirs === "";
          if (isFirst) {
            ours = update[2];
            const { taskDefinition } = (await truth.describeTaskDefinition(ours)) ?? { taskDefinition: {} };
            const { containerDefinitions: containers } = taskDefinition as unknown as {
              readonly containerDefinitions: readonly { readonly image: string }[];
            };
            const revision = containers.map((one) => ({ ...one, image: imageOf(one.image) }));
            theirs = world.definitions.register({ ...taskDefinition, containerDefinitions: revision });
            world.cluster.updateService("prod", "web", theirs);
            until = world.clock.now() + 60_000;
          }
          return await truth.updateService(...update);
        },
      }));
      expect(now(world)?.taskDefinition).toBe(runs === "ours" ? ours : theirs);
      expect(played.outcome.outcome).toBe(outcome);
    });
});
