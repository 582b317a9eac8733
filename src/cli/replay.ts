/**
 * `repull replay`: the whole remediation of recorded events.
 *
 * By default in a sandbox: a world described by the file beside the event, so that nothing of anybody's can be hurt.
 * With --aws against the account of the environment, and then nothing is written without --yes.
 */

import { reduceEvent } from "../ecs-events/reduce.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { AwsError } from "../remediation/aws-error.ts";
import { endedWell, type Outcome, type OutcomeKind } from "../remediation/outcome.ts";
import type { Json } from "../runtime/json.ts";
import type { Policy } from "../substitution/policy.ts";
import { documentsIn } from "./documents.ts";
import type { CommandIo } from "./io.ts";
import { outcomeInWords } from "./outcome-words.ts";
import { replayInAccount } from "./replay-in-account.ts";
import { replayInSandbox } from "./replay-in-sandbox.ts";

export type ReplayInput = {
  readonly files: readonly string[];
  readonly aws: boolean;
  readonly yes: boolean;
  readonly settle: boolean;
  readonly json: boolean;
  /** A world file for all events, instead of the one beside each. */
  readonly world?: string;
  readonly seed: string;
  readonly policy: Policy;
};

export type Replayed = Outcome | { readonly outcome: "invalid"; readonly because: string };

/** How one document is remediated; `tell` takes the story's lines. */
export type Replay = (document: Json, where: string, tell: (line: string) => void) => Promise<Outcome>;

const EXIT_WELL = 0;
const EXIT_OTHERWISE = 1;

/** Replays every document of the files, one after the other. Exit status 1 where one ended otherwise than well. */
export async function replay(input: ReplayInput, io: CommandIo): Promise<number> {
  const run = input.aws ? await replayInAccount(input, io) : replayInSandbox(input, io);
  const tell = input.json ? (line: string) => io.err(`${line}\n`) : (line: string) => io.out(`${line}\n`);
  let status = EXIT_WELL;
  for (const file of input.files) {
    const text = await io.readFile(file);
    const entries = text === undefined ? [unreadable(file)] : documentsIn(text, file);
    for (const entry of entries) {
      if (!input.json) io.out(`${entry.where}\n`);
      const replayed =
        entry.kind === "unreadable"
          ? invalid(entry.because)
          : await replayOne(run, entry.document, file, tell);
      if (input.json) io.out(`${JSON.stringify({ where: entry.where, ...replayed })}\n`);
      else for (const line of outcomeInWords(replayed)) io.out(`${line}\n`);
      if (!isWell(replayed.outcome)) status = EXIT_OTHERWISE;
    }
  }
  return status;
}

function unreadable(file: string): { kind: "unreadable"; where: string; because: string } {
  return { kind: "unreadable", where: file, because: "there is no such file, or it cannot be read" };
}

function invalid(because: string): Replayed {
  return { outcome: "invalid", because };
}

async function replayOne(
  run: Replay,
  document: unknown,
  where: string,
  tell: (line: string) => void,
): Promise<Replayed> {
  try {
    return await run(reduceEvent(document) as Json, where, tell);
  } catch (error) {
    if (error instanceof InvalidInput) return invalid(error.message);
    if (error instanceof AwsError) return invalid(`${error.action}: ${error.message}`);
    throw error;
  }
}

function isWell(outcome: OutcomeKind | "invalid"): boolean {
  return outcome !== "invalid" && endedWell(outcome);
}
