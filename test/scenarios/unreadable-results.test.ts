/** Remediations whose executions' results cannot be read: nothing is taken for done, and no one is asked twice. */

import { describe, expect, it } from "vitest";
import { shortRevision } from "../../src/ecs/arn.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { installRepull } from "../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../support/policy.ts";

const HISTORY = "lambda:GetDurableExecution";
const file = (quota?: object) => ({
  services: [{ cluster: "prod", name: "web", image: "acme/web:1", revision: 42, desiredCount: 1 }],
  registries: {
    "docker.io": {
      images: { "acme/web:1": { platforms: ["linux/amd64"] } },
      ...(quota === undefined ? {} : { quota }),
    },
  },
});

const runs = ({ cluster }: World): string => shortRevision(cluster.services()[0]?.taskDefinition ?? "");
const remediations = ({ executions }: World) =>
  executions.records.filter(({ workflow }) => workflow === "remediate");

describe("a copy whose result cannot be read", () => {
  for (const [words, hidden] of [
    ["for good", "denied"],
    ["for now", "throttled"],
  ] as const) {
    it(`is used when the registry has it and the result is unreadable ${words}`, async () => {
      // The tasks share an address that has no pulls left; the function's own has some.
      const world = await createWorld(readWorldFile(file()));
      world.registries.dockerHub.spend({ address: world.addresses.tasks }, 100);
      world.faults.order(HISTORY, hidden);
      installRepull(world, { policy: readPolicy({}) });
      await world.runUntil(() => runs(world) === "web:43", 3600);
      expect(runs(world)).toBe("web:43");
      expect(world.executions.records.filter(({ workflow }) => workflow === "mirror")).toHaveLength(1);
    });
  }

  it("is not counted as made when the registry has nothing", async () => {
    const world = await createWorld(readWorldFile(file()));
    world.registries.dockerHub.spend({ address: world.addresses.tasks }, 100);
    world.faults.order(HISTORY, "denied");
    installRepull(world, { policy: readPolicy({ waitForLimit: false }) });
    world.executions.serve("mirror", async () => ({ kind: "refused", because: "a limit", limited: true }));
    await world.run(1200);
    expect(runs(world)).toBe("web:42");
    for (const { result } of remediations(world))
      expect((result as Outcome | undefined)?.outcome ?? "").not.toMatch(/succeeded|redeployed/);
  });
});

describe("a denied plan whose result cannot be read", () => {
  it("is not asked about again by a later failure of the deployment", async () => {
    const world = await createWorld(readWorldFile(file({ remaining: 1000 })));
    world.registries.dockerHub.spend({ address: world.addresses.tasks }, 100_000);
    let asked = 0;
    world.bus.subscribe(({ source, detail }) => {
      const { approval } = detail as unknown as Outcome;
      if (source !== "repull" || approval === undefined) return;
      asked += 1;
      const text = JSON.stringify({ decision: "deny", by: "Ada" });
      world.executions.answer(approval.callbackId, { kind: "answered", text });
    });
    world.faults.order(HISTORY, "denied");
    installRepull(world, { policy: readPolicy({ mode: "approve", approval: { hours: 1 } }) });
    await world.run(4 * 3600);
    expect(asked).toBe(1);
    expect(remediations(world)).toHaveLength(1);
    expect(remediations(world)[0]?.result).toMatchObject({ outcome: "denied" });
  });
});
