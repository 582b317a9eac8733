/**
 * Finds which bytes of a connection are an answer's body, and where it ends.
 *
 * Fed with what came, it hands out views of the body's own bytes; nothing is copied, and nothing is kept but a
 * chunk's size line that has come in part.
 */

import { type Framing, MalformedResponse } from "./head.ts";

export interface BodyReader {
  /** The body's bytes among those that came. Throws MalformedAnswer. */
  take(bytes: Buffer): readonly Buffer[];
  readonly isOver: boolean;
  /** Whether the connection's end is the body's. */
  readonly endsWithConnection: boolean;
  /** Bytes after the body, which no request asked for. */
  readonly surplus: number;
}

export function bodyReader(framing: Framing): BodyReader {
  if (framing.kind === "length") return new LengthReader(framing.bytes);
  return framing.kind === "chunks" ? new ChunkReader() : new ConnectionReader();
}

class LengthReader implements BodyReader {
  readonly endsWithConnection = false;
  surplus = 0;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  take(bytes: Buffer): readonly Buffer[] {
    const own = bytes.subarray(0, this.#left);
    this.#left -= own.length;
    this.surplus += bytes.length - own.length;
    return own.length === 0 ? [] : [own];
  }
}

class ConnectionReader implements BodyReader {
  readonly isOver = false;
  readonly endsWithConnection = true;
  readonly surplus = 0;

  take(bytes: Buffer): readonly Buffer[] {
    return bytes.length === 0 ? [] : [bytes];
  }
}

const SIZE_LINE_BYTES_MAX = 256;

/** https://www.rfc-editor.org/rfc/rfc9112#section-7.1. Trailers are not read: the connection is not used again. */
class ChunkReader implements BodyReader {
  readonly endsWithConnection = false;
  surplus = 0;
  isOver = false;
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** The size line as far as it has come; after a chunk, the line break before it. */
  #line = "";
  #isFirst = true;

  take(bytes: Buffer): readonly Buffer[] {
    const pieces: Buffer[] = [];
    let at = 0;
    while (at < bytes.length && !this.isOver) {
      if (this.#left === 0) {
        this.#line += String.fromCharCode(bytes[at] ?? 0);
        at += 1;
        this.#readLine();
        continue;
      }
      const piece = bytes.subarray(at, at + this.#left);
      pieces.push(piece);
      this.#left -= piece.length;
      at += piece.length;
    }
    this.surplus += bytes.length - at;
    return pieces;
  }

  #readLine(): void {
    if (this.#line.length > SIZE_LINE_BYTES_MAX) throw new MalformedResponse("a chunk's size has no end");
    if (!this.#line.endsWith("\n") || (this.#line === "\r\n" && !this.#isFirst)) return;
    const before = this.#isFirst ? "" : "\r\n";
    const line = this.#line.startsWith(before) ? this.#line.slice(before.length) : "";
    const size = /^(?<size>[\da-f]{1,12})(?:[\t ]*;[\t\x20-\x7e]*)?\r\n$/i.exec(line)?.groups?.size;
    if (size === undefined) throw new MalformedResponse("a chunk's size is not a number");
    this.#line = "";
    this.#isFirst = false;
    this.#left = Number.parseInt(size, 16);
    this.isOver = this.#left === 0;
  }
}
