/** Moments as people read them. */

import { expect, test } from "vitest";
import { formatMoment } from "../../src/text/format-moment.ts";

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [what: string, moment: string | number, shown: string])[] = [
  ["a moment as text",        "2026-01-20T16:05:44.500Z",      "2026-01-20 16:05 UTC"],
  ["a moment as a number",    Date.UTC(2026, 0, 20, 16, 5),    "2026-01-20 16:05 UTC"],
  ["a moment of another zone", "2026-01-20T16:05:00+02:00",    "2026-01-20 14:05 UTC"],
  ["a text that is not a moment", "it is answered",               "it is answered"],
  ["a number out of range",   Number.NaN,                      "NaN"],
];
for (const [what, moment, shown] of table)
  test(`formatMoment shows ${what} as ${shown}`, () => expect(formatMoment(moment)).toBe(shown));
