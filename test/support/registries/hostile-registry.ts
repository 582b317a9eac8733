/**
 * What a hostile or faulty registry does with a connection, byte by byte: each behaviour answers one request in the place of
 * an honest registry. Those that never end by themselves say so, and a test's clock moves on while they do.
 */

import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import type { Clock, Timer } from "../../../src/runtime/clock.ts";
import { FastClock } from "../fast-clock.ts";
import type { Mischief } from "./loopback-registry.ts";

/** Terminal colours, a cleared screen, a window title, a C1 control, a line of its own and a turned order of letters. */
export const ESCAPES = "\u001b[2J\u001b]0;title\u0007\u009b31m\r\nDone.\u202etxt";

/** A clock and timer in one, that moves by steps while a peer is known to hang. Never faster than the event loop. */
export class SteppedClock extends FastClock implements Clock, Timer {
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>();
  #stepping: NodeJS.Timeout | undefined;

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.now() + milliseconds, run };
    this.#due.add(timer);
    return () => void this.#due.delete(timer);
  }

  /** From now on two seconds pass every few milliseconds. */
  hang(): void {
    if (this.#stepping !== undefined) return;
    const step = (): void => {
      this.slept += 2000;
      for (const timer of [...this.#due].filter(({ at }) => at <= this.now())) {
        this.#due.delete(timer);
        timer.run();
      }
      this.#stepping = setTimeout(step, 5);
    };
    this.#stepping = setTimeout(step, 5);
  }

  stop(): void {
    clearTimeout(this.#stepping);
    this.#stepping = undefined;
  }
}

export type Behaviour = (clock: SteppedClock) => Mischief;

/** Writes to the socket itself, past what node:http would allow. */
export function raw(
  act: (write: (bytes: string | Buffer) => void, request: IncomingMessage) => void,
): Mischief {
  return (request, response) => {
    const { socket } = request;
    request.resume();
    socket.once("close", () => response.destroy());
    act((bytes) => void (socket.destroyed || socket.write(bytes)), request);
    return true;
  };
}

export function answers(head: string, body: string | Buffer = ""): Behaviour {
  return () =>
    raw((write, { socket }) => {
      write(`HTTP/1.1 ${head}\r\n\r\n`);
      write(body);
      socket.end();
    });
}

/** Says something, then a piece now and then, for ever. */
export function drips(head: string, piece: string): Behaviour {
  return (clock) =>
    raw((write, { socket }) => {
      clock.hang();
      write(`HTTP/1.1 ${head}`);
      const drip = setInterval(() => write(piece), 10);
      socket.once("close", () => clearInterval(drip));
    });
}

const refusal = (message: string): string => JSON.stringify({ errors: [{ code: "DENIED", message }] });

/** By what they are called in the tables of tests. */
export const BEHAVIOURS = {
  "closes at once": () => raw((_, { socket }) => void socket.destroy()),
  "no answer": (clock) => raw(() => clock.hang()),
  "no HTTP": answers("\u0000\u0001 nothing of the kind"),
  "101": () =>
    raw((write) => write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")),
  "102 for ever": () =>
    raw((write, { socket }) => {
      const more = setInterval(() => write("HTTP/1.1 102 Processing\r\n\r\n".repeat(20)), 1);
      socket.once("close", () => clearInterval(more));
    }),
  "drips its head": drips("200 OK\r\nx-long: ", "x"),
  "drips a body": drips("200 OK\r\ncontent-length: 400000\r\n\r\n", "x"),
  "endless chunk sizes": drips("200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "0".repeat(2048)),
  "drips trailers": drips("200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", "a: b\r\n"),
  "huge headers": answers(`200 OK\r\ncontent-length: 0\r\nx-long: ${"x".repeat(1024 * 1024)}`),
  "a longer length": answers("200 OK\r\ncontent-length: 400000", "{}"),
  "two lengths": answers("200 OK\r\ncontent-length: 2\r\ncontent-length: 3", "{}\n"),
  "a body cut where it ends with the connection": answers("200 OK\r\nconnection: close", '{"schemaVersion":'),
  "a gzip bomb": answers(
    "200 OK\r\ncontent-encoding: gzip\r\nconnection: close",
    gzipSync(Buffer.alloc(64 * 1024 * 1024)),
  ),
  "terminal escapes": answers(
    "403 Forbidden\r\ncontent-type: application/json\r\nconnection: close",
    refusal(ESCAPES),
  ),
  "503 for ever": answers("503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0"),
  "429 with Retry-After": answers("429 Slow\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0"),
  "429 for an hour": answers("429 Slow\r\nretry-after: 3600\r\nconnection: close\r\ncontent-length: 0"),
  "a false 201": answers("201 Created\r\nconnection: close\r\ncontent-length: 0"),
  "a redirect to itself": (): Mischief => (request, response) => {
    request.resume();
    response.writeHead(307, { location: request.url, "content-length": 0 }).end();
    return true;
  },
} satisfies Readonly<Record<string, Behaviour>>;

export type BehaviourName = keyof typeof BEHAVIOURS;
