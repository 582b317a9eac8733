/** A copy ends with a code, whatever lies, floods, drips or misleads in place of an answer: over real sockets. */

import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { ANSWERS } from "../../support/registries/hostile-answers.ts";
import { assertHarmless, copyThrough, PLACES } from "../../support/registries/hostile-copy.ts";

// The uploads of a DELETE's row are refused with 403, so that there is something to give up.
const CODES = {
  u: "unavailable",
  d: "denied",
  m: "malformed",
  w: "mismatch",
  r: "rate-limited",
  c: "copied",
  a: "absent",
  l: "unauthorized",
  s: "unsupported",
} as const;

/** How the copy ends, place by place, in the letters above. */
// biome-ignore format: a table is read by its columns
const TABLE: Readonly<Record<keyof typeof ANSWERS, string>> = {
  //                                         realm HEAD manifest small big redirect POST PUT-blob PUT-manifest DELETE
  "a negative length":                      "u     u    u        u     u   u        u    u        u            d",
  "a length beyond numbers":                "u     u    u        u     u   u        u    u        u            d",
  "a length that is hexadecimal":           "u     u    u        u     u   u        u    u        u            d",
  "a shorter length":                       "u     c    u        w     w   w        m    m        m            d",
  "a length and chunks":                    "u     u    u        u     u   u        u    u        u            d",
  "chunks of wrong sizes":                  "u     c    u        u     u   u        m    m        m            d",
  "a chunk beyond numbers":                 "u     c    u        u     u   u        m    m        m            d",
  "a chunk of minus one":                   "u     c    u        u     u   u        m    m        m            d",
  "chunk extensions for ever":              "u     c    u        u     u   u        m    m        m            d",
  "gzip as its transfer coding":            "u     c    u        u     u   u        m    m        m            d",
  "huge trailers":                          "u     c    u        u     w   w        m    m        m            d",
  "a second answer":                        "m     c    s        w     w   w        m    m        m            d",
  "line breaks for ever":                   "u     u    u        u     u   u        u    u        u            d",
  "100 for ever":                           "u     u    u        u     u   u        u    u        u            d",
  "103 and nothing more":                   "u     u    u        u     u   u        u    u        u            d",
  "a head without end":                     "u     u    u        u     u   u        u    u        u            d",
  "four thousand headers":                  "m     c    m        u     w   w        m    m        m            d",
  "a folded header":                        "u     u    u        u     u   u        u    u        u            d",
  "a NUL in a header":                      "u     u    u        u     u   u        u    u        u            d",
  "bare line feeds":                        "r     r    r        r     r   r        r    r        r            d",
  "a status of its own":                    "u     u    u        u     u   u        u    u        u            d",
  "a reset in its head":                    "u     u    u        u     u   u        u    u        u            d",
  "a reset in its body":                    "m     c    u        w     u   u        m    m        m            d",
  "drips a refusal":                        "d     d    d        d     d   d        d    d        d            d",
  "a refusal without end":                  "d     d    d        d     d   d        d    d        d            d",
  "an error page of HTML":                  "u     u    u        u     u   u        u    u        u            d",
  "a page of HTML":                         "m     c    m        w     w   w        m    m        m            d",
  "nothing, and says so":                   "m     m    m        m     m   m        m    m        m            d",
  "that nothing has changed":               "d     m    m        m     m   m        m    m        m            d",
  "a part of something":                    "m     m    m        w     w   w        m    m        m            d",
  "that its range is wrong":                "m     m    m        m     m   m        m    m        m            d",
  "a choice of several":                    "d     m    m        m     m   m        m    m        m            d",
  "a redirect without a place":             "d     m    m        m     m   m        m    m        m            d",
  "two places":                             "d     c    a        a     a   m        m    m        m            d",
  "two digests":                            "m     c    s        w     w   w        m    m        m            d",
  "401 without a challenge":                "l     l    l        l     l   l        l    l        l            d",
  "401 with hundreds of challenges":        "l     l    l        l     l   l        l    l        l            d",
  "401 with quotes that do not end":        "l     d    d        d     d   l        d    d        d            d",
  "401 with a realm in a file":             "l     d    d        d     d   l        d    d        d            d",
  "404 with words of its own":              "a     c    a        a     a   a        a    a        a            d",
  "402, which is not expected":              "m     m    m        m     m   m        m    m        m            d",
  "429 for a hundred years":                "r     r    r        r     r   r        r    r        r            d",
  "429 until a time long past":             "r     r    r        r     r   r        r    r        r            d",
  "429 for a negative time":                "r     r    r        r     r   r        r    r        r            d",
  "429 for no number":                      "r     r    r        r     r   r        r    r        r            d",
  "503 for a year":                         "u     u    u        u     u   u        u    u        u            d",
  "a redirect in circles":                  "d     m    m        a     a   m        m    m        m            d",
  "a redirect to a file":                   "d     d    d        d     d   d        m    m        m            d",
  "a redirect to the cloud's metadata":     "d     d    d        d     d   d        m    m        m            d",
  "a redirect with a password":             "d     d    d        d     d   d        m    m        m            d",
  "a redirect out of encryption":           "d     d    d        d     d   d        m    m        m            d",
  "a redirect to a closed port":            "d     u    u        u     u   u        m    m        m            d",
  "a redirect to a script":                 "d     d    d        d     d   d        m    m        m            d",
  "a redirect to no address":               "d     d    d        d     d   d        m    m        m            d",
};

describe("a copy", () => {
  for (const [answer, letters] of Object.entries(TABLE) as [keyof typeof ANSWERS, string][]) {
    const codes = letters.split(/\s+/) as (keyof typeof CODES)[];
    for (const [index, place] of PLACES.entries()) {
      const [name, side] = place;
      const code = CODES[codes[index] ?? "u"];
      const expected = code === "copied" ? code : `${side === "target" ? "target" : "source"} ${code}`;
      test.concurrent(`ends with “${expected}” where what is answered at ${name} is ${answer}`, async () => {
        const ended = await copyThrough(place, ANSWERS[answer]);
        equal(ended.code, expected, ended.message);
        assertHarmless(ended, name);
      }, 30_000);
    }
  }
});
