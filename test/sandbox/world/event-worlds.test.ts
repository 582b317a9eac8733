import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { OUTCOMES, type Outcome, type OutcomeKind } from "../../../src/remediation/report/outcome.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { operate } from "../../../src/sandbox/world/operator.ts";
import { recordedEvent } from "../../../src/sandbox/world/recorded-event.ts";
import { createRecordedWorld } from "../../../src/sandbox/world/recorded-world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { policyFrom } from "../../../src/substitution/policy/policy.ts";

const EVENTS = new URL("../../../events", import.meta.url);

/** World file → what the bus is told of the event that it is named after, in this order; the last is how it ends. */
const table: readonly (readonly [name: string, ...outcomes: OutcomeKind[]])[] = [
  ["abuse-limit", "settled"],
  ["abuse-limit.nowhere-else", "stand-still", "stand-still"],
  ["authenticated-limit", "settled"],
  ["authenticated-limit.taken-down", "stand-still", "settled"],
  ["code-deploy-service", "declined"],
  ["deprovisioning", "settled"],
  ["deprovisioning.opted-out", "declined"],
  ["digest-pinned", "settled"],
  ["digest-pinned.moved", "stand-still"],
  ["ec2-service", "settled"],
  ["ec2-service.not-allowed", "failed"],
  ["fargate-service", "settled"],
  ["fargate-service.approved", "awaiting-approval", "settled"],
  ["fargate-service.crash", "restored"],
  ["fargate-service.denied", "awaiting-approval", "denied"],
  ["fargate-service.expired", "awaiting-approval", "expired"],
  ["fargate-service.healed", "ignored"],
  ["fargate-service.held", "held", "settled"],
  ["fargate-service.no-room", "unsettled"],
  ["fargate-service.observed", "observed"],
  ["fargate-service.paused", "failed"],
  ["govcloud", "settled"],
  ["govcloud.other-bytes", "stand-still"],
  ["multi-container", "settled"],
  ["multi-container.held", "held", "ignored"],
  ["multi-container.shared-address", "stand-still", "settled"],
  ["scheduled.moved", "applied"],
  ["scheduled.moved-on", "superseded"],
  ["truncated", "declined"],
  ["vanity-host", "settled"],
  ["vanity-host.shared-address", "stand-still", "settled"],
];

/** The word for a no, where it is not that no place has enough proof. */
const REASONS: Readonly<Record<string, string>> = {
  "code-deploy-service": "deployed-by-others",
  "deprovisioning.opted-out": "opted-out",
  truncated: "unclear",
};

/** Outcomes of which nothing is left behind. */
const UNTOUCHED: readonly (OutcomeKind | undefined)[] = [
  "observed",
  "denied",
  "expired",
  "declined",
  "stand-still",
  "ignored",
];

describe("a sample event in the worlds that stand beside it", () => {
  for (const [name, ...outcomes] of table) {
    test(`worlds/${name}.json → ${outcomes.join(", then ")}`, async () => {
      const event = jsonIn(`${name.split(".")[0]}.json`);
      const file = readWorldFile(jsonIn(`worlds/${name}.json`));
      const world = await createRecordedWorld(file, [event]);
      const policy = policyFrom({}, JSON.stringify(file.operator?.policy ?? {}));
      serveWorkflows(world, { policy, killSwitch: await operate(world, file.operator ?? {}, policy) });
      let ignored: string | undefined;
      world.clock.schedule(world.clock.now(), async () => {
        const detected = await detect(recordedEvent(event, world), world.ports, policy);
        if (detected.kind === "ignored") ignored = detected.because;
      });
      await world.runUntil(() => ignored !== undefined || ended(world.executions), 14 * 86_400);
      expect(ignored).toBeUndefined();
      expect(world.bus.outcomes.map(({ outcome }) => outcome)).toEqual(outcomes);
      const [remediation] = world.executions.records;
      const record = remediation?.result as Outcome | undefined;
      const last = outcomes.at(-1);
      expect(record?.outcome).toBe(last);
      if (file.operator?.writesStopped !== undefined || UNTOUCHED.includes(last))
        expect(record?.newTaskDefinition).toBeUndefined();
      expect(record?.reason).toBe(REASONS[name] ?? (last === "stand-still" ? "no-proof" : undefined));
    });
  }

  test("every outcome is one of them", () => {
    const seen = new Set(table.flatMap(([, ...outcomes]) => outcomes));
    expect([...seen].sort()).toEqual(Object.keys(OUTCOMES).sort());
  });

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
