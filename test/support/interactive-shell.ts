/** A real shell at a pseudo-terminal, as a person has it: keys go in, and what its line editor made of them is run. */

import { spawn } from "node:child_process";

export type ShellStart = {
  /** The program and its flags. */
  readonly command: string;
  /** Typed first, at the shell's own prompt. */
  readonly setup: readonly string[];
};

const READY = "ready-for-keys";
const RAN = /RAN<([^>]*)>/;
const MILLISECONDS_MAX = 20_000;

/** The words that the shell runs once so many keys were pressed, and Enter. */
export async function runKeys({ command, setup }: ShellStart, keys: string): Promise<string> {
  // util-linux: `script` gives the shell a terminal, and passes on what is read from here.
  const child = spawn("script", ["--quiet", "--flush", "--command", command, "/dev/null"], {
    env: { PATH: process.env.PATH, HOME: "/nonexistent", TERM: "xterm", LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let screen = "";
  const shows = (what: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const found = what.exec(screen);
      if (found !== null) resolve(found[1] ?? found[0]);
    };
    const timer = setTimeout(
      () => reject(new Error(`${command} shows: ${screen.slice(-1000)}`)),
      MILLISECONDS_MAX,
    );
    child.stdout.on("data", look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      child.stdout.off("data", look);
    });
  };
  child.stdout.on("data", (chunk) => {
    screen += chunk;
  });
  try {
    // In two halves: the shell's echo of the line must not be taken for its answer.
    for (const line of [...setup, `echo ready-for-"keys"`]) child.stdin.write(`${line}\r`);
    await shows(new RegExp(`^${READY}`, "m"));
    child.stdin.write(`${keys}\r`);
    return await shows(RAN);
  } finally {
    child.stdin.end("\u0003exit\r");
    child.kill("SIGKILL");
  }
}
