/** `repull status` in a world in which an operator has acted at a command line. */

import { describe, expect, test } from "vitest";
import { fix } from "../../../src/cli/commands/fix.ts";
import { status } from "../../../src/cli/commands/status.ts";
import { undo } from "../../../src/cli/commands/undo.ts";
import { type Status, statusSchema } from "../../../src/cli/output/status-line.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { createAccountInventory } from "../../../src/sandbox/aws/scan/account-inventory.ts";
import { commandIo } from "../../support/command-io.ts";
import { type MovedWorld, movedWorld } from "../../support/moved-world.ts";
import { inWorld } from "../../support/sandbox-session.ts";

const DAY = 86_400;

async function statusOf({ world, session }: MovedWorld, ecs = world.ports.ecs): Promise<Status> {
  const { where, installed: config, inventory, clock } = session;
  const io = commandIo();
  const at = { where, config, inventory, ecs, clock };
  await inWorld(world, () => status({ json: true }, at, io));
  return statusSchema.parse(JSON.parse(io.printed.out));
}

/** Runs the command as it is printed. */
async function carryOut({ world, session }: MovedWorld, command: readonly string[]): Promise<number> {
  const [, , name = "", , cluster = ""] = command;
  const { where, inventory, clock } = session;
  const { scheduledTasks } = createAccountInventory(world);
  const { ecs, schedules } = world.ports;
  const past = { where, inventory, clock, scheduledTasks, ports: { ecs, schedules, log: silentLog } };
  const input = { name, cluster, yes: true, json: true, wait: true };
  const executionHistory = { past: async () => [] };
  return await inWorld(world, () => undo(input, { ...past, executionHistory }, commandIo()));
}

const BACK = ["repull", "undo", "web", "--cluster", "prod"];

describe("repull status after an operator acted", () => {
  // biome-ignore format: a table is read by its columns
  const deeds: readonly [what: string, act: (at: MovedWorld) => Promise<unknown>][] = [
    ["refresh --apply", (at) => at.apply({ yes: true })],
    ["fix",             (at) => inWorld(at.world, () => fix({ service: "web", yes: true, json: true, settle: true }, at.session, commandIo()))],
  ];
  for (const [what, act] of deeds)
    test(`has what ${what} did, with the command that undoes it`, async () => {
      const at = await movedWorld();
      await act(at);
      const { done, unread } = await statusOf(at);
      expect(unread).toEqual([]);
      expect(done).toMatchObject([{ outcome: "by-hand", workload: "prod/web", undo: BACK }]);
      const before = await at.revision();
      expect(await carryOut(at, done[0]?.undo ?? [])).toBe(0);
      expect(await at.revision()).not.toBe(before);
    });

  test("offers no command that undo would refuse", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    await carryOut(at, BACK);
    const { done } = await statusOf(at);
    expect(done).toMatchObject([{ outcome: "by-hand", workload: "prod/web" }]);
    expect(done[0]).not.toHaveProperty("undo");
  });

  test("leaves out what is older than a day", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    await at.world.run(DAY + 3600);
    expect((await statusOf(at)).done).toEqual([]);
  });

  test("names the revisions that cannot be read, and has the rest", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    const { ecs } = at.world.ports;
    const describeTaskDefinition = () =>
      Promise.reject(new AwsError("denied", "ecs:DescribeTaskDefinition", "not authorized"));
    const { done, unread, waiting } = await statusOf(at, { ...ecs, describeTaskDefinition });
    expect([done, waiting]).toEqual([[], []]);
    expect(unread).toEqual([expect.stringContaining("not authorized")]);
  });
});
