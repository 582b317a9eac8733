/** What EC2 describes of a network, as the facts that `src/network` decides on. Nothing is concluded here. */

import type {
  DhcpOptions,
  NatGateway as Ec2NatGateway,
  NetworkAcl as Ec2NetworkAcl,
  Route as Ec2Route,
  RouteTable as Ec2RouteTable,
  SecurityGroup as Ec2SecurityGroup,
  Subnet as Ec2Subnet,
  Vpc as Ec2Vpc,
  IpPermission,
  VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { optional } from "../../ecs/json-fields.ts";
import type {
  Endpoint,
  GroupRule,
  NatGateway,
  NetworkAcl,
  Route,
  RouteTable,
  SecurityGroup,
  Subnet,
} from "../../network/facts.ts";

export function subnetOf(subnet: Ec2Subnet): Subnet {
  const { SubnetId = "", VpcId = "", CidrBlock, Ipv6CidrBlockAssociationSet = [] } = subnet;
  const block = subnet.BlockPublicAccessStates?.InternetGatewayBlockMode;
  return {
    id: SubnetId,
    vpc: VpcId,
    ...optional("owner", subnet.OwnerId),
    blocks: [CidrBlock, ...Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)].flatMap(
      (one) => one || [],
    ),
    isIpv6Only: subnet.Ipv6Native === true,
    hasDns64: subnet.EnableDns64 === true,
    ...optional("publicAccessBlock", block === "off" ? undefined : block),
  };
}

export function routeTableOf({
  RouteTableId = "",
  VpcId = "",
  Associations = [],
  Routes = [],
}: Ec2RouteTable): RouteTable {
  return {
    id: RouteTableId,
    vpc: VpcId,
    isMain: Associations.some(({ Main }) => Main === true),
    subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    routes: Routes.flatMap((route) => routeOf(route) ?? []),
  };
}

/** A route to an instance names its interface too; one to a core network an ARN. */
function routeOf(route: Ec2Route): Route | undefined {
  const destination =
    route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId;
  const target = [
    ...[route.GatewayId, route.NatGatewayId, route.EgressOnlyInternetGatewayId, route.TransitGatewayId],
    ...[route.VpcPeeringConnectionId, route.InstanceId, route.NetworkInterfaceId, route.CoreNetworkArn],
    ...[route.LocalGatewayId, route.CarrierGatewayId],
  ].find((one) => one !== undefined && one !== "");
  if (destination === undefined) return undefined;
  return {
    destination,
    target: target ?? "a gateway of another kind",
    state: route.State === "blackhole" ? "blackhole" : "active",
    ...(route.Origin === "EnableVgwRoutePropagation" ? { isPropagated: true } : {}),
  };
}

export function natGatewayOf(nat: Ec2NatGateway): NatGateway {
  const { NatGatewayId = "", State = "", ConnectivityType, SubnetId, NatGatewayAddresses = [] } = nat;
  return {
    id: NatGatewayId,
    state: State,
    isPrivate: ConnectivityType === "private",
    ...optional("subnet", SubnetId === "" ? undefined : SubnetId),
    publicAddresses: NatGatewayAddresses.flatMap(({ PublicIp }) => PublicIp ?? []),
  };
}

export function endpointOf(endpoint: VpcEndpoint): Endpoint {
  const { VpcEndpointId = "", VpcId = "", ServiceName = "", VpcEndpointType = "", State = "" } = endpoint;
  return {
    id: VpcEndpointId,
    vpc: VpcId,
    service: ServiceName,
    type: VpcEndpointType,
    state: State,
    // Of S3 it may be for resolver endpoints alone: the VPC's own names then lead to the gateway endpoint.
    hasPrivateDns:
      endpoint.PrivateDnsEnabled === true &&
      endpoint.DnsOptions?.PrivateDnsOnlyForInboundResolverEndpoint !== true,
    subnets: endpoint.SubnetIds ?? [],
    securityGroups: (endpoint.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    routeTables: endpoint.RouteTableIds ?? [],
    ...optional("policy", endpoint.PolicyDocument || undefined),
  };
}

export function securityGroupOf(group: Ec2SecurityGroup): SecurityGroup {
  const { GroupId = "", GroupName, VpcId = "", IpPermissions = [], IpPermissionsEgress = [] } = group;
  return {
    id: GroupId,
    vpc: VpcId,
    isDefault: GroupName === "default",
    ingress: IpPermissions.flatMap(rulesOf),
    egress: IpPermissionsEgress.flatMap(rulesOf),
  };
}

function rulesOf(permission: IpPermission): readonly GroupRule[] {
  const { IpProtocol = "-1", FromPort, ToPort } = permission;
  const base = { protocol: IpProtocol, ...optional("fromPort", FromPort), ...optional("toPort", ToPort) };
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp = "" }) => ({ ...base, block: CidrIp })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 = "" }) => ({ ...base, block: CidrIpv6 })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId = "" }) => ({
      ...base,
      prefixList: PrefixListId,
    })),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId = "" }) => ({ ...base, securityGroup: GroupId })),
  ];
}

export function networkAclOf({
  NetworkAclId = "",
  Associations = [],
  Entries = [],
}: Ec2NetworkAcl): NetworkAcl {
  return {
    id: NetworkAclId,
    subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    entries: Entries.map((entry) => ({
      number: entry.RuleNumber ?? 0,
      isEgress: entry.Egress === true,
      protocol: entry.Protocol ?? "-1",
      isAllow: entry.RuleAction === "allow",
      block: entry.CidrBlock ?? entry.Ipv6CidrBlock ?? "",
      ...optional("fromPort", entry.PortRange?.From),
      ...optional("toPort", entry.PortRange?.To),
    })),
  };
}

/** The servers of these DHCP options that are not Amazon's resolver: the name of it, its link-local address, VPC+2. */
export function ownDnsServersOf(
  options: DhcpOptions | undefined,
  { CidrBlock = "" }: Ec2Vpc,
): readonly string[] {
  const servers = (options?.DhcpConfigurations ?? [])
    .filter(({ Key }) => Key === "domain-name-servers")
    .flatMap(({ Values = [] }) => Values.flatMap(({ Value }) => Value ?? []));
  const base = CidrBlock.split("/")[0] ?? "";
  const vpcResolver = base.replace(/\d+$/, (last) => String(Number(last) + 2));
  const amazons = ["AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253", vpcResolver];
  return servers.filter((server) => !amazons.includes(server));
}
