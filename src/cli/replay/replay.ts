/**
 * `repull replay`: the whole remediation of recorded events.
 *
 * By default in a sandbox: a world described by the file next to the event, so that no account can be changed.
 * With --aws against the account of the environment, and then nothing is written without --yes.
 */

import { redactEvent } from "../../ecs-events/redact-event.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Json } from "../../runtime/json.ts";
import { policyFrom } from "../../substitution/policy/policy.ts";
import { linesOf } from "../../text/visible.ts";
import { EXIT, exitStatusOfOutcome } from "../exit-status.ts";
import { readEventDocuments } from "../input/event-files.ts";
import type { CommandIo } from "../io.ts";
import { hasNoCredentials, NO_CREDENTIALS } from "../output/command-error.ts";
import { formatOutcome } from "../output/format-outcome.ts";
import { jsonLine } from "../output/json-line.ts";
import { readPolicyFile } from "../policy-file.ts";
import { RefusedCommand } from "../refused-command.ts";
import { WrongCall, whyNotRead } from "../wrong-call.ts";
import { replayInAccount } from "./replay-in-account.ts";
import { type PolicyOf, replayInSandbox } from "./replay-in-sandbox.ts";
import type { Replay, Replayed, ReplayInput } from "./replay-types.ts";

/**
 * Replays every document of the files, one after the other. Exit status 1 where one ended otherwise than well, 2 where
 * one, or the policy, cannot be read, 4 where one was refused, 5 where one could not be brought to an end.
 */
export async function replay(input: ReplayInput, io: CommandIo): Promise<number> {
  const run = await runnerOf(input, io);
  const tell = input.json
    ? (line: string) => io.err(linesOf([line]))
    : (line: string) => io.out(linesOf([line]));
  let status: number = EXIT.done;
  for (const file of input.files) {
    const text = await io.readFile(file);
    const entries = text === undefined ? [unreadable(file, io)] : readEventDocuments(text, file);
    for (const entry of entries) {
      if (!input.json) io.out(linesOf([entry.where]));
      const replayed =
        entry.kind === "document"
          ? await replayOne(run, entry.document, file, tell)
          : invalid(entry.kind === "text" ? TEXT_ALONE : entry.because);
      if (input.json) io.out(jsonLine("outcome", { where: entry.where, ...replayed }));
      else io.out(linesOf(formatOutcome(replayed, { check: thenCommand(replayed, file, input) })));
      status = Math.max(status, statusOf(replayed));
    }
  }
  return status;
}

/** An account that cannot be worked in refuses each document: a caller that waits for a line for each gets it. */
async function runnerOf(input: ReplayInput, io: CommandIo): Promise<Replay> {
  if (!input.aws) return replayInSandbox(await sandboxPolicies(input, io), input, io);
  try {
    return await replayInAccount(input, io);
  } catch (error) {
    return () => Promise.reject(error);
  }
}

/** By the stack's defaults, of which only the mode is another: `remediate`, so that the whole of it can be seen. */
async function sandboxPolicies({ policyFile }: ReplayInput, io: CommandIo): Promise<PolicyOf> {
  const { env } = io;
  if (policyFile === undefined)
    return (document, parameters) => policyFrom({ ...env, ...parameters }, document);
  // A document that cannot be read is reported before anything is replayed.
  const text = await readPolicyFile(policyFile, io);
  return (_document, parameters) => policyFrom({ ...env, ...parameters }, text);
}

const TEXT_ALONE =
  "an error text names no task to replay: repull explain reads it; pass the event, or what aws ecs describe-tasks answers";

/** In an account, a look at the service; in a sandbox, another rehearsal, by the policy that a remedy would change. */
function thenCommand(replayed: Replayed, file: string, { aws, world }: ReplayInput): string | undefined {
  if (!("images" in replayed)) return undefined;
  const { workload, remedies = [] } = replayed;
  if (aws) {
    if (workload?.kind !== "service") return undefined;
    return `repull plan ${workload.name} --cluster ${workload.cluster.slice(workload.cluster.lastIndexOf("/") + 1)}`;
  }
  const isOfPolicy = remedies.some(({ setting }) => setting !== undefined && /^[a-z]/.test(setting.key));
  if (file === "-" || !isOfPolicy) return undefined;
  return `repull replay ${file}${world === undefined ? "" : ` --world ${world}`} --policy FILE, with such a policy document in FILE`;
}

function unreadable(file: string, io: CommandIo): { kind: "unreadable"; where: string; because: string } {
  return { kind: "unreadable", where: file, because: whyNotRead(file, io) };
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
    return await run(redactEvent(document) as Json, where, tell);
  } catch (error) {
    if (hasNoCredentials(error)) {
      const { message, remedy } = NO_CREDENTIALS;
      return { outcome: "refused", code: "no-right", because: `${message}; ${remedy}` };
    }
    if (error instanceof RefusedCommand)
      return { outcome: "refused", code: error.code, because: error.message };
    if (error instanceof InvalidInput || error instanceof WrongCall) return invalid(error.message);
    if (error instanceof AwsError && error.kind === "denied")
      return { outcome: "refused", code: "no-right", because: error.message };
    // Whatever it was: a script that reads lines gets one, and no stack trace.
    return { outcome: "unfinished", because: error instanceof Error ? error.message : String(error) };
  }
}

function statusOf(replayed: Replayed): number {
  switch (replayed.outcome) {
    case "refused":
      return EXIT.refused;
    case "unfinished":
      return EXIT.unfinished;
    case "invalid":
      return EXIT.usage;
    default:
      return exitStatusOfOutcome(replayed);
  }
}
