/** A question to the person at the terminal. Ctrl-C or Ctrl-D is not a yes. */

import { createInterface } from "node:readline/promises";

export async function prompt(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const { promise, resolve } = Promise.withResolvers<string>();
  const giveUp = (): void => resolve("");
  // The terminal takes Ctrl-C for itself: the command shall end by it as everywhere.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  terminal.once("SIGINT", giveUp);
  terminal.once("close", giveUp);
  terminal.question(question, { signal }).then(resolve, giveUp);
  try {
    return await promise;
  } finally {
    terminal.close();
  }
}
