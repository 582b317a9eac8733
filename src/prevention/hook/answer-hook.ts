/**
 * Answers CloudFormation's question about a deployment in time, whatever is silent or wrong.
 *
 * A hook warns and never blocks by a fault of its own: what Repull cannot read, fetch or find out ends in SUCCESS, with a
 * message. CloudFormation waits 30 seconds; the answer is there after 20, the four before this function is called included.
 */

import type { Environment } from "../../assessment/environment.ts";
import { EXPECTED_LIMIT } from "../../assessment/offers.ts";
import { oneRound } from "../../assessment/one-round.ts";
import type { RegistryTimeLimits } from "../../assessment/registries-in-time.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import { withinTime } from "../../runtime/time-limit.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { policyAtOnce } from "../../substitution/policy/policy-at-once.ts";
import { type DeclaredImage, imagesOfPayload, imagesOfResource } from "./declared-images.ts";
import { fetchPayload, type PayloadPorts } from "./fetch-payload.ts";
import { type Judgement, judgeImage } from "./find-replacement.ts";
import { answerOf, type HookAnswer, type JudgedImage, passed } from "./hook-answer.ts";
import { readHookRequest } from "./hook-request.ts";
import type { RememberedJudgements } from "./remembered-judgements.ts";

export type HookPorts = Pick<Environment, "registries" | "anonymous" | "account"> & {
  readonly clock: Clock & Timer;
  readonly payload: Pick<PayloadPorts, "send" | "region" | "endpoint">;
  readonly remembered: RememberedJudgements;
};

/** What was answered, and for the log why: no URL, no property of the resource. */
export type HookResult = { readonly answer: HookAnswer; readonly codes: readonly string[] };

const SECONDS_MAX = 16;
const PAYLOAD_SECONDS = 5;
const TIME: RegistryTimeLimits = { all: 10, otherRegistries: 9, head: 4, get: 5 };
const IMAGES_AT_ONCE = 6;

/** Throws nothing that a port or a request can cause. */
export async function answerHook(event: unknown, policy: Policy, ports: HookPorts): Promise<HookResult> {
  const request = readHookRequest(event);
  const { token } = request;
  if (request.kind === "other") return notEvaluated(token, request.code);
  const ends = ports.clock.now() + SECONDS_MAX * 1000;
  const declared =
    request.kind === "resource"
      ? imagesOfResource(request.logicalId, request.properties)
      : await imagesStored(request.url, ports);
  if (typeof declared === "string") return notEvaluated(token, declared);
  const images = await judgeAll(declared, policy, ports, ends);
  return { answer: answerOf(token, images), codes: images.map(({ judgement }) => judgement.code) };
}

/** The operation goes on, and the message says why nothing was evaluated. */
export function notEvaluated(token: string, code: keyof typeof WORDS): HookResult {
  return { answer: passed(token, WORDS[code]), codes: [code] };
}

const WORDS = {
  deletion: "Nothing is pulled for a deletion.",
  "other-resource": "Only task definitions of ECS are evaluated.",
  "policy-unread": "Repull could not read the policy, and evaluated nothing.",
  malformed: "Repull could not read the request, and evaluated nothing.",
  "other-host": "Repull fetches a template from S3 alone, and evaluated nothing.",
  refused: "S3 did not hand over the template, and Repull evaluated nothing.",
  "too-large": "The template is larger than Repull reads, and nothing was evaluated.",
  "no-template": "Repull could not read the template, and evaluated nothing.",
  unreachable: "S3 did not answer in time, and Repull evaluated nothing.",
} as const;

async function imagesStored(
  url: string,
  { clock, payload }: HookPorts,
): Promise<readonly DeclaredImage[] | keyof typeof WORDS> {
  const late = () => new Error("S3 did not answer in time");
  try {
    const fetched = await withinTime(clock, PAYLOAD_SECONDS * 1000, late, (signal) =>
      fetchPayload(url, { ...payload, clock }, signal),
    );
    if (fetched.kind === "failed") return fetched.code;
    return imagesOfPayload(fetched.text) ?? "no-template";
  } catch {
    // The transport's words may have the URL in them.
    return "unreachable";
  }
}

/** Each image once, however many containers have it; what has no judgement when the time is over has no answer. */
async function judgeAll(
  declared: readonly DeclaredImage[],
  policy: Policy,
  { registries, anonymous, account, clock, remembered }: HookPorts,
  ends: number,
): Promise<readonly JudgedImage[]> {
  const round = oneRound(
    {
      registries,
      ...(anonymous === undefined ? {} : { anonymous }),
      ...(account === undefined ? {} : { account }),
      policy: policyAtOnce(policy),
      platforms: { kind: "unknown", because: "" },
      limit: EXPECTED_LIMIT,
      asksAhead: true,
      clock,
    },
    { time: TIME },
  );
  const judged = new Map<string, Judgement>();
  const of = JSON.stringify(policy);
  const byQuestion = Map.groupBy(declared, (one) => questionOf(one, of));
  const late = () => new Error("the time of the hook is over");
  await withinTime(clock, Math.max(1, ends - clock.now()), late, () =>
    forEachConcurrently([...byQuestion], IMAGES_AT_ONCE, async ([question, [first]]) => {
      if (first === undefined) return;
      judged.set(question, await remembered.answer(question, () => judgeOrPass(first, round)));
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof Error)) throw error;
  });
  return declared.map((one) => ({
    declared: one,
    judgement: judged.get(questionOf(one, of)) ?? { code: "no-answer" },
  }));
}

/** A fault of ours in one image does not hide the others. */
async function judgeOrPass(one: DeclaredImage, round: Environment): Promise<Judgement> {
  try {
    return await judgeImage(one, round);
  } catch {
    return { code: "no-answer" };
  }
}

/** @param policy as text: another one may exclude the image, or allow another registry */
function questionOf({ image, signedIn, platform }: DeclaredImage, policy: string): string {
  return JSON.stringify([image, signedIn, platform, policy]);
}
