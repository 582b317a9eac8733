/** The first words that a person reads: the verdict, and nothing that sounds done when it is not. */

import { describe, expect, test } from "vitest";
import { formatSummary, type Summarized } from "../../../src/remediation/report/format-summary.ts";
import { OUTCOMES } from "../../../src/remediation/report/outcome.ts";

const RECORD: Summarized = {
  schemaVersion: "1",
  outcome: "succeeded",
  because: "the service web has a reason",
  execution: "r-1",
  failure: { kind: "docker-hub-pull-limit", image: "docker.io/library/nginx:1.25", evidence: [] },
  workload: { kind: "service", cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/prod", name: "web" },
  images: [{ image: "nginx:1.25", containers: ["web"], failing: true, rejected: [], notApplicable: [] }],
  nextSteps: [],
};
const UNUSED = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:43";
const LATER = "2026-01-20T16:05:00.000Z";
const SHOWN = "2026-01-20 16:05 UTC";
const APPROVAL = { callbackId: "c", plan: [], expiresAt: LATER, approve: "a", deny: "d" };
const WRITES_OFF = { remedies: [{ code: "allow-writes" }] } as const;

describe("a summary", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [verdict: string, Partial<Summarized>, stillFails: boolean])[] = [
    ["Succeeded",                                             { outcome: "succeeded" },                           false],
    ["Changed, not confirmed",                                { outcome: "redeployed" },                          false],
    ["Nothing to do",                                         { outcome: "ignored" },                             false],
    ["Left to another deployment",                            { outcome: "superseded" },                          false],
    ["Dry run, nothing was written",                          { outcome: "dry-run" },                             true],
    ["Denied, nothing was written",                           { outcome: "denied" },                              true],
    [`Waiting for approval until ${SHOWN}, nothing is written yet`, { outcome: "awaiting-approval", approval: APPROVAL }, true],
    ["Not approved in time, nothing was written",             { outcome: "approval-expired" },                    true],
    ["Blocked",                                               { outcome: "no-substitute" },                       true],
    [`Waiting for Docker Hub until ${SHOWN} at the latest`,   { outcome: "no-substitute", resumesAt: LATER },     true],
    ["Not changed",                                           { outcome: "not-eligible" },                        true],
    ["Stopped by a quota",                                    { outcome: "quota-exceeded" },                      true],
    [`Waiting for a quota until ${SHOWN} at the latest`,      { outcome: "quota-exceeded", resumesAt: LATER },    true],
    ["Rolled back",                                           { outcome: "rolled-back" },                         false],
    ["Not confirmed",                                         { outcome: "rollout-timed-out" },                   false],
    ["Failed",                                                { outcome: "failed" },                              true],
    ["Writes are paused",                                     { outcome: "failed", remedies: [...WRITES_OFF.remedies] }, true],
  ];
  for (const [verdict, members, stillFails] of table)
    test(`begins with "${verdict}", then the workload: ${members.outcome}`, () => {
      const summary = formatSummary({ ...RECORD, ...members });
      expect(summary.startsWith(`${verdict}: service prod/web: the service has a reason.`)).toBe(true);
      expect(summary.includes("still cannot pull nginx:1.25")).toBe(stillFails);
    });

  test("ends a reason that is a sentence already with one full stop", () => {
    const summary = formatSummary({ ...RECORD, outcome: "ignored", because: "no limit. The text says so." });
    expect(summary).toMatch(/The text says so\.(?!\.)/);
  });

  test("is tried for each outcome", () => {
    const tried = new Set(table.map(([, { outcome }]) => outcome));
    expect(Object.keys(OUTCOMES).filter((outcome) => !tried.has(outcome as never))).toEqual([]);
  });

  // biome-ignore format: a table is read by its columns
  const planned = [["dry-run", true], ["awaiting-approval", true], ["denied", false], ["failed", false]] as const;
  for (const [outcome, isTold] of planned)
    test(`${isTold ? "names" : "does not name"} what would run, of ${outcome}`, () => {
      const images = RECORD.images.map((one) => ({
        ...one,
        substitute: "public.ecr.aws/docker/library/nginx:1.25",
      }));
      const summary = formatSummary({ ...RECORD, outcome, images });
      expect(summary.includes("public.ecr.aws/docker/library/nginx in place of nginx:1.25")).toBe(isTold);
    });

  test("names a revision that was registered and that nothing runs", () => {
    const summary = formatSummary({ ...RECORD, outcome: "failed", unusedTaskDefinition: UNUSED });
    expect(summary).toContain("web:43 was registered, and no service runs it.");
  });

  test("names no workload where the event names none", () => {
    const { workload: _, ...unnamed } = RECORD;
    expect(formatSummary({ ...unnamed, outcome: "ignored", because: "not a limit" })).toBe(
      "Nothing to do: not a limit.",
    );
  });
});
