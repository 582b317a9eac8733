/**
 * The head of an HTTP/1.1 answer, read strictly: what two readers could understand differently is refused.
 *
 * RFC 9112. A folded line, a bare line feed, a length together with chunks, or a second length breaks the connection off:
 * otherwise a body would be cut in the wrong place.
 */

/** Where a body ends. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunks" }
  | { readonly kind: "connection" };

export type ResponseHead = {
  readonly status: number;
  /** Names in lower case; repeated headers joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: Framing;
  /** Whether the connection may be used again after the body. */
  readonly keepsOpen: boolean;
};

export const HEAD_BYTES_MAX = 32 * 1024;
/** Interim answers ("102 Processing") before the final one. */
export const PRELIMINARY_MAX = 10;

/** The answer cannot be understood. Another request would get the same. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedAnswer";
  readonly code = "HPE_MALFORMED_ANSWER";
  /** The bytes that could not be read, as node:http's parser names them too. */
  rawPacket?: Buffer;
}

const STATUS_LINE = /^HTTP\/1\.(?<minor>[01]) (?<status>[1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** One way to match: two runs of spaces side by side would let a long line cost its square. */
const HEADER_LINE = /^(?<name>[!#$%&'*+.^_`|~\w-]+):(?<value>[\t\x20-\x7e\x80-\xff]*)$/;
/** Of these, the first one counts, as in node:http: two joined would be neither. */
const SAID_ONCE = new Set(["content-type", "etag", "last-modified", "location", "retry-after", "server"]);

/** Reads a head, without the empty line that ends it. Throws MalformedAnswer. */
export function parseResponseHead(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const { minor, status } = STATUS_LINE.exec(first)?.groups ?? {};
  if (status === undefined) throw new MalformedResponse("the answer does not begin as HTTP/1.1 does");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const { name, value: spaced = "" } = HEADER_LINE.exec(line)?.groups ?? {};
    if (name === undefined) throw new MalformedResponse("the answer has a malformed header");
    const [key, value] = [name.toLowerCase(), spaced.trim()];
    const before = headers.get(key);
    if (before === undefined) headers.set(key, value);
    else if (!SAID_ONCE.has(key)) headers.set(key, `${before}, ${value}`);
  }
  const framing = framingOf(Number(status), headers);
  const wishes = tokensOf(headers.get("connection"));
  const keepsOpen = minor === "1" && !wishes.includes("close") && framing.kind === "length";
  return { status: Number(status), headers: Object.fromEntries(headers), framing, keepsOpen };
}

/** https://www.rfc-editor.org/rfc/rfc9112#section-6.3, as the answer to a GET. */
function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined && length !== undefined)
    throw new MalformedResponse("the answer has a length and chunks as well");
  if (status < 200 || status === 204 || status === 304) return { kind: "length", bytes: 0 };
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked")
      throw new MalformedResponse("the answer's transfer coding is unknown");
    return { kind: "chunks" };
  }
  if (length === undefined) return { kind: "connection" };
  if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse("the answer's length is not a number");
  return { kind: "length", bytes: Number(length) };
}

function tokensOf(header = ""): readonly string[] {
  return header.split(",").map((token) => token.trim().toLowerCase());
}
