/** `repull kubernetes webhook`: serves until it is stopped. */

import { clusterSource } from "../../../cluster/cluster-source.ts";
import { openCluster } from "../../../cluster/open-cluster.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import type { Mode } from "../../../kubernetes/mode.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { systemStopwatch } from "../../../runtime/stopwatch.ts";
import { type ListenAddress, startWebhook } from "../../../webhook/start-webhook.ts";
import { EXIT } from "../../exit-status.ts";
import { type CommandIo, untilAborted } from "../../io.ts";

export type WebhookInput = {
  readonly listen: ListenAddress;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly metrics?: ListenAddress;
  readonly namespace: string;
  readonly mode: Mode;
};

/** The process is ended soon after a signal: see process-io.ts. */
const DRAIN_MS = 1_500;

/** Serves until it is stopped. Throws InvalidInput. */
export async function webhook(input: WebhookInput, io: CommandIo): Promise<number> {
  const cluster = openCluster(clusterSource(input, io.env), systemClock);
  try {
    const running = await startWebhook(
      {
        listen: input.listen,
        ...(input.metrics === undefined ? {} : { metrics: input.metrics }),
        mode: input.mode,
        account: `system:serviceaccount:${input.namespace}:repull`,
        drainMilliseconds: DRAIN_MS,
      },
      {
        cluster,
        clock: systemClock,
        stopwatch: systemStopwatch,
        certificate: {
          read: async () => ({
            certificate: await io.readFile(input.tlsCert),
            key: await io.readFile(input.tlsKey),
          }),
        },
      },
    ).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new InvalidInput("--listen and --metrics", `free addresses of this machine: ${why}`, {
        cause: error,
      });
    });
    const { port, metricsPort } = running;
    const told = metricsPort === undefined ? "" : `, metrics at port ${metricsPort}`;
    io.out(`Listening at port ${port}${told}, mode ${input.mode}.\n`);
    await untilAborted(io.signal);
    await running.stop();
    return EXIT.stopped;
  } finally {
    cluster.close();
  }
}
