/** `repull mirrors refresh --apply`: services that follow a tag run what it names now, in a sandbox. */

import { describe, expect, test } from "vitest";
import { fix } from "../../../src/cli/commands/fix.ts";
import { plan } from "../../../src/cli/commands/plan.ts";
import { activeInServices } from "../../../src/history/active-substitutions.ts";
import { planUndo, undoOne } from "../../../src/history/undo.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { COPIES, movedWorld, NGINX, type Said } from "../../support/moved-world.ts";
import { inWorld } from "../../support/sandbox-session.ts";

const REGION = ["--region", "us-east-1"];
const both = { services: [{}, { name: "api", family: "api" }] };

describe("repull mirrors refresh --apply", () => {
  test("shows what would run, and writes nothing without --yes", async () => {
    const at = await movedWorld();
    const before = await at.revision();
    const { status, line } = await at.apply();
    expect(line.services).toMatchObject([
      {
        service: "web",
        kind: "apply",
        images: [
          {
            image: "nginx:1.27",
            code: "apply",
            source: NGINX,
            runs: at.old,
            to: at.new,
            writes: `${COPIES}@${at.new}`,
            wayBack: `${COPIES}@${at.old}`,
          },
        ],
      },
    ]);
    expect([status, await at.revision()]).toEqual([0, before]);
    const named = ["--image", `${NGINX}@${at.new}`];
    const moved = [...named, "--service", "prod/web"];
    expect(line.next).toEqual(["repull", "mirrors", "refresh", "--apply", ...moved, ...REGION, "--yes"]);
  });

  test("moves a service to the copy of what its tag names now, and finds nothing to do the next time", async () => {
    const at = await movedWorld();
    const { status, outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([
      { outcome: "succeeded", images: [{ trusted: { digest: at.new, from: "operator" } }] },
    ]);
    expect(await at.written()).toEqual({ web: `${COPIES}@${at.new}` });
    expect(await at.running()).toEqual({ web: [at.new] });
    expect(status).toBe(0);
    const again = await at.apply({ yes: true });
    expect(again.line.services).toMatchObject([{ kind: "left", images: [{ code: "current" }] }]);
    expect([again.status, again.outcomes]).toEqual([0, []]);
  });

  test("puts the very bytes back that ran before where the new ones do worse", async () => {
    const at = await movedWorld({ copy: { exits: 1 } });
    const { status, outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "rolled-back" }]);
    await at.world.run(600);
    expect(await at.running()).toEqual({ web: [at.old] });
    expect(status).toBe(1);
  });

  test("leaves what ECS itself went back to, which a later remediation expects", async () => {
    const at = await movedWorld({ services: [{ circuitBreaker: "rollback" }] });
    const { outcomes } = await at.apply({ yes: true, settle: false });
    expect(outcomes).toMatchObject([{ outcome: "redeployed" }]);
    at.world.registries.ecr.setImageStatus("repull/docker.io/library/nginx", at.new, "archived");
    await at.world.run(6 * 3600);
    expect([await at.written(), await at.running()]).toEqual([{ web: "nginx:1.27" }, { web: [at.old] }]);
    const io = commandIo();
    await inWorld(at.world, () => plan({ service: "web", json: true }, at.session, io));
    expect(objectsIn(io.printed.out)).toMatchObject([
      { kind: "substitute", images: [{ trusted: { digest: at.old } }] },
    ]);
  });

  test("goes back by the digest at the registry where ECR has no copy of what ran", async () => {
    const at = await movedWorld({ copy: { exits: 1 } });
    const ran = at.move("later");
    await at.deployAgain();
    at.move("next");
    await at.apply({ yes: true });
    await at.world.run(600);
    expect(await at.written()).toEqual({ web: `docker.io/library/nginx@${ran}` });
    expect(await at.running()).toEqual({ web: [ran] });
  });

  test("is undone to the very bytes that ran before", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    const { inventory } = at.session;
    const [undo] = await planUndo(await activeInServices(inventory, at.world.ports), at.world.ports);
    expect(undo?.refusedBecause).toBeUndefined();
    if (undo !== undefined) await undoOne(undo, at.world.ports);
    await at.world.run(600);
    expect(await at.running()).toEqual({ web: [at.old] });
    // What was put back still follows the tag.
    expect((await at.apply()).line.services).toMatchObject([{ kind: "apply" }]);
  });

  test("moves a service that runs a substitute of the tag, and can be undone to the substitute", async () => {
    const at = await movedWorld();
    at.move("1.27-was");
    const io = commandIo();
    const input = { service: "web", yes: true, settle: true, json: true };
    await inWorld(at.world, () => fix(input, at.session, io));
    const substitute = await at.revision();
    expect(await at.written()).toEqual({ web: `${COPIES}@${at.old}` });
    at.move("next");
    const { line, outcomes } = await at.apply({ yes: true });
    expect(line.services[0]?.images).toMatchObject([{ source: NGINX, runs: at.old, to: at.new }]);
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }]);
    expect(await at.running()).toEqual({ web: [at.new] });
    const [effect] = await activeInServices(at.session.inventory, at.world.ports);
    expect(substitute.endsWith(`/${effect?.former}`)).toBe(true);
  });

  test("changes no other container, and says which tags ECS resolves again", async () => {
    const images = { web: "nginx:1.27", cache: "nginx:later", second: "nginx:1.27" };
    const at = await movedWorld({ services: [{ images }] });
    const { line, outcomes } = await at.apply({ yes: true });
    expect(line.services[0]?.resolvedAgain).toEqual(["nginx:later"]);
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }]);
    const copy = `${COPIES}@${at.new}`;
    expect(await at.written()).toEqual({ web: copy, cache: "nginx:later", second: copy });
  });

  test("gives each of two services of one family a revision of its own", async () => {
    const services = [{}, { name: "api", sharesRevisionWith: "prod/web" }];
    const at = await movedWorld({ services });
    const { outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }, { outcome: "succeeded" }]);
    expect(await at.revision("web")).not.toBe(await at.revision("api"));
    expect([await at.running("web"), await at.running("api")]).toEqual([
      { web: [at.new] },
      { web: [at.new] },
    ]);
  });

  test("does not begin the next service with an image that did worse in the first", async () => {
    const at = await movedWorld({ ...both, copy: { exits: 1 } });
    const before = await at.revision("api");
    const { status, outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "rolled-back" }, { where: "prod/api", outcome: "refused" }]);
    expect([status, await at.revision("api")]).toEqual([1, before]);
  });

  test("begins no more services than the policy lets be changed in an hour", async () => {
    const at = await movedWorld({ ...both, policy: { quotas: { remediationsPerHour: 1 } } });
    const { status, outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }, { where: "prod/api", outcome: "refused" }]);
    expect(status).toBe(5);
  });

  test("ends once a redeployment is accepted with --no-wait", async () => {
    const at = await movedWorld();
    const { status, outcomes } = await at.apply({ yes: true, settle: false });
    expect(outcomes).toMatchObject([{ outcome: "redeployed" }]);
    expect(status).toBe(0);
  });

  test("leaves a deployment alone that comes between the plan and the write", async () => {
    let calls = 0;
    let meanwhile: (() => Promise<unknown>) | undefined;
    const killSwitch = {
      async activeReason() {
        calls += 1;
        if (calls === WRITES_BEGIN) await meanwhile?.();
        return undefined;
      },
    };
    const at = await movedWorld({ killSwitch });
    meanwhile = () => at.deployAgain(undefined, 0);
    const { outcomes } = await at.apply({ yes: true });
    expect(calls).toBeGreaterThanOrEqual(WRITES_BEGIN);
    expect(outcomes).toMatchObject([{ outcome: "superseded" }]);
    await at.world.run(600);
    expect(await at.written()).toEqual({ web: "nginx:1.27" });
  });

  test("registers nothing a second time after a run that did not come to its end", async () => {
    const at = await movedWorld({
      more: { refusals: [{ action: "ecs:UpdateService", kind: "denied", times: 1 }] },
    });
    const first = await at.apply({ yes: true });
    expect(first.outcomes).toMatchObject([{ outcome: "failed" }]);
    const registered = await at.world.ports.ecs.newestRevisions("web", 10);
    const { outcomes } = await at.apply({ yes: true });
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }]);
    expect(await at.world.ports.ecs.newestRevisions("web", 10)).toEqual(registered);
  });

  test("does nothing for a tag that has moved once more since its digest was shown", async () => {
    const at = await movedWorld();
    const shown = at.new;
    at.move("later");
    const { status, line, outcomes } = await at.apply({ yes: true, images: [`nginx:1.27@${shown}`] });
    expect(line.services).toMatchObject([{ kind: "left", images: [{ code: "moved-again" }] }]);
    expect([status, outcomes]).toEqual([1, []]);
    expect(await at.running()).toEqual({ web: [at.old] });
  });

  test("lets a later look at the service expect the new bytes", async () => {
    const at = await movedWorld();
    const former = await at.revision();
    await at.apply({ yes: true });
    await at.deployAgain(former);
    const io = commandIo();
    await inWorld(at.world, () => plan({ service: "web", json: true }, at.session, io));
    expect(objectsIn(io.printed.out)).toMatchObject([
      { images: [{ image: "nginx:1.27", trusted: { digest: at.new, from: "service-revision" } }] },
    ]);
  });

  test("takes the digests that were shown for the approval that the mode asks for", async () => {
    const at = await movedWorld({ policy: { mode: "approve" } });
    const without = await at.apply({ yes: true });
    expect(without.line.services).toMatchObject([{ kind: "blocked", code: "approval-needed" }]);
    expect([without.status, without.outcomes]).toEqual([1, []]);
    const shown = (await at.apply()).line.services[0]?.images[0]?.to;
    const { outcomes } = await at.apply({ yes: true, images: [`nginx:1.27@${shown}`] });
    expect(outcomes).toMatchObject([{ outcome: "succeeded" }]);
  });
});

/** Once for the plan, once before all writes, once for the plan before the write, then for each write. */
const WRITES_BEGIN = 4;

// biome-ignore format: a table is read by its columns
const BLOCKED: readonly (readonly [when: string, code: string, said: Said])[] = [
  ["the mode is observe",                      "mode-observe",           { policy: { mode: "observe" } }],
  ["all writes are stopped",                   "writes-stopped",         { killSwitch: { activeReason: async () => "incident" } }],
  ["a Change Calendar is closed",              "calendar-closed",        { policy: { changeCalendar: ["freeze"] }, more: { calendars: { freeze: [{}] } } }],
  ["the policy leaves the service out",        "excluded-by-policy",     { policy: { scope: { services: { exclude: ["web"] } } } }],
  ["the policy leaves the image out",          "excluded-by-policy",     { policy: { scope: { images: { exclude: ["nginx"] } } } }],
  ["the service opted out",                    "opted-out",              { services: [{ tags: { repull: "off" } }] }],
  ["CodeDeploy deploys the service",           "deployed-by-others",     { services: [{ controller: "CODE_DEPLOY" }] }],
  ["an external controller deploys it",        "deployed-by-others",     { services: [{ controller: "EXTERNAL" }] }],
  ["the new bytes are not in ECR",             "absent",                 { copy: null }],
  ["the copy is archived",                     "archived",               { copy: { archived: true } }],
  ["its role may not pull from ECR",           "check-failed",           { more: { roles: { "web-execution": { denied: ["ecr:BatchGetImage"] } } } }],
];

describe("a service that would follow its tag", () => {
  for (const [when, code, said] of BLOCKED)
    test(`stays as it is, and says why, where ${when}`, async () => {
      const at = await movedWorld(said);
      const before = await at.revision();
      const dry = await at.apply();
      const { status, line, outcomes } = await at.apply({ yes: true });
      for (const { services } of [dry.line, line])
        expect(services).toMatchObject([{ service: "web", kind: "blocked", code }]);
      const expected = ["opted-out", "excluded-by-policy"].includes(code) ? 0 : 1;
      expect([dry.status, status, outcomes]).toEqual([expected, expected, []]);
      expect(await at.revision()).toBe(before);
    });

  test("stays as it is while another deployment is in progress", async () => {
    const at = await movedWorld();
    await at.deployAgain(undefined, 0);
    const { status, line } = await at.apply({ yes: true });
    expect(line.services).toMatchObject([{ kind: "blocked", code: "deployment-in-progress" }]);
    expect(status).toBe(1);
  });
});

// biome-ignore format: a table is read by its columns
const LEFT = [
  ["names the image by a digest",   "names-digest",    (old: string) => `nginx@${old}`],
  ["names a copy by its digest",    "names-digest",    (old: string) => `${COPIES}@${old}`],
  ["names a copy by its tag",       "names-copy",      (old: string) => `${COPIES}:1.27-${old.slice(7, 19)}`],
] as const;

describe("a service that follows no tag", () => {
  for (const [how, code, image] of LEFT)
    test(`is reported, and left as it is, where it ${how}`, async () => {
      const { old } = await movedWorld();
      const at = await movedWorld({ services: [{ image: image(old) }] });
      const { status, line } = await at.apply({ yes: true });
      expect(line.services).toMatchObject([{ kind: "left", images: [{ code }] }]);
      expect(status).toBe(0);
    });

  test("is left out where nothing of its images was copied", async () => {
    const at = await movedWorld({
      services: [{ image: "nginx:1.27" }, { name: "db", image: "redis:7" }],
      images: { "library/redis:7": {} },
    });
    expect((await at.apply()).line.services.map(({ service }) => service)).toEqual(["web"]);
  });
});
