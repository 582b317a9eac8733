import { describe, expect, it } from "vitest";
import { csvOf } from "../../../src/cli/scan/csv.ts";

describe("a cell of CSV", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["nginx:1.27",     "nginx:1.27"],
    ["",               ""],
    ["a,b",            '"a,b"'],
    ['say "a"',        '"say ""a"""'],
    ["two\nlines",     '"two\nlines"'],
    ["=1+1",           "'=1+1"],
    ["+1",             "'+1"],
    ["-1",             "'-1"],
    ["@SUM(A1)",       "'@SUM(A1)"],
    ["\t=1",           "'\t=1"],
    ['=A1&","',        `"'=A1&"","""`],
    ["ä-b",            "ä-b"],
  ] as const;
  for (const [value, cell] of table)
    it(`is ${JSON.stringify(cell)} when the value is ${JSON.stringify(value)}`, () => {
      expect(csvOf([[value]])).toBe(`${cell}\n`);
    });

  it("is a number as it is, a negative one too", () => {
    expect(csvOf([[-1, 0, 72]])).toBe("-1,0,72\n");
  });
});
