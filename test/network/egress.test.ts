import { describe, expect, test } from "vitest";
import { type Egress, egressOf } from "../../src/network/egress.ts";
import { type Change, LOCAL, networkOf, PUBLIC_ROUTES, route } from "./network-of.ts";

describe("the address by which a subnet is left", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, change: Change, expected: Egress | undefined])[] = [
    ["is the NAT gateway's",                     {},                                                               { kind: "nat", id: "nat-1", addresses: ["203.0.113.1"] }],
    ["is not known where NAT is not read",       { unread: ["natGateways"] },                                      { kind: "nat", id: "nat-1", addresses: [] }],
    ["is each one's own at an internet gateway", { routes: PUBLIC_ROUTES },                                        { kind: "internet-gateway" }],
    ["is not seen behind a transit gateway",     { routes: [LOCAL, route("0.0.0.0/0", "tgw-1")] },                 { kind: "other", id: "tgw-1" }],
    ["is not seen behind a private NAT gateway", { nat: { isPrivate: true } },                                     { kind: "other", id: "nat-1" }],
    ["is none without a default route",          { routes: [LOCAL, route("::/0", "eigw-1")] },                     { kind: "none" }],
    ["is none by a blackhole",                   { routes: [LOCAL, route("0.0.0.0/0", "nat-1", "blackhole")] },    { kind: "none" }],
    ["is none by a NAT gateway that failed",     { nat: { state: "failed" } },                                     { kind: "none" }],
    ["is not known where routes are not read",   { unread: ["routeTables"] },                                      undefined],
    ["is not known of a subnet that is gone",    { missing: ["subnets"] },                                         undefined],
  ];
  for (const [when, change, expected] of table) {
    test(when, () => expect(egressOf("subnet-task", networkOf(change))).toEqual(expected));
  }
});
