/** Facts, a workload and a destination, and the answer with the code of what decided. */

import { describe, expect, test } from "vitest";
import { type Answer, NO_CODES, NOT_SURE_CODES, YES_CODES } from "../../src/network/answer.ts";
import {
  awsService,
  type Destination,
  DOCKER_HUB,
  ECR_PUBLIC,
  ecrPull,
  otherHost,
} from "../../src/network/destination.ts";
import { formatAnswer } from "../../src/network/format-answer.ts";
import { reach, type Workload } from "../../src/network/reach.ts";
import {
  type Change,
  entry,
  face,
  gateway,
  incoming,
  LOCAL,
  NAT_ROUTES,
  networkOf,
  OPEN_ACL,
  PUBLIC_ROUTES,
  route,
  rule,
  S3_ROUTE,
} from "./network-of.ts";

const ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web";
const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const ECR = { region: "us-east-1", domain: "amazonaws.com", partition: "aws", repository: ARN };
const [API, DKR, S3] = ecrPull({ ...ECR, host: HOST, isNamedByEndpoint: true }) as [
  Destination,
  Destination,
  Destination,
];
const DUAL = ecrPull({
  ...ECR,
  host: "123456789012.dkr-ecr.us-east-1.on.aws",
  isNamedByEndpoint: false,
})[1] as Destination;
const HUB = DOCKER_HUB[0] as Destination;
const PUBLIC = ECR_PUBLIC[0] as Destination;
const SECRETS = awsService("secretsmanager", "us-east-1", "amazonaws.com");
const LOGS = awsService("logs", "us-east-1", "amazonaws.com");
const QUAY = otherHost("quay.io");
const HARBOR = otherHost("harbor.corp.example:8443");

const TASK: Workload = { pulledBy: "task", answered: [], reachesInternet: false };
const ANSWERED: Workload = { pulledBy: "task", answered: ["registry-1.docker.io"], reachesInternet: true };
const INSTANCE: Workload = { pulledBy: "instance", answered: [], reachesInternet: false };

const NO_WAY = [LOCAL];
const WITH_S3 = [LOCAL, S3_ROUTE];
const HAS_ADDRESS = { hasPublicAddress: true };
const IPV6 = { blocks: ["10.0.1.0/24", "2600:1f18::/64"] };
const ONLY_IPV6 = { blocks: ["2600:1f18::/64"], isIpv6Only: true };
const EIGW = route("::/0", "eigw-1");
const BUCKET = "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*";
const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (more: object) => ({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*", ...more });
const DENIES_EPHEMERAL = [entry(100), incoming(100, { protocol: "6", fromPort: 443, toPort: 443 })];
const interfaces = [
  { subnet: "subnet-task", securityGroups: ["sg-task"], hasPublicAddress: false },
  { subnet: "subnet-other", securityGroups: ["sg-task"], hasPublicAddress: false },
];

type Row = readonly [
  when: string,
  change: Change,
  workload: Workload,
  to: Destination,
  answer: Answer["answer"],
  code: Answer["code"],
];

// biome-ignore format: a table is read by its columns
const ROUTES: readonly Row[] = [
  ["a NAT gateway leads out",                          {},                                                                              TASK, HUB,    "yes",      "nat-gateway"],
  ["the internet gateway, with an address",            { routes: PUBLIC_ROUTES, source: HAS_ADDRESS },                                  TASK, HUB,    "yes",      "internet-gateway"],
  ["the internet gateway, without one",                { routes: PUBLIC_ROUTES },                                                       TASK, HUB,    "no",       "no-public-address"],
  ["no default route",                                 { routes: NO_WAY },                                                              TASK, HUB,    "no",       "no-route"],
  ["a default route into a blackhole",                 { routes: [LOCAL, route("0.0.0.0/0", "nat-1", "blackhole")] },                   TASK, HUB,    "no",       "blackhole-route"],
  ["a route of IPv6 alone, to hosts of IPv4",          { routes: [LOCAL, EIGW], subnet: IPV6 },                                         TASK, PUBLIC, "no",       "no-route"],
  ["a route of IPv6 before a broken one of IPv4",      { routes: [EIGW, LOCAL, route("0.0.0.0/0", "nat-1", "blackhole")] },             TASK, API,    "no",       "endpoint-missing"],
  ["a transit gateway",                                { routes: [LOCAL, route("0.0.0.0/0", "tgw-1")] },                                TASK, HUB,    "not-sure", "route-leads-elsewhere"],
  ["a peering",                                        { routes: [LOCAL, route("0.0.0.0/0", "pcx-1")] },                                TASK, HUB,    "not-sure", "route-leads-elsewhere"],
  ["a virtual private gateway",                        { routes: [LOCAL, route("0.0.0.0/0", "vgw-1")] },                                TASK, HUB,    "not-sure", "route-leads-elsewhere"],
  ["a NAT instance",                                   { routes: [LOCAL, route("0.0.0.0/0", "i-1")] },                                  TASK, HUB,    "not-sure", "route-leads-elsewhere"],
  ["an appliance's interface",                         { routes: [LOCAL, route("0.0.0.0/0", "eni-1")] },                                TASK, HUB,    "not-sure", "route-leads-elsewhere"],
  ["a core network",                                   { routes: [LOCAL, route("0.0.0.0/0", "arn:aws:networkmanager::1:core-network/c")] }, TASK, HUB, "not-sure", "route-leads-elsewhere"],
  ["a firewall's endpoint",                            { routes: [LOCAL, route("0.0.0.0/0", "vpce-firewall")] },                        TASK, HUB,    "not-sure", "firewall-on-the-way"],
  ["a transit gateway that is gone",                   { routes: [LOCAL, route("0.0.0.0/0", "tgw-1", "blackhole")] },                   TASK, HUB,    "no",       "blackhole-route"],
  ["a longer blackhole swallows the address",          { routes: [...NAT_ROUTES, route("203.0.113.0/24", "pcx-1", "blackhole")] },      TASK, otherHost("x.example", "203.0.113.9"), "no", "blackhole-route"],
  ["a longer blackhole of other addresses",            { routes: [...NAT_ROUTES, route("198.51.100.0/24", "pcx-1", "blackhole")] },     TASK, otherHost("x.example", "203.0.113.9"), "yes", "nat-gateway"],
  ["a longer route takes the address out",             { routes: [LOCAL, route("0.0.0.0/0", "tgw-1"), route("203.0.113.0/24", "nat-1")] }, TASK, otherHost("x.example", "203.0.113.9"), "yes", "nat-gateway"],
  ["a longer route for some public addresses",         { routes: [...NAT_ROUTES, route("203.0.113.0/24", "tgw-1")] },                   TASK, HUB,    "not-sure", "more-specific-route"],
  ["a longer way out for some, and none for the rest", { routes: [LOCAL, route("203.0.113.0/24", "nat-1")] },                           TASK, HUB,    "not-sure", "more-specific-route"],
  ["two halves in place of a default route",           { routes: [LOCAL, route("0.0.0.0/1", "nat-1"), route("128.0.0.0/1", "nat-1")] }, TASK, HUB,    "not-sure", "more-specific-route"],
  ["a longer route for private addresses",             { routes: [...NAT_ROUTES, route("172.16.0.0/12", "tgw-1")] },                    TASK, HUB,    "yes",      "nat-gateway"],
  ["a prefix list of S3 next to the default route",     { routes: [...NAT_ROUTES, S3_ROUTE] },                                           TASK, HUB,    "yes",      "nat-gateway"],
  ["a customer's prefix list, which is not read",      { routes: [...NAT_ROUTES, route("pl-own", "tgw-1")] },                           TASK, HUB,    "not-sure", "more-specific-route"],
  ["a static route and a propagated one alike",        { routes: [{ ...route("0.0.0.0/0", "vgw-1"), isPropagated: true }, ...NAT_ROUTES] }, TASK, HUB, "yes",      "nat-gateway"],
  ["a subnet without a table goes by the main one",    { sources: [{ subnet: "subnet-end", securityGroups: [], hasPublicAddress: false }] }, TASK, HUB, "no",      "no-route"],
  ["VPC Block Public Access, both ways",               { routes: PUBLIC_ROUTES, source: HAS_ADDRESS, subnet: { publicAccessBlock: "block-bidirectional" } }, TASK, HUB, "no", "public-access-blocked"],
  ["VPC Block Public Access, ingress, by the gateway", { routes: PUBLIC_ROUTES, source: HAS_ADDRESS, subnet: { publicAccessBlock: "block-ingress" } }, TASK, HUB, "no", "public-access-blocked"],
  ["VPC Block Public Access, ingress, by NAT",         { subnet: { publicAccessBlock: "block-ingress" }, natSubnet: { publicAccessBlock: "block-ingress" } }, TASK, HUB, "yes", "nat-gateway"],
];

// biome-ignore format: a table is read by its columns
const NAT: readonly Row[] = [
  ["it is deleted",                            { nat: { state: "deleted" } },                                       TASK, HUB, "no",       "nat-not-available"],
  ["it failed",                                { nat: { state: "failed" } },                                        TASK, HUB, "no",       "nat-not-available"],
  ["its subnet leads nowhere",                 { natRoutes: NO_WAY },                                               TASK, HUB, "no",       "nat-no-route"],
  ["its subnet leads back to it",              { natRoutes: [LOCAL, route("0.0.0.0/0", "nat-1")] },                TASK, HUB, "no",       "nat-no-route"],
  ["its subnet's route is a blackhole",        { natRoutes: [LOCAL, route("0.0.0.0/0", "igw-1", "blackhole")] },    TASK, HUB, "no",       "nat-no-route"],
  ["its subnet leads through a firewall",      { natRoutes: [LOCAL, route("0.0.0.0/0", "vpce-fw")] },               TASK, HUB, "not-sure", "firewall-on-the-way"],
  ["it is private, before a transit gateway",  { nat: { isPrivate: true }, natRoutes: [LOCAL, route("0.0.0.0/0", "tgw-1")] }, TASK, HUB, "not-sure", "route-leads-elsewhere"],
  ["it is private, before the internet",       { nat: { isPrivate: true } },                                        TASK, HUB, "no",       "nat-is-private"],
  ["it is regional, in no subnet",             { nat: { subnet: undefined } as unknown as NonNullable<Change["nat"]> }, TASK, HUB, "yes",   "nat-gateway"],
  ["EC2 does not describe it",                 { missing: ["natGateways"] },                                        TASK, HUB, "not-sure", "not-described"],
  ["its subnet's ACL refuses the questions",   { natAcl: [incoming(90, { isAllow: false, block: "10.0.1.0/24" }), ...OPEN_ACL] }, TASK, HUB, "no", "network-acl-ingress"],
  ["its subnet's ACL refuses the answers",     { natAcl: DENIES_EPHEMERAL },                                        TASK, HUB, "no",       "network-acl-ingress"],
  ["its subnet's ACL takes Linux's ports only", { natAcl: [entry(100), incoming(90, { block: "10.0.0.0/16" }), incoming(100, { protocol: "6", fromPort: 32_768, toPort: 60_999 })] }, TASK, HUB, "not-sure", "network-acl-narrow"],
];

// biome-ignore format: a table is read by its columns
const FAMILIES: readonly Row[] = [
  ["IPv6 alone, to Docker Hub",                     { routes: [LOCAL, EIGW], subnet: IPV6, source: { hasIpv6Address: true } }, TASK, HUB,    "not-sure", "ipv6-not-certain"],
  ["IPv6 alone, and it is not known whether the task has it", { routes: [LOCAL, EIGW], subnet: IPV6 },                           TASK, DUAL,   "not-sure", "ipv6-not-certain"],
  ["IPv6 alone, to ECR by its name of both families", { routes: [EIGW], subnet: ONLY_IPV6, source: { hasIpv6Address: true } },   TASK, DUAL,   "yes",      "egress-only-gateway"],
  ["IPv6 alone, to ECR by its name of IPv4",        { routes: [EIGW], subnet: ONLY_IPV6, endpoints: [face("ecr.dkr")] },        TASK, DKR,    "no",       "address-family"],
  ["IPv6 alone, with DNS64 and NAT64",              { routes: [EIGW, route("64:ff9b::/96", "nat-1")], subnet: { ...ONLY_IPV6, hasDns64: true } }, TASK, PUBLIC, "yes", "nat-gateway"],
  ["IPv6 alone, with DNS64 and no NAT64",           { routes: [EIGW], subnet: { ...ONLY_IPV6, hasDns64: true } },               TASK, PUBLIC, "no",       "address-family"],
  ["an egress-only gateway for IPv4",               { routes: [LOCAL, route("0.0.0.0/0", "eigw-1")] },                          TASK, PUBLIC, "no",       "address-family"],
  ["an internet gateway for IPv6, without an address of IPv4", { routes: [...PUBLIC_ROUTES, route("::/0", "igw-1")], subnet: IPV6, source: { hasIpv6Address: true } }, TASK, DUAL, "yes", "internet-gateway"],
];

// biome-ignore format: a table is read by its columns
const GROUPS: readonly Row[] = [
  ["they have no rule",                         { egress: [] },                                                     TASK, HUB,    "no",       "group-egress"],
  ["they open another port",                    { egress: [rule({ fromPort: 80, toPort: 80, block: "0.0.0.0/0" })] }, TASK, HUB,  "no",       "group-egress"],
  ["they open UDP",                             { egress: [rule({ protocol: "udp", block: "0.0.0.0/0" })] },         TASK, HUB,    "no",       "group-egress"],
  ["they open TCP by its number",               { egress: [rule({ protocol: "6", block: "0.0.0.0/0" })] },           TASK, HUB,    "yes",      "nat-gateway"],
  ["they open a range of ports",                { egress: [rule({ fromPort: 1, toPort: 1024, block: "0.0.0.0/0" })] }, TASK, HUB,  "yes",      "nat-gateway"],
  ["they open private addresses only",          { egress: [rule({ block: "10.0.0.0/8" })] },                         TASK, HUB,    "no",       "group-egress"],
  ["they open some public addresses",           { egress: [rule({ block: "203.0.113.0/24" })] },                     TASK, HUB,    "not-sure", "group-rule-narrow"],
  ["they open another group only",              { egress: [rule({ securityGroup: "sg-end" })] },                     TASK, HUB,    "no",       "group-egress"],
  ["they open IPv6 only",                       { egress: [rule({ block: "::/0" })] },                               TASK, HUB,    "no",       "group-egress"],
  ["they open 443 only, and it is 8443",        { egress: [rule({ block: "0.0.0.0/0" })] },                          TASK, HARBOR, "no",       "group-egress"],
  ["one of two opens it",                       { egress: [rule({ block: "10.0.0.0/8" }), rule({ block: "0.0.0.0/0" })] }, TASK, QUAY, "yes", "nat-gateway"],
  ["none is named: the VPC's default one",      { source: { securityGroups: [] }, egress: [] },                      TASK, HUB,    "yes",      "nat-gateway"],
  ["one of them is not described",              { source: { securityGroups: ["sg-task", "sg-gone"] } },              TASK, HUB,    "not-sure", "groups-not-recorded"],
  ["the prefix list of S3 is open, to its endpoint", { routes: WITH_S3, endpoints: [gateway()], egress: [rule({ prefixList: "pl-s3" })] }, TASK, S3, "yes", "gateway-endpoint"],
  ["the endpoints alone are open, and S3 is not", { routes: WITH_S3, endpoints: [gateway()], egress: [rule({ securityGroup: "sg-end" })] }, TASK, S3, "no", "group-egress-prefix-list"],
  ["the blocks of S3 are open one by one",      { routes: WITH_S3, endpoints: [gateway()], prefixList: ["3.5.0.0/19", "52.216.0.0/15"], egress: [rule({ block: "3.5.0.0/16" }), rule({ block: "52.216.0.0/15" })] }, TASK, S3, "yes", "gateway-endpoint"],
  ["one block of S3 is open, of two",           { routes: WITH_S3, endpoints: [gateway()], prefixList: ["3.5.0.0/19", "52.216.0.0/15"], egress: [rule({ block: "3.5.0.0/16" })] }, TASK, S3, "not-sure", "group-rule-narrow"],
  ["no block of S3 is open",                    { routes: WITH_S3, endpoints: [gateway()], prefixList: ["3.5.0.0/19"], egress: [rule({ block: "52.216.0.0/15" })] }, TASK, S3, "no", "group-egress-prefix-list"],
];

// biome-ignore format: a table is read by its columns
const ACLS: readonly Row[] = [
  ["no entry fits: the last one refuses",        { acl: [] },                                                                    TASK, HUB, "no",       "network-acl-egress"],
  ["a lower number refuses first",               { acl: [entry(100), entry(90, { isAllow: false }), incoming(100)] },            TASK, HUB, "no",       "network-acl-egress"],
  ["a higher number refuses in vain",            { acl: [entry(200, { isAllow: false }), entry(100), incoming(100)] },           TASK, HUB, "yes",      "nat-gateway"],
  ["the answers' ports are closed",              { acl: DENIES_EPHEMERAL },                                                      TASK, HUB, "no",       "network-acl-ingress"],
  ["the answers' ports are open from 1024",      { acl: [entry(100), incoming(100, { protocol: "6", fromPort: 1024, toPort: 65_535 })] }, TASK, HUB, "yes", "nat-gateway"],
  ["the answers' ports are open as Linux has them", { acl: [entry(100), incoming(100, { protocol: "6", fromPort: 32_768, toPort: 60_999 })] }, TASK, HUB, "yes", "nat-gateway"],
  ["the answers' ports are open in part",        { acl: [entry(100), incoming(100, { protocol: "6", fromPort: 50_000, toPort: 65_535 })] }, TASK, HUB, "not-sure", "network-acl-narrow"],
  ["as AWS's page prints it, the wrong way round", { acl: [entry(100, { protocol: "6", fromPort: 1024, toPort: 65_535 }), incoming(100, { protocol: "6", fromPort: 443, toPort: 443 })] }, TASK, HUB, "no", "network-acl-egress"],
  ["UDP alone passes",                           { acl: [entry(100, { protocol: "17" }), incoming(100)] },                       TASK, HUB, "no",       "network-acl-egress"],
  ["some public addresses are refused first",    { acl: [entry(90, { isAllow: false, block: "198.51.100.0/24" }), entry(100), incoming(100)] }, TASK, HUB, "not-sure", "network-acl-narrow"],
  ["private addresses are refused first",        { acl: [entry(90, { isAllow: false, block: "192.168.0.0/16" }), entry(100), incoming(100)] }, TASK, HUB, "yes", "nat-gateway"],
  ["EC2 describes none of the subnet",           { missing: ["networkAcls"] },                                                   TASK, HUB, "not-sure", "not-described"],
  ["it refuses the endpoint's subnet",           { routes: NO_WAY, endpoints: [face("ecr.api")], acl: [entry(90, { isAllow: false, block: "10.0.3.0/24" }), ...OPEN_ACL] }, TASK, API, "no", "network-acl-egress"],
  ["the endpoint's subnet refuses the questions", { routes: NO_WAY, endpoints: [face("ecr.api")], endAcl: [entry(100)] },         TASK, API, "no",       "network-acl-ingress"],
  ["the endpoint's subnet refuses the answers",  { routes: NO_WAY, endpoints: [face("ecr.api")], endAcl: [incoming(100), entry(100, { protocol: "6", fromPort: 443, toPort: 443 })] }, TASK, API, "no", "network-acl-egress"],
  ["inside of one subnet it is not asked",       { routes: NO_WAY, endpoints: [face("ecr.api", { subnets: ["subnet-task"] })], acl: [] }, TASK, API, "yes", "interface-endpoint"],
  ["it refuses S3 on the way to its endpoint",   { routes: WITH_S3, endpoints: [gateway()], prefixList: ["3.5.0.0/19"], acl: [entry(90, { isAllow: false, block: "3.0.0.0/8" }), ...OPEN_ACL] }, TASK, S3, "no", "network-acl-egress"],
];

// biome-ignore format: a table is read by its columns
const ENDPOINTS: readonly Row[] = [
  ["there is one, and no other way",            { routes: NO_WAY, endpoints: [face("ecr.api")] },                                 TASK, API,     "yes",      "interface-endpoint"],
  ["there is one for ecr.dkr",                  { routes: NO_WAY, endpoints: [face("ecr.dkr")] },                                 TASK, DKR,     "yes",      "interface-endpoint"],
  ["there is one for Secrets Manager",          { routes: NO_WAY, endpoints: [face("secretsmanager")] },                          TASK, SECRETS, "yes",      "interface-endpoint"],
  ["there is one for CloudWatch Logs",          { routes: NO_WAY, endpoints: [face("logs")] },                                    TASK, LOGS,    "yes",      "interface-endpoint"],
  ["there is none, and no other way",           { routes: NO_WAY },                                                               TASK, API,     "no",       "endpoint-missing"],
  ["there is one for another service",          { routes: NO_WAY, endpoints: [face("ecr.dkr")] },                                 TASK, API,     "no",       "endpoint-missing"],
  ["it is of another region",                   { routes: NO_WAY, endpoints: [face("ecr.api", { service: "com.amazonaws.eu-west-1.ecr.api" })] }, TASK, API, "no", "endpoint-missing"],
  ["it is in another VPC",                      { routes: NO_WAY, endpoints: [face("ecr.api", { vpc: "vpc-2" })] },               TASK, API,     "no",       "endpoint-missing"],
  ["it is pending",                             { routes: NO_WAY, endpoints: [face("ecr.api", { state: "pending" })] },           TASK, API,     "no",       "endpoint-not-available"],
  ["its state is spelled in capitals",          { routes: NO_WAY, endpoints: [face("ecr.api", { state: "Available" })] },         TASK, API,     "yes",      "interface-endpoint"],
  ["none is there for Docker Hub",              { routes: NO_WAY, endpoints: [face("ecr.api"), face("ecr.dkr"), gateway()] },     TASK, HUB,     "no",       "no-route"],
  ["none is there for ECR Public",              { routes: NO_WAY, endpoints: [face("ecr.api"), face("ecr.dkr"), gateway()] },     TASK, PUBLIC,  "no",       "no-route"],
  ["DNS hostnames are off",                     { routes: NO_WAY, endpoints: [face("ecr.api")], vpc: { dnsHostnames: false } },   TASK, API,     "no",       "dns-hostnames-off"],
  ["DNS hostnames are off, and NAT leads out",  { endpoints: [face("ecr.api")], vpc: { dnsHostnames: false } },                   TASK, API,     "yes",      "nat-gateway"],
  ["DNS support is off",                        { endpoints: [face("ecr.api")], vpc: { dnsSupport: false } },                     TASK, API,     "no",       "dns-support-off"],
  ["DNS support is off, and servers are the customer's", { vpc: { dnsSupport: false, ownDnsServers: ["10.0.0.53"] } },               TASK, HUB,     "yes",      "nat-gateway"],
  ["the customer's DNS servers decide",         { routes: NO_WAY, endpoints: [face("ecr.api")], vpc: { ownDnsServers: ["10.0.0.53"] } }, TASK, API, "not-sure", "own-dns-servers"],
  ["the customer's DNS servers, and both ways lead there", { endpoints: [face("ecr.api")], vpc: { ownDnsServers: ["10.0.0.53"] } },  TASK, API,     "yes",      "interface-endpoint"],
  ["it has no private DNS",                     { routes: NO_WAY, endpoints: [face("ecr.api", { hasPrivateDns: false })] },       TASK, API,     "not-sure", "private-dns-off"],
  ["it has no private DNS, and NAT leads out",  { endpoints: [face("ecr.api", { hasPrivateDns: false })] },                       TASK, API,     "yes",      "nat-gateway"],
  ["its groups let nothing in",                 { endpoints: [face("ecr.api")], ingress: [] },                                    TASK, API,     "no",       "endpoint-group-ingress"],
  ["its groups let the task's group in",        { endpoints: [face("ecr.api")], ingress: [rule({ securityGroup: "sg-task" })] },  TASK, API,     "yes",      "interface-endpoint"],
  ["its groups let another group in",           { endpoints: [face("ecr.api")], ingress: [rule({ securityGroup: "sg-x" })] },     TASK, API,     "no",       "endpoint-group-ingress"],
  ["its groups let the VPC in",                 { endpoints: [face("ecr.api")], ingress: [rule({ block: "10.0.0.0/16" })] },      TASK, API,     "yes",      "interface-endpoint"],
  ["its groups let half of the subnet in",      { endpoints: [face("ecr.api")], ingress: [rule({ block: "10.0.1.0/25" })] },      TASK, API,     "not-sure", "group-rule-narrow"],
  ["the task's group lets its group out",       { endpoints: [face("ecr.api")], egress: [rule({ securityGroup: "sg-end" })] },    TASK, API,     "yes",      "interface-endpoint"],
  ["the task's group lets nothing out to it",   { endpoints: [face("ecr.api")], egress: [rule({ block: "192.168.0.0/16" })] },    TASK, API,     "no",       "group-egress"],
  ["a route takes its subnet elsewhere",        { routes: [LOCAL, route("10.0.3.0/24", "eni-1")], endpoints: [face("ecr.api")] }, TASK, API,     "not-sure", "route-leads-elsewhere"],
  ["one of its interfaces is refused",          { endpoints: [face("ecr.api", { subnets: ["subnet-end", "subnet-other"] })], egress: [rule({ block: "10.0.4.0/24" })] }, TASK, API, "not-sure", "sources-differ"],
  ["its subnet is not described",               { endpoints: [face("ecr.api", { subnets: ["subnet-gone"] })] },                   TASK, API,     "not-sure", "not-described"],
  ["the subnet is another account's",           { subnet: { owner: "210987654321" } },                                            TASK, API,     "not-sure", "shared-subnet"],
  ["another network may have one",              { routes: [LOCAL, route("10.0.0.0/8", "tgw-1")] },                                TASK, API,     "not-sure", "central-endpoint-possible"],
  ["S3 has its gateway on the table",           { routes: WITH_S3, endpoints: [gateway()] },                                      TASK, S3,      "yes",      "gateway-endpoint"],
  ["S3 has its gateway on another table",       { routes: NO_WAY, endpoints: [gateway({ routeTables: ["rtb-other"] })] },         TASK, S3,      "no",       "endpoint-missing"],
  ["S3 has its gateway on another table, and NAT leads out", { endpoints: [gateway({ routeTables: ["rtb-other"] })] },            TASK, S3,      "yes",      "nat-gateway"],
  ["S3 has an interface with private DNS",      { routes: NO_WAY, endpoints: [face("s3")] },                                      TASK, S3,      "yes",      "interface-endpoint"],
  ["a narrower route takes a part of S3",       { routes: [...WITH_S3, route("3.5.1.0/24", "tgw-1")], endpoints: [gateway()], prefixList: ["3.5.0.0/19"] }, TASK, S3, "not-sure", "more-specific-route"],
  ["the text has a public address of the name", { routes: NO_WAY },                                                             TASK, { ...API, address: "44.213.79.86" }, "no", "no-route"],
  ["a public address of a name that it takes",  { routes: NO_WAY, endpoints: [face("ecr.api")] },                                 TASK, { ...API, address: "44.213.79.86" }, "not-sure", "endpoint-passed-by"],
  ["the same, and the VPC gives no names",      { routes: NO_WAY, endpoints: [face("ecr.api")], vpc: { dnsHostnames: false } },   TASK, { ...API, address: "44.213.79.86" }, "no", "dns-hostnames-off"],
  ["the same, and the VPC has other resolvers", { routes: NO_WAY, endpoints: [face("ecr.api")], vpc: { ownDnsServers: ["10.0.0.9"] } }, TASK, { ...API, address: "44.213.79.86" }, "not-sure", "own-dns-servers"],
  ["the text has the endpoint's own address", { endpoints: [face("ecr.api")], ingress: [], vpc: { dnsHostnames: false } },      TASK, { ...API, address: "10.0.3.15" }, "no", "endpoint-group-ingress"],
];

// biome-ignore format: a table is read by its columns
const POLICIES: readonly Row[] = [
  ["it allows all",                             { endpoints: [face("ecr.api", { policy: policy(allow({})) })] },                                                   TASK, API, "yes",      "interface-endpoint"],
  ["it allows another action",                  { endpoints: [face("ecr.api", { policy: policy(allow({ Action: "ecr:DescribeImages" })) })] },                     TASK, API, "no",       "endpoint-policy"],
  ["it allows by a wildcard, in any case",      { endpoints: [face("ecr.dkr", { policy: policy(allow({ Action: ["ecr:batchget*"], Resource: `${ARN}*` })) })] },    TASK, DKR, "yes",      "interface-endpoint"],
  ["it allows another repository",              { endpoints: [face("ecr.dkr", { policy: policy(allow({ Resource: `${ARN}-x` })) })] },                             TASK, DKR, "no",       "endpoint-policy"],
  ["it allows under a condition",               { endpoints: [face("ecr.api", { policy: policy(allow({ Condition: { StringEquals: { "aws:PrincipalOrgID": "o" } } })) })] }, TASK, API, "not-sure", "endpoint-policy-conditions"],
  ["it allows one principal",                   { endpoints: [face("ecr.api", { policy: policy(allow({ Principal: { AWS: "arn:aws:iam::1:role/x" } })) })] },      TASK, API, "not-sure", "endpoint-policy-conditions"],
  ["it denies to all principals",               { endpoints: [face("ecr.api", { policy: policy(allow({}), allow({ Effect: "Deny", Action: "ecr:Get*" })) })] },    TASK, API, "no",       "endpoint-policy"],
  ["it denies another action",                  { endpoints: [face("ecr.api", { policy: policy(allow({}), allow({ Effect: "Deny", Action: "ecr:Put*" })) })] },    TASK, API, "yes",      "interface-endpoint"],
  ["it denies under a condition",               { endpoints: [face("ecr.api", { policy: policy(allow({}), allow({ Effect: "Deny", Condition: {} })) })] },          TASK, API, "not-sure", "endpoint-policy-conditions"],
  ["it allows all but another action",          { endpoints: [face("ecr.api", { policy: policy({ Effect: "Allow", Principal: "*", NotAction: "ecr:Put*", Resource: "*" }) })] }, TASK, API, "yes", "interface-endpoint"],
  ["S3's allows ECR's bucket",                  { routes: WITH_S3, endpoints: [gateway({ policy: policy(allow({ Action: "s3:GetObject", Resource: BUCKET })) })] }, TASK, S3,  "yes",      "gateway-endpoint"],
  ["S3's allows another bucket, NAT or not",    { routes: [...NAT_ROUTES, S3_ROUTE], endpoints: [gateway({ policy: policy(allow({ Resource: "arn:aws:s3:::mine/*" })) })] }, TASK, S3, "no", "endpoint-policy"],
  ["it is not JSON",                             { endpoints: [face("ecr.api", { policy: "{" })] },                                                                 TASK, API, "not-sure", "endpoint-policy-conditions"],
];

// biome-ignore format: a table is read by its columns
const KNOWLEDGE: readonly Row[] = [
  ["the registry has answered, whatever is read",       { routes: NO_WAY },                                    ANSWERED, HUB,    "yes",      "registry-answered"],
  ["another public registry has answered, against the routes", { routes: NO_WAY },                             ANSWERED, PUBLIC, "not-sure", "answer-contradicts"],
  ["another has answered, against the groups",          { egress: [] },                                        ANSWERED, PUBLIC, "not-sure", "answer-contradicts"],
  ["another has answered, against DNS",                 { vpc: { dnsSupport: false } },                        ANSWERED, PUBLIC, "yes",      "nat-gateway"],
  ["another has answered, which says nothing of an endpoint", { endpoints: [face("ecr.api")], ingress: [] },   ANSWERED, API,    "no",       "endpoint-group-ingress"],
  ["another has answered, and an endpoint is missing",  { routes: NO_WAY },                                    ANSWERED, DKR,    "not-sure", "answer-contradicts"],
  ["the interfaces are not read",                       { unread: ["sources"] },                               TASK,     HUB,    "not-sure", "not-read"],
  ["the subnets are not read",                          { unread: ["subnets"] },                               TASK,     HUB,    "not-sure", "not-read"],
  ["the route tables are not read",                     { unread: ["routeTables"] },                           TASK,     HUB,    "not-sure", "not-read"],
  ["the NAT gateways are not read",                     { unread: ["natGateways"] },                           TASK,     HUB,    "not-sure", "not-read"],
  ["the NAT gateways are not read, and none is needed", { unread: ["natGateways"], routes: PUBLIC_ROUTES, source: HAS_ADDRESS }, TASK, HUB, "yes", "internet-gateway"],
  ["the groups are not read",                           { unread: ["securityGroups"] },                        TASK,     HUB,    "not-sure", "not-read"],
  ["the groups are not read, and no route leads out",   { unread: ["securityGroups"], routes: NO_WAY },        TASK,     HUB,    "no",       "no-route"],
  ["the ACLs are not read",                             { unread: ["networkAcls"] },                           TASK,     HUB,    "not-sure", "not-read"],
  ["the ACLs are not read, and the groups refuse",      { unread: ["networkAcls"], egress: [] },               TASK,     HUB,    "no",       "group-egress"],
  ["the endpoints are not read",                        { unread: ["endpoints"] },                             TASK,     API,    "not-sure", "not-read"],
  ["the endpoints are not read, and none could be",     { unread: ["endpoints"] },                             TASK,     HUB,    "yes",      "nat-gateway"],
  ["the DNS settings are not read",                     { unread: ["vpcs"], endpoints: [face("ecr.api")] },    TASK,     API,    "not-sure", "not-read"],
  ["the subnet is gone",                                { missing: ["subnets"] },                              TASK,     HUB,    "not-sure", "not-described"],
  ["the groups of the task are not recorded",           { sources: [{ subnet: "subnet-task", hasPublicAddress: false }] }, TASK, HUB, "not-sure", "groups-not-recorded"],
  ["they are not recorded, and an endpoint asks for one", { sources: [{ subnet: "subnet-task", hasPublicAddress: false }], endpoints: [face("ecr.api", { subnets: ["subnet-task"] })], ingress: [rule({ securityGroup: "sg-a" })] }, TASK, API, "not-sure", "groups-not-recorded"],
  ["no interface is named",                             { sources: [] },                                       TASK,     HUB,    "not-sure", "no-sources"],
  ["one of a task's subnets leads nowhere",             { sources: interfaces },                               TASK,     HUB,    "no",       "no-route"],
  ["one of the instances leads nowhere",                { sources: interfaces },                               INSTANCE, HUB,    "not-sure", "sources-differ"],
  ["an instance leads nowhere, and may have a proxy",   { routes: NO_WAY },                                    INSTANCE, HUB,    "not-sure", "proxy-possible"],
  ["an instance leads out",                             {},                                                    INSTANCE, HUB,    "yes",      "nat-gateway"],
];

const TABLES = { ROUTES, NAT, FAMILIES, GROUPS, ACLS, ENDPOINTS, POLICIES, KNOWLEDGE };
const TITLES: Readonly<Record<keyof typeof TABLES, string>> = {
  ROUTES: "the way of a route",
  NAT: "a NAT gateway",
  FAMILIES: "a family of addresses",
  GROUPS: "security groups",
  ACLS: "a network ACL",
  ENDPOINTS: "VPC endpoints",
  POLICIES: "the policy of an endpoint",
  KNOWLEDGE: "what is known, and what is not",
};

for (const [name, rows] of Object.entries(TABLES)) {
  describe(TITLES[name as keyof typeof TABLES], () => {
    for (const [when, change, workload, destination, answer, code] of rows) {
      test(`${destination.host}: ${answer} where ${when}`, () => {
        const found = reach(networkOf(change), workload, destination);
        expect({ answer: found.answer, code: found.code }).toEqual({ answer, code });
        expect(formatAnswer(found)).not.toMatch(/undefined/);
      });
    }
  });
}

test("every code is decided in some row", () => {
  const met = new Set(Object.values(TABLES).flatMap((rows) => rows.map(([, , , , , code]) => code)));
  const all = [...YES_CODES, ...NO_CODES, ...NOT_SURE_CODES];
  expect(all.filter((code) => !met.has(code))).toEqual([]);
});
