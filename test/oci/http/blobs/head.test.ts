import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { MalformedResponse, parseResponseHead } from "../../../../src/oci/http/blobs/head.ts";

const head = (...lines: readonly string[]): string => lines.join("\r\n");

describe("an answer's head is understood", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["a length",                     head("HTTP/1.1 200 OK", "Content-Length: 12"),                            "200 length 12, kept"],
    ["no reason phrase",             head("HTTP/1.1 206", "content-length:5"),                                 "206 length 5, kept"],
    ["an empty reason phrase",       head("HTTP/1.1 200 ", "content-length: 5\t "),                            "200 length 5, kept"],
    ["chunks",                       head("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked"),                    "200 chunks, closed"],
    ["neither",                      head("HTTP/1.1 200 OK"),                                                  "200 connection, closed"],
    ["a wish to close",              head("HTTP/1.1 200 OK", "content-length: 1", "connection: foo, Close"),   "200 length 1, closed"],
    ["HTTP/1.0",                     head("HTTP/1.0 200 OK", "content-length: 1"),                             "200 length 1, closed"],
    ["no content",                   head("HTTP/1.1 204 No Content"),                                          "204 length 0, kept"],
    ["not modified, with a length",  head("HTTP/1.1 304 Not Modified", "content-length: 9"),                   "304 length 0, kept"],
    ["a preliminary answer",         head("HTTP/1.1 103 Early Hints", "link: </x>"),                           "103 length 0, kept"],
  ] as const;

  for (const [what, text, outcome] of table) {
    test(`${what}: ${outcome}`, () => {
      const { status, framing, keepsOpen } = parseResponseHead(text);
      const length = framing.kind === "length" ? ` ${framing.bytes}` : "";
      equal(`${status} ${framing.kind}${length}, ${keepsOpen ? "kept" : "closed"}`, outcome);
    });
  }

  test("repeated headers are joined, but where only one can be meant", () => {
    const text = head(
      "HTTP/1.1 401 No",
      "A: 1",
      "a:  2 ",
      "Location: /x",
      "location: /y",
      "content-length: 0",
    );
    deepEqual(parseResponseHead(text).headers, { a: "1, 2", location: "/x", "content-length": "0" });
  });

  test("a header may have any name, and changes nothing but itself", () => {
    const { headers } = parseResponseHead(head("HTTP/1.1 200 OK", "__proto__: x", "constructor: y"));
    deepEqual(Object.entries(headers), [
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});

describe("what could be read in two ways is refused", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["another protocol",               head("SSH-2.0-OpenSSH_9.6")],
    ["another version",                head("HTTP/2 200", "content-length: 1")],
    ["a status that is none",          head("HTTP/1.1 20 OK", "content-length: 1")],
    ["a status out of range",          head("HTTP/1.1 600 OK", "content-length: 1")],
    ["a length next to chunks",        head("HTTP/1.1 200 OK", "content-length: 1", "transfer-encoding: chunked")],
    ["two lengths",                    head("HTTP/1.1 200 OK", "content-length: 1", "content-length: 2")],
    ["the same length twice",          head("HTTP/1.1 200 OK", "content-length: 1", "content-length: 1")],
    ["a negative length",              head("HTTP/1.1 200 OK", "content-length: -1")],
    ["a length with a sign",           head("HTTP/1.1 200 OK", "content-length: +1")],
    ["a length in hexadecimal",        head("HTTP/1.1 200 OK", "content-length: 0x10")],
    ["an empty length",                head("HTTP/1.1 200 OK", "content-length:")],
    ["a length beyond counting",       head("HTTP/1.1 200 OK", `content-length: ${"9".repeat(16)}`)],
    ["a coding before the chunks",     head("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked")],
    ["an unknown coding",              head("HTTP/1.1 200 OK", "transfer-encoding: identity")],
    ["a space before the colon",       head("HTTP/1.1 200 OK", "content-length : 1")],
    ["a folded line",                  head("HTTP/1.1 200 OK", "a: 1", " 2")],
    ["a line without a colon",         head("HTTP/1.1 200 OK", "content-length")],
    ["a bare line feed",               head("HTTP/1.1 200 OK", "a: 1\ncontent-length: 1")],
    ["a bare carriage return",         head("HTTP/1.1 200 OK", "a: 1\rcontent-length: 1")],
    ["a null byte",                    head("HTTP/1.1 200 OK", "a: 1\0")],
    ["a line before the status",       head("", "HTTP/1.1 200 OK", "content-length: 1")],
  ] as const;

  for (const [what, text] of table) {
    test(what, () => throws(() => parseResponseHead(text), MalformedResponse));
  }

  test("reads a long line of blanks at no more than the cost of its length", () => {
    const startedAt = performance.now();
    for (const blanks of [" ".repeat(32_000), "\t ".repeat(16_000)]) {
      throws(() => parseResponseHead(head("HTTP/1.1 200 OK", `a:${blanks}\0`)), MalformedResponse);
      parseResponseHead(head("HTTP/1.1 200 OK", `a:${blanks}x${blanks}`));
    }
    equal(performance.now() - startedAt < 500, true);
  });
});
