/** Where Prometheus and kubelet ask: `/metrics`, `/healthz` and `/readyz`. It shows nothing that is not in the cluster. */

import { createServer } from "node:http";

export type MetricsPages = {
  readonly metrics: () => Promise<string>;
  readonly contentType: string;
  readonly isHealthy: () => boolean;
  readonly isReady: () => boolean;
};

export type MetricsServer = { readonly port: number; close(): Promise<void> };

/** Rejects where the address cannot be listened at. */
export async function serveMetrics(
  { host, port }: { readonly host?: string; readonly port: number },
  pages: MetricsPages,
): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const end = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    const said = (holds: boolean): void => end(holds ? 200 : 503, holds ? "ok\n" : "no\n");
    if (request.method !== "GET" && request.method !== "HEAD") end(405, "GET\n");
    else if (request.url === "/healthz") said(pages.isHealthy());
    else if (request.url === "/readyz") said(pages.isReady());
    else if (request.url === "/metrics") end(200, await pages.metrics(), pages.contentType);
    else end(404, "/metrics, /healthz, /readyz\n");
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
