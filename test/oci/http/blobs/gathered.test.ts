/** Pieces that lie side by side become one, and none is lost, doubled or given back too early. */

import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { giveBack, Pieces } from "../../../../src/oci/http/blobs/buffers.ts";
import { Gathered } from "../../../../src/oci/http/blobs/gathered.ts";

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("pieces of one slab", () => {
  test("are handed on as one, a round of the event loop later", async () => {
    const got: Buffer[] = [];
    const gathered = new Gathered((piece) => got.push(piece));
    const pieces = new Pieces();
    for (let count = 0; count < 4; count++) {
      pieces.room().fill(count, 0, 16_384);
      gathered.add(pieces.filled(16_384));
    }
    equal(got.length, 0);
    await round();
    deepEqual(
      got.map((piece) => [piece.length, piece[0], piece.at(-1)]),
      [[65_536, 0, 3]],
    );
  });

  test("are handed on at once where they are many", () => {
    const got: number[] = [];
    const gathered = new Gathered((piece) => got.push(piece.length));
    const pieces = new Pieces();
    for (let count = 0; count < 17; count++) {
      pieces.room();
      gathered.add(pieces.filled(16_384));
    }
    deepEqual(got, [262_144]);
  });

  test("are two where something lies between them", () => {
    const got: string[] = [];
    const gathered = new Gathered((piece) => got.push(piece.toString()));
    const pieces = new Pieces();
    pieces.room().write("one--two");
    const both = pieces.filled(8);
    gathered.add(both.subarray(0, 3));
    gathered.add(both.subarray(5));
    gathered.flush();
    deepEqual(got, ["one", "two"]);
  });
});

test("whatever is read, the bytes come out as they went in, and each piece is given back once", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 40 }), (sizes) => {
      const before: number[] = [];
      const got: Buffer[] = [];
      const gathered = new Gathered((piece) => got.push(piece));
      const pieces = new Pieces();
      let bytesIn = 0;
      for (const [index, size] of sizes.entries()) {
        const room = pieces.room();
        const count = Math.min(size, room.length);
        room.fill(index % 251, 0, count);
        before.push(index % 251);
        bytesIn += count;
        gathered.add(pieces.filled(count));
      }
      gathered.flush();
      equal(
        got.reduce((sum, { length }) => sum + length, 0),
        bytesIn,
      );
      const marks = got.flatMap((piece) =>
        [...piece].filter((mark, at) => at === 0 || piece[at - 1] !== mark),
      );
      const changes = (list: readonly number[]) =>
        list.filter((mark, at) => at === 0 || list[at - 1] !== mark);
      deepEqual(changes(marks), changes(before));
      for (const piece of got) equal(giveBack(piece), true);
      pieces.leave();
    }),
    { numRuns: 25 },
  );
});
