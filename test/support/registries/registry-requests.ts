/** Talks to a sandbox registry in lines such as `GET /v2/library/nginx/manifests/1.25`, and reads what it answers. */

import { strict as assert } from "node:assert";
import type { Readable } from "node:stream";
import { digestOf } from "../../../src/image/digest.ts";
import type { RegistryRequest, RegistryResponse, Send } from "../../../src/oci/http/transport.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry, type RegistrySettings } from "../../../src/sandbox/registry/registry.ts";

export type Said = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The first error's code and message, as a client prints them; empty where there is none. */
  readonly error: string;
};

export type Extras = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable | string;
};

/** Says one line to the registry. An address without a host goes to `origin`. */
export async function say(
  send: Send,
  line: string,
  origin: string,
  { headers = {}, body }: Extras = {},
): Promise<Said> {
  const [method = "", target = ""] = line.split(" ");
  assert(/^(GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method), `no method in ${line}`);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return read(
    await send({
      method: method as RegistryRequest["method"],
      url: new URL(target, origin),
      headers,
      ...(bytes === undefined ? {} : { body: bytes }),
    }),
  );
}

async function read({ status, headers, body }: RegistryResponse): Promise<Said> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const text = bytes.toString("utf8");
  return { status, headers, bytes, text, error: errorIn(text) };
}

function errorIn(text: string): string {
  if (!text.startsWith('{"errors"')) return "";
  const { code, message } = JSON.parse(text).errors[0];
  return `${code}: ${message}`;
}

/** `Basic …` for a user and a password. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** A clock that moves on a call. */
export function stoppedClock(at = Date.UTC(2026, 0, 1)): { now(): number; pass(seconds: number): void } {
  let now = at;
  return {
    now: () => now,
    pass(seconds) {
      now += seconds * 1000;
    },
  };
}

export const ORIGIN = "https://registry.example";
/** An image of two platforms. */
export const IMAGE = buildImage({ name: "nginx", platforms: ["linux/amd64", "linux/arm64"] });
/** One of its blobs. */
export const [BLOB = digestOf(""), BYTES = new Uint8Array()] = [...IMAGE.blobs][0] ?? [];
export const NOTHING = digestOf("nothing has this digest");

/** A plain registry that holds `library/nginx:1.25`, and a way to ask it. */
export function plainRegistry(settings: Partial<RegistrySettings> = {}) {
  const registry = createRegistry({
    kind: "plain",
    host: "registry.example",
    clock: stoppedClock(),
    ...settings,
  });
  seedImage(registry, "library/nginx", "1.25", IMAGE);
  const ask = (line: string, extras?: Extras) => say(registry.asClient("203.0.113.1"), line, ORIGIN, extras);
  return { registry, ask };
}
