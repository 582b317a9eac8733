/**
 * Joins what lies side by side in a slab, and hands it on once for each round of the event loop.
 *
 * TLS gives its records one by one, 16 KiB each. Each piece costs a round of JavaScript, an update of the hash and a
 * write of its own; joined, nothing is copied, because they lie in one memory.
 */

import { afterThisRound } from "../../../runtime/event-loop.ts";
import { lend } from "./buffers.ts";

/** Enough that what each piece costs no longer counts, and little enough that its writer is soon at work. */
const PIECE_BYTES = 256 * 1024;

export class Gathered {
  readonly #handOn: (piece: Buffer) => void;
  #held: Buffer | undefined;
  #callOff: (() => void) | undefined;

  /** @param handOn gets each piece lent */
  constructor(handOn: (piece: Buffer) => void) {
    this.#handOn = handOn;
  }

  add(piece: Buffer): void {
    const held = this.#held;
    const isNext =
      held !== undefined &&
      held.buffer === piece.buffer &&
      held.byteOffset + held.byteLength === piece.byteOffset;
    if (isNext) {
      this.#held = Buffer.from(held.buffer, held.byteOffset, held.byteLength + piece.byteLength);
    } else {
      this.flush();
      this.#held = lend(piece);
    }
    if ((this.#held?.byteLength ?? 0) >= PIECE_BYTES) this.flush();
    else this.#callOff ??= afterThisRound(() => this.flush());
  }

  flush(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#handOn(held);
  }
}
