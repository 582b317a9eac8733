/**
 * The requests of one repository: its addresses and scopes, bounded in time and in bytes, and counted.
 */

import { isDigest } from "../../../image/digest.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Access } from "../../auth/credentials.ts";
import { discard, readBody } from "../../http/response-body.ts";
import type { RegistryResponse } from "../../http/transport.ts";
import { redactForLog } from "../error-response.ts";
import type { RegistryClient, RegistryRequestSpec } from "../registry-client.ts";
import { RegistryError } from "../registry-error.ts";
import { type RequestTimeLimit, withinRequestTime } from "../request-time-limit.ts";

type Asked = Omit<RegistryRequestSpec, "scopes" | "onRequest">;
export type ReadAnswer = { readonly answer: RegistryResponse; readonly bytes: Uint8Array | undefined };

export class RepositoryRequests {
  readonly host: string;
  readonly path: string;
  readonly client: RegistryClient;
  readonly #clock: Clock;
  readonly #scopes: readonly string[];
  #count = 0;

  constructor(
    client: RegistryClient,
    path: string,
    access: Access,
    clock: Clock,
    alsoPulls: readonly string[],
  ) {
    this.client = client;
    this.host = client.address.host;
    this.path = path;
    this.#clock = clock;
    this.#scopes = [
      `repository:${path}:${access === "push" ? "pull,push" : "pull"}`,
      ...alsoPulls.map((other) => `repository:${other}:pull`),
    ];
  }

  /** Requests sent to the registry so far; tokens and redirected hops not counted. */
  get count(): number {
    return this.#count;
  }

  /** One request. The time limit covers its body where that is in memory; a stream has a limit of its own. */
  async send(asked: Asked, limit: RequestTimeLimit = this.client.limit): Promise<RegistryResponse> {
    if (asked.body !== undefined && !(asked.body instanceof Uint8Array)) return await this.#transmit(asked);
    return await withinRequestTime(limit, { ...asked, host: this.host }, (signal) =>
      this.#transmit({ ...asked, signal }),
    );
  }

  /** One request and the whole body of its answer, if that is a 200; `bytes` is undefined for a body over the bound. */
  sendAndRead(asked: Asked, bytesMax: number): Promise<ReadAnswer> {
    return withinRequestTime(this.client.limit, { ...asked, host: this.host }, async (signal) => {
      const answer = await this.#transmit({ ...asked, signal });
      if (answer.status === 200)
        return { answer, bytes: await this.#read(answer, bytesMax, asked.attempted, signal) };
      discard(answer);
      return { answer, bytes: undefined };
    });
  }

  #transmit(asked: Asked): Promise<RegistryResponse> {
    return this.client.send({
      ...asked,
      scopes: this.#scopes,
      onRequest: () => {
        this.#count += 1;
      },
    });
  }

  async #read(
    answer: RegistryResponse,
    bytesMax: number,
    attempted: string,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    try {
      return await readBody(answer, bytesMax, this.#clock, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const { status } = answer;
      const fields = { kind: "unavailable", host: this.host, status, transient: true } as const;
      const because = cause instanceof Error ? `: ${redactForLog(cause.message)}` : "";
      throw new RegistryError(`${attempted}: the answer broke off${because}`, fields, { cause });
    }
  }

  /** The address of a part of the repository, such as `manifests/<name>`. */
  url(rest: string): URL {
    const { base } = this.client.address;
    return new URL(`${base.pathname.replace(/\/+$/, "")}/v2/${this.path}/${rest}`, base);
  }

  /** For messages: the repository with a tag or a digest. */
  named(name: string): string {
    return `${this.host}/${this.path}${isDigest(name) ? "@" : ":"}${name}`;
  }

  malformed(message: string): RegistryError {
    return new RegistryError(message, { kind: "malformed", host: this.host });
  }
}
