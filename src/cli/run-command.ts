/** Runs one command to its exit status; what kept it from its work is printed in one line, and never as a stack alone. */

import { inspect } from "node:util";
import { EXIT } from "./exit-status.ts";
import type { CommandIo } from "./io.ts";
import {
  type BugReport,
  type CommandError,
  describeError,
  errorAsJson,
  errorLine,
} from "./output/command-error.ts";

type Invocation = {
  /** `policy check`; empty where no command was understood. */
  readonly command: string;
  readonly json: boolean;
  readonly verbose: boolean;
};

export type CommandRunner = {
  /** What is run from now on, by its name and flags. */
  begin(invocation: Invocation): void;
  /** Answers by `process.exitCode`. */
  finish(run: () => Promise<number>): Promise<void>;
  /** The exit status after one error was printed. */
  tell(error: CommandError): number;
  /** The same for whatever was thrown. */
  tellThrown(error: unknown): number;
};

export function createCommandRunner(
  io: CommandIo,
  /** Undefined: nothing has stopped the command. */
  stop: () => { readonly status: number; readonly because: string } | undefined,
  bug: BugReport,
): CommandRunner {
  let invocation: Invocation = { command: "", json: false, verbose: false };

  const tell = (error: CommandError): number => {
    const { command, json } = invocation;
    if (json) io.out(errorAsJson(error));
    io.err(errorLine(error, command));
    return error.status;
  };

  const tellThrown = (error: unknown): number => {
    const told = describeError(error, invocation.command, bug);
    const status = tell(told);
    // Words of strangers may be in it all the same: they go the way of all words.
    if (invocation.verbose) io.err(`${inspect(error)}\n`);
    return status;
  };

  const tellStopped = (): number => {
    const stopped = stop() ?? { status: EXIT.stopped, because: "stopped" };
    io.err(`repull${invocation.command === "" ? "" : ` ${invocation.command}`}: ${stopped.because}\n`);
    return stopped.status;
  };

  return {
    begin: (next) => {
      invocation = next;
    },
    async finish(run) {
      try {
        const status = await run();
        // What a stopped command still says of itself is not the whole; one that says that it was stopped has said it.
        const isTold = stop() === undefined || status === stop()?.status;
        process.exitCode = isTold ? status : tellStopped();
      } catch (error) {
        process.exitCode = stop() === undefined ? tellThrown(error) : tellStopped();
      }
    },
    tell,
    tellThrown,
  };
}
