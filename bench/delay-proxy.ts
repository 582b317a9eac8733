/**
 * A wire of some length, and of some width where one is said: a TCP proxy that holds everything back for a while. It needs
 * no privileges.
 *
 * What comes back waits a whole round trip, and so does a connection's first byte, as the handshake that
 * loopback does not have. All connections share the width, as they share a line. It runs as a process of its own:
 * `delay-proxy.ts PORT MILLISECONDS [MEGABITS]` prints its own port.
 */

import net from "node:net";

/** What may be on its way at once, in one connection: a window, like TCP's own. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** On a narrow wire: what 300 Mbit/s carry in 20 ms, and as much again that waits. */
const NARROW_WINDOW_BYTES = 1536 * 1024;

const [port, milliseconds, megabits] = process.argv.slice(2).map(Number);

const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
  const far = net.connect({ port: port ?? 0, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.once("close", () => far.destroy());
  delayed(far, near, milliseconds ?? 0);
  setTimeout(() => near.pipe(far), milliseconds);
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
});
// The process that started it holds its standard input.
process.stdin.on("end", () => process.exit()).resume();

/** When the wire is free for the next byte. */
let freeAt = 0;

/** How long a piece waits, and is on its way. */
function waitOf(bytes: number, wait: number): number {
  if (megabits === undefined) return wait;
  const now = performance.now();
  freeAt = Math.max(freeAt, now) + (bytes * 8) / (megabits * 1000);
  return freeAt - now + wait;
}

/** Hands on what comes, in its order, each piece after so many milliseconds. */
function delayed(from: net.Socket, to: net.Socket, wait: number): void {
  const window = megabits === undefined ? WINDOW_BYTES : NARROW_WINDOW_BYTES;
  // Timers of different lengths do not keep an order: the pieces wait in line.
  const line: { readonly at: number; readonly bytes: Buffer | undefined }[] = [];
  let onTheWay = 0;
  let free = true;
  const flow = (): void => {
    if (free && onTheWay < window) from.resume();
    else from.pause();
  };
  const arrive = (): void => {
    const now = performance.now();
    for (let first = line[0]; first !== undefined && first.at <= now; first = line[0]) {
      line.shift();
      if (first.bytes === undefined) to.end();
      else {
        onTheWay -= first.bytes.length;
        if (!to.destroyed) free = to.write(first.bytes);
      }
    }
    flow();
    if (line[0] !== undefined) setTimeout(arrive, Math.max(1, line[0].at - now));
  };
  const send = (bytes: Buffer | undefined): void => {
    line.push({ at: performance.now() + waitOf(bytes?.length ?? 0, wait), bytes });
    if (line.length === 1) setTimeout(arrive, Math.max(1, (line[0]?.at ?? 0) - performance.now()));
  };
  from.on("data", (bytes) => {
    onTheWay += bytes.length;
    flow();
    send(bytes);
  });
  to.on("drain", () => {
    free = true;
    flow();
  });
  from.once("end", () => send(undefined));
}
