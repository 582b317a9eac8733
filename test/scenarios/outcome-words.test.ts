/**
 * Words are counted: an outcome is read at night, once, by a person who has never seen the product.
 *
 * The bounds are what the longest sentence of these worlds had on 2026-11-29, and what a sentence may have in the style guide
 * (https://insidegovuk.blog.gov.uk/2014/08/04/sentence-length-why-25-words-is-our-limit/).
 */

import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { replay } from "../../src/cli/replay/replay.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { OUTCOMES } from "../../src/remediation/report/outcome-codes.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";

const SUMMARY_WORDS_MAX = 45;
const SENTENCE_WORDS_MAX = 25;
const STEP_WORDS_MAX = 32;
const VERDICT_WORDS_MAX = 13;

const folder = new URL("../../events/", import.meta.url);
const files = Object.fromEntries(
  ["", "worlds/"].flatMap((below) =>
    readdirSync(new URL(below, folder))
      .filter((name) => name.endsWith(".json"))
      .map((name) => [`events/${below}${name}`, readFileSync(new URL(`${below}${name}`, folder), "utf8")]),
  ),
);
const worlds = Object.keys(files).flatMap((world) => {
  const name = /^events\/worlds\/([^.]+)\./.exec(world)?.[1];
  const event = `events/${name}.json`;
  return name === undefined || files[event] === undefined ? [] : [{ world, event }];
});

async function play(event: string, world: string, json: boolean): Promise<string> {
  const io = commandIo(files);
  await replay({ files: [event], world, json, aws: false, yes: false, settle: true, seed: "1" }, io);
  return io.printed.out;
}

type Told = { readonly world: string; readonly summary: string; readonly outcome?: Outcome };
const told: Told[] = [];

beforeAll(async () => {
  for (const { world, event } of worlds) {
    const outcome = objectsIn(await play(event, world, true))[0] as unknown as Outcome;
    told.push({ world, summary: outcome.summary, outcome });
    // What is published while a remediation waits is shown as it comes.
    for (const [, summary = ""] of (await play(event, world, false)).matchAll(
      /^ {2}[0-9:]{8} {2}(Waiting .*)$/gm,
    ))
      told.push({ world, summary });
  }
});

const wordsIn = (text: string): number => text.split(/\s+/).filter(Boolean).length;
/** Sentences end with a full stop, a blank and a capital or a count; an image's tag and a reference have none. */
const sentencesIn = (text: string): readonly string[] => text.split(/(?<=[a-z0-9)])\. (?=[A-Z0-9a-z])/);

/** Those that break a rule, with their words. */
const against = (isBroken: (one: Told) => boolean): readonly string[] =>
  told.filter(isBroken).map(({ world, summary }) => `${world}: ${summary}`);

describe("the summary of each outcome of the worlds", () => {
  test(`has at most ${SUMMARY_WORDS_MAX} words`, () => {
    expect(against(({ summary }) => wordsIn(summary) > SUMMARY_WORDS_MAX)).toEqual([]);
  });

  test(`has sentences of at most ${SENTENCE_WORDS_MAX} words`, () => {
    const isLong = (sentence: string): boolean => wordsIn(sentence) > SENTENCE_WORDS_MAX;
    expect(against(({ summary }) => sentencesIn(summary).some(isLong))).toEqual([]);
  });

  test(`begins with a verdict of at most ${VERDICT_WORDS_MAX} words, and then names the cluster and the workload`, () => {
    const place = /^([^:]+(?::\d\d UTC[^:]*)?): (?:service|scheduled task|standalone task) [\w-]+\/[\w-]+: /;
    expect(against(({ summary }) => !place.test(summary))).toEqual([]);
    expect(against(({ summary }) => wordsIn(place.exec(summary)?.[1] ?? "") > VERDICT_WORDS_MAX)).toEqual([]);
  });

  test("says how many tasks run where nothing was changed", () => {
    expect(
      against(
        ({ summary, outcome }) =>
          outcome?.tasks !== undefined && !/\d+ of \d+ tasks run; new ones/.test(summary),
      ),
    ).toEqual([]);
    const untold = told.filter(
      ({ outcome }) => outcome?.outcome === "no-substitute" || outcome?.outcome === "dry-run",
    );
    expect(untold.filter(({ outcome }) => outcome?.tasks === undefined)).toEqual([]);
  });

  test("has the command that takes a change back wherever one was made", () => {
    const isChanged = ({ outcome }: Told): boolean =>
      ["succeeded", "redeployed", "rollout-timed-out"].includes(outcome?.outcome ?? "");
    expect(against((one) => isChanged(one) && one.outcome?.undo === undefined)).toEqual([]);
  });

  test("is followed by the change in the source wherever the substitute runs", () => {
    const runs = ({ outcome }: Told): boolean => ["succeeded", "redeployed"].includes(outcome?.outcome ?? "");
    const change = /^change the image|in the source/;
    expect(against((one) => runs(one) && !one.outcome?.nextSteps.some((step) => change.test(step)))).toEqual(
      [],
    );
  });

  test(`is followed by steps of at most ${STEP_WORDS_MAX} words, commands and source lines apart`, () => {
    const isLong = (step: string): boolean => !/\n|\baws [a-z]/.test(step) && wordsIn(step) > STEP_WORDS_MAX;
    expect(told.flatMap(({ outcome }) => outcome?.nextSteps.filter(isLong) ?? [])).toEqual([]);
  });

  test("is of nearly every outcome", () => {
    const seen = new Set(told.map(({ outcome }) => outcome?.outcome));
    // Both are published while a remediation waits, and do not end it.
    expect(Object.keys(OUTCOMES).filter((kind) => !seen.has(kind as Outcome["outcome"]))).toEqual([
      "awaiting-approval",
      "quota-exceeded",
    ]);
  });
});
