/** A proxy of a real registry that never hands out its biggest blobs, for tests that stop a copy in the middle of it. */

import http from "node:http";
import type { AddressInfo } from "node:net";
import type { DockerRegistry } from "./docker-registry.ts";

export type HoldingRegistry = {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  stop(): Promise<void>;
};

/** Hands every request on to `registry`, and leaves those for blobs of more than `bytes` without an answer. */
export async function startHoldingRegistry(
  registry: DockerRegistry,
  bytes: number,
): Promise<HoldingRegistry> {
  const server = http.createServer((request, response) => {
    const onward = http.request(
      new URL(request.url ?? "/", registry.url),
      { method: request.method, headers: request.headers },
      (answer) => {
        const isHeld = request.method === "GET" && Number(answer.headers["content-length"] ?? 0) > bytes;
        if (isHeld) return void answer.resume();
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
