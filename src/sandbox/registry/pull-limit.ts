/**
 * Docker Hub's limits, as its callers meet them.
 *
 * A pull is a GET of a manifest, of an index and of each child alike; a HEAD is free. Anonymous pulls are
 * counted by address, signed-in ones by account: https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11).
 */

import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { RateLimit } from "../../oci/client/rate-limit.ts";
import type { RegistryResponse } from "../../oci/http/transport.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type Headers, refusal } from "./api/response.ts";
import type { Account, Identity } from "./authentication.ts";
import type { RegistryBehaviour } from "./behaviour.ts";
import { createSlidingWindow } from "./sliding-window.ts";

/** Whose pulls are counted. */
export type PullSource = { readonly address: string } | { readonly user: string };

const WINDOW_SECONDS = 6 * 60 * 60;
const ANONYMOUS_PULLS = 100;
const PERSONAL_PULLS = 200;

export type PullLimit = ReturnType<typeof createPullLimit>;

export function createPullLimit(
  clock: Pick<Clock, "now">,
  accounts: readonly Account[],
  ways: RegistryBehaviour,
  anonymousPulls = ANONYMOUS_PULLS,
) {
  const counter = createSlidingWindow(clock, WINDOW_SECONDS, () => ways.window);

  /** What is left, or undefined where no limit applies: then there are no headers either. */
  function quotaOf(source: PullSource): Required<RateLimit> | undefined {
    if (!ways.counts) return undefined;
    const limit =
      "user" in source
        ? (accounts.find(({ user }) => user === source.user)?.pullsMax ?? PERSONAL_PULLS)
        : anonymousPulls;
    if (limit === "unlimited") return undefined;
    const remaining = Math.max(0, limit - counter.used(keyOf(source)));
    return { limit, remaining, windowSeconds: WINDOW_SECONDS, source: sourceHeader(source) };
  }

  return {
    quotaOf,
    /** Counts pulls that did not come here: those of others who share the address. */
    spend(source: PullSource, pulls: number): void {
      counter.add(keyOf(source), pulls);
    },
    headersFor(source: PullSource): Headers {
      const quota = quotaOf(source);
      if (quota === undefined) return {};
      return {
        "ratelimit-limit": `${quota.limit};w=${quota.windowSeconds}`,
        "ratelimit-remaining": `${quota.remaining};w=${quota.windowSeconds}`,
        "docker-ratelimit-source": quota.source,
      };
    },
    /** The 429 that this manifest request gets, or undefined where it may go on. */
    refuse(method: "GET" | "HEAD", source: PullSource): RegistryResponse | undefined {
      if (quotaOf(source)?.remaining !== 0) return undefined;
      if (method === "HEAD" && ways.headAtZero === "answers") return undefined;
      return refusal(429, "TOOMANYREQUESTS", sentence(source), this.headersFor(source));
    },
  };
}

/** Whose pull a request is. */
export function pullSource(identity: Identity, address: string): PullSource {
  return identity.kind === "account" ? { user: identity.user } : { address };
}

// The sentences as reported by users in 2025 and 2026; the signed-in one names the account and a token's id.
function sentence(source: PullSource): string {
  const more = "https://www.docker.com/increase-rate-limit";
  if ("address" in source) return `You have reached your unauthenticated pull rate limit. ${more}`;
  const id = createHash("sha256").update(source.user).digest("base64url").slice(0, 27);
  return `You have reached your pull rate limit as '${source.user}': dckr_jti_${id}=. You may increase the limit by upgrading. ${more}`;
}

function keyOf(source: PullSource): string {
  return "user" in source ? `account ${source.user}` : `address ${network(source.address)}`;
}

function sourceHeader(source: PullSource): string {
  if ("address" in source) return source.address;
  const hex = createHash("sha256").update(`account ${source.user}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

/** An IPv6 address is counted with its whole /64. */
function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [before = "", after] = address.toLowerCase().split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: zeros }, () => "0"), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
