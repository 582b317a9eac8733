/** Trouble on order: how a registry fails when a scenario asks for it. */

import { Readable } from "node:stream";
import type { RegistryResponse } from "../../oci/http/transport.ts";
import { bareRefusal, connectionError, cutShort, refusal } from "./api/response.ts";
import type { RequestKind } from "./api/route.ts";

export type Fault = {
  readonly on: RequestKind | "any";
  /** How often; absent: until lifted. */
  readonly times?: number;
  readonly as:
    | { readonly kind: "reset" }
    | { readonly kind: "refused" }
    /** A refusal in the registry's JSON, or in bare words if `bare` is given. */
    | {
        readonly kind: "status";
        readonly status: number;
        readonly code?: string;
        readonly message?: string;
        readonly bare?: string;
        readonly retryAfter?: string;
      }
    /** Docker Hub's other limit, by requests a minute from one address: credentials do not cure it. */
    | { readonly kind: "abuse-limit" }
    | { readonly kind: "cut-body"; readonly afterBytes: number }
    /** The last byte of every body is not what it should be. */
    | { readonly kind: "wrong-bytes" };
};

export function createFaults(host: string) {
  const faults: { fault: Fault; left: number }[] = [];
  return {
    /** Orders a fault; what is returned lifts it. */
    add(fault: Fault): () => void {
      const ordered = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(ordered);
      return () => {
        ordered.left = 0;
      };
    },
    /** What becomes of this request: the answer is asked for only if the fault lets one be made. */
    async apply(kind: RequestKind, ask: () => Promise<RegistryResponse>): Promise<RegistryResponse> {
      const ordered = faults.find(({ fault, left }) => left > 0 && (fault.on === "any" || fault.on === kind));
      if (ordered === undefined) return await ask();
      ordered.left -= 1;
      const { as } = ordered.fault;
      switch (as.kind) {
        case "reset":
          throw connectionError("ECONNRESET", host);
        case "refused":
          throw connectionError("ECONNREFUSED", host);
        case "status": {
          const headers = as.retryAfter === undefined ? {} : { "retry-after": as.retryAfter };
          return as.bare === undefined
            ? refusal(as.status, as.code ?? "UNKNOWN", as.message ?? "unknown error", headers)
            : bareRefusal(as.status, as.bare, headers);
        }
        case "abuse-limit":
          return bareRefusal(429, "Too Many Requests (HAP429)");
        case "cut-body":
          return cutShort(await ask(), as.afterBytes, host);
        case "wrong-bytes":
          return withWrongBytes(await ask());
      }
    },
  };
}

function withWrongBytes({ status, headers, body }: RegistryResponse): RegistryResponse {
  async function* wrong(): AsyncGenerator<Uint8Array> {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      const changed = Uint8Array.from(piece);
      const last = changed.length - 1;
      changed[last] = (changed[last] ?? 0) ^ 1;
      yield changed;
    }
  }
  return { status, headers, body: Readable.from(wrong(), { objectMode: false }) };
}
