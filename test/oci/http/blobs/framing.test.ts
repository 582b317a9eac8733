/** Where a body ends, however the network cuts it. */

import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { bodyReader } from "../../../../src/oci/http/blobs/framing.ts";
import { type Framing, MalformedResponse } from "../../../../src/oci/http/blobs/head.ts";

const CHUNKS: Framing = { kind: "chunks" };

/** Reads what came in pieces of at most so many bytes. */
function read(framing: Framing, came: Buffer, pieceBytes = came.length || 1) {
  const reader = bodyReader(framing);
  const body: Buffer[] = [];
  for (let at = 0; at < came.length; at += pieceBytes) {
    body.push(...reader.take(came.subarray(at, at + pieceBytes)));
  }
  return { body: Buffer.concat(body).toString("latin1"), isOver: reader.isOver, surplus: reader.surplus };
}

describe("a body ends where it was said to", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Framing, string, string])[] = [
    ["after its length",                 { kind: "length", bytes: 4 }, "abcd",                               "abcd, over, 0 more"],
    ["not before its length",            { kind: "length", bytes: 5 }, "abcd",                               "abcd, 0 more"],
    ["leaves out what follows its length", { kind: "length", bytes: 3 }, "abcd",                               "abc, over, 1 more"],
    ["at once, where there is none",     { kind: "length", bytes: 0 }, "",                                   ", over, 0 more"],
    ["with the connection",              { kind: "connection" },       "abcd",                               "abcd, 0 more"],
    ["after the last chunk",             CHUNKS,                       "2\r\nab\r\n1\r\nc\r\n0\r\n",         "abc, over, 0 more"],
    ["a chunk holds line breaks",        CHUNKS,                       "4\r\n\r\n0\r\r\n0\r\n",              "\r\n0\r, over, 0 more"],
    ["sizes are hexadecimal, any case",  CHUNKS,                       "A\r\n0123456789\r\n00\r\n",          "0123456789, over, 0 more"],
    ["an extension is passed over",      CHUNKS,                       "1 ;x=\"y\"\r\na\r\n0;z\r\n",         "a, over, 0 more"],
    ["trailers are not of it",           CHUNKS,                       "0\r\nx: y\r\n\r\n",                  ", over, 8 more"],
    ["not in the middle of a chunk",     CHUNKS,                       "5\r\nab",                            "ab, 0 more"],
  ];
  for (const [what, framing, came, outcome] of table) {
    test(`${what}: ${JSON.stringify(came)}`, () => {
      for (const pieceBytes of [1, 2, 3, 100]) {
        const { body, isOver, surplus } = read(framing, Buffer.from(came), pieceBytes);
        const more = pieceBytes === 100 ? outcome : outcome.replace(/\d+ more$/, `${surplus} more`);
        equal(`${body}, ${isOver ? "over, " : ""}${surplus} more`, more);
      }
    });
  }

  test("any bytes in any chunks, cut anywhere, come out as they went in", () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        (chunks, pieceBytes) => {
          const coded = [...chunks, new Uint8Array()].flatMap((bytes) => [
            Buffer.from(`${bytes.length.toString(16)}\r\n`),
            ...(bytes.length === 0 ? [] : [bytes, Buffer.from("\r\n")]),
          ]);
          const { body, isOver, surplus } = read(CHUNKS, Buffer.concat(coded), pieceBytes);
          deepEqual(
            { body, isOver, surplus },
            { body: Buffer.concat(chunks).toString("latin1"), isOver: true, surplus: 0 },
          );
        },
      ),
    );
  });
});

describe("chunks that are none are refused", () => {
  for (const came of [
    "x\r\n",
    "\r\n",
    "-1\r\nab",
    "1\nab",
    "1 1\r\nab",
    "1\r\nab\r\n",
    "1\r\na\n0\r\n",
    "1\r\na\r\n\r\n0\r\n",
    `${"0".repeat(13)}\r\n`,
    `1;${"x".repeat(300)}`,
    "1;\0\r\na",
  ]) {
    test(JSON.stringify(came.slice(0, 30)), () => {
      for (const pieceBytes of [1, 100])
        throws(() => read(CHUNKS, Buffer.from(came), pieceBytes), MalformedResponse);
    });
  }
});
