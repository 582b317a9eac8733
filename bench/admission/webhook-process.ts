/** The webhook as it runs in a cluster: the built command in a process of its own. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../infra/image/node-flags.ts";
import { freePorts } from "../../test/support/free-ports.ts";
import { configurationFor } from "../../test/support/kube/admission-world.ts";
import { issueForLoopback } from "../../test/support/kube/authority.ts";
import { startProgram } from "../../test/support/kube/child-processes.ts";
import type { ControlPlane } from "../../test/support/kube/control-plane.ts";
import { type Histogram, histogramIn } from "./histograms.ts";

export type WebhookProcess = {
  /** Configures the API server to call it. */
  readonly configuration: object;
  /** Resolves once it has so many rows of the index. */
  untilRows(count: number): Promise<void>;
  residentMegabytes(): Promise<number>;
  /** Of its own requests, from their heads to their answers. */
  own(): Promise<Histogram>;
  stop(): Promise<void>;
};

export async function startWebhookProcess(plane: ControlPlane): Promise<WebhookProcess> {
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const { certificatePath, keyPath } = await issueForLoopback(plane.authority, "webhook-process");
  const program = startProgram({
    name: "repull kubernetes webhook",
    path: process.execPath,
    args: [
      ...NODE_FLAGS,
      ...["dist/cli/repull.mjs", "kubernetes", "webhook", "--kubeconfig", plane.kubeconfig],
      ...["--listen", `127.0.0.1:${port}`, "--metrics", `127.0.0.1:${metricsPort}`],
      ...["--tls-cert", certificatePath, "--tls-key", keyPath, "--mode", "remediate"],
    ],
    logPath: join(plane.folder, "webhook.log"),
    env: NODE_ENVIRONMENT,
  });
  const metrics = async (): Promise<string> => {
    try {
      return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    } catch {
      return "";
    }
  };
  const figure = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await metrics())?.[1]);
  return {
    configuration: configurationFor(port, plane.authority.certificateBase64),
    untilRows: async (count) => {
      while ((await Promise.race([figure("repull_webhook_index_rows"), program.ended])) !== count)
        await delay(50);
    },
    residentMegabytes: async () => {
      const status = await readFile(`/proc/${program.pid}/status`, "utf8");
      return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000);
    },
    own: async () => histogramIn(await metrics(), "repull_webhook_request_seconds", {}),
    stop: () => program.stop(),
  };
}
