/** `repull plan` and `repull fix`: a service that is well, looked at and moved off Docker Hub by hand, in a sandbox. */

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { fix } from "../../../src/cli/commands/fix.ts";
import { plan } from "../../../src/cli/commands/plan.ts";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { parseTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { activeInServices } from "../../../src/history/active-substitutions.ts";
import { mergeHistory } from "../../../src/history/history.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { outcomeSchema } from "../../../src/remediation/report/outcome.ts";
import { createServiceInventory } from "../../../src/sandbox/aws/scan/service-inventory.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { commandIo, objectsIn, type RecordedIo } from "../../support/command-io.ts";
import { inWorld, type SandboxHands, sandboxHands } from "../../support/sandbox-session.ts";
import { stateOf } from "../../support/scenario.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const web = {
  cluster: "prod",
  name: "web",
  images: { web: "nginx:1.25", sidecar: `${ECR}/own/sidecar:1` },
  revision: 42,
  desiredCount: 2,
  settled: true,
};
const dashboards = {
  cluster: "prod",
  name: "dashboards",
  image: "grafana/grafana:11",
  revision: 7,
  settled: true,
};
const registries = {
  "docker.io": { images: { "library/nginx:1.25": {}, "grafana/grafana:11": {} } },
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
  ecr: { images: { "own/sidecar:1": {} } },
};
/** The world's story begins at ten. */
const FILE = { services: [web, dashboards], registries };

async function planned(of: SandboxHands, asked: Partial<Parameters<typeof plan>[0]> = {}) {
  const io = commandIo();
  const status = await inWorld(of.world, () => plan({ service: "web", json: false, ...asked }, of.hands, io));
  return { status, ...io.printed };
}

async function fixed(
  of: SandboxHands,
  asked: Partial<Parameters<typeof fix>[0]> = {},
  io: RecordedIo = commandIo(),
) {
  const input = { service: "web", yes: true, settle: true, json: false, ...asked };
  const status = await inWorld(of.world, () => fix(input, of.hands, io));
  return { status, ...io.printed };
}

/** Everything that a write would change. */
async function writesIn(world: World) {
  return {
    published: world.bus.outcomes.length,
    revisions: (await world.ports.ecs.newestRevisions("web", 10)).length,
    deployments: world.cluster.services().flatMap(({ deployments }) => deployments.map(({ id }) => id)),
    copies: world.executions.records.length,
  };
}

describe("plan", () => {
  let stage: SandboxHands;
  beforeEach(async () => {
    stage = await sandboxHands(FILE);
  });

  test("shows today's place, the winner with its proof, why not the others, and what would be written", async () => {
    const { status, out, err } = await planned(stage);
    const page = readFileSync(new URL("../../../docs/by-hand.md", import.meta.url), "utf8");
    const shown = /transcript: begin -->\n```\n(?<text>.*?)```/s.exec(page)?.groups?.text;
    expect(out).toBe(shown);
    expect(err).toContain("nothing is changed");
    expect(status).toBe(0);
  });

  test("a copy that is still to be made is named by where it will be", async () => {
    const { out } = await planned(stage, { service: "dashboards" });
    expect(out).toContain("→ use mirror: copy linux/amd64 from");
    expect(out).toContain(
      "would write ECR/repull/docker.io/grafana/grafana, by the digest of its linux/amd64 image for dashboards",
    );
  });

  test("writes nothing: no revision, no deployment, no copy, no event", async () => {
    const before = await writesIn(stage.world);
    await planned(stage);
    await planned(stage, { service: "dashboards", json: true });
    expect(await writesIn(stage.world)).toEqual(before);
  });

  test("as one object for programs", async () => {
    const { out } = await planned(stage, { json: true });
    expect(objectsIn(out)).toMatchObject([
      {
        service: "prod/web",
        kind: "substitute",
        images: [
          {
            image: "nginx:1.25",
            registry: "docker.io",
            pulledAs: "anonymous",
            strategy: "ecr-public",
            proof: "same-index",
            trusted: { from: "service-revision" },
            rejected: [{ strategy: "ecr-copy" }],
            writes: expect.stringMatching(/^public\.ecr\.aws\/docker\/library\/nginx@sha256:/),
          },
          { image: `${ECR}/own/sidecar:1` },
        ],
        next: ["repull fix web --cluster prod"],
      },
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const names = [
    ["its cluster and name",    { service: "prod/web" },                                                           0, /prod\/web runs/],
    ["its ARN",                 { service: "arn:aws:ecs:us-east-1:123456789012:service/prod/web" },                 0, /prod\/web runs/],
    ["its cluster in addition", { service: "web", cluster: "prod" },                                               0, /prod\/web runs/],
    ["a cluster that is near",  { service: "prdo/web" },                                                           "error", /no cluster prdo, perhaps prod/],
    ["a cluster that is none",  { service: "web", cluster: "staging" },                                            "error", /no cluster staging$/],
    ["a name that is near",     { service: "wep" },                                                                "error", /no service wep in .*, perhaps web/],
    ["a name that is nowhere",  { service: "payments-api" },                                                       "error", /no service payments-api/],
    ["two clusters at once",    { service: "prod/web", cluster: "dev" },                                           "error", /--cluster/],
    ["no name at all",          { service: "web; rm -rf" },                                                        "error", /the name of a service/],
  ] as const;
  for (const [because, asked, status, words] of names) {
    test(`finds a service by ${because}: ${status === 0 ? "yes" : "no, and says so"}`, async () => {
      if (status === 0) expect((await planned(stage, asked)).out).toMatch(words);
      else await expect(planned(stage, asked)).rejects.toThrow(words);
    });
  }

  test("a name in two clusters is asked back, with both", async () => {
    const two = await sandboxHands({
      ...FILE,
      services: [web, { ...web, cluster: "dev", family: "web-dev" }],
    });
    await expect(planned(two)).rejects.toThrow("web is in 2 clusters: prod/web, dev/web");
    expect((await planned(two, { cluster: "dev" })).status).toBe(0);
  });
});

describe("fix", () => {
  test("prints commands that go by the same stack and policy, and a difference line by line", async () => {
    const { world, hands: session } = await sandboxHands(FILE, { flags: " --no-stack" });
    expect((await planned({ world, hands: session })).out).toContain(
      "next: repull fix web --cluster prod --no-stack\n",
    );
    const { out } = await fixed({ world, hands: session });
    expect(out).toContain("undo: repull undo web --cluster prod --no-stack --yes\n");
    expect(out).toMatch(/^ +- +"image": "nginx:1.25",\n +\+ +"image": "public/m);
  });

  test("moves a healthy service, and the same bytes run", async () => {
    const { world, hands: session } = await sandboxHands(FILE);
    const { status, out } = await fixed({ world, hands: session });
    expect(out).toContain("Succeeded: service prod/web: 2 of 2 tasks run web:43");
    expect(out).toContain("undo: repull undo web --cluster prod --yes");
    expect(status).toBe(0);
    const { images, running } = await stateOf(world, "prod", "web");
    expect(images[0]).toMatch(/^public\.ecr\.aws\/docker\/library\/nginx@sha256:/);
    expect(images[1]).toBe(`${ECR}/own/sidecar:1`);
    expect(running).toBe(2);
  });

  test("copies what no place has, and runs the copy", async () => {
    const stage = await sandboxHands(FILE);
    const { status, out } = await fixed(stage, { service: "dashboards" });
    expect(out).toContain("registered dashboards:8");
    expect(out).toContain("1 of 1 tasks run dashboards:8");
    expect(status).toBe(0);
    expect((await stateOf(stage.world, "prod", "dashboards")).images[0]).toMatch(
      /\/repull\/docker\.io\/grafana\/grafana@sha256:/,
    );
  });

  test("leaves the tags by which history and undo find it", async () => {
    const { world, hands: session } = await sandboxHands(FILE);
    await fixed({ world, hands: session });
    const described = await world.ports.ecs.describeTaskDefinition("web:43");
    expect(parseTags(described?.tags ?? [])).toMatchObject({
      execution: expect.stringMatching(/^h-/),
      previousRevision: "web:42",
      service: "prod/web",
      images: [{ image: "nginx:1.25" }],
    });
    const effects = await activeInServices(createServiceInventory(world.cluster), world.ports);
    expect(mergeHistory([], effects, 0)).toMatchObject([
      { ended: "by-hand", workload: "prod/web", former: "web:42", active: true },
    ]);
  });

  test("publishes the outcome, and says nothing of a failure that there was not", async () => {
    const { world, hands: session } = await sandboxHands(FILE);
    const { out } = await fixed({ world, hands: session }, { json: true });
    const [printed] = objectsIn(out);
    expect(outcomeSchema.parse(printed)).toMatchObject({ outcome: "succeeded" });
    expect(printed).not.toHaveProperty("failure");
    const { type: _, ...published } = printed as Record<string, unknown>;
    expect(world.bus.outcomes).toEqual([published]);
  });

  test("a second time there is nothing to do", async () => {
    const stage = await sandboxHands(FILE);
    await fixed(stage);
    const before = await writesIn(stage.world);
    const again = await fixed(stage);
    expect(again.out).toContain("Nothing to do: no image of web:43 comes from Docker Hub.");
    expect(again.status).toBe(0);
    expect(await writesIn(stage.world)).toEqual(before);
  });

  test("asks first: only a yes writes", async () => {
    for (const [answer, revision] of [
      ["", "web:42"],
      ["no", "web:42"],
      ["yes", "web:43"],
    ] as const) {
      const { world, hands: session } = await sandboxHands(FILE);
      const asked: string[] = [];
      const io: RecordedIo = {
        ...commandIo(),
        ask: async (question) => {
          asked.push(question);
          return answer;
        },
      };
      const { status } = await fixed({ world, hands: session }, { yes: false }, io);
      expect(asked).toEqual(["Go on: register a revision of web and redeploy prod/web? [y/N] "]);
      expect(shortRevision((await stateOf(world, "prod", "web")).service.taskDefinition)).toBe(revision);
      expect(status).toBe(revision === "web:43" ? 0 : 1);
    }
  });

  test("without a terminal and without --yes it refuses, before it looks at anything", async () => {
    const stage = await sandboxHands(FILE);
    const { status, out, err } = await fixed(stage, { yes: false });
    expect(err).toContain("add --yes");
    expect(out).toBe("");
    expect(status).toBe(2);
  });

  test("a substitute that does worse is taken back", async () => {
    const crashing = {
      ...registries,
      "public.ecr.aws": {
        images: {
          "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 },
        },
      },
    };
    const stage = await sandboxHands({ ...FILE, registries: crashing });
    const { status, out } = await fixed(stage);
    expect(out).toContain("Rolled back: service prod/web: ");
    expect(out).not.toContain("undo: ");
    expect(status).toBe(1);
    expect(shortRevision((await stateOf(stage.world, "prod", "web")).service.taskDefinition)).toBe("web:42");
  });

  // biome-ignore format: a table is read by its columns
  const refusals: readonly (readonly [string, object, Parameters<typeof sandboxHands>[1], RegExp])[] = [
    ["the service opted out",           { tags: { repull: "off" } },        {},                                                         /opted out/],
    ["CodeDeploy deploys it",           { controller: "CODE_DEPLOY" },      {},                                                         /CodeDeploy deploys/],
    ["the policy says observe",         {},                                 { policy: { mode: "observe" } },                            /observe.*--policy FILE/s],
    ["the policy leaves the service out", {},                               { policy: { scope: { services: { exclude: ["web"] } } } }, /skipped/],
    ["no place has it",                 {},                                 { policy: { strategies: ["ecr-copy"] } },                   /no verified copy/],
  ];
  for (const [because, service, options, words] of refusals) {
    test(`writes nothing where ${because}, and says so`, async () => {
      const stage = await sandboxHands({ ...FILE, services: [{ ...web, ...service }] }, options);
      const before = await writesIn(stage.world);
      const { status, out, err } = await fixed(stage);
      expect(out + err).toMatch(words);
      expect(status).toBe(1);
      expect(await writesIn(stage.world)).toEqual(before);
    });
  }

  // biome-ignore format: a table is read by its columns
  const stops = [
    ["is pulled",      async () => "payment freeze"],
    ["cannot be read", () => Promise.reject(new AwsError("denied", "ssm:GetParameter", "no"))],
  ] as const;
  for (const [how, pulled] of stops) {
    test(`is refused before anything is written where the kill switch ${how}`, async () => {
      const stage = await sandboxHands(FILE, { killSwitch: { activeReason: pulled } });
      const before = await writesIn(stage.world);
      await expect(fixed(stage)).rejects.toMatchObject({ name: "Refused", code: "writes-stopped" });
      expect(await writesIn(stage.world)).toEqual(before);
    });
  }

  test("an ARN of another account is not the local service of the same name", async () => {
    const stage = await sandboxHands(FILE);
    const service = "arn:aws:ecs:us-east-1:210987654321:service/prod/web";
    const before = await writesIn(stage.world);
    await expect(fixed(stage, { service })).rejects.toMatchObject({ name: "Refused", code: "other-account" });
    expect(await writesIn(stage.world)).toEqual(before);
  });

  test("with --yes waits for no other approval", async () => {
    const stage = await sandboxHands(FILE, { policy: { mode: "approve" } });
    const { status, out } = await fixed(stage);
    expect(out).toContain("Succeeded: ");
    expect(status).toBe(0);
  });

  test("an image that the policy leaves out does not keep the others back", async () => {
    const two = { ...web, images: { web: "nginx:1.25", log: "grafana/grafana:11" } };
    const policy = { scope: { images: { exclude: ["grafana/*"] } } };
    const stage = await sandboxHands({ ...FILE, services: [two] }, { policy });
    const { status, out } = await fixed(stage);
    expect(out).toContain("grafana/grafana:11 (log) stays: the policy excludes it");
    expect(status).toBe(0);
    expect((await stateOf(stage.world, "prod", "web")).images[1]).toBe("grafana/grafana:11");
  });

  test("a kill switch that is pulled meanwhile stops the next write", async () => {
    let looks = 0;
    const killSwitch = { activeReason: async () => (++looks > 1 ? "stopped by Ada" : undefined) };
    const stage = await sandboxHands(FILE, { killSwitch });
    const { status, out } = await fixed(stage);
    expect(out).toContain("stopped by Ada");
    expect(status).toBe(4);
    expect(shortRevision((await stateOf(stage.world, "prod", "web")).service.taskDefinition)).toBe("web:42");
  });

  test("a plan that is another one after the yes is not carried out", async () => {
    const { world, hands: session } = await sandboxHands(FILE);
    const io: RecordedIo = {
      ...commandIo(),
      ask: async () => {
        world.registries.ecrPublic.fail({ on: "any", as: { kind: "refused" } });
        return "yes";
      },
    };
    const { status, err } = await fixed({ world, hands: session }, { yes: false }, io);
    expect(err).toContain("another one than a moment ago");
    expect(status).toBe(1);
    expect(shortRevision((await stateOf(world, "prod", "web")).service.taskDefinition)).toBe("web:42");
  });

  test("--no-wait ends with the redeployment accepted", async () => {
    const stage = await sandboxHands(FILE);
    const { status, out } = await fixed(stage, { settle: false });
    expect(out).toContain("Changed, not confirmed: ");
    expect(status).toBe(0);
  });
});
