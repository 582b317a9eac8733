/** One run of a whole process: how long it took, its CPU time, its memory. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

export type Measure = {
  readonly wallSeconds: number;
  /** User and system time of the process. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
};

/** Runs a command under GNU time, which sees what the process alone has used. Throws where it fails. */
export async function measure(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  notes: string,
): Promise<Measure> {
  const startedAt = performance.now();
  const child = spawn("time", ["-q", "-f", "%U %S %M", "-o", notes, ...command], {
    stdio: ["ignore", "ignore", "pipe"],
    env: environment,
  });
  const words = text(child.stderr);
  const [status] = await once(child, "exit");
  const wallSeconds = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command.join(" ")}: status ${status}\n${(await words).slice(-2000)}`);
  const [user = 0, system = 0, kibibytes = 0] = (await readFile(notes, "utf8"))
    .trim()
    .split(/\s+/)
    .map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakMegabytes: (kibibytes * 1024) / 1e6 };
}
