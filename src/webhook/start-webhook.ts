/** The webhook as a whole: its servers, the index that it follows, its certificate; and how it ends without losing a pod. */

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { Mode } from "../kubernetes/mode.ts";
import { modeOf } from "../kubernetes/mode.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Stopwatch } from "../runtime/stopwatch.ts";
import { measureLag } from "./event-loop-lag.ts";
import { type CertificateFiles, followCertificate } from "./follow-certificate.ts";
import { followIndex } from "./index-cache.ts";
import { createMetricsServer, createReviewServer } from "./review-server.ts";
import { createMetrics } from "./webhook-metrics.ts";

export type ListenAddress = { readonly host?: string; readonly port: number };

export type WebhookSettings = {
  readonly listen: ListenAddress;
  /** Where Prometheus reads; absent: nowhere. */
  readonly metrics?: ListenAddress;
  readonly mode: Mode;
  /** The user name of the controller. */
  readonly account: string;
  /** How long requests are still taken after the end was asked for: that long, endpoints may name us. */
  readonly drainMilliseconds: number;
};

export type WebhookParts = {
  readonly cluster: ClusterPort;
  readonly clock: Clock & Timer;
  readonly stopwatch: Stopwatch;
  readonly certificate: CertificateFiles;
};

export type RunningWebhook = {
  readonly port: number;
  readonly metricsPort?: number;
  isReady(): boolean;
  stop(): Promise<void>;
};

/** Listens. Rejects where an address cannot be used. */
export async function startWebhook(settings: WebhookSettings, parts: WebhookParts): Promise<RunningWebhook> {
  const { cluster, clock, stopwatch } = parts;
  const ending = new AbortController();
  const state = { hasCertificate: false, isDraining: false };
  const index = followIndex(cluster, ending.signal);
  const lag = measureLag(clock);
  const metrics = createMetrics({ index: index.state, lagMilliseconds: lag.current });
  const isReady = () => state.hasCertificate && index.isRead() && !state.isDraining;

  const server = createReviewServer({
    stopwatch,
    lagMilliseconds: lag.current,
    isReady,
    isDraining: () => state.isDraining,
    metrics,
    admission: (isObserved) => ({
      rows: index.rows,
      modes: index.modes,
      mode: isObserved ? modeOf(settings.mode, "observe") : settings.mode,
      account: settings.account,
      now: clock.now(),
    }),
  });
  const certificate = followCertificate(
    parts.certificate,
    (pair) => {
      server.setSecureContext({ cert: pair.cert, key: pair.key, minVersion: "TLSv1.2" });
      metrics.certificateEnd.set(pair.endsAt / 1000);
      state.hasCertificate = true;
    },
    clock,
    ending.signal,
  );
  const metricsServer =
    settings.metrics === undefined ? undefined : createMetricsServer({ isReady, metrics });

  const stop = async (drainMilliseconds = settings.drainMilliseconds) => {
    state.isDraining = true;
    if (drainMilliseconds > 0) await clock.sleep(drainMilliseconds);
    await Promise.all([server, ...(metricsServer === undefined ? [] : [metricsServer])].map(close));
    ending.abort(new Error("the webhook ends"));
    lag.stop();
    await Promise.all([index.ended, certificate]);
  };
  try {
    const port = await listen(server, settings.listen);
    const metricsPort =
      metricsServer === undefined || settings.metrics === undefined
        ? undefined
        : await listen(metricsServer, settings.metrics);
    return { port, ...(metricsPort === undefined ? {} : { metricsPort }), isReady, stop: () => stop() };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Answers what it has begun, and says on each connection that it is the last. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
