/** A copy ends with a code, whatever any of its requests is answered: each request with each behaviour, over real sockets. */

import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { assertHarmless, copyThrough, PLACES } from "../../support/registries/hostile-copy.ts";
import { BEHAVIOURS, type BehaviourName } from "../../support/registries/hostile-registry.ts";

// The uploads of a DELETE's row are refused with 403, so that there is something to give up.
const CODES = {
  u: "unavailable",
  d: "denied",
  m: "malformed",
  w: "mismatch",
  r: "rate-limited",
  c: "copied",
} as const;

/** How the copy ends, place by place, in the letters above. */
// biome-ignore format: a table is read by its columns
const TABLE: Readonly<Record<BehaviourName, string>> = {
  //                       realm HEAD manifest small big redirect POST PUT-blob PUT-manifest DELETE
  "closes at once":        "u     u    u        u     u   u        u    u        u            d",
  "no answer":             "u     u    u        u     u   u        u    u        u            d",
  "no HTTP":               "u     u    u        u     u   u        u    u        u            d",
  "101":                   "u     u    u        u     u   u        u    u        u            d",
  "102 for ever":          "u     u    u        u     u   u        u    u        u            d",
  "drips its head":        "u     u    u        u     u   u        u    u        u            d",
  "drips a body":          "m     c    u        w     u   u        m    m        m            d",
  "endless chunk sizes":   "u     c    u        u     u   u        m    m        m            d",
  "drips trailers":        "u     c    u        u     w   w        m    m        m            d",
  "huge headers":          "u     u    u        u     u   u        u    u        u            d",
  "a longer length":       "m     c    u        w     u   u        m    m        m            d",
  "two lengths":           "u     u    u        u     u   u        u    u        u            d",
  "a body cut where it ends with the connection":
                           "m     c    m        u     u   u        m    m        m            d",
  "a gzip bomb":           "m     c    m        w     u   u        m    m        m            d",
  "terminal escapes":      "d     d    d        d     d   d        d    d        d            d",
  "503 for ever":          "u     u    u        u     u   u        u    u        u            d",
  "429 with Retry-After":  "r     r    r        r     r   r        r    r        r            d",
  "429 for an hour":       "r     r    r        r     r   r        r    r        r            d",
  "a false 201":           "m     m    m        m     m   m        m    m        m            d",
  "a redirect to itself":  "d     m    m        m     m   m        m    m        m            d",
};

describe("a copy", () => {
  for (const [behaviour, letters] of Object.entries(TABLE) as [BehaviourName, string][]) {
    const codes = letters.split(/\s+/) as (keyof typeof CODES)[];
    for (const [index, place] of PLACES.entries()) {
      const [name, side] = place;
      const code = CODES[codes[index] ?? "u"];
      const expected = code === "copied" ? code : `${side === "target" ? "target" : "source"} ${code}`;
      test.concurrent(`ends with “${expected}” where what is answered at ${name} is ${behaviour}`, async () => {
        const ended = await copyThrough(place, BEHAVIOURS[behaviour], behaviour === "a false 201");
        equal(ended.code, expected, ended.message);
        assertHarmless(ended, name);
      }, 30_000);
    }
  }
});
