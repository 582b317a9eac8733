/** The making of a cache when ECR ends it half-way, or another caller is always there first. */

import { describe, expect, test } from "vitest";
import type { CacheSettings, WantedCache } from "../../../src/mirrors/cache/cache-settings.ts";
import { makeCache } from "../../../src/mirrors/cache/make-cache.ts";

const WANTED: WantedCache = {
  rule: { prefix: "hub", upstreamHost: "registry-1.docker.io", secret: "arn" },
  template: { prefix: "hub", appliedFor: ["PULL_THROUGH_CACHE"], mutability: "MUTABLE", tags: {} },
};

const settings = (more: Partial<CacheSettings>): CacheSettings => ({
  rules: async () => [],
  templates: async () => [],
  createRule: async () => "created",
  createTemplate: async () => "created",
  validate: async () => ({ isValid: true, because: "" }),
  ...more,
});

describe("a cache that is made", () => {
  test("has its template before its rule, and reports each part as it is there", async () => {
    const told: string[] = [];
    const made = await makeCache(WANTED, settings({}), (part) => told.push(part));
    expect(made).toEqual({ kind: "made", rule: "created", template: "created" });
    expect(told).toEqual(["template", "rule"]);
  });

  test("reports the template that is there when ECR throttles the rule for good", async () => {
    const told: string[] = [];
    const throttled = settings({ createRule: () => Promise.reject(new Error("Rate exceeded")) });
    await expect(makeCache(WANTED, throttled, (part) => told.push(part))).rejects.toThrow("Rate exceeded");
    expect(told).toEqual(["template"]);
  });

  test("ends when another caller makes and deletes the rule again and again", async () => {
    let rounds = 0;
    const taken = settings({
      createRule: async () => {
        rounds += 1;
        return "taken";
      },
    });
    await expect(makeCache(WANTED, taken)).rejects.toThrow();
    expect(rounds).toBeLessThan(5);
  });
});
