/**
 * `repull pause` and `repull resume`: the kill switch of a stack, with a reason that everyone reads.
 *
 * Both show what they will do, ask, write one parameter, and say how to undo it. A pause never replaces an earlier one,
 * so that its reason is not lost; a resume writes only where the reason that was shown is still the one in force.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { linesOf, visible } from "../../text/visible.ts";
import type { KillSwitchSession } from "../account/sessions/kill-switch-session.ts";
import { stackFlags } from "../account/stack-flags.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { jsonLine } from "../output/json-line.ts";
import { RefusedCommand } from "../refused-command.ts";

export type PauseInput = {
  readonly because: string;
  readonly yes: boolean;
  readonly json: boolean;
};
export type ResumeInput = Omit<PauseInput, "because">;

/** The one value that lets Repull write. */
const ALLOWED = "allowed";
const REASON_LENGTH_MAX = 150;

/** Exit status 0 where writes are stopped at the end, by this pause or an earlier one; 1 where the answer is no. */
export async function pause(input: PauseInput, session: KillSwitchSession, io: CommandIo): Promise<number> {
  const after = `paused by ${session.caller}: ${reasonIn(input.because)}`;
  io.err(`${session.where}\n`);
  const before = await valueToPause(session, io);
  if (before !== undefined && before !== ALLOWED)
    return tellSame({ session, writes: "stopped", value: before, json: input.json }, io);
  const plan = [
    `${session.parameter} becomes "${after}".`,
    "From then on Repull writes nothing in this account: no revision, no deployment, no copy.",
    "An execution that runs stops before its next write. Detection, plans and reports go on.",
  ];
  return await change({ ...input, session, before, after, plan, writes: "stopped" }, io);
}

/** Exit status 0 where writes are allowed at the end; 1 where the answer is no, or another pause came meanwhile. */
export async function resume(input: ResumeInput, session: KillSwitchSession, io: CommandIo): Promise<number> {
  io.err(`${session.where}\n`);
  const before = await currentValue(session);
  if (before === ALLOWED)
    return tellSame({ session, writes: "allowed", value: before, json: input.json }, io);
  const plan = [
    `Writes are stopped: ${visible(before)}.`,
    `${session.parameter} becomes "${ALLOWED}".`,
    "From then on Repull writes again, as its mode and policy let it.",
    "A service that failed meanwhile is remediated at its next failing task.",
  ];
  return await change({ ...input, session, before, after: ALLOWED, plan, writes: "allowed" }, io);
}

type Change = {
  readonly session: KillSwitchSession;
  /** Undefined: it could not be read. */
  readonly before: string | undefined;
  readonly after: string;
  readonly plan: readonly string[];
  readonly writes: "allowed" | "stopped";
  readonly yes: boolean;
  readonly json: boolean;
};

async function change(
  { session, before, after, plan, writes, yes, json }: Change,
  io: CommandIo,
): Promise<number> {
  (json ? io.err : io.out)(linesOf(plan));
  const command = writes === "stopped" ? "pause" : "resume";
  if (!yes) {
    // As an error: after the plan alone, --quiet and --json would read as if it was done.
    if (io.ask === undefined)
      return tellWrongCall(
        command,
        "nothing was changed: it asks first, and there is no terminal to ask at: add --yes to write without a question",
        json,
        io,
      );
    if (!/^y(?:es)?$/i.test((await io.ask("Go on? [y/N] ")).trim())) {
      io.err("nothing was changed\n");
      return EXIT.failed;
    }
  }
  // Another reason to stop may have been given since this one was shown.
  if (writes === "allowed" && (await currentValue(session)) !== before) {
    io.err(
      `repull ${command}: nothing was changed: the kill switch was set again meanwhile; repull status shows its reason\n`,
    );
    return EXIT.failed;
  }
  await session.write(after);
  const undo = undoOf(writes, session.stack);
  if (json) io.out(jsonLine("kill-switch", lineOf(session, { writes, changed: true, before, after, undo })));
  else
    io.out(
      linesOf([
        `${writes === "stopped" ? "Paused" : "Resumed"}: ${session.parameter} is "${after}".`,
        `Undo: ${undo}`,
      ]),
    );
  return EXIT.done;
}

function undoOf(writes: Change["writes"], stack: string): string {
  const flags = stackFlags({ stack });
  return writes === "stopped" ? `repull resume${flags} --yes` : `repull pause${flags} --because REASON --yes`;
}

function tellSame(
  { session, writes, value, json }: Pick<Change, "session" | "writes" | "json"> & { readonly value: string },
  io: CommandIo,
): number {
  if (json)
    io.out(jsonLine("kill-switch", lineOf(session, { writes, changed: false, before: value, after: value })));
  else
    io.out(
      linesOf([
        writes === "stopped"
          ? `Already stopped, and nothing was changed: ${value}`
          : "Writes are allowed already: nothing was changed.",
      ]),
    );
  return EXIT.done;
}

function lineOf({ stack, parameter }: KillSwitchSession, members: object): object {
  return { stack, parameter, ...members };
}

/** A pause is worth having where the present value may not be read; a parameter that is absent stops every write already. */
async function valueToPause(session: KillSwitchSession, io: CommandIo): Promise<string | undefined> {
  try {
    return await currentValue(session);
  } catch (error) {
    if (
      !(error instanceof RefusedCommand) ||
      !(error.cause instanceof AwsError) ||
      error.cause.kind === "absent"
    )
      throw error;
    io.err(`the value of ${session.parameter} cannot be read: ${error.cause.message}\n`);
    return undefined;
  }
}

/** Throws RefusedCommand where it cannot be read. */
async function currentValue({ parameter, read }: KillSwitchSession): Promise<string> {
  try {
    return (await read()).trim();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const why =
      error.kind === "absent"
        ? `there is no parameter ${parameter}, which stops every write; deploy the stack again`
        : `${parameter} cannot be read: ${error.message}`;
    throw new RefusedCommand("writes-stopped", `${why}; nothing was written`, { cause: error });
  }
}

/** Parameter Store takes no `{{`: it would read another parameter. */
function reasonIn(text: string): string {
  const reason = visible(text.trim(), REASON_LENGTH_MAX);
  if (reason === "" || reason.includes("{{")) throw new InvalidInput("--because", "a reason, without {{");
  return reason;
}
