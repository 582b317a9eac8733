/** The process as a command's io: its streams, its signals, and what both mean to work that has begun. */

import { readFile, writeFile } from "node:fs/promises";
import type { Clock, Timer } from "../runtime/clock.ts";
import { decodeText } from "../text/decode-text.ts";
import { forTerminal } from "../text/visible.ts";
import { EXIT } from "./exit-status.ts";
import type { CommandIo } from "./io.ts";
import { createOutgoing } from "./outgoing-requests.ts";

/** A write whose answer does not come is not waited for any longer. */
const FINISHES_MS = 10_000;
/** A command that heeds its signal says in this time what it leaves; a copy gives its uploads back in three seconds of it. */
const HEEDS_MS = 5_000;

export type ProcessIo = {
  readonly io: CommandIo;
  /** A signal, or a closed pipe, has ended the command. */
  hasStopped(): boolean;
  /** Nothing is awaited any more. */
  callOff(): void;
};

export function processIo(env: CommandIo["env"], clock: Clock & Timer): ProcessIo {
  const stopping = new AbortController();
  const err = (chunk: string): void => void process.stderr.write(forTerminal(chunk));
  const outgoing = createOutgoing({ signal: stopping.signal, err }, clock);
  let callOff = (): void => {};

  /** The first one ends the command at its next request; one more ends it at once. */
  const stop = (): void => {
    if (stopping.signal.aborted) process.exit(EXIT.stopped);
    stopping.abort(new Error("interrupted"));
    const underWay = outgoing.underWay();
    if (underWay.length > 0)
      err(`repull: finishing ${underWay.join(", ")}, and nothing after it; Ctrl-C again ends at once\n`);
    const endAfter = (milliseconds: number): void => {
      callOff();
      callOff = clock.after(milliseconds, () => {
        const stands = outgoing.hasBegun() ? "what was written until then stands" : "nothing was written";
        err(`repull: stopped; ${stands}\n`);
        process.exit(EXIT.stopped);
      });
    };
    endAfter(FINISHES_MS);
    outgoing.whenIdle(() => endAfter(HEEDS_MS));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);

  // `repull … | head -1`: a work that has begun goes on to its end, and a work that has not does not begin unseen.
  let isLost = false;
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // A full disk: whoever asked for the output has not got it, however well the work went.
      if (error.code !== "EPIPE" && !isLost) {
        isLost = true;
        if (stream === process.stdout) err(`repull: the output cannot be written: ${error.message}\n`);
        process.on("exit", (status) => {
          if (status === 0) process.exitCode = EXIT.unfinished;
        });
      }
      if (!outgoing.hasBegun()) process.exit(EXIT.unfinished);
    });

  const io: CommandIo = {
    out: (chunk) => void process.stdout.write(forTerminal(chunk)),
    err,
    isTty: process.stderr.isTTY === true,
    env,
    readFile: async (path) => {
      if (path === "-")
        return decodeText(await (await import("node:stream/consumers")).buffer(process.stdin));
      const bytes = await readFile(path).catch(() => undefined);
      return bytes === undefined ? undefined : decodeText(bytes);
    },
    writeFile: (path, text) => writeFile(path, text),
    signal: stopping.signal,
    outgoing,
    ...(process.stdin.isTTY === true
      ? {
          ask: async (question) =>
            (await import("./prompt.ts")).prompt(forTerminal(question), stopping.signal),
        }
      : {}),
  };
  return { io, hasStopped: () => stopping.signal.aborted, callOff: () => callOff() };
}
