/** What a run remembers of a source, and what it reports: each change once. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { recordOf, type SourceRecord } from "../../../src/mirrors/refresh/source-record.ts";
import type { SourceHead } from "../../../src/mirrors/source-states.ts";

const found = (name = "a"): SourceHead => ({ kind: "found", digest: digestOf(name) });
const GONE: SourceHead = { kind: "gone" };
const unknown = (code: "refused" | "limited" | "not-asked" | "unreadable"): SourceHead => ({
  kind: "unknown",
  code,
  because: code,
});
const [REFUSED, LIMITED, SILENT, UNASKED] = [
  unknown("refused"),
  unknown("limited"),
  unknown("unreadable"),
  unknown("not-asked"),
];
type Step = readonly [head: SourceHead, isCopied: boolean];
const SAME: Step = [found(), true];
const moved = (name: string): Step => [found(name), false];

describe("recordOf", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, steps: readonly Step[], news: readonly string[]])[] = [
    ["a tag that stays",                                   [SAME, SAME],                                                                ["", ""]],
    ["a tag that moves, until it is copied",               [SAME, moved("b"), moved("b"), [found("b"), true]],                          ["", "tag-moved", "", ""]],
    ["a tag that moves twice",                             [moved("b"), moved("c")],                                                    ["tag-moved", "tag-moved"]],
    ["a tag that moves there and back",                    [moved("b"), SAME, moved("b")],                                              ["tag-moved", "", "tag-moved"]],
    ["a tag that is gone and comes back",                  [[GONE, false], [GONE, false], SAME, SAME],                                  ["source-gone", "", "source-back", ""]],
    ["a tag that is gone and comes back with other bytes", [[GONE, false], moved("b")],                                                 ["source-gone", "tag-moved"]],
    ["a tag that is gone twice",                           [[GONE, false], SAME, [GONE, false]],                                        ["source-gone", "source-back", "source-gone"]],
    ["a registry that refuses",                            [[REFUSED, false], [REFUSED, false], SAME],                                  ["source-refused", "", "source-back"]],
    ["a registry that is silent twice",                    [[SILENT, false], [SILENT, false], SAME, [SILENT, false]],                   ["", "", "", ""]],
    ["a registry that is silent three times",              [[SILENT, false], [SILENT, false], [SILENT, false], [SILENT, false], SAME],  ["", "", "source-unreadable", "", "source-back"]],
    ["a silence within a loss",                            [[GONE, false], [SILENT, false], [GONE, false]],                             ["source-gone", "", ""]],
    ["a limit within silences",                            [[SILENT, false], [LIMITED, false], [SILENT, false], [SILENT, false]],       ["", "", "", "source-unreadable"]],
    ["a tag that was not asked about after it had moved",  [moved("b"), [UNASKED, false], moved("b")],                                  ["tag-moved", "", ""]],
    ["a limit at first",                                   [[LIMITED, false], [LIMITED, false]],                                        ["", ""]],
  ];
  for (const [what, steps, news] of table)
    test(`reports ${what}: ${news.map((one) => one || "nothing").join(", ")}`, () => {
      let record: SourceRecord | undefined;
      const told = steps.map(([head, isCopied], index) => {
        const next = recordOf(record, head, isCopied, index);
        record = next.record;
        return next.news ?? "";
      });
      deepEqual(told, news);
    });

  test("says since when it is so, and when it was last known", () => {
    const first = recordOf(undefined, GONE, false, 10).record;
    const second = recordOf(first, GONE, false, 20).record;
    deepEqual([second?.since, second?.checkedAt], [10, 20]);
    equal(recordOf(second, LIMITED, false, 30).record, second);
  });
});
