import { deepEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { answerFor, type Question } from "../../src/kubernetes/answer-for.ts";
import type { IndexRow } from "../../src/kubernetes/image-index.ts";
import { modeOf } from "../../src/kubernetes/mode.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const other = `sha256:${"b".repeat(64)}` as const;
const use = `public.ecr.aws/docker/library/nginx@${digest}`;
const row: IndexRow = {
  use,
  proof: "same-index",
  trusted: { digest, from: "origin" },
  askedAt: "2026-11-29T08:00:00Z",
  goodUntil: "2026-11-29T14:00:00Z",
  platforms: ["linux/amd64"],
};
const at = (text: string) => Date.parse(text);
const question: Question = { image: "nginx:1.27", row, mode: "remediate", now: at("2026-11-29T09:00:00Z") };
const swap = { swap: use, digest, proof: "same-index", witness: "origin", askedAt: row.askedAt };
const { use: _use, proof: _proof, ...empty } = row;
const { trusted: _trusted, ...unwitnessed } = row;

describe("answerFor", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<Question>, unknown])[] = [
    ["swaps an image with a row in force",                     {},                                                     swap],
    ["swaps a tag that is pulled if not present",              { pullPolicy: "IfNotPresent" },                         swap],
    ["leaves a pod that opted out",                            { mode: "off" },                                        { leave: "opted-out" }],
    ["only says what it would do where it observes",           { mode: "observe" },                                    { leave: "observed", would: swap }],
    ["leaves an image that is never pulled",                   { pullPolicy: "Never" },                                { leave: "never-pull" }],
    ["leaves an image without a row",                          { row: undefined },                                     { leave: "not-in-index" }],
    ["leaves an image without a place",                        { row: { ...empty, codes: ["no-proof"] } },             { leave: "no-place" }],
    ["swaps until the last moment of a row",                   { now: at("2026-11-29T13:59:59.999Z") },                swap],
    ["leaves an image from the moment its row ends",           { now: at("2026-11-29T14:00:00Z") },                    { leave: "expired" }],
    ["leaves an image whose row has no readable end",          { row: { ...row, goodUntil: "soon" } },                 { leave: "expired" }],
    ["swaps what is always pulled by a proof of 59 s",         { pullPolicy: "Always", now: at("2026-11-29T08:00:59Z") }, swap],
    ["leaves what is always pulled by a proof of a minute",    { pullPolicy: "Always", now: at("2026-11-29T08:01:00Z") }, { leave: "always-pull" }],
    ["swaps what is always pulled by a proof 59 s ahead",      { pullPolicy: "Always", now: at("2026-11-29T07:59:01Z") }, swap],
    ["leaves what is always pulled by a proof a minute ahead", { pullPolicy: "Always", now: at("2026-11-29T07:59:00Z") }, { leave: "always-pull" }],
    ["leaves what is always pulled by a proof without a time", { pullPolicy: "Always", row: { ...row, askedAt: "?" } }, { leave: "always-pull" }],
    ["leaves an image that is already there",                  { image: use },                                         { leave: "already-there" }],
    ["leaves a row whose proof does not name its digest",      { row: { ...row, trusted: { digest: other, from: "origin" } } }, { leave: "row-invalid" }],
    ["leaves a row that claims equal bytes without a witness", { row: unwitnessed },                                   { leave: "row-invalid" }],
    ["leaves an image written with another digest",            { image: `nginx@${other}` },                            { leave: "row-invalid" }],
    ["leaves an image written with a digest of another form",  { image: `nginx@sha512:${"a".repeat(128)}` },           { leave: "row-invalid" }],
    ["leaves an image written with a digest cut short",        { image: "nginx@sha256:short" },                        { leave: "row-invalid" }],
    ["leaves a place that is a tag",                           { row: { ...row, use: "public.ecr.aws/nginx:1" } },     { leave: "row-invalid" }],
    ["swaps an image written with the trusted digest",         { image: `nginx:1.27@${digest}` },                      swap],
    ["swaps to a platform of the trusted index",               { row: { ...row, proof: "same-platform", trusted: { digest: other, from: "pod" } } }, { ...swap, digest: other, proof: "same-platform", witness: "pod" }],
    ["swaps by the publisher's word without a witness",        { row: { ...unwitnessed, proof: "same-publisher" } },   { ...swap, proof: "same-publisher", witness: "none" }],
  ];
  for (const [title, part, answer] of table) {
    test(title, () => deepEqual(answerFor({ ...question, ...part }), answer));
  }
});

describe("modeOf", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["remediate", [],                              "remediate"],
    ["remediate", [undefined, undefined],          "remediate"],
    ["remediate", ["observe"],                     "observe"],
    ["remediate", ["off", "remediate"],            "off"],
    ["remediate", ["remediate", "off"],            "off"],
    ["remediate", ["Remediate"],                   "observe"],
    ["remediate", ["", undefined],                 "observe"],
    ["observe",   ["remediate", "remediate"],      "observe"],
    ["off",       ["remediate"],                   "off"],
  ] as const;
  for (const [ceiling, labels, mode] of table) {
    test(`${ceiling} with labels [${labels.map(String).join(", ")}] is ${mode}`, () =>
      deepEqual(modeOf(ceiling, ...labels), mode));
  }
});
