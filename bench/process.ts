/** Processes of the bench's own, each ended by the process that started it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export type Worker = {
  /** Writes a line and waits for the next one. */
  ask(line: string): Promise<string>;
  /** The next line. */
  next(): Promise<string>;
  stop(): Promise<void>;
};

/** Starts one of the bench's own files on this very Node. It ends when its standard input does. */
export function startWorker(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Worker {
  const path = new URL(file, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env: environment,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${file} ended`);
    return value;
  };
  return {
    next,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return next();
    },
    stop: async () => {
      child.stdin.end();
      await ended(child);
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
