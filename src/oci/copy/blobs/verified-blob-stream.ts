/**
 * A blob on its way: read from the source, hashed in flight, resumed where the source breaks off.
 *
 * The last piece waits until every byte before it has been checked: a target that has been promised a length never gets
 * the byte that would complete a wrong blob. What ends here with an error is never named there.
 */

import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { Digest } from "../../../image/digest.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { giveBack } from "../../http/blobs/buffers.ts";
import { ThroughputWatch } from "../../http/minimum-throughput.ts";
import type { RegistryResponse } from "../../http/transport.ts";

/** The source sent other bytes than it promised. No retry can mend what is wrong at the source itself. */
export class DigestMismatch extends Error {
  override readonly name = "WrongBytes";
}

export type BlobSource = {
  readonly digest: Digest;
  readonly size: number;
  /** Opens the blob from an offset; the answer is 200 (from the start) or 206. */
  readonly open: (offset: number) => Promise<RegistryResponse>;
  readonly clock: Pick<Clock, "now">;
  readonly onBytes?: (bytes: number) => void;
};

/** How often a blob may break off without having got on. Each resumption costs one request, not the blob. */
const RESUMES_MAX = 5;
/** What is progress: a source that gives a byte for each request must not go on for ever. */
const PROGRESS_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Smaller chunks are joined: each one alone costs a hundred bytes in addition to its own, and a round of the event loop. */
const SMALL_BYTES = 2 * 1024;
/** At the slowest rate that is borne, sixteen seconds: the target does not wait long for it. */
const GATHERED_BYTES = 16 * 1024;

export class VerifiedBlobStream extends Readable {
  readonly #source: BlobSource;
  readonly #hash: Hash;
  #pace: ThroughputWatch;
  #body: Readable | undefined;
  #opening = false;
  /** Bytes hashed, including the one piece that waits. */
  #received = 0;
  /** Bytes to pass over: the source began again where it should have gone on. */
  #repeated = 0;
  #resumes = 0;
  /** How much had come when breaks were last counted from nothing. */
  #countedFrom = 0;
  /** Why the source broke off last. */
  #broken: Error | undefined;
  #lastPiece: Uint8Array | undefined;
  #gathered: Buffer | undefined;
  #gatheredBytes = 0;

  /** @param first the answer to opening at offset 0, already here */
  constructor(source: BlobSource, first?: RegistryResponse) {
    super({ highWaterMark: PIECE_BYTES });
    this.#source = source;
    this.#hash = createHash(source.digest.startsWith("sha512:") ? "sha512" : "sha256");
    this.#pace = new ThroughputWatch(source.clock);
    if (first !== undefined) this.#attach(first);
  }

  override _read(): void {
    if (this.#body !== undefined) {
      this.#pace.start();
      this.#body.resume();
    } else if (!this.#opening) void this.#open();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#body?.destroy();
    callback(error);
  }

  async #open(): Promise<void> {
    this.#opening = true;
    try {
      const answer = await this.#source.open(this.#received);
      this.#opening = false;
      if (this.destroyed) answer.body.destroy();
      else if (this.#attach(answer)) {
        this.#pace.start();
        answer.body.resume();
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Takes an answer's body as what comes next; false where it cannot be. */
  #attach({ status, headers, body }: RegistryResponse): boolean {
    const { size } = this.#source;
    const offset = status === 206 ? this.#received : 0;
    const length = headers["content-length"];
    const stated = length === undefined ? undefined : Number(length);
    body.on("error", (error) => {
      this.#broken = error;
    });
    if (stated !== undefined && stated !== size - offset) {
      body.destroy();
      this.destroy(new DigestMismatch(`${size - offset} bytes were promised, ${stated} are offered`));
      return false;
    }
    if (status === 206 && !startsAt(headers["content-range"], offset)) {
      body.destroy();
      this.destroy(new DigestMismatch(`asked to go on at byte ${offset}, the source went on elsewhere`));
      return false;
    }
    if (body.destroyed) {
      // It broke before its first read: the target took its time to open the upload.
      this.#broken = body.errored ?? undefined;
      this.#resume();
      return false;
    }
    this.#body = body;
    // Nothing says where such a body ends but its connection, which may as well have broken.
    const isDelimited = stated !== undefined || headers["transfer-encoding"] !== undefined;
    this.#repeated = status === 206 ? 0 : this.#received;
    let ended = false;
    body.on("data", (chunk: Uint8Array) => this.#take(chunk, body));
    body.once("end", () => {
      ended = true;
      if (isDelimited || this.#received >= size) this.#finish();
      else this.#resume();
    });
    body.once("close", () => {
      if (!ended && this.#body === body) this.#resume();
    });
    body.pause();
    return true;
  }

  #take(chunk: Uint8Array, body: Readable): void {
    if (this.destroyed) return;
    if (!this.#pace.moved(chunk.byteLength)) {
      this.destroy(new Error("the source sends too slowly to end"));
      return;
    }
    const skipped = Math.min(this.#repeated, chunk.byteLength);
    this.#repeated -= skipped;
    const bytes = skipped === 0 ? chunk : chunk.subarray(skipped);
    if (bytes.byteLength === 0) return;
    this.#received += bytes.byteLength;
    if (this.#received > this.#source.size) {
      this.destroy(new DigestMismatch(`more than the promised ${this.#source.size} bytes came`));
      return;
    }
    this.#hash.update(bytes);
    this.#source.onBytes?.(bytes.byteLength);
    const isSmall = bytes.byteLength < SMALL_BYTES;
    const isFull = !isSmall || this.#gatheredBytes + bytes.byteLength > GATHERED_BYTES;
    const goesOn = isFull ? this.#pass(this.#takeGathered()) : true;
    if (isSmall) this.#gather(bytes);
    if ((isSmall || this.#pass(bytes)) && goesOn) return;
    this.#pace.stop();
    body.pause();
  }

  /** Passes on the piece that waited, and keeps this one back; false when the reader has enough. */
  #pass(piece: Uint8Array | undefined): boolean {
    if (piece === undefined) return true;
    const before = this.#lastPiece;
    this.#lastPiece = piece;
    return before === undefined || this.push(before);
  }

  #gather(bytes: Uint8Array): void {
    this.#gathered ??= Buffer.allocUnsafeSlow(GATHERED_BYTES);
    this.#gathered.set(bytes, this.#gatheredBytes);
    this.#gatheredBytes += bytes.byteLength;
    giveBack(bytes);
  }

  #takeGathered(): Uint8Array | undefined {
    const gathered = this.#gathered?.subarray(0, this.#gatheredBytes);
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
    return gathered;
  }

  #finish(): void {
    const { digest, size } = this.#source;
    if (this.destroyed) return;
    if (this.#received < size) {
      this.destroy(new DigestMismatch(`only ${this.#received} of ${size} bytes came`));
      return;
    }
    const got = this.#hash.digest("hex");
    if (digest !== `${digest.slice(0, digest.indexOf(":"))}:${got}`) {
      this.destroy(new DigestMismatch(`the bytes are ${got.slice(0, 12)}…, not ${digest}`));
      return;
    }
    this.#body = undefined;
    this.#pass(this.#takeGathered());
    if (this.#lastPiece !== undefined) this.push(this.#lastPiece);
    this.#lastPiece = undefined;
    this.push(null);
  }

  /** The connection broke: the upload stays open, the hash goes on, and only the rest is asked for. */
  #resume(): void {
    this.#body = undefined;
    if (this.destroyed) return;
    // All bytes are here, and what broke was no more than the end of their framing: the digest decides.
    if (this.#received === this.#source.size) {
      this.#finish();
      return;
    }
    const because = this.#broken === undefined ? "" : `: ${this.#broken.message}`;
    // What cannot be read will not be readable when it comes again.
    if ((this.#broken as NodeJS.ErrnoException | undefined)?.code?.startsWith("HPE_") === true) {
      this.destroy(new Error(`the answer cannot be read${because}`, { cause: this.#broken }));
      return;
    }
    // A stall that ended in a break is counted as a break, and not against the pace of what comes next.
    this.#pace = new ThroughputWatch(this.#source.clock);
    if (this.#received - this.#countedFrom >= PROGRESS_BYTES) {
      this.#countedFrom = this.#received;
      this.#resumes = 0;
    }
    this.#resumes += 1;
    if (this.#resumes > RESUMES_MAX) {
      this.destroy(
        new Error(
          `the source broke off ${this.#resumes} times, last after ${this.#received} bytes${because}`,
          { cause: this.#broken },
        ),
      );
    } else if (!this.#opening) void this.#open();
  }
}

function startsAt(contentRange: string | undefined, offset: number): boolean {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? "")?.[1]) === offset;
}
