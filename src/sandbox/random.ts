/**
 * Chance as a parameter: one seed, one story.
 *
 * Numbers come from SplitMix32 (Steele, Lea, Flood, 2014, in 32 bits), which is enough for jitter and
 * made-up data and for nothing secret. A stream is forked by name, so that one more draw in one place
 * does not change what another place sees.
 */

import { strict as assert } from "node:assert";

export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number between the two, both included. */
  integer(min: number, max: number): number;
  /** One of a list that must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** So many bytes. */
  bytes(length: number): Uint8Array;
  /** Another stream, fixed by this seed and the name, whatever was drawn before. */
  fork(name: string): Random;
}

/** A stream of numbers that the seed decides wholly. */
export function createRandom(seed: number | string): Random {
  const start = typeof seed === "number" ? mix(seed >>> 0) ^ Math.floor(seed / 2 ** 32) : hash(seed);
  let state = start >>> 0;
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state);
  };
  const random: Random = {
    next: () => word() / 2 ** 32,
    integer(min, max) {
      assert(
        Number.isSafeInteger(min) && Number.isSafeInteger(max) && min <= max,
        `no integer in ${min}..${max}`,
      );
      return min + Math.floor(random.next() * (max - min + 1));
    },
    pick(list) {
      assert(list.length > 0, "nothing to pick from");
      return list[random.integer(0, list.length - 1)] as (typeof list)[number];
    },
    bytes(length) {
      const words = new Uint32Array(Math.ceil(length / 4));
      for (let index = 0; index < words.length; index += 1) words[index] = word();
      return new Uint8Array(words.buffer, 0, length);
    },
    fork: (name) => createRandom(`${start}/${name}`),
  };
  return random;
}

/** Every bit of the input moves half of the output's. */
function mix(value: number): number {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** FNV-1a over UTF-16 units, mixed. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(value);
}
