/**
 * Proof of who we are, for one registry: Basic as it is, or a Bearer token that a realm hands out.
 *
 * One request for a scope's token serves every caller that waits for it, and a token is renewed before it expires: round
 * trips are what users wait for. The registry's answer names the realm, so the realm is checked before a password goes there.
 */

import type { Clock } from "../../runtime/clock.ts";
import { redactForLog, toRegistryError } from "../client/error-response.ts";
import { RegistryError } from "../client/registry-error.ts";
import {
  maySendCredentials,
  passwordBlockReason,
  type RegistryAddress,
  realmBlockReason,
} from "../http/registry-address.ts";
import { discard, readBody } from "../http/response-body.ts";
import type { RegistryRequest, Send } from "../http/transport.ts";
import type { Credentials } from "./credentials.ts";
import type { Challenge } from "./www-authenticate.ts";

const TOKEN_BYTES_MAX = 64 * 1024;
/** The distribution specification's word for a token that names no lifetime. */
const LIFETIME_SECONDS_DEFAULT = 60;
/** A token is renewed after this share of its life: what is about to run out would run out on the way. */
const LIFETIME_SHARE = 0.8;

export type TokenRequest = {
  readonly address: RegistryAddress;
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly side: "pull" | "push";
};

export type Token = { readonly header: string; readonly expiresAt: number };

/** Whether a token can still be sent. */
export function isFresh(token: Token, clock: Pick<Clock, "now">): boolean {
  return clock.now() < token.expiresAt;
}

/**
 * Answers a challenge with the header that satisfies it; undefined where we have nothing to show.
 * Throws RegistryError: `denied` for a realm that must not be asked, `unauthorized` for one that says no.
 */
export async function requestToken(
  send: Send,
  clock: Clock,
  request: TokenRequest,
  signal?: AbortSignal,
): Promise<Token | undefined> {
  const { address, challenge, credentials } = request;
  if (challenge.scheme === "basic") {
    if (credentials?.kind !== "basic" || !maySendCredentials(address, address.base)) return undefined;
    return { header: credentials.header, expiresAt: Number.POSITIVE_INFINITY };
  }
  if (challenge.scheme !== "bearer") return undefined;
  const realm = realmOf(request);
  // A realm on another domain is asked anonymously: lscr.io's tokens come from ghcr.io, docker.n8n.io's from Docker.
  const shown =
    passwordBlockReason(address, realm) === undefined ? request : { ...request, credentials: undefined };
  const asked = shown.credentials?.kind === "identity-token" ? refreshRequest : passwordRequest;
  return fetchToken(send, clock, shown, asked(realm, shown), signal);
}

function realmOf({ address, challenge }: TokenRequest): URL {
  const text = challenge.parameters.get("realm") ?? "";
  const realm = URL.parse(text);
  const because = text === "" || realm === null ? "it is not an address" : realmBlockReason(address, realm);
  if (realm === null || because !== undefined) {
    throw new RegistryError(`token realm ${redactForLog(text)} of ${address.host} is not asked: ${because}`, {
      kind: "denied",
      host: address.host,
    });
  }
  return realm;
}

/** `GET realm?service&scope`, with Basic where there is a password. https://distribution.github.io/distribution/spec/auth/token/ */
function passwordRequest(realm: URL, { challenge, scopes, credentials }: TokenRequest): RegistryRequest {
  const url = new URL(realm);
  const service = challenge.parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "repull" };
  if (credentials?.kind === "basic") headers.authorization = credentials.header;
  return { method: "GET", url, headers };
}

/** `POST realm` as OAuth2: for those who hold a refresh token and no password. */
function refreshRequest(realm: URL, { challenge, scopes, credentials }: TokenRequest): RegistryRequest {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "repull" });
  const service = challenge.parameters.get("service");
  if (service !== undefined) form.set("service", service);
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  if (credentials?.kind === "identity-token") form.set("refresh_token", credentials.token);
  const body = Buffer.from(form.toString());
  return {
    method: "POST",
    url: realm,
    headers: {
      accept: "application/json",
      "content-length": String(body.byteLength),
      "content-type": "application/x-www-form-urlencoded",
      "user-agent": "repull",
    },
    body,
  };
}

async function fetchToken(
  send: Send,
  clock: Clock,
  { address, side }: TokenRequest,
  asked: RegistryRequest,
  signal?: AbortSignal,
): Promise<Token> {
  const startedAt = clock.now();
  const attempted = `asking ${asked.url.host} for a token`;
  const answer = await send({
    ...asked,
    reach: address.reachOf(asked.url),
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status >= 300 && answer.status < 400) {
    discard(answer);
    throw new RegistryError(`${attempted}: it points elsewhere, where no password goes`, {
      kind: "denied",
      host: address.host,
      status: answer.status,
    });
  }
  if (answer.status !== 200) {
    throw await toRegistryError(answer, { host: address.host, attempted, side, clock, signal });
  }
  const bytes = await readBody(answer, TOKEN_BYTES_MAX, clock, signal);
  const token = bytes === undefined ? undefined : tokenIn(bytes);
  if (token === undefined) {
    const got = bytes === undefined ? "more than 64 KiB" : "an answer without a token";
    throw new RegistryError(`${attempted}: got ${got}`, { kind: "malformed", host: address.host });
  }
  return {
    header: `Bearer ${token.text}`,
    expiresAt: startedAt + token.lifetimeSeconds * LIFETIME_SHARE * 1000,
  };
}

function tokenIn(bytes: Uint8Array): { text: string; lifetimeSeconds: number } | undefined {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  const fields = (document ?? {}) as Readonly<Record<string, unknown>>;
  const text = [fields.token, fields.access_token].find((value) => typeof value === "string" && value !== "");
  // The token goes into a header: a line break in it would start a second request.
  if (typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const stated = fields.expires_in;
  const lifetimeSeconds =
    typeof stated === "number" && Number.isFinite(stated) && stated > 0 ? stated : LIFETIME_SECONDS_DEFAULT;
  return { text, lifetimeSeconds };
}
