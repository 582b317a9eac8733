import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import {
  AUTHORITY_LIFE,
  BACKDATED,
  type Held,
  type HeldAuthority,
  type HeldServing,
  type Rotation,
  rotate,
  SERVING_LIFE,
} from "../../../src/kubernetes/certificates/rotate.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 10, 29);
const NAMES = ["repull-webhook.repull.svc"];

const authority = (id: string, madeAt: number): HeldAuthority => ({
  id,
  notBefore: madeAt - BACKDATED,
  notAfter: madeAt + AUTHORITY_LIFE,
});
const serving = (issuer: string | undefined, madeAt: number): HeldServing => ({
  issuer,
  names: NAMES,
  notBefore: madeAt - BACKDATED,
  notAfter: madeAt + SERVING_LIFE,
});
const held = (
  authorities: readonly HeldAuthority[],
  signer: string | undefined,
  now?: HeldServing,
): Held => ({
  authorities,
  signer,
  serving: now,
});
/** Two authorities in the bundle, the newer of which signs. */
const both = (newerAt: number) => [authority("b", newerAt), authority("a", newerAt - 243 * DAY)];

const A = [authority("a", START)];
const nothing: Rotation = { newAuthority: false, newServing: false, keep: ["a"] };
const all: Rotation = { newAuthority: true, newServing: true, keep: [] };

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [title: string, at: number, held: Held, rotation: Rotation])[] = [
  ["an empty Secret gets both",                                  0,                 held([], undefined),                            all],
  ["a fresh pair is kept",                                       0,                 held(A, "a", serving("a", START)),              nothing],
  ["a serving certificate is kept before two thirds",            59 * DAY,          held(A, "a", serving("a", START)),              nothing],
  ["a serving certificate is renewed at two thirds",             60 * DAY,          held(A, "a", serving("a", START)),              { ...nothing, newServing: true }],
  ["an expired serving certificate is renewed",                  91 * DAY,          held(A, "a", serving("a", START)),              { ...nothing, newServing: true }],
  ["an authority at two thirds gets a successor",      244 * DAY,         held(A, "a", serving("a", START + 200 * DAY)),  { newAuthority: true, newServing: false, keep: ["a"] }],
  ["the successor signs nothing within the hour",                0.9 * HOUR,        held(both(START), "b", serving("a", START)),    { newAuthority: false, newServing: false, keep: ["b", "a"] }],
  ["the successor signs after an hour",                          HOUR,              held(both(START), "b", serving("a", START)),    { newAuthority: false, newServing: true, keep: ["b", "a"] }],
  ["the old authority stays for a day",                          23 * HOUR,         held(both(START), "b", serving("b", START)),    { newAuthority: false, newServing: false, keep: ["b", "a"] }],
  ["the old authority goes after a day",                         25 * HOUR,         held(both(START), "b", serving("b", START)),    { newAuthority: false, newServing: false, keep: ["b"] }],
  ["a new signer signs at once where nothing else is valid",     0,                 held(both(START), "b"),                         { newAuthority: false, newServing: true, keep: ["b", "a"] }],
  ["a lost authority's key: a successor, the rest stays",        DAY,               held(A, undefined, serving("a", START)),        { newAuthority: true, newServing: false, keep: ["a"] }],
  ["nothing of an expired authority is used any more",           366 * DAY,         held(A, "a", serving("a", START + 300 * DAY)),  all],
  ["an expired authority and certificate: both anew",            400 * DAY,         held(A, "a", serving("a", START)),              all],
  ["a certificate of another authority is replaced",             0,                 held(A, "a", serving(undefined, START)),        { ...nothing, newServing: true }],
  ["a certificate of other names is replaced",                   0,                 held(A, "a", { ...serving("a", START), names: ["x"] }), { ...nothing, newServing: true }],
  ["a clock an hour back changes nothing",                       -HOUR,             held(A, "a", serving("a", START)),              nothing],
  ["made by a clock that was ahead: both anew, the old trusted", -2 * HOUR,         held(A, "a", serving("a", START)),              { ...all, keep: ["a"] }],
  ["a clock ten years ahead: both anew",                         3650 * DAY,        held(A, "a", serving("a", START)),              all],
];

describe("rotate", () => {
  for (const [title, at, before, rotation] of table)
    test(title, () => deepEqual(rotate(START + at, before, NAMES), rotation));
});

/** What the Secret has after a rotation, as keep-certificates makes it. */
function after(now: number, before: Held, { newAuthority, newServing, keep }: Rotation, id: string): Held {
  const kept = before.authorities.filter((one) => keep.includes(one.id));
  const signer = newAuthority ? id : before.signer;
  return {
    authorities: newAuthority ? [authority(id, now), ...kept] : kept,
    signer,
    serving: newServing ? serving(signer, now) : before.serving,
  };
}

test("over three years a client trusts what is served, even one that has the Secret or the bundle of half an hour ago", () => {
  let now = START;
  let present = after(now, held([], undefined), rotate(now, held([], undefined), NAMES), "0");
  let counts = { authorities: 1, servings: 1 };
  for (let n = 1; now < START + 3 * 365 * DAY; n++) {
    now += 30 * 60_000;
    const rotation = rotate(now, present, NAMES);
    const next = after(now, present, rotation, String(n));
    const isTrusted = (one: Held, by: Held) => by.authorities.some(({ id }) => id === one.serving?.issuer);
    equal(isTrusted(next, next) && isTrusted(present, next) && isTrusted(next, present), true, `at ${n}`);
    equal(now < (next.serving?.notAfter ?? 0) - 25 * DAY, true);
    counts = {
      authorities: counts.authorities + Number(rotation.newAuthority),
      servings: counts.servings + Number(rotation.newServing),
    };
    present = next;
  }
  deepEqual(counts, { authorities: 5, servings: 23 });
});

test("after any jumps of the clock, what is served is valid and trusted, and the bundle stays small", () => {
  const jumps = fc.array(fc.integer({ min: -4000, max: 4000 }), { maxLength: 30 });
  fc.assert(
    fc.property(jumps, (days) => {
      let present = held([], undefined);
      days.forEach((jump, n) => {
        const now = START + jump * DAY;
        present = after(now, present, rotate(now, present, NAMES), String(n));
        const { serving: one, authorities } = present;
        const issuer = authorities.find(({ id }) => id === one?.issuer);
        equal(one !== undefined && one.notBefore <= now && now < one.notAfter, true);
        equal(issuer !== undefined && issuer.notBefore <= now && now < issuer.notAfter, true);
        equal(authorities.length <= 5, true);
      });
    }),
  );
});
