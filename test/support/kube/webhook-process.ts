/** `repull kubernetes webhook` as a process of its own, from its sources, on loopback. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Mode } from "../../../src/kubernetes/mode.ts";
import type { Pair } from "./authority.ts";
import { startProgram } from "./child-processes.ts";
import type { ControlPlane } from "./control-plane.ts";

export type WebhookProcess = {
  readonly port: number;
  readonly metricsPort: number;
  /** The page for Prometheus. */
  metrics(): Promise<string>;
  isReady(): Promise<boolean>;
  /** SIGKILL, or as Kubernetes asks for the end: SIGTERM. */
  stop(signal?: NodeJS.Signals): Promise<void>;
};

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
let count = 0;

/** @param port 0: any free one */
export async function startWebhookProcess(
  { kubeconfig, folder }: ControlPlane,
  { certificatePath, keyPath }: Pair,
  mode: Mode,
  port = 0,
): Promise<WebhookProcess> {
  const logPath = join(folder, `webhook-${++count}.log`);
  const program = startProgram({
    name: "webhook",
    path: process.execPath,
    // biome-ignore format: one option a line
    args: [
      MAIN, "kubernetes", "webhook",
      "--kubeconfig", kubeconfig,
      "--listen", `127.0.0.1:${port}`,
      "--metrics", "127.0.0.1:0",
      "--tls-cert", certificatePath,
      "--tls-key", keyPath,
      "--mode", mode,
    ],
    logPath,
  });
  const listening = async () => {
    for (;;) {
      const text = existsSync(logPath) ? readFileSync(logPath, "utf8") : "";
      const ports = /Listening at port (\d+), metrics at port (\d+)/.exec(text);
      if (ports !== null) return ports.slice(1).map(Number);
      await delay(20);
    }
  };
  const [servedPort = 0, metricsPort = 0] = await Promise.race([listening(), program.ended]);
  const ask = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`);
  return {
    port: servedPort,
    metricsPort,
    metrics: async () => await (await ask("/metrics")).text(),
    isReady: async () => (await ask("/readyz")).ok,
    stop: program.stop,
  };
}
