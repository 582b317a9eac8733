/** A registry that the policy does not allow is not asked: the plan says so, and its advice heals when it is followed. */

import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/substitution/plan-types.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { play } from "../../support/scenario.ts";
import { countingQuay } from "../../support/substitute-worlds.ts";

const HOST = "registry.team.example:8443";
const world = {
  services: [{ cluster: "prod", name: "web", image: `${HOST}/shop/api:7`, revision: 42 }],
  registries: { [HOST]: { images: { "shop/api:7": {} }, quota: { remaining: 0 } } },
};

async function played(
  allowed: readonly string[],
): Promise<{ outcome: string; plan: Plan | undefined; copies: number }> {
  const plans: Plan[] = [];
  const { outcome, world: after } = await play({
    world,
    options: countingQuay,
    policy: { waitForLimit: false, registries: { ...DEFAULT_POLICY.registries, allowed: [...allowed] } },
    onPlan: (plan) => void plans.push(plan),
  });
  const copies = after.definitions.newest("web", 10).length - 1;
  return { outcome: outcome.outcome, plan: plans.at(-1), copies };
}

describe("an image of a registry that the policy does not name", () => {
  test("has no substitute, and the remedy names the setting", async () => {
    const { outcome, plan, copies } = await played(DEFAULT_POLICY.registries.allowed);
    expect([outcome, copies]).toEqual(["no-substitute", 0]);
    expect(plan).toMatchObject({
      remedies: expect.arrayContaining([
        {
          code: "allow-registry",
          params: { host: HOST },
          setting: { key: "registries.allowed", value: ["well-known", HOST] },
        },
      ]),
    });
  });

  for (const allowed of [["well-known", HOST], ["*.team.example:8443"]]) {
    test(`is healed where the list is ${JSON.stringify(allowed)}`, async () => {
      expect(await played(allowed)).toMatchObject({ outcome: "succeeded", copies: 1 });
    });
  }
});
