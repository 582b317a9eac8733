import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { replay } from "../../../src/cli/replay/replay.ts";
import { WrongCall } from "../../../src/cli/wrong-call.ts";
import { optional } from "../../../src/ecs/json-fields.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const folder = new URL("../../../events/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const worlds = readdirSync(new URL("worlds/", folder)).filter((name) => name.endsWith(".json"));
const files = Object.fromEntries(
  [
    ...readdirSync(folder).filter((name) => name.endsWith(".json")),
    ...worlds.map((name) => `worlds/${name}`),
  ].map((name) => [`events/${name}`, read(name)]),
);

async function replayed(
  event: string,
  world?: string,
  settle = true,
  { policyFile, document }: { readonly policyFile?: string; readonly document?: string } = {},
) {
  const io = commandIo({ ...files, ...(document === undefined ? {} : { "policy.json": document }) });
  const input = {
    files: [`events/${event}.json`],
    aws: false,
    yes: false,
    settle,
    json: true,
    seed: "1",
    ...optional("policyFile", policyFile),
  };
  const status = await replay(
    world === undefined ? input : { ...input, world: `events/worlds/${world}.json` },
    io,
  );
  return { status, object: objectsIn(io.printed.out)[0] };
}

describe("repull replay, in a sandbox", () => {
  for (const [event, world, outcome, status] of [
    ["fargate-service", undefined, "succeeded", 0],
    ["fargate-service", "fargate-service.crash", "rolled-back", 1],
    ["ec2-service", undefined, "succeeded", 0],
    ["ec2-service", "ec2-service.access-denied", "failed", 4],
    ["multi-container", undefined, "succeeded", 0],
    ["multi-container", "multi-container.shared-address", "succeeded", 0],
    ["multi-container", "multi-container.quota-exceeded", "ignored", 0],
    ["fargate-service", "fargate-service.approved", "succeeded", 0],
    ["fargate-service", "fargate-service.denied", "denied", 0],
    ["fargate-service", "fargate-service.approval-expired", "approval-expired", 1],
    ["fargate-service", "fargate-service.quota-exceeded", "succeeded", 0],
    ["fargate-service", "fargate-service.paused", "failed", 4],
    ["fargate-service", "fargate-service.dry-run", "dry-run", 0],
    ["scheduled", "scheduled.moved", "redeployed", 0],
    ["digest-pinned", undefined, "succeeded", 0],
    ["digest-pinned", "digest-pinned.moved", "no-substitute", 1],
    ["authenticated-limit", undefined, "succeeded", 0],
    ["abuse-limit", undefined, "succeeded", 0],
    ["abuse-limit", "abuse-limit.no-substitute", "no-substitute", 1],
    ["vanity-host", undefined, "succeeded", 0],
    ["vanity-host", "vanity-host.shared-address", "succeeded", 0],
    ["deprovisioning", undefined, "succeeded", 0],
    ["deprovisioning", "deprovisioning.opted-out", "not-eligible", 1],
    ["govcloud", undefined, "succeeded", 0],
    ["code-deploy-service", undefined, "not-eligible", 1],
    ["standalone", undefined, "not-eligible", 1],
    ["scheduled", undefined, "not-eligible", 1],
    ["not-found", undefined, "ignored", 0],
    ["unauthorized", undefined, "ignored", 0],
    ["stopped-by-hand", undefined, "ignored", 0],
    ["malformed", undefined, "invalid", 2],
  ] as const) {
    test(`${event}.json${world === undefined ? "" : ` in the world ${world}`} ends ${outcome}`, async () => {
      const { status: exit, object } = await replayed(event, world);
      expect(`${object?.outcome}: ${object?.because}`).toMatch(new RegExp(`^${outcome}: .`));
      expect(exit).toBe(status);
    });
  }

  test("stops once the redeployment is accepted with --no-wait", async () => {
    expect((await replayed("fargate-service", undefined, false)).object).toMatchObject({
      outcome: "redeployed",
    });
  });

  test("prints the same story for the same seed", async () => {
    expect(await replayed("multi-container")).toEqual(await replayed("multi-container"));
  });

  /** The command line goes before the policy of the world's operator, and that before the environment. */
  for (const [title, world, document, outcome] of [
    ["a policy file, over the defaults", undefined, { mode: "observe" }, "dry-run"],
    [
      "one that waits for no limit's end",
      "multi-container.shared-address",
      { waitForLimit: false },
      "no-substitute",
    ],
    ["one over the world's own policy", "fargate-service.dry-run", {}, "succeeded"],
    [
      "one whose approval request is not answered",
      undefined,
      { mode: "approve", approval: { hours: 72 } },
      "approval-expired",
    ],
  ] as const) {
    test(`goes by ${title}: ${outcome}`, async () => {
      const policy = { policyFile: "policy.json", document: JSON.stringify(document) };
      const event = (world ?? "fargate-service").split(".")[0] ?? "";
      expect((await replayed(event, world, true, policy)).object).toMatchObject({ outcome });
    });
  }

  test("names a policy file that is not there", async () => {
    const missing = replayed("fargate-service", undefined, true, { policyFile: "no.json" });
    await expect(missing).rejects.toThrow(WrongCall);
  });

  test("prints what waits, and the same plan once", async () => {
    const io = commandIo(files);
    const world = "events/worlds/multi-container.shared-address.json";
    const input = {
      files: ["events/multi-container.json"],
      aws: false,
      yes: false,
      settle: true,
      json: false,
      seed: "1",
      world,
    };
    expect(await replay(input, io)).toBe(0);
    expect(io.printed.out.match(/Waiting for Docker Hub until/g)?.length).toBe(1);
    expect(io.printed.out.match(/could not be pulled/g)?.length).toBeLessThan(5);
  });

  test("names a world file that is not there", async () => {
    const io = commandIo(files);
    const input = {
      files: ["events/ec2-service.json"],
      aws: false,
      yes: false,
      settle: true,
      json: false,
      seed: "1",
      world: "no.json",
    };
    expect(await replay(input, io)).toBe(2);
    expect(io.printed.out).toContain("cannot read no.json (--world)");
  });
});
