/**
 * A wire of some length: a TCP proxy that holds everything back for a while. It needs no privileges.
 *
 * What comes back waits a whole round trip, and so does a connection's first byte, for the handshake that
 * loopback does not have. It runs as a process of its own: `delay-proxy.ts PORT MILLISECONDS` prints its own port.
 */

import net from "node:net";

/** What may be on its way at once, in one connection: a window, like TCP's own. */
const WINDOW_BYTES = 8 * 1024 * 1024;

const [port, milliseconds] = process.argv.slice(2).map(Number);

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

/** Hands on what comes, in its order, each piece after so many milliseconds. */
function delayed(from: net.Socket, to: net.Socket, wait: number): void {
  let onTheWay = 0;
  let free = true;
  const flow = (): void => {
    if (free && onTheWay < WINDOW_BYTES) from.resume();
    else from.pause();
  };
  from.on("data", (bytes) => {
    onTheWay += bytes.length;
    flow();
    setTimeout(() => {
      onTheWay -= bytes.length;
      if (!to.destroyed) free = to.write(bytes);
      flow();
    }, wait);
  });
  to.on("drain", () => {
    free = true;
    flow();
  });
  from.once("end", () => setTimeout(() => to.end(), wait));
}
