/**
 * Serves the AWS APIs of a sandbox's account on loopback, where `AWS_ENDPOINT_URL` leads any client of AWS.
 *
 * Signatures are not checked: any credentials will do. What an operation does is what the world does, so a rollout takes
 * its time, tasks pull from the world's registries, and a limit is met as it is outside.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Account, Call, Protocol } from "./call.ts";
import { handlerOf } from "./operations.ts";
import { readCall } from "./read-call.ts";
import type { WallClock } from "./wall-clock.ts";
import { type HttpAnswer, writeAnswer, writeError } from "./write-answer.ts";

/** AWS takes no request to ECS that is larger; a task definition has at most 64 KiB. */
const BODY_BYTES_MAX = 1_048_576;

export type ServedEndpoint = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
};

export type EndpointOptions = {
  /** 0 or absent: any free one. */
  readonly port?: number;
  /** Brought to the present before each call; absent: the world moves only on a call. */
  readonly wallClock?: Pick<WallClock, "catchUp">;
  /** Gets every call and the HTTP status that answered it. */
  readonly onCall?: (call: Pick<Call, "service" | "operation">, status: number) => void;
};

export async function serveEndpoint(
  account: Account,
  options: EndpointOptions = {},
): Promise<ServedEndpoint> {
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (body === undefined) {
      outgoing.writeHead(413, { connection: "close", "x-amzn-errortype": "RequestEntityTooLargeException" });
      outgoing.end("{}", () => incoming.destroy());
      return;
    }
    const { status, headers, body: said } = await answerTo(incoming, body);
    outgoing.writeHead(status, {
      ...headers,
      date: new Date(account.world.clock.now()).toUTCString(),
      "x-amzn-requestid": "00000000-0000-4000-8000-000000000000",
    });
    outgoing.end(said);
  }

  async function answerTo(
    { method = "", url = "/", headers }: IncomingMessage,
    body: string,
  ): Promise<HttpAnswer> {
    let protocol: Protocol = "json";
    let call: Pick<Call, "service" | "operation"> = { service: "", operation: "" };
    let answer: HttpAnswer;
    try {
      const read = readCall({ method, path: url, headers: flat(headers), body });
      ({ protocol } = read);
      call = read;
      answer = writeAnswer(read, await perform(read));
    } catch (error) {
      answer = writeError({ protocol }, error);
    }
    options.onCall?.(call, answer.status);
    return answer;
  }

  async function perform(call: Call) {
    await options.wallClock?.catchUp();
    const { rates, faults } = account.world;
    const handler = handlerOf(call);
    const action = `${call.service}:${call.operation}`;
    rates.check(action);
    faults.check(action);
    return await handler(call.input, account);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Undefined where it is too large; what is left of it is not read. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function flat(headers: IncomingMessage["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
