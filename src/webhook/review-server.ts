/**
 * The HTTPS server that the API server asks. It keeps connections, bounds bodies, and asks nothing of anyone in a request.
 *
 * A request that cannot be answered within 200 ms, or comes while the process is more than 100 ms behind, is answered
 * "unchanged" at once: the API server would wait a whole second, and the pod with it.
 */

import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Admission } from "../kubernetes/admission/admit-pod.ts";
import { WEBHOOK_PATHS } from "../kubernetes/policies/webhook-configuration.ts";
import type { Stopwatch } from "../runtime/stopwatch.ts";
import { type Answer, answerReview, uidIn, unseen } from "./answer-review.ts";
import type { WebhookMetrics } from "./webhook-metrics.ts";

const BUDGET_MS = 200;
const LAG_MAX_MS = 100;
/** A pod may have 1.5 MiB, and a request holds it twice with some envelope: k8s.io/apiserver's own bound is 3 MiB. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Of all bodies that have begun: every pod of the cluster's network may connect, and ours has 256 MiB of memory. */
const BODIES_BYTES_MAX = 8 * BODY_BYTES_MAX;

export type ReviewServerParts = {
  readonly stopwatch: Stopwatch;
  /** @param isObserved the namespace's label says so */
  readonly admission: (isObserved: boolean) => Admission;
  readonly lagMilliseconds: () => number;
  readonly isReady: () => boolean;
  /** The server is stopping: each response says that it is the last on its connection. */
  readonly isDraining: () => boolean;
  readonly metrics: WebhookMetrics;
};

/** The server, which does not listen yet and has no certificate yet. */
export function createReviewServer(parts: ReviewServerParts): TlsServer {
  const server = createTlsServer({ minVersion: "TLSv1.2" }, reviewListener(parts));
  // Longer than the API server keeps an idle connection (90 s): otherwise we would close one as it sends.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  return server;
}

/** `/healthz`, `/readyz` and `/metrics` without TLS, for an address of their own. */
export function createMetricsServer(parts: Pick<ReviewServerParts, "isReady" | "metrics">) {
  return createServer((request, response) => {
    if (isProbe(request.url, parts, response)) return;
    if (request.url !== "/metrics") return send(response, 404, "not found\n");
    parts.metrics.page().then(
      (page) => {
        response.setHeader("Content-Type", parts.metrics.contentType);
        send(response, 200, page);
      },
      () => send(response, 500, "\n"),
    );
  });
}

function reviewListener(parts: ReviewServerParts): RequestListener {
  let bytesOfAll = 0;
  return (request, response) => {
    const elapsed = parts.stopwatch();
    if (request.method === "GET" && isProbe(request.url, parts, response)) return;
    const path = request.url?.split("?", 1)[0];
    const isObserved = path === WEBHOOK_PATHS.observed;
    if (request.method !== "POST" || (!isObserved && path !== WEBHOOK_PATHS.pods))
      return send(response, 404, "not found\n");

    if (parts.isDraining()) response.setHeader("Connection", "close");
    const chunks: Buffer[] = [];
    let bytes = 0;
    const drop = (): void => {
      bytesOfAll -= bytes;
      bytes = 0;
      chunks.length = 0;
    };
    const refuse = (result: "invalid" | "shed", status: number, text: string): void => {
      drop();
      parts.metrics.requests.inc({ result });
      response.setHeader("Connection", "close");
      send(response, status, text);
    };
    request.on("data", (chunk: Buffer) => {
      if (response.headersSent) return;
      bytes += chunk.length;
      bytesOfAll += chunk.length;
      chunks.push(chunk);
      if (bytes > BODY_BYTES_MAX) refuse("invalid", 413, "too large\n");
      else if (bytesOfAll > BODIES_BYTES_MAX) refuse("shed", 503, "too many\n");
    });
    response.on("close", drop);
    request.on("error", () => response.destroy());
    request.on("end", () => {
      if (response.headersSent) return;
      const body = Buffer.concat(chunks).toString("utf8");
      const answer = answerInTime(body, elapsed(), isObserved, parts);
      count(answer, elapsed(), parts.metrics);
      if (answer.document === undefined) return send(response, 400, "no AdmissionReview\n");
      response.setHeader("Content-Type", "application/json");
      send(response, 200, answer.document);
    });
  };
}

function answerInTime(body: string, waited: number, isObserved: boolean, parts: ReviewServerParts): Answer {
  if (parts.lagMilliseconds() > LAG_MAX_MS) return unseen("shed", uidIn(body));
  if (waited > BUDGET_MS) return unseen("late", uidIn(body));
  return answerReview(body, () => parts.admission(isObserved));
}

function count({ result, decisions }: Answer, milliseconds: number, metrics: WebhookMetrics): void {
  metrics.requests.inc({ result });
  metrics.seconds.observe(milliseconds / 1000);
  for (const decision of decisions)
    metrics.images.inc({ answer: decision.kind === "left" ? decision.code : decision.kind });
}

function isProbe(
  url: string | undefined,
  { isReady }: Pick<ReviewServerParts, "isReady">,
  response: ServerResponse,
): boolean {
  if (url === "/healthz") send(response, 200, "ok\n");
  else if (url === "/readyz") send(response, isReady() ? 200 : 503, isReady() ? "ok\n" : "not ready\n");
  else return false;
  return true;
}

function send(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}
