import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import {
  formatPulls,
  type RateLimit,
  readRateLimit,
  readRetryAfter,
} from "../../../src/oci/client/rate-limit.ts";

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

describe("Retry-After", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, number | undefined])[] = [
    ["0",                             0],
    ["60",                            60],
    ["1.5",                           1.5],
    [" 7 ",                           7],
    ["Sat, 21 Nov 2026 12:00:30 GMT", 30],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    [String(NOW / 1000 + 90),         90],
    [String(NOW + 90_000),            90],
    ["880.092µs",                     0.000880092],
    ["880.092\u00c2\u00b5s",          0.000880092],
    ["985.86us",                      0.00098586],
    ["250ms",                         0.25],
    ["1m30s",                         90],
    ["-5",                            undefined],
    ["soon",                          undefined],
    ["",                              undefined],
    ["9".repeat(200),                 undefined],
  ];
  for (const [text, seconds] of table) {
    test(`${JSON.stringify(text)} is ${seconds} s`, () => {
      const read = readRetryAfter({ "retry-after": text }, NOW);
      if (seconds === undefined || read === undefined) equal(read, seconds);
      else ok(Math.abs(read - seconds) < 1e-9, `${read}`);
    });
  }

  test("absent is undefined", () => {
    equal(readRetryAfter({}, NOW), undefined);
  });
});

describe("a quota", () => {
  test("is read as Docker Hub writes it", () => {
    deepEqual(
      readRateLimit({
        "ratelimit-limit": "100;w=21600",
        "ratelimit-remaining": "20;w=21600",
        "docker-ratelimit-source": "192.0.2.7",
      }),
      { limit: 100, remaining: 20, windowSeconds: 21_600, source: "192.0.2.7" },
    );
  });

  test("absent means that no limit applies", () => {
    equal(readRateLimit({ "content-type": "x" }), undefined);
  });

  // biome-ignore format: a table is read by its columns
  const numbers: readonly (readonly [limit: string | undefined, remaining: string | undefined, RateLimit])[] = [
    ["100;w=21600", ";w=21600",   { limit: 100, windowSeconds: 21_600 }],
    ["100;w=21600", "-1;w=21600", { limit: 100, windowSeconds: 21_600 }],
    ["100;w=21600", "",           { limit: 100, windowSeconds: 21_600 }],
    ["100;w=21600", "7.5",        { limit: 100, windowSeconds: 21_600 }],
    ["100;w=21600", undefined,    { limit: 100, windowSeconds: 21_600 }],
    [undefined,     "37;w=21600", { remaining: 37, windowSeconds: 21_600 }],
    [";w=21600",    ";w=21600",   { windowSeconds: 21_600 }],
    ["many",        "-1",         {}],
    ["100",         "0",          { limit: 100, remaining: 0 }],
  ];
  for (const [limit, remaining, quota] of numbers) {
    test(`of ${limit ?? "no limit"} with ${JSON.stringify(remaining) ?? "nothing"} left is ${formatPulls(quota)}`, () => {
      const headers = {
        ...(limit === undefined ? {} : { "ratelimit-limit": limit }),
        ...(remaining === undefined ? {} : { "ratelimit-remaining": remaining }),
      };
      deepEqual(readRateLimit(headers), quota);
    });
  }
});
