/** Programs that live as long as a test file at most: each is stopped by its own process, and dies with ours. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";

export type Program = {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly env?: NodeJS.ProcessEnv;
};

export type RunningProgram = {
  readonly name: string;
  readonly pid: number;
  /** Rejects once the program ends by itself, with the end of its log. */
  readonly ended: Promise<never>;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/** The kernel kills the program when this process ends, however it ends (prctl PR_SET_PDEATHSIG). */
const SETPRIV = "/usr/bin/setpriv";

export function startProgram({ name, path, args, logPath, env = {} }: Program): RunningProgram {
  const log = openSync(logPath, "a");
  const [command, ...before] = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", path] : [path];
  const child = spawn(command as string, [...before, ...args], {
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  let isStopping = false;
  const ended = gone.then((): never => {
    throw new Error(isStopping ? `${name} was stopped` : `${name} ended: ${endOf(logPath)}`);
  });
  ended.catch(() => {});
  const killNow = () => kill(child, "SIGKILL");
  process.once("exit", killNow);
  return {
    name,
    pid: child.pid ?? 0,
    ended,
    stop: async (signal = "SIGKILL") => {
      isStopping = true;
      kill(child, signal);
      await gone;
      process.removeListener("exit", killNow);
    },
  };
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}

function endOf(logPath: string): string {
  return readFileSync(logPath, "utf8").split("\n").slice(-15).join("\n");
}
