/** What `repull status` prints: what may be written first, then rows in columns. */

import { describe, expect, it } from "vitest";
import { formatStatus } from "../../../src/cli/output/format-status.ts";
import type { Status } from "../../../src/cli/output/status-line.ts";

const NOW = Date.parse("2026-01-20T10:00:00Z");
const execution = (number: number): string => `r-${String(number).repeat(8)}-1`;
const STATUS: Status = {
  type: "status",
  stack: "repull",
  mode: "approve",
  writes: "allowed",
  running: [
    {
      execution: execution(1),
      workload: "shop/web",
      startedAt: "2026-01-20T09:58:00Z",
      waitsForApproval: true,
    },
    {
      execution: execution(2),
      workload: "shop/storefront",
      startedAt: "2026-01-20T07:00:00Z",
      waitsForApproval: false,
    },
    { execution: execution(3), startedAt: "2026-01-20T10:00:00Z", waitsForApproval: true },
  ],
  done: [
    {
      execution: execution(4),
      outcome: "succeeded",
      workload: "shop/api",
      at: "2026-01-20T09:59:50Z",
      because: "2 of 2 tasks run api:2",
    },
    {
      execution: execution(5),
      outcome: "no-substitute",
      workload: "shop/a-long-name",
      at: "2026-01-20T05:00:00Z",
    },
  ],
  waiting: [],
  unread: [],
};
const lines = formatStatus(STATUS, NOW);
const under = (title: string): readonly string[] => {
  const first = lines.findIndex((line) => line.startsWith(title)) + 1;
  const rest = lines.slice(first);
  return rest.slice(0, rest.findIndex((line) => !line.startsWith("  ")) >>> 0);
};

describe("a status for people", () => {
  it("begins with whether it may write", () => {
    expect(lines[0]).toMatch(/^Writes: allowed \(mode approve\)$/);
  });

  it("names each execution once, in one column", () => {
    const columns = STATUS.running.map((one) => {
      const found = lines.filter((line) => line.includes(one.execution));
      expect(found.length).toBe(1);
      return found[0]?.indexOf(one.execution);
    });
    expect(new Set(columns).size).toBe(1);
  });

  it("says once how a plan that waits is approved, and not where none waits", () => {
    const hint = (all: readonly string[]): number =>
      all.filter((line) => line.includes("repull approve EXECUTION")).length;
    const none = { ...STATUS, running: STATUS.running.filter(({ waitsForApproval }) => !waitsForApproval) };
    expect([hint(lines), hint(formatStatus(none, NOW))]).toEqual([1, 0]);
  });

  it("has the outcomes of a day in one column, with their age", () => {
    const rows = under("Done in 24 hours");
    expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual(["just now", "5 h ago"]);
    expect(new Set(rows.map((row) => row.indexOf("shop/"))).size).toBe(1);
  });

  // biome-ignore format: a table is read by its columns
  const pauses: readonly [because: string, line: string][] = [
    ["paused by user/ada: payment freeze", "Writes: paused by user/ada: payment freeze; repull resume --stack repull lets it write again"],
    ["off",                                "Writes: paused (off); repull resume --stack repull lets it write again"],
  ];
  for (const [stoppedBecause, line] of pauses)
    it(`says once that it is paused where the parameter is ${stoppedBecause}`, () => {
      expect(formatStatus({ ...STATUS, writes: "stopped", stoppedBecause }, NOW)[0]).toBe(line);
    });
});
