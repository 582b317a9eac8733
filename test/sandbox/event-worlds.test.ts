import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detect } from "../../src/remediation/detect.ts";
import type { Outcome } from "../../src/remediation/outcome.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { serveWorkflows } from "../../src/sandbox/product.ts";
import { createRecordedWorld } from "../../src/sandbox/recorded-world.ts";
import { retold } from "../../src/sandbox/retold.ts";
import { readWorldFile } from "../../src/sandbox/world-file.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy.ts";

const EVENTS = new URL("../../events/", import.meta.url);

/** World file → how the event that it is named after ends there. */
const table = [
  ["abuse-limit", "settled"],
  ["abuse-limit.nowhere-else", "stand-still"],
  ["authenticated-limit", "settled"],
  ["authenticated-limit.taken-down", "stand-still"],
  ["code-deploy-service", "declined"],
  ["deprovisioning", "settled"],
  ["deprovisioning.opted-out", "declined"],
  ["digest-pinned", "settled"],
  ["digest-pinned.moved", "stand-still"],
  ["ec2-service", "settled"],
  ["ec2-service.not-allowed", "failed"],
  ["fargate-service", "settled"],
  ["fargate-service.crash", "restored"],
  ["fargate-service.no-room", "unsettled"],
  ["govcloud", "settled"],
  ["govcloud.other-bytes", "stand-still"],
  ["multi-container", "settled"],
  ["multi-container.shared-address", "stand-still"],
  ["truncated", "declined"],
  ["vanity-host", "settled"],
  ["vanity-host.shared-address", "stand-still"],
] as const;

/** The word for a no, where it is not that no place has enough proof. */
const REASONS: Readonly<Record<string, string>> = {
  "code-deploy-service": "deployed-by-others",
  "deprovisioning.opted-out": "opted-out",
  truncated: "unclear",
};

describe("a sample event in the worlds that stand beside it", () => {
  for (const [name, outcome] of table) {
    test(`worlds/${name}.json → ${outcome}`, async () => {
      const event = jsonIn(`${name.split(".")[0]}.json`);
      const world = await createRecordedWorld(readWorldFile(jsonIn(`worlds/${name}.json`)), [event]);
      // The limit is what these worlds are about: none waits until it is over.
      serveWorkflows(world, { policy: { ...DEFAULT_POLICY, waitForLimit: false } });
      let ignored: string | undefined;
      world.clock.schedule(world.clock.now(), async () => {
        const detected = await detect(retold(event, world), world.ports);
        if (detected.kind === "ignored") ignored = detected.because;
      });
      await world.runUntil(() => ignored !== undefined || ended(world.executions), 86_400);
      expect(ignored).toBeUndefined();
      const [remediation] = world.executions.records;
      const record = remediation?.result as Outcome | undefined;
      expect(record?.outcome).toBe(outcome);
      expect(record?.reason).toBe(REASONS[name] ?? (outcome === "stand-still" ? "no-proof" : undefined));
    });
  }

  test("every world file is in the table", () => {
    const files = readdirSync(new URL("worlds/", EVENTS));
    expect(files.sort()).toEqual(table.map(([name]) => `${name}.json`).sort());
  });
});

function ended({ records, running }: { readonly records: readonly unknown[]; running(): boolean }): boolean {
  return records.length > 0 && !running();
}

function jsonIn(file: string): JsonObject {
  return JSON.parse(readFileSync(new URL(file, EVENTS), "utf8")) as JsonObject;
}
