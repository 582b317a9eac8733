/** A clean-up as events: all that the report has, in as many as the bus takes. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { pruneEvents } from "../../../src/mirrors/prune/prune-events.ts";
import type { PruneReport } from "../../../src/mirrors/prune/run-prune.ts";

/** As much as one run deletes and marks, of repositories and tags whose names are as long as ECR has them. */
function reportOf(deleted: number, marked: number): PruneReport {
  const repository = `repull/${"r".repeat(249)}`;
  const copy = (index: number) => {
    const digest = digestOf(String(index));
    const tags = Array.from({ length: 4 }, (_, tag) => `${tag}`.padEnd(128, "t"));
    const undo = [
      "repull",
      "mirror",
      `docker.io/${repository}@${digest}`,
      `${repository}:${tags[0]}`,
      ...tags,
    ];
    return { repository, digest, tags, digests: [digest], bytes: 1, undo };
  };
  return {
    kind: "pruned",
    deleted: Array.from({ length: deleted }, (_, index) => copy(index)),
    marked: Array.from({ length: marked }, (_, index) => copy(1_000 + index)).map(
      ({ repository: name, digest, undo }) => ({ repository: name, digest, undo }),
    ),
    kept: { used: 1 },
    failed: [],
  };
}

describe("the events of a clean-up", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, report: PruneReport, events: "none" | "one" | "several"])[] = [
    ["that deleted one copy",                           reportOf(1, 1),                             "one"],
    ["that deleted and marked as much as a run may",    reportOf(50, 400),                          "several"],
    ["that only marked",                                reportOf(0, 400),                           "none"],
    ["that was a dry run",                              { ...reportOf(50, 400), kind: "dry-run" },  "none"],
  ];
  for (const [what, report, events] of table)
    test(`${what} are ${events}, each small enough for the bus, and lose nothing`, () => {
      const told = pruneEvents(report);
      equal(told.length === 0 ? "none" : told.length === 1 ? "one" : "several", events);
      equal(Math.max(0, ...told.map((one) => JSON.stringify(one).length)) < 230_000, true);
      if (events === "none") return;
      deepEqual(
        told.flatMap(({ deleted }) => deleted),
        report.deleted,
      );
      deepEqual(
        told.flatMap(({ marked }) => marked),
        report.marked,
      );
      if (events === "one") deepEqual(told, [report]);
    });
});
