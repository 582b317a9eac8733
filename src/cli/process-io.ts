/** The process as a command's io: its streams, its signals, and what both mean to work that has begun. */

import { readFile, writeFile } from "node:fs/promises";
import type { RequestWatch } from "../aws/client/request-watch.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { decodeText } from "../text/decode-text.ts";
import { forTerminal, visible } from "../text/visible.ts";
import { EXIT } from "./exit-status.ts";
import { highlight } from "./highlight.ts";
import type { CommandIo } from "./io.ts";
import { createOutgoing } from "./outgoing-requests.ts";
import { wrapLines } from "./output/wrap-lines.ts";
import { notReadBecause } from "./wrong-call.ts";

/** A write whose answer does not come is not waited for any longer. */
const FINISHES_MS = 10_000;
/** A command that heeds its signal says in this time what it leaves; a copy gives its uploads back in three seconds of it. */
const HEEDS_MS = 5_000;
/** A person at a terminal gets at once the message that a pipe gets after a while. */
const INPUT_SILENCE_MS = 5_000;

export type ProcessIo = {
  readonly io: CommandIo;
  /** What a signal or the time has ended; undefined while nothing has. */
  stopped(): Stop | undefined;
  /** Ends the command after so many seconds as a signal does. */
  endAfter(seconds: number): void;
  /** Nothing is awaited any more. */
  callOff(): void;
};

/** Why a command was ended, and with which status. */
type Stop = { readonly status: number; readonly because: string };

export type Loudness = {
  /** Standard error has errors alone. */
  readonly quiet: boolean;
  /** Each request to AWS is printed. */
  readonly verbose: boolean;
};

const BY_SIGNAL: Stop = { status: EXIT.stopped, because: "stopped" };

export function processIo(
  env: CommandIo["env"],
  clock: Clock & Timer,
  { quiet, verbose }: Loudness,
): ProcessIo {
  const stopping = new AbortController();
  const err = (chunk: string): void => {
    if (!quiet || isError(chunk)) process.stderr.write(shown(chunk, process.stderr));
  };
  const outgoing = createOutgoing({ signal: stopping.signal, err }, clock);
  let stopped: Stop | undefined;
  let callOff = (): void => {};
  let callTimeOff = (): void => {};

  /** The first one ends the command at its next request; one more ends it at once. */
  const stop = (why: Stop): void => {
    if (stopping.signal.aborted) process.exit(stopped?.status ?? EXIT.stopped);
    stopped = why;
    stopping.abort(new Error(why.because));
    const underWay = outgoing.underWay();
    if (underWay.length > 0)
      err(`repull: finishing ${underWay.join(", ")}, and nothing after it; Ctrl-C again ends at once\n`);
    const endAfter = (milliseconds: number): void => {
      callOff();
      callOff = clock.after(milliseconds, () => {
        const effect = outgoing.hasBegun() ? "what was written until then remains" : "nothing was written";
        err(`repull: ${why.because}; ${effect}\n`);
        process.exit(why.status);
      });
    };
    endAfter(FINISHES_MS);
    outgoing.whenIdle(() => endAfter(HEEDS_MS));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop(BY_SIGNAL));

  // `repull … | head -1`: a work that has begun goes on to its end, and a work that has not does not begin unseen.
  let isLost = false;
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // A full disk: the caller has not got the output, however well the work went.
      if (error.code !== "EPIPE" && !isLost) {
        isLost = true;
        if (stream === process.stdout) err(`repull: the output cannot be written: ${error.message}\n`);
        process.on("exit", (status) => {
          if (status === 0) process.exitCode = EXIT.unfinished;
        });
      }
      if (!outgoing.hasBegun()) process.exit(EXIT.unfinished);
    });

  const notRead = new Map<string, string>();
  const io: CommandIo = {
    out: (chunk) => void process.stdout.write(shown(chunk, process.stdout)),
    err,
    isTty: process.stderr.isTTY === true && !quiet,
    env,
    readFile: async (path) => {
      if (path === "-") return decodeText(await standardInput(err, clock));
      const bytes = await readFile(path).catch((error: unknown) => {
        notRead.set(path, notReadBecause(error));
        return undefined;
      });
      return bytes === undefined ? undefined : decodeText(bytes);
    },
    whyNotRead: (path) => notRead.get(path),
    writeFile: (path, text) => writeFile(path, text),
    signal: stopping.signal,
    outgoing: verbose ? { ...outgoing, watch: traced(outgoing.watch, err, clock) } : outgoing,
    // Looked at when a command wants to ask: to open standard input takes 2 ms.
    get ask() {
      if (process.stdin.isTTY !== true) return undefined;
      return async (question: string) =>
        (await import("./prompt.ts")).prompt(forTerminal(question), stopping.signal);
    },
  };
  return {
    io,
    stopped: () => stopped,
    endAfter: (seconds) => {
      const because = `the ${seconds} s of --timeout are over`;
      callTimeOff = clock.after(seconds * 1000, () => stop({ status: EXIT.unfinished, because }));
    },
    callOff: () => {
      callTimeOff();
      callOff();
    },
  };
}

/** All of standard input; a person who waits for it without knowing gets a message. */
async function standardInput(err: (line: string) => void, clock: Timer): Promise<Buffer> {
  const { buffer } = await import("node:stream/consumers");
  const callOff = clock.after(process.stdin.isTTY === true ? 0 : INPUT_SILENCE_MS, () =>
    err("waiting for standard input; Ctrl-D ends what is typed\n"),
  );
  try {
    return await buffer(process.stdin);
  } finally {
    callOff();
  }
}

/** A chunk as a stream gets it: safe, as wide as the terminal, and in colour where it takes any. */
function shown(chunk: string, stream: NodeJS.WriteStream): string {
  return highlight(wrapLines(forTerminal(chunk), stream.isTTY ? stream.columns : undefined), stream);
}

/** An error of ours begins with the name of the program. What a result lacks is part of the result. */
function isError(chunk: string): boolean {
  return /^(?:repull\b|not read: )/.test(chunk);
}

/** Prints each request: what, where, and how long it took or why it failed. */
function traced(watch: RequestWatch, err: (line: string) => void, { now }: Pick<Clock, "now">): RequestWatch {
  return async (request, send) => {
    const { action, host } = request;
    const startedAt = now();
    try {
      const answer = await watch(request, send);
      err(`${action} at ${visible(host)}: ${now() - startedAt} ms, HTTP ${statusOf(answer)}\n`);
      return answer;
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      err(`${action} at ${visible(host)}: ${now() - startedAt} ms, ${visible(why)}\n`);
      throw error;
    }
  };
}

/** As the SDK's handlers answer: `{ response: { statusCode } }`. */
function statusOf(answer: unknown): string {
  const { response } = (answer ?? {}) as { readonly response?: { readonly statusCode?: number } };
  return String(response?.statusCode ?? "unknown");
}
