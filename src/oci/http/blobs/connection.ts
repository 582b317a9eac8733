/**
 * One connection for long bodies: a GET at a time, read by the kernel into the very memory that the upload writes from.
 *
 * node:http allocates for each 64 KiB and copies every body once more, which costs a gigabyte half its CPU again.
 * Here a body is HTTP/1.1 read strictly; what is anything else ends the connection.
 */

import type { OnReadOpts, Socket } from "node:net";
import { Readable } from "node:stream";
import type { Clock } from "../../../runtime/clock.ts";
import { malformedErrorResponse } from "../malformed-response.ts";
import { ThroughputWatch } from "../minimum-throughput.ts";
import type { RegistryRequest, RegistryResponse } from "../transport.ts";
import { giveBack, Pieces } from "./buffers.ts";
import { type BodyReader, bodyReader } from "./framing.ts";
import { Gathered } from "./gathered.ts";
import { HEAD_BYTES_MAX, MalformedResponse, PRELIMINARY_MAX, parseResponseHead } from "./head.ts";

export type BlobConnectionOptions = {
  readonly idleMs: number;
  readonly clock: Pick<Clock, "now">;
  /** Connects; what is read goes to the given place. */
  readonly dial: (onread: OnReadOpts) => Socket;
  /** The body has come to its end, and another GET may follow. */
  readonly onFree: (connection: BlobConnection) => void;
  readonly onClosed: (connection: BlobConnection) => void;
};

/** A GET that is under way: first its head, then its body. */
type Asked = {
  readonly onAnswer: (answer: RegistryResponse) => void;
  readonly onFailure: (reason: unknown) => void;
  readonly onOver: () => void;
  readonly pace: ThroughputWatch;
  /** The head as far as it has come, where it did not come at once. */
  head: Buffer;
  preliminary: number;
  body: Body | undefined;
};

type Body = {
  readonly stream: Readable;
  readonly reader: BodyReader;
  readonly gathered: Gathered;
  readonly keepsOpen: boolean;
};

const NOTHING = Buffer.alloc(0);
const HEAD_END = "\r\n\r\n";

export class BlobConnection {
  readonly #options: BlobConnectionOptions;
  readonly #socket: Socket;
  readonly #pieces = new Pieces();
  #asked: Asked | undefined;

  constructor(options: BlobConnectionOptions) {
    this.#options = options;
    this.#socket = options.dial({
      buffer: () => this.#pieces.room(),
      callback: (count) => this.#take(this.#pieces.filled(count)),
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("timeout", () => this.#onSilence());
    this.#socket.on("end", () => this.#onEnd());
    this.#socket.on("close", () => {
      this.#fail(new Error("the connection was closed"));
      this.#pieces.leave();
      options.onClosed(this);
    });
  }

  /** Sends a GET over a connection that has none under way. Rejects only where there was no answer at all. */
  get({ url, headers, signal }: RegistryRequest): Promise<RegistryResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<RegistryResponse>();
    const head = requestHead(url, headers);
    const onAbort = (): void => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#asked = {
      onAnswer: resolve,
      onFailure: reject,
      onOver: () => signal?.removeEventListener("abort", onAbort),
      pace: new ThroughputWatch(this.#options.clock),
      head: NOTHING,
      preliminary: 0,
      body: undefined,
    };
    this.#socket.ref();
    this.#socket.setTimeout(this.#options.idleMs);
    this.#socket.write(head, "latin1");
    return promise;
  }

  /** It waits for its next use, and no process waits for it. */
  wait(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** What has come; false where no more is wanted for now. */
  #take(bytes: Buffer): boolean {
    const asked = this.#asked;
    try {
      if (asked === undefined) throw new MalformedResponse("bytes came without a request");
      const rest = asked.body === undefined ? this.#readHead(asked, bytes) : bytes;
      return asked.body === undefined || this.#readBody(asked, asked.body, rest);
    } catch (error) {
      if (asked?.body === undefined && error instanceof MalformedResponse)
        error.rawPacket = Buffer.concat([asked?.head ?? NOTHING, bytes]);
      this.#fail(error);
      return false;
    }
  }

  /** Reads on in the head; answers what follows it. */
  #readHead(asked: Asked, bytes: Buffer): Buffer {
    asked.pace.start();
    if (!asked.pace.moved(bytes.length)) throw new Error("the answer's headers come too slowly to end");
    let all = asked.head.length === 0 ? bytes : Buffer.concat([asked.head, bytes]);
    for (;;) {
      const end = all.subarray(0, HEAD_BYTES_MAX).indexOf(HEAD_END);
      if (hasBareLineFeed(end < 0 ? all : all.subarray(0, end)))
        throw new MalformedResponse("the answer's headers end with bare line feeds");
      if (end < 0) {
        if (all.length >= HEAD_BYTES_MAX) throw new MalformedResponse("the answer's headers overflow 32 KiB");
        // A copy: what is not a body goes back with the room that it came in.
        asked.head = Buffer.from(all);
        return NOTHING;
      }
      const { status, headers, framing, keepsOpen } = parseResponseHead(all.toString("latin1", 0, end));
      all = all.subarray(end + HEAD_END.length);
      if (status >= 200) {
        const stream = this.#bodyOf(asked);
        const gathered = new Gathered((piece) => this.#handOn(stream, piece));
        asked.body = { stream, reader: bodyReader(framing), gathered, keepsOpen };
        asked.onAnswer({ status, headers, body: stream });
        return bytes.subarray(bytes.length - all.length);
      }
      if (status === 101) throw new MalformedResponse("the answer changes the protocol");
      asked.preliminary += 1;
      if (asked.preliminary > PRELIMINARY_MAX) throw new Error("one preliminary answer follows another");
    }
  }

  #bodyOf(asked: Asked): Readable {
    const stream = new Readable({
      read: () => void this.#socket.resume(),
      destroy: (error, callback) => {
        if (this.#asked === asked) this.#fail(error ?? new Error("the body was let go"));
        callback(error);
      },
    });
    // An error of a body without a reader must not end the process.
    stream.on("error", () => {});
    return stream;
  }

  #readBody(asked: Asked, { stream, reader, gathered, keepsOpen }: Body, bytes: Buffer): boolean {
    for (const piece of reader.take(bytes)) gathered.add(piece);
    if (!reader.isOver) return stream.readableLength < stream.readableHighWaterMark;
    gathered.flush();
    this.#finish(asked, keepsOpen && reader.surplus === 0);
    return true;
  }

  #handOn(stream: Readable, piece: Buffer): void {
    if (stream.destroyed) giveBack(piece);
    else if (!stream.push(piece)) this.#socket.pause();
  }

  #finish(asked: Asked, keepsOpen: boolean): void {
    if (this.#asked !== asked) return;
    this.#asked = undefined;
    asked.onOver();
    asked.body?.stream.push(null);
    if (!keepsOpen) return void this.#socket.destroy();
    // TLS hands on what it has decrypted after we asked it to stop: the end may come while nothing is read.
    this.#socket.resume();
    this.wait();
    this.#options.onFree(this);
  }

  /** Who is waited for? While bytes lie here unread, the peer owes us nothing. */
  #onSilence(): void {
    const { idleMs } = this.#options;
    const heldBytes = this.#asked?.body?.stream.readableLength ?? 0;
    if (heldBytes > 0) this.#socket.setTimeout(idleMs);
    else this.#fail(new Error(`nothing came for ${idleMs / 1000} s`));
  }

  #onEnd(): void {
    const asked = this.#asked;
    if (asked?.body?.reader.endsWithConnection === true) {
      asked.body.gathered.flush();
      this.#finish(asked, false);
    } else this.#fail(new Error("the connection ended before the answer did"));
  }

  #fail(reason: unknown): void {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#socket.destroy();
    if (asked === undefined) return;
    asked.onOver();
    if (asked.body === undefined) {
      const refusal = malformedErrorResponse(reason);
      if (refusal === undefined) asked.onFailure(reason);
      else asked.onAnswer(refusal);
      return;
    }
    // What has come has come: only the rest is asked for again.
    asked.body.gathered.flush();
    asked.body.stream.destroy(reason instanceof Error ? reason : new Error("aborted"));
  }
}

/** A reader that waits for a line break that never comes meets the idle time-out. */
function hasBareLineFeed(head: Buffer): boolean {
  for (let at = head.indexOf("\n"); at >= 0; at = head.indexOf("\n", at + 1))
    if (head[at - 1] !== 0x0d) return true;
  return false;
}

function requestHead(url: URL, headers: RegistryRequest["headers"]): string {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, "connection: keep-alive"];
  // Not by import: see http-agents.ts.
  const { validateHeaderValue } = process.getBuiltinModule("node:http");
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}${HEAD_END}`;
}
