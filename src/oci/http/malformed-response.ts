/**
 * A refusal whose head breaks the grammar of HTTP: Docker Hub's proxy has answered 429 with bare line feeds.
 *
 * Its status line is believed where it is a refusal, so that a limit is not taken for a connection that
 * broke, and is not asked again. A success in such a form stays unreadable: its length cannot be trusted.
 */

import { Readable } from "node:stream";
import type { RegistryResponse } from "./transport.ts";

const STATUS_LINE = /^HTTP\/1\.[01] (?<status>[45]\d\d)(?: [^\r\n]*)?\r?\n/;
const HEAD_AND_BODY = /^(?<head>[\s\S]*?)\r?\n\r?\n(?<body>[\s\S]*)$/;
const HEADER = /^(?<name>[\w-]{1,64}): ?(?<value>[\t\x20-\x7e]{0,1024})$/;
/** A refusal is short; what is longer is not this. */
const PACKET_BYTES_MAX = 16 * 1024;

/** The refusal in what the parser gave up on; undefined where it is not a refusal. (docker/hub-feedback#1907 has the bytes.) */
export function malformedErrorResponse(error: unknown): RegistryResponse | undefined {
  const { code, rawPacket } = (error ?? {}) as { readonly code?: unknown; readonly rawPacket?: unknown };
  if (typeof code !== "string" || !code.startsWith("HPE_") || !(rawPacket instanceof Uint8Array))
    return undefined;
  const text = Buffer.from(rawPacket.subarray(0, PACKET_BYTES_MAX)).toString("latin1");
  const status = STATUS_LINE.exec(text)?.groups?.status;
  if (status === undefined) return undefined;
  const { head = text, body = "" } = HEAD_AND_BODY.exec(text)?.groups ?? {};
  const headers = head.split(/\r?\n/).flatMap((line) => {
    const { name, value } = HEADER.exec(line)?.groups ?? {};
    return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()] as const];
  });
  return {
    status: Number(status),
    headers: Object.fromEntries(headers),
    body: Readable.from(body === "" ? [] : [Buffer.from(body, "latin1")]),
  };
}
