/**
 * One request to a registry, until there is an answer worth having: authorised, redirected, tried again.
 *
 * The transport below follows nothing and repeats nothing. Everything here that repeats is bounded, and a
 * credential is shown to the registry's own origin only, hop by hop.
 */

import { digestOf } from "../../image/digest.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isFresh, requestToken, type Token } from "../auth/bearer-token.ts";
import { type Access, type Credentials, type FindCredentials, isSameLogin } from "../auth/credentials.ts";
import { parseChallenges } from "../auth/www-authenticate.ts";
import { maySendCredentials, type RegistryAddress, redirectBlockReason } from "../http/registry-address.ts";
import { discard } from "../http/response-body.ts";
import type { RegistryRequest, RegistryResponse, Send } from "../http/transport.ts";
import { redactForLog, toRegistryError } from "./error-response.ts";
import { type RateLimit, readRateLimit } from "./rate-limit.ts";
import { RegistryError, type RegistryErrorKind } from "./registry-error.ts";
import { type RequestTimeLimit, withinRequestTime } from "./request-time-limit.ts";

export type RegistryRequestSpec = {
  readonly method: RegistryRequest["method"];
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RegistryRequest["body"];
  /** For messages: what is attempted, on what. */
  readonly attempted: string;
  readonly scopes: readonly string[];
  /** Which answers are an answer. All others become RegistryError. */
  readonly accepts: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** The answer's body is long. */
  readonly bulk?: boolean;
  /** The last try met no answer, maybe for a connection that was stale. */
  readonly fresh?: boolean;
  /** Told of each request that goes to the registry itself, before it is sent. */
  readonly onRequest?: () => void;
};

type Followed = { readonly answer: RegistryResponse; readonly origin: string };

export type QuotaRead = { readonly quota: RateLimit; readonly readAt: number };

const TRIES_MAX = 4;
const REDIRECTS_MAX = 5;
const PAUSE_MS = 400;

type World = {
  readonly send: Send;
  readonly clock: Clock;
  readonly credentials: FindCredentials;
  /** Whether the policy allows requests to this registry. */
  readonly isAsked: boolean;
  readonly limit: RequestTimeLimit;
};

/** Everything that is remembered of one registry: who we are there, what it asked for, which tokens we hold. */
export class RegistryClient {
  readonly address: RegistryAddress;
  readonly limit: RequestTimeLimit;
  readonly #access: Access;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #findCredentials: FindCredentials;
  readonly #isAsked: boolean;
  readonly #tokens = new Map<string, Promise<Token | undefined>>();
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: string | undefined;
  #quota: QuotaRead | undefined;

  constructor(address: RegistryAddress, access: Access, world: World) {
    this.address = address;
    this.limit = world.limit;
    this.#access = access;
    this.#send = world.send;
    this.#clock = world.clock;
    this.#findCredentials = world.credentials;
    this.#isAsked = world.isAsked;
  }

  /** The quota as the latest answer named it, of whichever repository, and when. */
  get quota(): QuotaRead | undefined {
    return this.#quota;
  }

  /** An accepted answer, whose body is the caller's to read or to destroy. Throws RegistryError, or the signal's reason. */
  async send(question: RegistryRequestSpec): Promise<RegistryResponse> {
    const { signal, attempted } = question;
    if (!this.#isAsked) {
      const { host } = this.address;
      throw this.#refuse(
        `${attempted}: ${host} is not asked: the policy does not allow it (registries.allowed)`,
        "not-allowed",
      );
    }
    const replayable = !isStream(question.body);
    let { fresh = false } = question;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const outcome = await this.#once({ ...question, fresh });
      if (!(outcome instanceof RegistryError)) return outcome;
      if (!outcome.transient || !replayable || attempt >= TRIES_MAX) throw outcome;
      fresh = outcome.status === undefined;
      await this.#clock.sleep(this.#pauseMs(outcome, attempt, question.url), signal);
    }
  }

  async #once(question: RegistryRequestSpec): Promise<RegistryResponse | RegistryError> {
    const { signal, attempted, accepts, scopes } = question;
    const { host } = this.address;
    let followed: Followed;
    // A stream cannot be sent again from here: the caller that has its source may, with the new token.
    let hasNewToken = false;
    try {
      const header = await this.#knownHeader(scopes, signal);
      followed = await this.#follow(question, header);
      const { answer } = followed;
      // Where a redirect has led, a challenge is a stranger's: nothing is shown there.
      if ([401, 403].includes(answer.status) && followed.origin === this.address.base.origin) {
        const renewed =
          answer.status === 401
            ? await this.#renewedHeader(answer, scopes, header, signal)
            : await orAborted(this.#renewedBasic(header), signal);
        if (renewed !== undefined && isStream(question.body)) hasNewToken = true;
        else if (renewed !== undefined) {
          discard(answer);
          followed = await this.#follow(question, renewed);
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RegistryError) return error;
      // A verdict on our own body is not the registry's failure.
      if (isStream(question.body) && question.body.errored !== null) throw question.body.errored;
      return noAnswer(attempted, host, error);
    }
    const { answer, origin } = followed;
    if (accepts.includes(answer.status)) return answer;
    const answeredBy = origin === this.address.base.origin ? host : `${new URL(origin).host} (for ${host})`;
    const context = { host, answeredBy, attempted, side: this.#access, clock: this.#clock, signal };
    return toRegistryError(answer, { ...context, transient: hasNewToken });
  }

  /** Sends, and follows redirects by hand: the credential stays at the registry's own origin. */
  async #follow(question: RegistryRequestSpec, header: string | undefined): Promise<Followed> {
    const { method, body, signal, attempted, accepts, bulk = false, fresh = false } = question;
    let { url } = question;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const headers: Record<string, string> = { "user-agent": "repull", ...question.headers };
      if (header !== undefined && maySendCredentials(this.address, url)) headers.authorization = header;
      if (hop === 0) question.onRequest?.();
      const answer = await this.#send({
        method,
        url,
        headers,
        reach: this.address.reachOf(url),
        bulk,
        fresh,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      const quota = url.origin === this.address.base.origin ? readRateLimit(answer.headers) : undefined;
      if (quota !== undefined) this.#quota = { quota, readAt: this.#clock.now() };
      const { location } = answer.headers;
      const redirects = [301, 302, 303, 307, 308].includes(answer.status) && !accepts.includes(answer.status);
      if (!redirects || location === undefined || (method !== "GET" && method !== "HEAD")) {
        return { answer, origin: url.origin };
      }
      discard(answer);
      url = this.resolve(location, url, attempted);
    }
    throw this.#refuse(`${attempted}: more than ${REDIRECTS_MAX} redirects`, "malformed");
  }

  /** Where a registry's `location` leads. Throws RegistryError where it must not be followed. */
  resolve(location: string, from: URL, attempted: string): URL {
    const url = URL.parse(location, from.href);
    const because = url === null ? "it is no address" : redirectBlockReason(this.address, url);
    if (url !== null && because === undefined) return url;
    throw this.#refuse(
      `${attempted}: pointed to ${redactForLog(location)}, which is not followed: ${because}`,
      "denied",
    );
  }

  #refuse(message: string, kind: RegistryErrorKind, cause?: unknown): RegistryError {
    return new RegistryError(message, { kind, host: this.address.host }, { cause });
  }

  /** The header for a scope, where it is known without asking the registry first. */
  async #knownHeader(
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    if (this.#challenge !== undefined) return (await this.#token(this.#challenge, scopes, signal))?.header;
    // ECR takes its Basic token at once; an endpoint used instead of ECR may need no login, and then says so itself.
    const { host, loopback } = this.address;
    if (loopback || registryOf(host).kind !== "ecr") return undefined;
    const credentials = await orAborted(this.#resolveCredentials(), signal);
    return credentials?.kind === "basic" ? credentials.header : undefined;
  }

  /** Answers a 401, unless what we have just shown is all that there is to show. */
  async #renewedHeader(
    answer: RegistryResponse,
    scopes: readonly string[],
    shown: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const challenge = answer.headers["www-authenticate"];
    if (challenge === undefined) return undefined;
    const key = scopes.join(" ");
    const known = this.#tokens.get(key);
    // Several requests may meet one expired token; the first renews it for all.
    const current = await orAborted(
      Promise.resolve(known).catch(() => undefined),
      signal,
    );
    if (current?.header === shown && this.#tokens.get(key) === known) this.#tokens.delete(key);
    // Credentials run out as well: ECR's after twelve hours.
    if (shown !== undefined) await orAborted(this.#lookUpAgain(), signal);
    const header = (await this.#token(challenge, scopes, signal))?.header;
    // One that leads nowhere is not remembered: an upload that has met it is still given up with what was asked for before.
    this.#challenge = challenge;
    return header === shown ? undefined : header;
  }

  /** ECR answers 403, not 401, once its password of twelve hours has run out: a newer one may be had. */
  async #renewedBasic(shown: string | undefined): Promise<string | undefined> {
    if (shown?.startsWith("Basic ") !== true) return undefined;
    await this.#lookUpAgain();
    const credentials = await this.#resolveCredentials();
    if (credentials?.kind !== "basic" || credentials.header === shown) return undefined;
    this.#tokens.clear();
    return credentials.header;
  }

  async #token(
    challenge: string,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token | undefined> {
    const key = scopes.join(" ");
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      try {
        const token = await orAborted(known, signal);
        if (token === undefined || isFresh(token, this.#clock)) return token;
      } catch (error) {
        signal?.throwIfAborted();
        // A refusal is told to all who wait. That its asker gave up is no word of the registry's: the next one asks.
        if (error instanceof RegistryError) throw error;
      }
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      return this.#token(challenge, scopes, signal);
    }
    const question = { host: this.address.host, attempted: "asking for a token", signal };
    const asked = withinRequestTime(this.limit, question, (limit) =>
      this.#fetchToken(challenge, scopes, limit),
    );
    this.#tokens.set(key, asked);
    // A failure is told to all who wait for it, and not remembered.
    asked.catch(() => this.#tokens.get(key) === asked && this.#tokens.delete(key));
    return orAborted(asked, signal);
  }

  /** The strongest challenge first. When the asker gives up, the others that wait for the same token ask again. */
  async #fetchToken(
    challenge: string,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Token | undefined> {
    const challenges = parseChallenges(challenge);
    let credentials = await this.#resolveCredentials();
    let isRead = false;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const basic = challenges.find(({ scheme }) => scheme === "basic");
    const chosen = bearer ?? basic;
    if (chosen === undefined) return undefined;
    const request = { address: this.address, challenge: chosen, scopes, side: this.#access };
    let fresh = false;
    const send: Send = (asked) => this.#send({ ...asked, fresh });
    for (let attempt = 1; ; attempt++) {
      try {
        return await requestToken(send, this.#clock, { ...request, credentials }, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const { host } = this.address;
        const known = error instanceof RegistryError ? error : noAnswer("asking for a token", host, error);
        // A password that was changed meanwhile may be had anew; asked for once, and no more.
        if (known.kind === "unauthorized" && credentials !== undefined && !isRead) {
          isRead = true;
          const again = await this.#lookUpAgain();
          if (again !== undefined && !isSameLogin(again, credentials)) {
            credentials = again;
            continue;
          }
        }
        if (!known.transient || attempt >= TRIES_MAX) throw known;
        fresh = known.status === undefined;
        await this.#clock.sleep(this.#pauseMs(known, attempt, this.address.base), signal);
      }
    }
  }

  /** Who we are, looked up anew: what was known has been refused. */
  async #lookUpAgain(): Promise<Credentials | undefined> {
    const refused = await this.#credentials?.catch(() => undefined);
    this.#credentials = this.#lookUp(refused);
    return await this.#resolveCredentials();
  }

  #resolveCredentials(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#lookUp();
    const asked = this.#credentials;
    asked.catch(() => {
      if (this.#credentials === asked) this.#credentials = undefined;
    });
    return asked;
  }

  async #lookUp(refused?: Credentials): Promise<Credentials | undefined> {
    const { host, loginOf } = this.address;
    try {
      // A credential helper may hang and a secret may not be readable: every lookup has a time limit.
      return await withinRequestTime(this.limit, { host, attempted: "looking them up" }, () =>
        this.#findCredentials(loginOf, this.#access, refused),
      );
    } catch (cause) {
      const because = cause instanceof Error ? redactForLog(cause.message) : "the look-up failed";
      throw this.#refuse(`credentials for ${host}: ${because}`, "unauthorized", cause);
    }
  }

  /** Doubling, with jitter that comes from what is asked and when, so that a simulated world repeats itself. */
  #pauseMs(error: RegistryError, attempt: number, url: URL): number {
    const asked = (error.retryAfterSeconds ?? 0) * 1000;
    const hash = digestOf(`${url.href} ${attempt} ${this.#clock.now()}`).slice(7, 15);
    const chance = Number.parseInt(hash, 16) / 0x1_0000_0000;
    return Math.ceil(asked + PAUSE_MS * 2 ** (attempt - 1) * (0.5 + chance));
  }
}

/** Errors that a retry does not cure: a certificate, a name that does not resolve, an address that we refuse. */
const LASTING =
  /^(?:ERR_ADDRESS_REFUSED|ERR_ADDRESS_NOT_ALLOWED|ERR_TLS_CERT_ALTNAME_INVALID|ENOTFOUND|HPE_.*|.*CERT.*|.*VERIFY.*)$/;

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes (read 2026-11) */
const UNKNOWN_AUTHORITY =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?)$/;

function noAnswer(attempted: string, host: string, cause: unknown): RegistryError {
  const { message, code = "" } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: "the connection failed" };
  const kind =
    code === "ERR_ADDRESS_REFUSED"
      ? "denied"
      : code === "ERR_ADDRESS_NOT_ALLOWED"
        ? "not-allowed"
        : "unavailable";
  const fields = { kind, host, transient: !LASTING.test(code) } as const;
  const remedy = UNKNOWN_AUTHORITY.test(code)
    ? "; where its certificate is of an authority of your own, NODE_EXTRA_CA_CERTS names that one's file"
    : "";
  const words = `${attempted}: no answer from ${host}: ${redactForLog(message)}${remedy}`;
  return new RegistryError(words, fields, { cause });
}

function isStream(
  body: RegistryRequest["body"],
): body is Exclude<RegistryRequest["body"], Uint8Array | undefined> {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** The promise, or the signal's reason: a caller that stops waiting does not stop the others. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
