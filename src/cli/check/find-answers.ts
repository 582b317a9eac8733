/** Where a check's answers are from: a file of an earlier run, names alone, the cache, or registries. */

import { askRegistries, likelyAnswer } from "../../prevention/check/ask-registries.ts";
import type { Answers, ImageAnswer } from "../../prevention/check/image-answer.ts";
import { systemClock } from "../../runtime/clock.ts";
import { counted } from "../../text/counted.ts";
import type { CommandIo } from "../io.ts";
import { unreadableFile } from "../wrong-call.ts";
import { answerCache } from "./answer-cache.ts";
import { answerLine, parseAnswerLines } from "./answer-lines.ts";
import type { CheckRules } from "./check-environment.ts";
import type { CheckInput } from "./check-input.ts";
import { writeReport } from "./report-file.ts";

const STOPPED = {
  "rate-limited": "Docker Hub's limit is reached, so that the rest was not asked; run it again later",
  "too-many-images":
    "a run asks Docker Hub a thousand times at most, so that the rest was not asked; run it again for more",
} as const;

export async function findAnswers(
  images: readonly string[],
  rules: CheckRules,
  input: CheckInput,
  io: CommandIo,
): Promise<Answers> {
  if (input.assessments !== undefined) return byImage(await recorded(input.assessments, io));
  if (input.offline) return byImage(images.map((image) => likelyAnswer(image, rules.policy)));
  const answers = byImage(await askedOrKept(images, rules, input, io));
  if (input.record !== undefined) {
    const lines = images.flatMap((image) => answers.get(image) ?? []).map(answerLine);
    await writeReport("--record", input.record, lines.join(""), io);
  }
  return answers;
}

async function askedOrKept(
  images: readonly string[],
  { policy, account, access }: CheckRules,
  { fresh, anonymous }: CheckInput,
  io: CommandIo,
): Promise<readonly ImageAnswer[]> {
  const key = { policy, isAnonymous: anonymous, ...(account === undefined ? {} : { account }) };
  const cache = answerCache(io, key, systemClock.now());
  const kept = fresh ? [] : cache.answers;
  const known = new Set(kept.map(({ image }) => image));
  const open = images.filter((image) => !known.has(image));
  if (open.length === 0) return kept;
  const { close, ...environment } = await access();
  const came: ImageAnswer[] = [];
  try {
    if (io.isTty) io.err(`asking registries about ${counted(open.length, "image")}\n`);
    const { answers, stopped } = await askRegistries(
      open,
      { ...environment, policy },
      { signal: io.signal, onAnswer: (answer) => came.push(answer) },
    );
    if (stopped !== undefined) io.err(`repull check: ${STOPPED[stopped]}\n`);
    return [...kept, ...answers];
  } finally {
    // A run that is cut off keeps what it has: the next one asks only the rest.
    cache.keep(came);
    close();
  }
}

async function recorded(file: string, io: CommandIo): Promise<readonly ImageAnswer[]> {
  const text = await io.readFile(file);
  if (text === undefined) throw unreadableFile(file, io, "--assessments");
  return parseAnswerLines(text, "--assessments");
}

function byImage(answers: readonly ImageAnswer[]): Answers {
  return new Map(answers.map((answer) => [answer.image, answer]));
}
