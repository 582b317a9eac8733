import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { OUTCOMES, type Outcome, type OutcomeKind } from "../../../src/remediation/report/outcome.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { operate } from "../../../src/sandbox/world/operator.ts";
import { environmentOf } from "../../../src/sandbox/world/operator-entry.ts";
import { recordedEvent } from "../../../src/sandbox/world/recorded-event.ts";
import { createRecordedWorld } from "../../../src/sandbox/world/recorded-world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { policyFrom } from "../../../src/substitution/policy/policy.ts";

const EVENTS = new URL("../../../events/", import.meta.url);

/** World file → what the bus gets for the event that it is named after, in this order; the last is how it ends. */
const table: readonly (readonly [name: string, ...outcomes: OutcomeKind[]])[] = [
  ["abuse-limit", "succeeded"],
  ["abuse-limit.no-substitute", "no-substitute", "no-substitute"],
  ["authenticated-limit", "succeeded"],
  ["authenticated-limit.image-removed", "no-substitute", "succeeded"],
  ["code-deploy-service", "not-eligible"],
  ["deprovisioning", "succeeded"],
  ["deprovisioning.opted-out", "not-eligible"],
  ["digest-pinned", "succeeded"],
  ["digest-pinned.moved", "no-substitute"],
  ["ec2-service", "succeeded"],
  ["ec2-service.access-denied", "failed"],
  ["fargate-service", "succeeded"],
  ["fargate-service.approved", "awaiting-approval", "succeeded"],
  ["fargate-service.crash", "rolled-back"],
  ["fargate-service.denied", "awaiting-approval", "denied"],
  ["fargate-service.approval-expired", "awaiting-approval", "approval-expired"],
  ["fargate-service.already-healed", "ignored"],
  ["fargate-service.quota-exceeded", "quota-exceeded", "succeeded"],
  ["fargate-service.rollout-timed-out", "rollout-timed-out"],
  ["fargate-service.dry-run", "dry-run"],
  ["fargate-service.paused", "failed"],
  ["govcloud", "succeeded"],
  ["govcloud.other-bytes", "no-substitute"],
  ["multi-container", "succeeded"],
  ["multi-container.quota-exceeded", "quota-exceeded", "ignored"],
  ["multi-container.shared-address", "no-substitute", "succeeded"],
  ["scheduled.moved", "redeployed"],
  ["scheduled.newer-revision", "superseded"],
  ["truncated", "not-eligible"],
  ["vanity-host", "succeeded"],
  ["vanity-host.shared-address", "no-substitute", "succeeded"],
];

/** Worlds for `sandbox serve` alone; the pages that name them are run by tests of their own. */
const WITHOUT_EVENT = ["kubernetes.json"];

/** The reason of a refusal that is not for want of proof. */
const REASONS: Readonly<Record<string, string>> = {
  "code-deploy-service": "deployed-by-others",
  "deprovisioning.opted-out": "opted-out",
  "abuse-limit.no-substitute": "limit-not-reset",
  truncated: "ambiguous-failure",
};

/** Outcomes of which nothing is left behind. */
const UNTOUCHED: readonly (OutcomeKind | undefined)[] = [
  "dry-run",
  "denied",
  "approval-expired",
  "not-eligible",
  "no-substitute",
  "ignored",
];

describe("a sample event in the worlds next to it", () => {
  for (const [name, ...outcomes] of table) {
    test(`worlds/${name}.json → ${outcomes.join(", then ")}`, async () => {
      const event = jsonIn(`${name.split(".")[0]}.json`);
      const file = readWorldFile(jsonIn(`worlds/${name}.json`));
      const world = await createRecordedWorld(file, [event]);
      const policy = policyFrom(
        environmentOf(file.operator ?? {}),
        JSON.stringify(file.operator?.policy ?? {}),
      );
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
      expect(record?.reason).toBe(REASONS[name] ?? (last === "no-substitute" ? "no-proof" : undefined));
    });
  }

  test("every outcome is one of them", () => {
    const seen = new Set(table.flatMap(([, ...outcomes]) => outcomes));
    expect([...seen].sort()).toEqual(Object.keys(OUTCOMES).sort());
  });

  test("every world file of an event is in the table", () => {
    const files = readdirSync(new URL("worlds/", EVENTS));
    const named = [...table.map(([name]) => `${name}.json`), ...WITHOUT_EVENT];
    expect(files.sort()).toEqual(named.sort());
  });
});

function ended({ records, running }: { readonly records: readonly unknown[]; running(): boolean }): boolean {
  return records.length > 0 && !running();
}

function jsonIn(file: string): JsonObject {
  return JSON.parse(readFileSync(new URL(file, EVENTS), "utf8")) as JsonObject;
}
