/** A pure function that knows its last answers: what is asked again is not answered anew, and what is kept is bounded. */

import { describe, expect, test } from "vitest";
import { remember } from "../../src/text/remember.ts";

function counted() {
  let answered = 0;
  const ask = remember(
    (text: string) => {
      answered += 1;
      return text.length;
    },
    (text) => text,
  );
  return { ask, answered: () => answered };
}

describe("a function that remembers", () => {
  test("answers the same question once", () => {
    const { ask, answered } = counted();
    expect([ask("one"), ask("two"), ask("one")]).toEqual([3, 3, 3]);
    expect(answered()).toBe(2);
  });

  test("answers a long question each time, and keeps nothing of it", () => {
    const { ask, answered } = counted();
    const long = "x".repeat(10_000);
    expect([ask(long), ask(long)]).toEqual([10_000, 10_000]);
    expect(answered()).toBe(2);
  });

  test("forgets what it knew when it is full", () => {
    const { ask, answered } = counted();
    for (let index = 0; index < 1000; index += 1) ask(`question ${index}`);
    ask("question 0");
    expect(answered()).toBe(1001);
  });
});
