/** A network in which everything is reached by a NAT gateway, and what a row changes of it. */

import type {
  Endpoint,
  GroupRule,
  NatGateway,
  NetworkAclEntry,
  NetworkFacts,
  Route,
  RouteTable,
  Source,
  Subnet,
  Unread,
  Vpc,
} from "../../src/network/facts.ts";

export const UNREAD: Unread = { unread: "ec2:Describe", because: "ec2:Describe: AccessDenied" };

export const VPC = "vpc-1";

/** What differs in one row; all else lets through. */
export type Change = {
  readonly routes?: readonly Route[];
  readonly natRoutes?: readonly Route[];
  readonly source?: Partial<Source>;
  /** In place of the one source. */
  readonly sources?: readonly Source[];
  readonly subnet?: Partial<Subnet>;
  readonly natSubnet?: Partial<Subnet>;
  readonly vpc?: Partial<Vpc>;
  readonly nat?: Partial<NatGateway>;
  readonly endpoints?: readonly Endpoint[];
  readonly egress?: readonly GroupRule[];
  /** The ingress rules of the endpoints' group. */
  readonly ingress?: readonly GroupRule[];
  readonly acl?: readonly NetworkAclEntry[];
  readonly natAcl?: readonly NetworkAclEntry[];
  readonly endAcl?: readonly NetworkAclEntry[];
  readonly prefixList?: readonly string[];
  readonly unread?: readonly (keyof NetworkFacts)[];
  readonly missing?: readonly ("subnets" | "natGateways" | "networkAcls")[];
};

export const LOCAL: Route = { destination: "10.0.0.0/16", target: "local", state: "active" };

export const route = (destination: string, target: string, state: Route["state"] = "active"): Route => ({
  destination,
  target,
  state,
});

export const NAT_ROUTES = [LOCAL, route("0.0.0.0/0", "nat-1")];
export const PUBLIC_ROUTES = [LOCAL, route("0.0.0.0/0", "igw-1")];

export const rule = (more: Partial<GroupRule>): GroupRule => ({
  protocol: "tcp",
  fromPort: 443,
  toPort: 443,
  ...more,
});
export const ALL_OUT: readonly GroupRule[] = [
  { protocol: "-1", block: "0.0.0.0/0" },
  { protocol: "-1", block: "::/0" },
];

export const entry = (number: number, more: Partial<NetworkAclEntry> = {}): NetworkAclEntry => ({
  number,
  isEgress: true,
  protocol: "-1",
  isAllow: true,
  block: "0.0.0.0/0",
  ...more,
});
export const incoming = (number: number, more: Partial<NetworkAclEntry> = {}): NetworkAclEntry =>
  entry(number, { isEgress: false, ...more });
export const OPEN_ACL: readonly NetworkAclEntry[] = [
  entry(100),
  incoming(100),
  entry(101, { block: "::/0" }),
  incoming(101, { block: "::/0" }),
];

/** An interface endpoint in a subnet of its own. */
export const face = (name: string, more: Partial<Endpoint> = {}): Endpoint => ({
  id: `vpce-${name}`,
  vpc: VPC,
  service: `com.amazonaws.us-east-1.${name}`,
  type: "Interface",
  state: "available",
  hasPrivateDns: true,
  subnets: ["subnet-end"],
  securityGroups: ["sg-end"],
  routeTables: [],
  ...more,
});
/** S3's, on the table of the source's subnet: its route has to be there as well. */
export const gateway = (more: Partial<Endpoint> = {}): Endpoint =>
  face("s3", {
    type: "Gateway",
    hasPrivateDns: false,
    subnets: [],
    securityGroups: [],
    routeTables: ["rtb-task"],
    ...more,
  });
export const S3_ROUTE = route("pl-s3", "vpce-s3");

export function networkOf(change: Change = {}): NetworkFacts {
  const subnet = (id: string, block: string, more: Partial<Subnet> = {}): Subnet => ({
    id,
    vpc: VPC,
    owner: "123456789012",
    blocks: [block],
    isIpv6Only: false,
    hasDns64: false,
    ...more,
  });
  const table = (id: string, of: string, routes: readonly Route[]): RouteTable => ({
    id,
    vpc: VPC,
    isMain: false,
    subnets: [of],
    routes,
  });
  const facts: NetworkFacts = {
    account: "123456789012",
    region: "us-east-1",
    sources: change.sources ?? [
      {
        subnet: "subnet-task",
        securityGroups: ["sg-task"],
        hasPublicAddress: false,
        ...change.source,
      },
    ],
    subnets: [
      subnet("subnet-task", "10.0.1.0/24", change.subnet),
      subnet("subnet-nat", "10.0.2.0/24", change.natSubnet),
      subnet("subnet-end", "10.0.3.0/24"),
      subnet("subnet-other", "10.0.4.0/24"),
    ],
    vpcs: [{ id: VPC, dnsSupport: true, dnsHostnames: true, ownDnsServers: [], ...change.vpc }],
    routeTables: [
      table("rtb-task", "subnet-task", change.routes ?? NAT_ROUTES),
      table("rtb-nat", "subnet-nat", change.natRoutes ?? PUBLIC_ROUTES),
      table("rtb-other", "subnet-other", [LOCAL]),
      { ...table("rtb-main", "subnet-none", [LOCAL]), isMain: true, subnets: [] },
    ],
    natGateways: [
      {
        id: "nat-1",
        state: "available",
        isPrivate: false,
        subnet: "subnet-nat",
        publicAddresses: ["203.0.113.1"],
        ...change.nat,
      },
    ],
    endpoints: change.endpoints ?? [],
    securityGroups: [
      { id: "sg-task", vpc: VPC, isDefault: false, ingress: [], egress: change.egress ?? ALL_OUT },
      { id: "sg-default", vpc: VPC, isDefault: true, ingress: [], egress: ALL_OUT },
      { id: "sg-end", vpc: VPC, isDefault: false, ingress: change.ingress ?? ALL_OUT, egress: [] },
    ],
    networkAcls: [
      { id: "acl-task", subnets: ["subnet-task", "subnet-other"], entries: change.acl ?? OPEN_ACL },
      { id: "acl-nat", subnets: ["subnet-nat"], entries: change.natAcl ?? OPEN_ACL },
      { id: "acl-end", subnets: ["subnet-end"], entries: change.endAcl ?? OPEN_ACL },
    ],
    prefixLists: change.prefixList === undefined ? [] : [{ id: "pl-s3", blocks: change.prefixList }],
  };
  const gone = (change.missing ?? []).map((name) => [name, []]);
  const unread = (change.unread ?? []).map((name) => [name, UNREAD]);
  return { ...facts, ...Object.fromEntries([...gone, ...unread]) };
}
