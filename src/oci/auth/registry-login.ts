/**
 * Our login at one registry: the credentials, the challenge that it sent last, and a token for each scope.
 *
 * Requests share tokens. The first that meets an expired one renews it for all, and credentials that are refused are
 * looked up once more, because a password may have been rotated.
 */

import { registryOf } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import { redactForLog } from "../client/error-response.ts";
import { noAnswer } from "../client/no-answer.ts";
import { RegistryError } from "../client/registry-error.ts";
import { type RequestTimeLimit, withinRequestTime } from "../client/request-time-limit.ts";
import { retryPauseMs, TRIES_MAX } from "../client/retry-pause.ts";
import type { RegistryAddress } from "../http/registry-address.ts";
import type { RegistryResponse, Send } from "../http/transport.ts";
import { isFresh, requestToken, type Token } from "./bearer-token.ts";
import { type Access, type Credentials, type FindCredentials, isSameLogin } from "./credentials.ts";
import { parseChallenges } from "./www-authenticate.ts";

type World = {
  readonly send: Send;
  readonly clock: Clock;
  readonly credentials: FindCredentials;
  readonly limit: RequestTimeLimit;
};

export class RegistryLogin {
  readonly #address: RegistryAddress;
  readonly #limit: RequestTimeLimit;
  readonly #access: Access;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #findCredentials: FindCredentials;
  readonly #tokens = new Map<string, Promise<Token | undefined>>();
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: string | undefined;

  constructor(address: RegistryAddress, access: Access, world: World) {
    this.#address = address;
    this.#access = access;
    this.#send = world.send;
    this.#clock = world.clock;
    this.#findCredentials = world.credentials;
    this.#limit = world.limit;
  }

  /** The header for a scope, where it is known without asking the registry first. */
  async knownHeader(scopes: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
    if (this.#challenge !== undefined) return (await this.#token(this.#challenge, scopes, signal))?.header;
    // ECR takes its Basic token at once; an endpoint used instead of ECR may need no login, and then says so itself.
    const { host, loopback } = this.#address;
    if (loopback || registryOf(host).kind !== "ecr") return undefined;
    const credentials = await orAborted(this.#resolveCredentials(), signal);
    return credentials?.kind === "basic" ? credentials.header : undefined;
  }

  /** Answers a 401, unless what we have just shown is all that there is to show. */
  async renewedHeader(
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
  renewedBasic(shown: string | undefined, signal: AbortSignal | undefined): Promise<string | undefined> {
    return orAborted(this.#renewedBasic(shown), signal);
  }

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
        // All callers that wait get the registry's refusal. If the one that asked gave up, the registry has refused nothing: the next caller asks.
        if (error instanceof RegistryError) throw error;
      }
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      return this.#token(challenge, scopes, signal);
    }
    const question = { host: this.#address.host, attempted: "asking for a token", signal };
    const asked = withinRequestTime(this.#limit, question, (limit) =>
      this.#fetchToken(challenge, scopes, limit),
    );
    this.#tokens.set(key, asked);
    // All callers that wait get the failure; it is not remembered.
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
    const request = { address: this.#address, challenge: chosen, scopes, side: this.#access };
    let fresh = false;
    const send: Send = (asked) => this.#send({ ...asked, fresh });
    for (let attempt = 1; ; attempt++) {
      try {
        return await requestToken(send, this.#clock, { ...request, credentials }, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const { host } = this.#address;
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
        await this.#clock.sleep(retryPauseMs(known, attempt, this.#address.base, this.#clock.now()), signal);
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
    const { host, loginOf } = this.#address;
    try {
      // A credential helper may hang and a secret may not be readable: every lookup has a time limit.
      return await withinRequestTime(this.#limit, { host, attempted: "looking them up" }, () =>
        this.#findCredentials(loginOf, this.#access, refused),
      );
    } catch (cause) {
      const because = cause instanceof Error ? redactForLog(cause.message) : "the look-up failed";
      throw new RegistryError(
        `credentials for ${host}: ${because}`,
        { kind: "unauthorized", host },
        { cause },
      );
    }
  }
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
