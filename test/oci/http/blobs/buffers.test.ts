/** Memory that is used again, but never while a reader still needs it. */

import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { giveBack, lend, Pieces } from "../../../../src/oci/http/blobs/buffers.ts";

/** Fills the whole room, and lends it. */
function fill(pieces: Pieces): Buffer {
  return lend(pieces.filled(pieces.room().length));
}

describe("a slab", () => {
  test("is used again once its reader has left it and its piece has been given back", () => {
    const pieces = new Pieces();
    const first = fill(pieces);
    pieces.room();
    equal(giveBack(first), true);
    pieces.leave();
    const again = new Pieces();
    const buffers = [again.room().buffer, fill(again).buffer, fill(again).buffer];
    equal(buffers.includes(first.buffer), true);
  });

  test("is not, while a piece of it is lent", () => {
    const pieces = new Pieces();
    const lent = lend(pieces.filled(pieces.room().subarray(0, 10).length));
    const other = fill(pieces);
    equal(lent.buffer, other.buffer, "small reads share it");
    giveBack(other);
    pieces.leave();
    for (let count = 0; count < 100; count++) notEqual(fill(new Pieces()).buffer, lent.buffer);
  });

  test("is not, while its reader may still read into it", () => {
    const pieces = new Pieces();
    giveBack(lend(pieces.filled(pieces.room().subarray(0, 10).length)));
    const armed = pieces.room();
    for (let count = 0; count < 100; count++) notEqual(fill(new Pieces()).buffer, armed.buffer);
  });

  test("takes a piece back once", () => {
    const pieces = new Pieces();
    const piece = fill(pieces);
    pieces.leave();
    giveBack(piece);
    throws(() => giveBack(piece), /given back once/);
  });

  test("is not made of foreign memory", () => {
    equal(giveBack(Buffer.from("foreign")), false);
    throws(() => lend(Buffer.from("foreign")), /only pieces of slabs/);
  });
});

test("whatever is read, lent and given back, no lent byte is ever written over", () => {
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 600_000 }),
    givesBack: fc.nat({ max: 3 }),
    reader: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const readers = [new Pieces(), new Pieces(), new Pieces()];
      const lent: { piece: Buffer; mark: number }[] = [];
      for (const [index, { bytes, givesBack, reader }] of steps.entries()) {
        const pieces = readers[reader] ?? new Pieces();
        const room = pieces.room();
        const mark = index % 251;
        const count = Math.min(bytes, room.length);
        room.fill(mark, 0, count);
        lent.push({ piece: lend(pieces.filled(count)), mark });
        for (const { piece, mark: expected } of lent) {
          deepEqual([piece[0], piece.at(-1)], [expected, expected]);
        }
        for (const { piece } of lent.splice(0, givesBack)) giveBack(piece);
      }
      for (const { piece } of lent) giveBack(piece);
      for (const pieces of readers) pieces.leave();
    }),
    { numRuns: 50 },
  );
});
