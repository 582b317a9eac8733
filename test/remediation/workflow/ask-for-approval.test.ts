/** The question for an approval: what it says, and the state that each answer leaves. */

import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { askForApproval } from "../../../src/remediation/workflow/ask-for-approval.ts";
import type { State } from "../../../src/remediation/workflow/state.ts";
import { answerCallback, runInProcess } from "../../../src/runtime/in-process-steps.ts";
import type { CallbackResult } from "../../../src/runtime/steps.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import {
  changesOf,
  contextOf,
  EXECUTION,
  type Given,
  GONE,
  imagesOf,
  NOW,
  stateOf,
} from "../../support/workflow-state.ts";

const CHANGES = [
  { sentence: "register a revision", hash: "a1" },
  { sentence: "redeploy the service", hash: "b2" },
];
const HASHES = CHANGES.map(({ hash }) => hash);
const SENTENCES = CHANGES.map(({ sentence }) => sentence);

/** Asks, is answered at once, and returns the state after it and what was published. */
async function asked(given: Given, answer: CallbackResult) {
  const world = await createWorld(readWorldFile({ services: [] }));
  const before = stateOf(given);
  const opened: number[] = [];
  const state = await runInProcess(
    (steps) => askForApproval(CHANGES, before, contextOf(given), world.ports, steps),
    {
      clock: world.clock,
      execution: EXECUTION,
      onStep: (record) => {
        if (record.kind !== "callback") return;
        opened.push((record.dueAt - world.clock.now()) / 1000);
        answerCallback(record, answer, world.clock.now());
      },
    },
  );
  return {
    before,
    state,
    opened,
    published: world.bus.outcomes as readonly Outcome[],
    now: world.clock.now(),
  };
}

const says = (text: string): CallbackResult => ({ kind: "answered", text });
const yes = says('{"decision":"approve","by":"Ada"}');
const no = says('{"decision":"deny","by":"Grace","because":"payment freeze"}');
const said = expect.any(String);
const approvals = (more: Partial<State["approvals"]> = {}) => ({
  approvals: { asked: 1, again: "other-plan", ...more },
});
const before = { approvals: { asked: 2, approved: ["another"] } };
const ada = { kind: "approved", by: "Ada" };
const images = imagesOf({});

describe("the state after an answer", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, CallbackResult, changes: object])[] = [
    ["what was shown is approved, and the world is surveyed again", {}, yes, { ...approvals({ approved: HASHES }), decision: ada, plan: GONE }],
    ["what was approved before is not any more",  { state: before }, yes, { ...approvals({ asked: 3, approved: HASHES }), decision: ada, plan: GONE }],
    ["a denial is the end",                       {}, no, { ...approvals(), decision: { kind: "denied", by: "Grace", because: "payment freeze" }, plan: GONE, ending: { kind: "denied", because: { code: "denied", by: "Grace", because: "payment freeze" }, images } }],
    ["a callback that fails is a denial",         {}, { kind: "failed", because: "the chat is down" }, { ...approvals(), decision: { kind: "denied", by: said, because: "the chat is down" }, plan: GONE, ending: { kind: "denied", because: { code: "denied", by: said, because: "the chat is down" }, images } }],
    ["no answer in time is the end",              {}, { kind: "expired" }, { ...approvals(), decision: { kind: "expired" }, plan: GONE, ending: { kind: "approval-expired", because: { code: "no-answer", hours: 12 }, images } }],
    ["an answer that cannot be understood approves nothing, and does not end it", {}, says("yes!"), { ...approvals({ again: "unreadable-answer" }), plan: GONE }],
    ["an answer that cannot be understood does not keep what was approved before", { state: before }, says("yes!"), { ...approvals({ asked: 3, approved: [], again: "unreadable-answer" }), plan: GONE }],
  ];
  for (const [title, given, answer, changes] of table)
    test(title, async () => {
      const { before, state } = await asked(given, answer);
      expect(changesOf(before, state)).toEqual({ ...changes, time: { askedAt: NOW } });
    });
});

describe("the question", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, hours: number, where: string])[] = [
    ["is open as long as the policy says",        { policy: { approval: { hours: 3 } } },               3,  "--region us-east-1"],
    ["names the function where it is not the usual one", { options: { functionName: "mine" } }, 12, "--region us-east-1 --function mine"],
  ];
  for (const [title, given, hours, where] of table)
    test(title, async () => {
      const { opened, published, now } = await asked(given, no);
      const approve = `repull approve ${EXECUTION} ${where}`;
      const deny = `repull deny ${EXECUTION} --because REASON ${where}`;
      const expiresAt = new Date(now + hours * 3_600_000).toISOString();
      expect(opened).toEqual([hours * 3600]);
      expect(published).toEqual([
        expect.objectContaining({
          outcome: "awaiting-approval",
          approval: { callbackId: said, plan: SENTENCES, expiresAt, approve, deny },
          images: [expect.objectContaining({ image: "nginx:1.25" })],
          nextSteps: [approve, deny],
        }),
      ]);
    });
});
