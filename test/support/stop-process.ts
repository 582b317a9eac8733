/** Ends the very process that was started, and waits for its end. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** It has so long to end by itself. */
const PATIENCE_MILLISECONDS = 5_000;

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MILLISECONDS);
  await exited;
  clearTimeout(patience);
}
