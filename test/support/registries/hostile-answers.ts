/**
 * More of what a hostile registry answers: heads and bodies that are not HTTP, that lie about themselves, or that lead
 * elsewhere. Each is one answer, whatever was asked.
 */

import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { answers, type Behaviour, drips, raw } from "./hostile-registry.ts";
import type { Mischief } from "./loopback-registry.ts";

/** Begins, and says the same as often and as fast as it is taken. */
function floods(start: string, piece: string): Behaviour {
  return () =>
    raw((_, { socket }) => {
      if (start !== "") socket.write(`HTTP/1.1 ${start}`);
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    });
}

function resets(head: string): Behaviour {
  return () =>
    raw((write, { socket }) => {
      write(head);
      setTimeout(() => socket.resetAndDestroy(), 5);
    });
}

/** An answer in good form, on a connection that is kept. */
function says(status: number, headers: Record<string, string | string[]> = {}, body = ""): Behaviour {
  return (): Mischief => (request, response) => {
    request.resume();
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  };
}

const pointsTo = (location: string | ((request: IncomingMessage) => string)): Behaviour => {
  return (clock) => (request, response, registry) => {
    const url = typeof location === "string" ? location : location(request);
    return says(307, { location: url })(clock)(request, response, registry);
  };
};

const OK = "200 OK\r\n";
const CLOSE = "connection: close\r\n";
const CHUNKED = "transfer-encoding: chunked\r\n";
const HTML = `<html><body>${"<p>Log in to the portal</p>".repeat(200)}</body></html>`;
const DIGESTS = ["a", "b"].map((hex) => `sha256:${hex.repeat(64)}`);
let rounds = 0;

/** By what they are called in the table of tests. */
export const ANSWERS = {
  "a negative length": answers(`${OK}${CLOSE}content-length: -1`, "{}"),
  "a length beyond numbers": answers(`${OK}${CLOSE}content-length: 99999999999999999999999`, "{}"),
  "a length that is hexadecimal": answers(`${OK}${CLOSE}content-length: 0x10`, "{}"),
  "a shorter length": answers(`${OK}content-length: 1`, "{}{}"),
  "a length and chunks": answers(`${OK}${CHUNKED}content-length: 2`, "2\r\n{}\r\n0\r\n\r\n"),
  "chunks of wrong sizes": answers(`${OK}transfer-encoding: chunked`, "5\r\n{}\r\n0\r\n\r\n"),
  "a chunk beyond numbers": answers(`${OK}transfer-encoding: chunked`, "FFFFFFFFFFFFFFFFFF\r\n{}"),
  "a chunk of minus one": answers(`${OK}transfer-encoding: chunked`, "-1\r\n{}\r\n0\r\n\r\n"),
  "chunk extensions for ever": floods(`${OK}transfer-encoding: chunked\r\n\r\n2;`, "x".repeat(16_384)),
  "gzip as its transfer coding": answers(`${OK}${CLOSE}transfer-encoding: gzip, chunked`, gzipSync("{}")),
  "huge trailers": floods(`${OK}${CHUNKED}\r\n2\r\n{}\r\n0\r\nx: `, "x".repeat(16_384)),
  "a second answer": answers(`${OK}content-length: 2`, `{}HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n`),
  "line breaks for ever": floods("", "\r\n".repeat(8192)),
  "100 for ever": floods("100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n".repeat(20)),
  "103 and nothing more": answers("103 Early Hints\r\nlink: </x>; rel=preload"),
  "a head without end": floods(OK, `x-${"y".repeat(1000)}: z\r\n`),
  "four thousand headers": answers(`${OK}${"x: y\r\n".repeat(4000)}content-length: 0`),
  "a folded header": answers(`${OK}x: y\r\n folded\r\ncontent-length: 0`),
  "a NUL in a header": answers(`${OK}x: a\u0000b\r\ncontent-length: 0`),
  "bare line feeds": () =>
    raw((write, { socket }) => {
      write("HTTP/1.1 429 Too Many Requests\nretry-after: 3600\n\nslow down");
      socket.end();
    }),
  "a status of its own": answers(`999 Odd\r\n${CLOSE}content-length: 0`),
  "a reset in its head": resets("HTTP/1.1 200 OK\r\nx"),
  "a reset in its body": resets(`HTTP/1.1 ${OK}content-length: 400000\r\n\r\n{`),
  "drips a refusal": drips("403 Forbidden\r\ncontent-length: 60000\r\n\r\n", "x"),
  "a refusal without end": floods("403 Forbidden\r\n\r\n", "x".repeat(65_536)),
  "an error page of HTML": says(502, { "content-type": "text/html" }, HTML),
  "a page of HTML": says(200, { "content-type": "text/html" }, HTML),
  "nothing, and says so": says(204),
  "that nothing has changed": says(304),
  "a part of something": says(206, { "content-range": "bytes 5-6/400000" }, "{}"),
  "that its range is wrong": says(416, { "content-range": "bytes */0" }),
  "a choice of several": says(300, {}, "[]"),
  "a redirect without a place": says(307),
  "two places": says(307, { location: ["/v2/a", "https://evil.example/"] }),
  "two digests": says(200, { "docker-content-digest": DIGESTS }, "{}"),
  "401 without a challenge": says(401),
  "401 with hundreds of challenges": says(401, { "www-authenticate": "Negotiate, ".repeat(600) }),
  "401 with quotes that do not end": says(401, { "www-authenticate": `Bearer realm="http://a,service=` }),
  "401 with a realm in a file": says(401, { "www-authenticate": 'Bearer realm="file:///etc/passwd"' }),
  "404 with words of its own": says(404, {}, "\u001b[31mgone\u202e"),
  "402, which is not expected": says(402, {}, "pay"),
  "429 for a hundred years": says(429, { "retry-after": "3153600000" }),
  "429 until a time long past": says(429, { "retry-after": "Mon, 01 Jan 1990 00:00:00 GMT" }),
  "429 for a negative time": says(429, { "retry-after": "-5" }),
  "429 for no number": says(429, { "retry-after": "NaN" }),
  "503 for a year": says(503, { "retry-after": "31536000" }),
  "a redirect in circles": pointsTo(() => `/v2/round/manifests/${rounds++ % 3}`),
  "a redirect to a file": pointsTo("file:///etc/passwd"),
  "a redirect to the cloud's metadata": pointsTo("https://169.254.169.254/latest/meta-data/"),
  "a redirect with a password": pointsTo(({ headers }) => `http://ann:s3cret@${headers.host}/v2/`),
  "a redirect out of encryption": pointsTo("http://registry.example/v2/"),
  "a redirect to a closed port": pointsTo("http://127.0.0.1:1/"),
  "a redirect to a script": pointsTo("javascript:alert(1)"),
  "a redirect to no address": pointsTo("http://[::1"),
} satisfies Readonly<Record<string, Behaviour>>;
