import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { createRandom } from "../../src/sandbox/random.ts";

const ten = (seed: number | string) => Array.from({ length: 10 }, createRandom(seed).next);

test("one seed makes one story", () => {
  deepEqual(ten(7), ten(7));
  deepEqual(ten("nginx"), ten("nginx"));
  deepEqual(createRandom(7).bytes(33), createRandom(7).bytes(33));
});

test("the story of a seed stays the same from version to version", () => {
  const random = createRandom(1);
  deepEqual([random.integer(0, 999), random.integer(0, 999), random.integer(0, 999)], [314, 798, 613]);
});

describe("another seed makes another", () => {
  for (const [one, other] of [
    [1, 2],
    [0, 1],
    [1, 2 ** 32 + 1],
    [1, "1"],
    ["a", "b"],
  ] as const) {
    test(`${JSON.stringify(one)} and ${JSON.stringify(other)}`, () => notDeepEqual(ten(one), ten(other)));
  }
});

test("a fork does not depend on what was drawn before", () => {
  const drawn = createRandom(3);
  drawn.bytes(100);
  equal(drawn.fork("tasks").next(), createRandom(3).fork("tasks").next());
  notDeepEqual(createRandom(3).fork("tasks").bytes(8), createRandom(3).fork("bus").bytes(8));
});

test("numbers keep to their bounds and reach all of them", () => {
  const random = createRandom(11);
  const dice = Array.from({ length: 600 }, () => random.integer(1, 6));
  deepEqual([...new Set(dice)].sort(), [1, 2, 3, 4, 5, 6]);
  const many = Array.from({ length: 10_000 }, random.next);
  equal(
    many.every((number) => number >= 0 && number < 1),
    true,
  );
  const mean = many.reduce((sum, number) => sum + number, 0) / many.length;
  equal(Math.abs(mean - 0.5) < 0.02, true, `mean ${mean}`);
  deepEqual([...new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"])))].sort(), [
    "a",
    "b",
    "c",
  ]);
});

test("what cannot be drawn is a bug of the caller", () => {
  throws(() => createRandom(1).integer(2, 1));
  throws(() => createRandom(1).pick([]));
});
