import { describe, expect, it } from "vitest";
import { wrapLines } from "../../../src/cli/output/wrap-lines.ts";

const sentence = "the service is short of tasks, and the registry has refused";
const url = `https://example.com/${"a".repeat(60)}`;

describe("wrapLines", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [does: string, text: string, columns: number | undefined, wrapped: string])[] = [
    ["breaks a long sentence between words",           `${sentence}\n`,     40,        "the service is short of tasks, and the\n  registry has refused\n"],
    ["keeps the indent of a sentence",                 `    ${sentence}`,   40,        "    the service is short of tasks, and\n      the registry has refused"],
    ["keeps a sentence that fits",                     sentence,            80,        sentence],
    ["keeps every line when the output is a pipe",     sentence,            undefined, sentence],
    ["keeps every line when the terminal is narrow",   sentence,            20,        sentence],
    ["keeps a word that is longer than the terminal",  `see ${url} now`,    40,        `see\n  ${url}\n  now`],
    ["keeps a line of JSON",                           `{"a":"${sentence}"}`, 40,      `{"a":"${sentence}"}`],
    ["keeps a command",                                `next: repull ${sentence}`, 40, `next: repull ${sentence}`],
    ["breaks an entry of a log after its time",        `  10:00:44  ${sentence}`, 50, "  10:00:44  the service is short of tasks, and the\n              registry has refused"],
    ["breaks advice in words",                         `next: ${sentence}`, 40,        "next: the service is short of tasks, and\n  the registry has refused"],
    ["breaks an error",                                `repull plan: ${sentence}`, 40, "repull plan: the service is short of\n  tasks, and the registry has refused"],
    ["keeps a line of a change",                       `+   "${sentence}"`, 40,        `+   "${sentence}"`],
    ["keeps a row of a table",                         `web  ${sentence}`,  40,        `web  ${sentence}`],
    ["keeps lines without text",                       "\n\n",              40,        "\n\n"],
  ];
  for (const [does, text, columns, wrapped] of table)
    it(does, () => expect(wrapLines(text, columns)).toBe(wrapped));
});
