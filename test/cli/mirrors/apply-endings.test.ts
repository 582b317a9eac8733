/** How `repull mirrors refresh --apply` ends where not all that was ordered is done, and how far it can be taken back. */

import { describe, expect, test } from "vitest";
import { stackFlags } from "../../../src/cli/account/stack-flags.ts";
import { fix } from "../../../src/cli/commands/fix.ts";
import { apply } from "../../../src/cli/mirrors/apply/apply.ts";
import { applySchema } from "../../../src/cli/mirrors/apply/apply-line.ts";
import { refresh } from "../../../src/cli/mirrors/refresh.ts";
import { activeInServices } from "../../../src/history/active-substitutions.ts";
import { planUndo, undoOne } from "../../../src/history/undo.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { type MovedWorld, movedWorld, NGINX } from "../../support/moved-world.ts";
import { inWorld } from "../../support/sandbox-session.ts";

const both = { services: [{}, { name: "api", family: "api" }] };

/** What `repull undo` would do to the service that runs a revision of Repull. */
async function undoOf({ world, session }: MovedWorld) {
  const [undo] = await planUndo(await activeInServices(session.inventory, world.ports), world.ports);
  if (undo === undefined) throw new Error("no revision of Repull is in use");
  return undo;
}

/** The reason is that of the code, and not that no copy was found. */
const NO_PLATFORM = { kind: "blocked", code: "no-platform", because: expect.stringContaining("linux/arm64") };

describe("an order of an image for other machines", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, platforms: readonly string[], architecture: string, planned: object])[] = [
    ["one image of the service's own",   ["linux/arm64"],                "ARM64",  { kind: "apply" }],
    ["one image of another",             ["linux/amd64"],                "ARM64",  NO_PLATFORM],
    ["an index with the service's own",  ["linux/amd64", "linux/arm64"], "ARM64",  { kind: "apply" }],
    ["an index without it",              ["linux/amd64", "linux/s390x"], "ARM64",  NO_PLATFORM],
    ["one image of the service's own",   ["linux/amd64"],                "X86_64", { kind: "apply" }],
  ];
  for (const [what, platforms, architecture, planned] of table)
    test(`is planned only where the new image is for the tasks' platform: ${what}, ${architecture}`, async () => {
      const images = { "library/nginx:next": { platforms } };
      const at = await movedWorld({ services: [{ architecture }], images });
      const { line } = await at.apply();
      expect(line.services).toMatchObject([planned]);
    });
});

describe("an undo of an order", () => {
  test("does not deploy the bytes that were rolled back, which the tag names", async () => {
    const at = await movedWorld({ copy: { exits: 1 } });
    await at.apply({ yes: true });
    await at.world.run(600);
    const undo = await undoOf(at);
    expect(undo.refusedBecause).toBeDefined();
    await undoOne(undo, at.world.ports);
    await at.world.run(600);
    expect(await at.running()).toEqual({ web: [at.old] });
  });

  test("leaves the bytes from before the order in place where it is repeated", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    for (const _ of [1, 2]) {
      await undoOne(await undoOf(at), at.world.ports);
      await at.world.run(600);
      expect(await at.running()).toEqual({ web: [at.old] });
    }
  });
});

describe("the exit status of an order", () => {
  test("is 1 where another deployment has come first, because the service was not moved", async () => {
    const at = await movedWorld();
    at.world.clock.schedule(at.world.clock.now() + 10_000, async () => await at.deployAgain(undefined, 0));
    const { status, outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "superseded" }]);
    expect(status).toBe(1);
  });

  test("is 5 where one service could not be read, and the others are moved all the same", async () => {
    const refusals = [{ action: "ecs:DescribeTaskDefinition", kind: "throttled", times: 3 }];
    const at = await movedWorld({ ...both, more: { refusals } });
    const { status, line, outcomes } = await at.apply({ yes: true });
    expect([line.services.length, line.unread.length]).toEqual([1, 1]);
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }]);
    expect(status).toBe(5);
  });

  test("is 0 where AWS bounds the rate of the reads for forty services", async () => {
    const names = Array.from({ length: 39 }, (_, index) => `web-${index}`);
    const others = names.map((name) => ({ name, family: name, desiredCount: 1 }));
    const at = await movedWorld({ services: [{}, ...others] });
    const { status, line } = await at.apply();
    expect(line.services.filter(({ kind }) => kind === "apply")).toHaveLength(40);
    expect([status, line.unread]).toEqual([0, []]);
  });

  test("is that of AWS where it answers for no service", async () => {
    const refusals = [{ action: "ecs:DescribeTaskDefinition", kind: "unavailable" }];
    const services = ["a", "b", "c", "d"].map((name) => ({ name, family: name }));
    const at = await movedWorld({ services: [{}, ...services], more: { refusals } });
    await expect(at.apply({ yes: true })).rejects.toThrow(AwsError);
  });

  test("is 5 where the copies cannot be read, and the image that is asked for may be among them", async () => {
    const at = await movedWorld();
    const unread = { unread: "ecr:DescribeRepositories", because: "ecr:DescribeRepositories was denied" };
    const session = { ...at.session, store: { ...at.session.store, repositories: async () => unread } };
    const { status, line } = await at.apply({ images: [NGINX] }, session);
    expect([status, line.unread]).toEqual([5, [unread.because]]);
  });
});

describe("bytes that did worse in one service", () => {
  test("are not given to the next one by another tag", async () => {
    const at = await movedWorld({
      copy: { exits: 1 },
      copied: { 1: NGINX },
      images: { "library/nginx:1": { sameAs: NGINX } },
      services: [{}, { name: "api", family: "api", image: "nginx:1" }],
    });
    at.move("next", "1");
    const before = await at.revision("api");
    const { outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "rolled-back" }, { where: "prod/api", outcome: "refused" }]);
    expect(await at.revision("api")).toBe(before);
  });

  test("are not given to a service without tasks, which cannot show what they do", async () => {
    const at = await movedWorld({ ...both, copy: { exits: 1 } });
    at.world.cluster.changeService("prod", "web", { desiredCount: 0 });
    await at.world.run(300);
    const before = await at.revision("web");
    const { outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "rolled-back" }, { where: "prod/web", outcome: "refused" }]);
    expect(await at.revision("web")).toBe(before);
  });

  test("do not count the service that is kept from them among those that a run begins", async () => {
    const later = "docker.io/library/nginx:later";
    const at = await movedWorld({
      copy: { exits: 1 },
      copied: { 2: NGINX, later },
      images: { "library/nginx:2": { sameAs: NGINX } },
      services: [...both.services, { name: "other", family: "other", image: "nginx:2" }],
      policy: { quotas: { remediationsPerHour: 2 } },
    });
    at.move("later", "2");
    const { outcomes } = await at.apply({ yes: true });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["rolled-back", "refused", "succeeded"]);
  });
});

describe("a service that follows a tag", () => {
  test("follows it after a remediation of another container too", async () => {
    const later = "docker.io/library/nginx:later";
    const at = await movedWorld({
      services: [{ images: { web: "nginx:1.27", db: "redis:7" } }],
      images: { "library/redis:7": {} },
      copied: { later },
    });
    await at.apply({ yes: true });
    const io = commandIo();
    const input = { service: "web", yes: true, settle: true, json: true };
    await inWorld(at.world, () => fix(input, at.session, io));
    const moved = at.move("later");
    const { line } = await at.apply({ yes: true });
    expect(line.services[0]?.images).toMatchObject([{ source: NGINX, code: "apply" }, { code: "current" }]);
    expect(await at.running()).toMatchObject({ web: [moved] });
  });

  test("is not to wait for the end of a limit that was not met, where its copy is absent", async () => {
    const at = await movedWorld({ copy: null });
    const codes = (await at.apply()).line.services[0]?.remedies?.map(({ code }) => code);
    expect(codes).not.toContain("wait");
    expect(codes).not.toContain("allow-strategies");
  });
});

describe("the command that a plan prints", () => {
  /** The options of the printed command, as the program reads them. */
  const named = (next: readonly string[] = []) => {
    const valuesOf = (option: string) => next.filter((_, index) => next[index - 1] === option);
    return { images: valuesOf("--image"), services: valuesOf("--service"), yes: true };
  };

  for (const mode of ["remediate", "approve"] as const)
    test(`moves no service that the plan showed to stay, whatever has ended meanwhile, in the mode ${mode}`, async () => {
      const at = await movedWorld({ ...both, policy: { mode } });
      // Another caller's deployment pins the old bytes: the tag is put back for a moment.
      at.move("1.27-was");
      await at.deployAgain(undefined, 20);
      at.move("next");
      const { line } = await at.apply();
      expect(line.services.map(({ service, kind }) => [service, kind])).toEqual(
        expect.arrayContaining([
          ["web", "blocked"],
          ["api", "apply"],
        ]),
      );
      await at.world.run(600);
      const before = await at.revision();
      const { outcomes } = await at.apply(named(line.next));
      expect(outcomes).toMatchObject([{ outcome: "succeeded", workload: { name: "api" } }]);
      expect(await at.revision()).toBe(before);
    });

  test("moves the services that are there where another one that it names was deleted", async () => {
    const at = await movedWorld(both);
    const { line } = await at.apply();
    const { services, ...rest } = named(line.next);
    const gone = services.map((name) => name.replace("api", "gone"));
    const { status, outcomes, line: again } = await at.apply({ ...rest, services: gone });
    expect([again.unread.length, status]).toEqual([1, 5]);
    expect(outcomes).toMatchObject([{ outcome: "succeeded", workload: { name: "web" } }]);
  });

  test("has a policy's path as one word, whatever is in it", async () => {
    const at = await movedWorld();
    const path = "it's my policy.json";
    const { line } = await at.apply({}, { ...at.session, flags: stackFlags({ policyFile: path }) });
    const { region } = at.session.home;
    expect(line.next?.slice(-5)).toEqual(["--policy", path, "--region", region, "--yes"]);
  });

  test("acts in the region and by the profile of the plan, wherever it is pasted", async () => {
    const at = await movedWorld();
    const io = commandIo({}, { AWS_PROFILE: "prod" });
    const input = { images: [], services: [], yes: false, settle: true, json: true };
    await inWorld(at.world, () => apply(input, at.session, io));
    const { next } = applySchema.parse(objectsIn(io.printed.out)[0]);
    const { region } = at.session.home;
    expect(next?.slice(-5)).toEqual(["--region", region, "--profile", "prod", "--yes"]);
  });
});

const [A, B] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);

// biome-ignore format: a table is read by its columns
const TWICE: readonly (readonly [what: string, images: readonly string[]])[] = [
  ["two digests",                       [`nginx:1.27@${A}`, `nginx:1.27@${B}`]],
  ["a digest, and then without one",    [`nginx:1.27@${A}`, "nginx:1.27"]],
  ["a digest by two names of it",       [`nginx:1.27@${A}`, `${NGINX}@${B}`]],
];

describe("a tag that is named twice", () => {
  for (const [what, images] of TWICE)
    test(`is a wrong call with ${what}, because one of them would be passed over`, async () => {
      const at = await movedWorld();
      await expect(at.apply({ images })).rejects.toThrow(InvalidInput);
      // Also before a refresh that would copy: nothing answers there.
      const io = commandIo({}, { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_REGION: "us-east-1" });
      const apply = { images, services: [], settle: true, config: { stack: "repull" } };
      const call = refresh({ yes: true, rights: false, json: true, stack: "repull", apply }, io);
      await expect(call).rejects.toThrow(InvalidInput);
    });
});
