/**
 * What is recorded of a network, as JSON: the same facts whether AWS answered, a person pasted them, or a test wrote them.
 *
 * Nothing is concluded here. A collection that could not be read says so, with the permission that was missing.
 */

/** A collection that could not be read, or not to its end. */
export type Unread = { readonly unread: string; readonly because: string };

export type Read<T> = readonly T[] | Unread;

/** A network interface that pulls: of a task, or of a container instance. */
export type Source = {
  readonly subnet: string;
  /** Empty: the VPC's default group. Absent: not recorded. */
  readonly securityGroups?: readonly string[];
  /** Of IPv4. */
  readonly hasPublicAddress: boolean;
  /** Absent: not recorded. */
  readonly hasIpv6Address?: boolean;
  /** The container instance that has this interface. */
  readonly instance?: string;
};

export type Subnet = {
  readonly id: string;
  readonly vpc: string;
  /** The account that owns it; not the task's own for a subnet that is shared with it. */
  readonly owner?: string;
  readonly blocks: readonly string[];
  readonly isIpv6Only: boolean;
  /** Amazon's resolver makes IPv6 addresses of IPv4 ones here. */
  readonly hasDns64: boolean;
  /** VPC Block Public Access: `block-ingress`, `block-bidirectional`; absent: off. */
  readonly publicAccessBlock?: string;
};

export type Vpc = {
  readonly id: string;
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
  /** Of its DHCP options, where they are not Amazon's. */
  readonly ownDnsServers: readonly string[];
};

export type Route = {
  /** A block, or the id of a prefix list. */
  readonly destination: string;
  /** The id of what it leads to (`igw-…`, `nat-…`, `eigw-…`, `vpce-…`, `tgw-…`, `pcx-…`, `eni-…`), or `local`. */
  readonly target: string;
  /** `blackhole`: the target is gone, or is not attached. (API_Route, State, read 2026-11) */
  readonly state: "active" | "blackhole";
  /** A virtual private gateway announced it. */
  readonly isPropagated?: boolean;
};

export type RouteTable = {
  readonly id: string;
  readonly vpc: string;
  readonly isMain: boolean;
  readonly subnets: readonly string[];
  readonly routes: readonly Route[];
};

export type NatGateway = {
  readonly id: string;
  readonly state: string;
  readonly isPrivate: boolean;
  /** Absent: a regional one, which is in no subnet. */
  readonly subnet?: string;
  readonly publicAddresses: readonly string[];
};

export type Endpoint = {
  readonly id: string;
  readonly vpc: string;
  /** `com.amazonaws.us-east-1.ecr.dkr` */
  readonly service: string;
  /** `Interface`, `Gateway`, `GatewayLoadBalancer`, … */
  readonly type: string;
  readonly state: string;
  readonly hasPrivateDns: boolean;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly routeTables: readonly string[];
  /** Its policy document as text; absent: all is allowed. */
  readonly policy?: string;
};

/** One peer of a rule: whole blocks, a prefix list, or the interfaces that have a security group. */
export type GroupRule = {
  /** `-1` for all, `tcp`, `udp`, `icmp`, or a number. */
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly block?: string;
  readonly prefixList?: string;
  readonly securityGroup?: string;
};

export type SecurityGroup = {
  readonly id: string;
  readonly vpc: string;
  readonly isDefault: boolean;
  readonly ingress: readonly GroupRule[];
  readonly egress: readonly GroupRule[];
};

export type NetworkAclEntry = {
  readonly number: number;
  readonly isEgress: boolean;
  /** `-1` for all, `6` for TCP, `17` for UDP. */
  readonly protocol: string;
  readonly isAllow: boolean;
  readonly block: string;
  readonly fromPort?: number;
  readonly toPort?: number;
};

export type NetworkAcl = {
  readonly id: string;
  readonly subnets: readonly string[];
  readonly entries: readonly NetworkAclEntry[];
};

export type PrefixList = { readonly id: string; readonly blocks: Read<string> };

export type NetworkFacts = {
  readonly account: string;
  readonly region: string;
  readonly sources: Read<Source>;
  readonly subnets: Read<Subnet>;
  readonly vpcs: Read<Vpc>;
  readonly routeTables: Read<RouteTable>;
  readonly natGateways: Read<NatGateway>;
  readonly endpoints: Read<Endpoint>;
  readonly securityGroups: Read<SecurityGroup>;
  readonly networkAcls: Read<NetworkAcl>;
  readonly prefixLists: Read<PrefixList>;
};

export function isUnread<T>(read: Read<T> | Unread): read is Unread {
  return "unread" in read;
}

/** The facts where none could be read, and why. */
export function nothingRead(
  { account, region }: Pick<NetworkFacts, "account" | "region">,
  unread: Unread,
): NetworkFacts {
  return {
    account,
    region,
    sources: unread,
    subnets: unread,
    vpcs: unread,
    routeTables: unread,
    natGateways: unread,
    endpoints: unread,
    securityGroups: unread,
    networkAcls: unread,
    prefixLists: unread,
  };
}
