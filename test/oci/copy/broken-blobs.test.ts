/** A blob whose source breaks off: it goes on where it was, as long as it gets on, and what arrives is what was meant. */

import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { DigestMismatch, VerifiedBlobStream } from "../../../src/oci/copy/blobs/verified-blob-stream.ts";
import type { RegistryResponse } from "../../../src/oci/http/transport.ts";

const MIB = 1024 * 1024;

/** One answer of the source: so many bytes from where it is asked, and how it ends. */
type Segment = {
  readonly bytes: number;
  readonly ends: "whole" | "broken";
  /** What says where the body ends; `close`: nothing but the end of the connection. */
  readonly framed?: "length" | "chunked" | "close";
  /** A pause before its first byte. */
  readonly stallSeconds?: number;
};

/** Reads a blob of this size from a source that answers so, the last answer over and over. */
async function read(size: number, segments: readonly Segment[]) {
  const blob = Buffer.alloc(size, "0123456789abcdef-");
  let now = 0;
  let asked = 0;
  const open = async (offset: number): Promise<RegistryResponse> => {
    const segment = segments[Math.min(asked, segments.length - 1)] ?? { bytes: size, ends: "whole" };
    asked += 1;
    if (offset >= size) throw new Error("416: the range cannot be satisfied");
    const body = new PassThrough({ highWaterMark: 2 * size + 1 });
    const bytes = blob.subarray(offset, offset + segment.bytes);
    const framed = segment.framed ?? "length";
    setImmediate(() => {
      now += (segment.stallSeconds ?? 0) * 1000;
      body.write(bytes);
      if (segment.ends === "whole") body.end();
      else setImmediate(() => setImmediate(() => body.destroy(new Error("socket hang up"))));
    });
    return {
      status: offset === 0 ? 200 : 206,
      headers: {
        ...(framed === "length" ? { "content-length": String(size - offset) } : {}),
        ...(framed === "chunked" ? { "transfer-encoding": "chunked" } : {}),
        ...(offset === 0 ? {} : { "content-range": `bytes ${offset}-${size - 1}/${size}` }),
      },
      body,
    };
  };
  const stream = new VerifiedBlobStream({ digest: digestOf(blob), size, open, clock: { now: () => now } });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of Readable.from(stream)) chunks.push(chunk as Buffer);
  } catch (error) {
    return { error: error as Error, asked };
  }
  return { same: Buffer.concat(chunks).equals(blob), asked };
}

describe("a blob", () => {
  const broken = (bytes: number): Segment => ({ bytes, ends: "broken" });

  test("that breaks off twenty times, and gets on each time, comes whole", async () => {
    const { same, asked } = await read(21 * 8 * MIB, [broken(8 * MIB)]);
    expect(same).toBe(true);
    expect(asked).toBe(21);
  }, 20_000);

  test("that breaks off and gets on by a byte each time is given up after a few", async () => {
    const { error, asked } = await read(MIB, [broken(1)]);
    expect(error?.message).toMatch(/broke off 6 times/);
    expect(asked).toBe(6);
  });

  test("that stalls, breaks off and comes fast after that is not called slow", async () => {
    const stalled: Segment = { bytes: 10, ends: "broken", stallSeconds: 29 };
    const { same } = await read(MIB, [
      stalled,
      { bytes: 1000, ends: "broken", stallSeconds: 29 },
      { bytes: MIB, ends: "whole" },
    ]);
    expect(same).toBe(true);
  });

  test("of which every byte has come is whole, although the connection breaks before it ends", async () => {
    const { same, asked } = await read(MIB, [{ bytes: MIB, ends: "broken", framed: "chunked" }]);
    expect(same).toBe(true);
    expect(asked).toBe(1);
  });

  test("that nothing but the connection's end delimits goes on where it was cut short", async () => {
    const { same, asked } = await read(MIB, [
      { bytes: 1000, ends: "whole", framed: "close" },
      { bytes: MIB, ends: "whole", framed: "close" },
    ]);
    expect(same).toBe(true);
    expect(asked).toBe(2);
  });

  test("that its source says to be whole, and that is too short, is another blob", async () => {
    const { error, asked } = await read(MIB, [{ bytes: 1000, ends: "whole", framed: "chunked" }]);
    expect(error).toBeInstanceOf(DigestMismatch);
    expect(asked).toBe(1);
  });
});

describe("a blob that comes in chunks", () => {
  /** Reads a blob that comes in chunks of these sizes, over and over; answers the sizes in which it goes on. */
  async function pieces(size: number, chunkBytes: readonly number[]) {
    const blob = Buffer.alloc(size, "fedcba9876543210-");
    function* chunks() {
      for (let at = 0, index = 0; at < size; index++) {
        const next = at + (chunkBytes[index % chunkBytes.length] ?? 1);
        yield blob.subarray(at, Math.min(size, next));
        at = next;
      }
    }
    const body = Readable.from(chunks(), { objectMode: false });
    const first: RegistryResponse = { status: 200, headers: { "content-length": String(size) }, body };
    const open = () => Promise.reject(new Error("asked again"));
    const source = { digest: digestOf(blob), size, open, clock: { now: () => 0 } };
    const sizes: number[] = [];
    const all: Buffer[] = [];
    const stream = new VerifiedBlobStream(source, first);
    stream.on("data", (chunk: Buffer) => {
      sizes.push(chunk.byteLength);
      all.push(chunk);
    });
    await once(stream, "end");
    expect(Buffer.concat(all).equals(blob)).toBe(true);
    return sizes;
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, size: number, chunks: readonly number[], most: number])[] = [
    ["of one byte goes on in pieces of sixteen kilobytes",         200_000, [1],             13],
    ["of a kilobyte and of many goes on in their order",           400_000, [1024, 65_536],  13],
    ["that are big goes on in them",                             1_000_000, [100_000],       10],
    ["of one byte, and is smaller than one piece, goes on in one",      10, [1],              1],
  ];
  for (const [what, size, chunks, most] of table) {
    test(what, async () => {
      const sizes = await pieces(size, chunks);
      expect(sizes.length).toBeLessThanOrEqual(most);
    });
  }
});
