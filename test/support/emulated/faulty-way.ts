/**
 * One caller's way to AWS: every call goes on to the address behind it, but for those that a test has answered in its place,
 * answered otherwise, or lost on the way back.
 */

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export type WayCall = { readonly method: string; readonly path: string };
export type WayAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
};
export type Fate =
  /** In place of AWS: nothing goes on. */
  | { readonly kind: "answered"; readonly answer: WayAnswer }
  /** It goes on, and the answer never comes. */
  | { readonly kind: "lost" }
  /** It goes on, and the answer comes as another. */
  | { readonly kind: "changed"; readonly change: (answer: WayAnswer) => WayAnswer };

export type FaultyWay = { readonly url: string; close(): Promise<void> };

/** @param fateOf undefined: the call goes on, and its answer back */
export async function openFaultyWay(
  target: string,
  fateOf: (call: WayCall) => Fate | undefined,
): Promise<FaultyWay> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url: path = "/" } = incoming;
    const body = await buffer(incoming);
    const fate = fateOf({ method, path });
    const answer =
      fate?.kind === "answered"
        ? fate.answer
        : await sent(`${target}${path}`, method, incoming.headers, body);
    if (fate?.kind === "lost") {
      outgoing.destroy();
      return;
    }
    const { status, headers, body: told } = fate?.kind === "changed" ? fate.change(answer) : answer;
    outgoing.writeHead(status, { "content-type": "application/json", ...headers });
    outgoing.end(told);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const OF_ONE_HOP = /^(?:host|content-length|transfer-encoding|connection|expect|accept-encoding)$/;

async function sent(
  url: string,
  method: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<WayAnswer> {
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || OF_ONE_HOP.test(name) ? [] : [[name, String(value)]],
  );
  const answer = await fetch(url, { method, headers: kept, ...(body.length === 0 ? {} : { body }) });
  const passed = ["content-type", "x-amzn-errortype", "x-amz-crc32"].flatMap((name): [string, string][] => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { status: answer.status, headers: Object.fromEntries(passed), body: await answer.text() };
}
