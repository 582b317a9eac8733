/** The body of an answer: a whole one, or one object a line; each with a bound. */

import type { IncomingMessage } from "node:http";
import { ClusterError } from "../cluster-error.ts";

/** @throws ClusterError TooLarge, or Unreachable where the connection breaks */
export async function readWhole(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of partsOf(answer)) {
    bytes += part.length;
    if (bytes > bytesMax) {
      answer.destroy();
      throw new ClusterError(0, "TooLarge", `the answer has more than ${bytesMax} bytes`);
    }
    parts.push(part);
  }
  if (!answer.complete) throw broken();
  return Buffer.concat(parts).toString("utf8");
}

/** Each line's JSON, as it comes. A connection that ends within a line ends the lines before it. */
export async function* readLines(answer: IncomingMessage, lineBytesMax: number): AsyncGenerator<unknown> {
  let open: Buffer[] = [];
  let bytes = 0;
  for await (const part of partsOf(answer)) {
    let from = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, from)) {
      open.push(part.subarray(from, end));
      const line = Buffer.concat(open).toString("utf8");
      open = [];
      bytes = 0;
      from = end + 1;
      if (line.trim() !== "") yield parsed(line);
    }
    open.push(part.subarray(from));
    bytes += part.length - from;
    if (bytes > lineBytesMax) {
      answer.destroy();
      throw new ClusterError(0, "TooLarge", `an object has more than ${lineBytesMax} bytes`);
    }
  }
}

/** @throws ClusterError ServerError */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ClusterError(0, "ServerError", "the answer is not JSON", { cause: error });
  }
}

async function* partsOf(answer: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const part of answer) yield part;
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    throw broken(error);
  }
}

function broken(cause?: unknown): ClusterError {
  return new ClusterError(0, "Unreachable", "the connection broke within the answer", { cause });
}
