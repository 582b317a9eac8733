/**
 * The three answers to “can this workload reach X?”, each with the code and the ids of the fact that decided.
 *
 * A no is a no only where AWS's own rules leave no other reading: whatever is not recorded, or not ours to see, is
 * `not-sure`.
 */

import type { Unread } from "./facts.ts";

export const YES_CODES = [
  "registry-answered",
  "internet-gateway",
  "nat-gateway",
  "egress-only-gateway",
  "interface-endpoint",
  "gateway-endpoint",
] as const;

export const NO_CODES = [
  "no-route",
  "blackhole-route",
  "no-public-address",
  "public-access-blocked",
  "nat-not-available",
  "nat-no-route",
  "nat-is-private",
  "address-family",
  "dns-support-off",
  "dns-hostnames-off",
  "endpoint-missing",
  "endpoint-not-available",
  "endpoint-policy",
  "endpoint-group-ingress",
  "group-egress",
  "group-egress-prefix-list",
  "network-acl-egress",
  "network-acl-ingress",
] as const;

export const NOT_SURE_CODES = [
  "not-read",
  "not-described",
  "no-sources",
  "groups-not-recorded",
  "shared-subnet",
  "route-leads-elsewhere",
  "firewall-on-the-way",
  "more-specific-route",
  "own-dns-servers",
  "private-dns-off",
  "central-endpoint-possible",
  "group-rule-narrow",
  "network-acl-narrow",
  "endpoint-policy-conditions",
  "ipv6-not-certain",
  "proxy-possible",
  "answer-contradicts",
  "endpoint-passed-by",
  "sources-differ",
] as const;

export type YesCode = (typeof YES_CODES)[number];
export type NoCode = (typeof NO_CODES)[number];
export type NotSureCode = (typeof NOT_SURE_CODES)[number];

/** Ids of what decided, by their kind: `{ routeTable: "rtb-1", target: "nat-1" }`. */
export type Fact = Readonly<Record<string, string>>;

export type Yes = { readonly answer: "yes"; readonly code: YesCode; readonly fact: Fact };
export type No = { readonly answer: "no"; readonly code: NoCode; readonly fact: Fact };
export type NotSure = { readonly answer: "not-sure"; readonly code: NotSureCode; readonly fact: Fact };

export type Answer = Yes | No | NotSure;

/** What blocks the way; undefined: nothing does. */
export type Obstacle = No | NotSure | undefined;

export function yes(code: YesCode, fact: Fact): Yes {
  return { answer: "yes", code, fact };
}

export function no(code: NoCode, fact: Fact): No {
  return { answer: "no", code, fact };
}

export function notSure(code: NotSureCode, fact: Fact): NotSure {
  return { answer: "not-sure", code, fact };
}

export function notRead({ unread, because }: Unread): NotSure {
  return notSure("not-read", { permission: unread, because });
}

/** A no ends the way, wherever it is met; after it, what is not sure is worth more than a yes. */
export function worst(way: Yes, obstacles: readonly Obstacle[]): Answer {
  const met = obstacles.filter((one) => one !== undefined);
  return met.find(({ answer }) => answer === "no") ?? met[0] ?? way;
}

/** One of several ways, each of which would do. */
export function best(answers: readonly Answer[]): Answer | undefined {
  return (
    answers.find(({ answer }) => answer === "yes") ??
    answers.find(({ answer }) => answer === "not-sure") ??
    answers[0]
  );
}
