/** Rules and schedules of the served account, found and moved by the product's own client. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSchedules } from "../../../src/aws/adapters/schedules.ts";
import { accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { type ServedEndpoint, serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { STUB_CREDENTIALS } from "../../support/aws/aws-stub.ts";

const FILE = readWorldFile({
  schedules: [
    { kind: "schedule", name: "nightly", cluster: "prod", taskDefinition: "batch:3" },
    { kind: "rule", name: "hourly", cluster: "prod", taskDefinition: "batch:3" },
  ],
});

let world: World;
let endpoint: ServedEndpoint;
beforeEach(async () => {
  world = await createWorld(FILE);
  endpoint = await serveEndpoint(accountOf(world, FILE));
});
afterEach(async () => {
  await endpoint.close();
});

describe("a target in the served account", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // kind        signed as
    ["schedule",  "chronos-schedule/nightly"],
    ["rule",      "events-rule/hourly"],
  ] as const;
  for (const [kind, startedBy] of table)
    it(`of a ${kind} is found, moved once, and found moved`, async () => {
      const { region, account, partition } = world.home;
      const schedules = createSchedules({ region, endpoint: endpoint.url, credentials: STUB_CREDENTIALS });
      const arnOf = (revision: number) =>
        `arn:${partition}:ecs:${region}:${account}:task-definition/batch:${revision}`;
      const clusterArn = `arn:${partition}:ecs:${region}:${account}:cluster/prod`;
      const query = { clusterArn, family: "batch", schedule: startedBy.split("/")[1] ?? "" };
      const found = (await schedules.targetsOf(query)).filter((one) => one.kind === kind);
      expect(found).toMatchObject([{ taskDefinition: arnOf(3) }]);
      const [target] = found;
      if (target === undefined) throw new Error("nothing was found");
      expect(await schedules.tagsOf(target, clusterArn)).toEqual({});
      expect(await schedules.move(target, arnOf(4))).toBe("moved");
      expect(await schedules.move(target, arnOf(4))).toBe("already");
      expect(await schedules.targetsOf(query)).toMatchObject([{ kind, taskDefinition: arnOf(4) }]);
    });
});
