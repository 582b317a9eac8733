/** Reading an answer's body to its end, within a bound of bytes and a floor of speed. */

import { Readable } from "node:stream";
import type { Clock } from "../../runtime/clock.ts";
import { ThroughputWatch } from "./minimum-throughput.ts";
import type { RegistryResponse } from "./transport.ts";

/** The whole body; undefined, with the connection closed, where it is longer than the bound. */
export async function readBody(
  answer: RegistryResponse,
  bytesMax: number,
  clock: Pick<Clock, "now">,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { body } = answer;
  if (Number(answer.headers["content-length"] ?? 0) > bytesMax) {
    body.destroy();
    return undefined;
  }
  const onAbort = (): void => void body.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  signal?.addEventListener("abort", onAbort, { once: true });
  const pace = new ThroughputWatch(clock);
  pace.start();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > bytesMax) return undefined;
      if (!pace.moved(chunk.byteLength)) throw new Error("the answer's body comes too slowly to end");
      chunks.push(chunk);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
  signal?.throwIfAborted();
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
}

/** The answer, with its body here: its connection is free again. A body that is too large, or is cut off, counts as no answer. */
export async function readIntoMemory(
  answer: RegistryResponse,
  bytesMax: number,
  clock: Pick<Clock, "now">,
  signal?: AbortSignal,
): Promise<RegistryResponse> {
  const bytes = await readBody(answer, bytesMax, clock, signal).catch(() => undefined);
  signal?.throwIfAborted();
  const { "content-length": _, ...headers } = answer.headers;
  return { ...answer, headers, body: Readable.from(bytes === undefined ? [] : [bytes]) };
}

/** Discards an unread body: a short one is read to its end, so that its connection can be used again. */
export function discard({ body, headers, status }: RegistryResponse): void {
  body.on("error", () => {});
  const length = Number(headers["content-length"] ?? 0);
  if (status === 204 || length <= 4096) {
    let seen = 0;
    body.on("data", (chunk: Uint8Array) => {
      seen += chunk.byteLength;
      if (seen > 4096) body.destroy();
    });
    body.resume();
  } else body.destroy();
}
