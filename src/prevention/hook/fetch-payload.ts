/**
 * Fetches what CloudFormation has put into S3 for a hook: a stack's template, or a change set.
 *
 * The URL itself is the permission to read: it goes to S3 alone, to no other host, and into no report.
 */

import { isS3Of } from "../../image/ecr-hosts.ts";
import { readBody } from "../../oci/http/response-body.ts";
import type { Send } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";

/** Two templates of a megabyte each, every character of them escaped, and the changes between them. */
export const PAYLOAD_BYTES_MAX = 16_000_000;

export type Payload =
  | { readonly kind: "fetched"; readonly text: string }
  | { readonly kind: "failed"; readonly code: "other-host" | "refused" | "too-large" };

export type PayloadPorts = {
  readonly send: Send;
  readonly clock: Pick<Clock, "now">;
  readonly region: string;
  /** AWS's address where it is not AWS's own: on a developer's machine. */
  readonly endpoint?: string;
};

/** Rejects only where S3 does not answer. */
export async function fetchPayload(
  text: string,
  { send, clock, region, endpoint }: PayloadPorts,
  signal: AbortSignal,
): Promise<Payload> {
  const url = URL.parse(text);
  const isLocal = url !== null && endpoint !== undefined && url.origin === URL.parse(endpoint)?.origin;
  if (url === null || !(isLocal || isS3(url, region))) return { kind: "failed", code: "other-host" };
  const answer = await send({
    method: "GET",
    url,
    headers: {},
    signal,
    ...(isLocal ? { reach: "loopback" as const } : {}),
  });
  if (answer.status !== 200) {
    answer.body.destroy();
    return { kind: "failed", code: "refused" };
  }
  const bytes = await readBody(answer, PAYLOAD_BYTES_MAX, clock, signal);
  if (bytes === undefined) return { kind: "failed", code: "too-large" };
  return { kind: "fetched", text: new TextDecoder().decode(bytes) };
}

function isS3({ protocol, hostname, port, username, password }: URL, region: string): boolean {
  const isPlain = protocol === "https:" && port === "" && username === "" && password === "";
  return isPlain && isS3Of(hostname, region);
}
