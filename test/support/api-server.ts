/** An API server on loopback that answers as a test says, request by request: what no honest server does on demand. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createClusterClient } from "../../src/cluster/client/cluster-client.ts";
import { createConnection } from "../../src/cluster/client/connection.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { FastClock } from "./fast-clock.ts";

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export type ScriptedServer = {
  readonly cluster: ClusterPort;
  /** Each request, `GET /api/v1/pods?…`. */
  readonly requests: readonly string[];
  /** The pauses that the client made, in milliseconds. */
  readonly pauses: readonly number[];
  /** Ends the time of every request under way. */
  timeIsUp(): void;
  close(): Promise<void>;
};

/** @param answers one for each request; the last one is for all that follow */
export async function scriptedServer(answers: readonly Answer[]): Promise<ScriptedServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const pauses: number[] = [];
  const limits = new Set<() => void>();
  const fast = new FastClock();
  const clock = {
    now: () => fast.now(),
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      pauses.push(milliseconds);
      await fast.sleep(milliseconds, signal);
    },
    after: (_: number, run: () => void) => {
      limits.add(run);
      return () => limits.delete(run);
    },
  };
  const connection = createConnection(
    { server: `http://127.0.0.1:${port}`, hasProxy: false, complete: async () => {} },
    "test",
  );
  return {
    cluster: createClusterClient(connection, clock),
    requests,
    pauses,
    timeIsUp: () => {
      for (const run of [...limits]) run();
    },
    close: async () => {
      connection.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };

/** A Status, as the API refuses with. */
export const refusal = (code: number, reason: string, headers: Record<string, string> = {}): Answer =>
  json(code, { kind: "Status", apiVersion: "v1", status: "Failure", reason, code, message: reason }, headers);

export const list = (resourceVersion: string, names: readonly string[], next?: string): Answer =>
  json(200, {
    kind: "PodList",
    metadata: { resourceVersion, ...(next === undefined ? {} : { continue: next }) },
    items: names.map((name) => ({ metadata: { name } })),
  });

/** The lines of a watch; then its end, or what a test says instead. */
export const watch =
  (lines: readonly unknown[], end: Answer = (response) => response.end()): Answer =>
  (response, request) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (const line of lines) response.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
    // What was written before has to leave first.
    response.write("", () => end(response, request));
  };

export const event = (type: string, name: string, resourceVersion: string) => ({
  type,
  object: { kind: "Pod", metadata: { name, resourceVersion } },
});
