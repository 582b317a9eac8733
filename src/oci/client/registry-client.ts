/**
 * One request to a registry, until there is an answer worth having: authorised, redirected, tried again.
 *
 * The transport below follows nothing and repeats nothing. Everything here that repeats is bounded, and a
 * credential is shown to the registry's own origin only, hop by hop.
 */

import { registryOf } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Access, FindCredentials } from "../auth/credentials.ts";
import { RegistryLogin } from "../auth/registry-login.ts";
import { maySendCredentials, type RegistryAddress, redirectBlockReason } from "../http/registry-address.ts";
import { discard, readIntoMemory } from "../http/response-body.ts";
import type { RegistryRequest, RegistryResponse, Send } from "../http/transport.ts";
import { ERROR_BYTES_MAX, redactForLog, toRegistryError } from "./error-response.ts";
import { noAnswer } from "./no-answer.ts";
import { type RateLimit, readRateLimit } from "./rate-limit.ts";
import { RegistryError, type RegistryErrorKind } from "./registry-error.ts";
import type { RequestTimeLimit } from "./request-time-limit.ts";
import { retryPauseMs, TRIES_MAX } from "./retry-pause.ts";

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
  /** Blobs of the same registry are asked for next. */
  readonly bulkFollows?: boolean;
  /** The last try met no answer, maybe for a connection that was stale. */
  readonly fresh?: boolean;
  /** Gets each request that goes to the registry itself, before it is sent. */
  readonly onRequest?: () => void;
};

type Followed = { readonly answer: RegistryResponse; readonly origin: string };

export type QuotaRead = { readonly quota: RateLimit; readonly readAt: number };

const REDIRECTS_MAX = 5;

type World = {
  readonly send: Send;
  readonly clock: Clock;
  readonly credentials: FindCredentials;
  /** Whether the policy allows requests to this registry. */
  readonly isAsked: boolean;
  readonly limit: RequestTimeLimit;
};

/** One registry: its address, our login there, and the quota that it named last. */
export class RegistryClient {
  readonly address: RegistryAddress;
  readonly limit: RequestTimeLimit;
  readonly #access: Access;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #isAsked: boolean;
  readonly #login: RegistryLogin;
  #quota: QuotaRead | undefined;
  /** Whether a blob's GET leads elsewhere: its answer is short then, and needs no connection for long ones. */
  #redirects: boolean;

  constructor(address: RegistryAddress, access: Access, world: World) {
    this.address = address;
    this.limit = world.limit;
    this.#access = access;
    this.#send = world.send;
    this.#clock = world.clock;
    this.#isAsked = world.isAsked;
    this.#login = new RegistryLogin(address, access, world);
    this.#redirects = registryOf(address.host).kind !== "other";
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
      await this.#clock.sleep(retryPauseMs(outcome, attempt, question.url, this.#clock.now()), signal);
    }
  }

  async #once(question: RegistryRequestSpec): Promise<RegistryResponse | RegistryError> {
    const { signal, attempted, accepts, scopes } = question;
    const { host } = this.address;
    let followed: Followed;
    // A stream cannot be sent again from here: the caller that has its source may, with the new token.
    let hasNewToken = false;
    try {
      const header = await this.#login.knownHeader(scopes, signal);
      followed = await this.#follow(question, header);
      // Where a redirect has led, a challenge is a stranger's: nothing is shown there.
      if ([401, 403].includes(followed.answer.status) && followed.origin === this.address.base.origin) {
        // Read first: the realm is often the same host, and its connection can be used for the token.
        const answer = await readIntoMemory(followed.answer, ERROR_BYTES_MAX, this.#clock, signal);
        followed = { ...followed, answer };
        const renewed =
          answer.status === 401
            ? await this.#login.renewedHeader(answer, scopes, header, signal)
            : await this.#login.renewedBasic(header, signal);
        if (renewed !== undefined && isStream(question.body)) hasNewToken = true;
        else if (renewed !== undefined) followed = await this.#follow(question, renewed);
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
    const {
      method,
      body,
      signal,
      attempted,
      accepts,
      bulk = false,
      bulkFollows = false,
      fresh = false,
    } = question;
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
        bulk: bulk && (hop > 0 || !this.#redirects),
        bulkFollows: bulkFollows && hop === 0 && !this.#redirects,
        fresh,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      const quota = url.origin === this.address.base.origin ? readRateLimit(answer.headers) : undefined;
      if (quota !== undefined) this.#quota = { quota, readAt: this.#clock.now() };
      const { location } = answer.headers;
      const redirects = [301, 302, 303, 307, 308].includes(answer.status) && !accepts.includes(answer.status);
      if (bulk && hop === 0 && answer.status < 400) this.#redirects = redirects;
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
    const because = url === null ? "it is not an address" : redirectBlockReason(this.address, url);
    if (url !== null && because === undefined) return url;
    throw this.#refuse(
      `${attempted}: pointed to ${redactForLog(location)}, which is not followed: ${because}`,
      "denied",
    );
  }

  #refuse(message: string, kind: RegistryErrorKind): RegistryError {
    return new RegistryError(message, { kind, host: this.address.host });
  }
}

function isStream(
  body: RegistryRequest["body"],
): body is Exclude<RegistryRequest["body"], Uint8Array | undefined> {
  return body !== undefined && !(body instanceof Uint8Array);
}
