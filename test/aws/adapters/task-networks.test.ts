/** What EC2 and ECS answer of a network, in the shapes of their models, as facts: to the end of every list. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNetworks } from "../../../src/aws/adapters/ecs/task-networks.ts";
import { type NetworkFacts, nothingRead } from "../../../src/network/facts.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/nodes";

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const networks = () =>
  createNetworks(
    { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 },
    "123456789012",
  );
const SOURCE = { subnet: "subnet-1", securityGroups: ["sg-1"], hasPublicAddress: false };

const xml = (action: string, body: string): AwsAnswer => ({
  headers: { "content-type": "text/xml" },
  body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${body}</${action}Response>`,
});
const refused = (status = 403): AwsAnswer => ({
  status,
  headers: { "content-type": "text/xml" },
  body: "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>",
});
const item = (body: string) => `<item>${body}</item>`;
const route = (
  destination: string,
  target: string,
  more = "<state>active</state><origin>CreateRoute</origin>",
) => item(`${destination}${target}${more}`);
const toBlock = (block: string) => `<destinationCidrBlock>${block}</destinationCidrBlock>`;

const SUBNET = item(
  "<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><ownerId>123456789012</ownerId><cidrBlock>10.0.1.0/24</cidrBlock><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2600:1f18::/64</ipv6CidrBlock></item></ipv6CidrBlockAssociationSet><ipv6Native>false</ipv6Native><enableDns64>true</enableDns64><blockPublicAccessStates><internetGatewayBlockMode>block-ingress</internetGatewayBlockMode></blockPublicAccessStates>",
);
const ROUTES = [
  route(toBlock("10.0.0.0/16"), "<gatewayId>local</gatewayId>"),
  route(toBlock("0.0.0.0/0"), "<natGatewayId>nat-1</natGatewayId>", "<state>blackhole</state>"),
  route(
    "<destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>",
    "<egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId>",
  ),
  route("<destinationPrefixListId>pl-1</destinationPrefixListId>", "<gatewayId>vpce-1</gatewayId>"),
  route(toBlock("172.16.0.0/12"), "<transitGatewayId>tgw-1</transitGatewayId>"),
  route(
    toBlock("192.168.0.0/16"),
    "<gatewayId>vgw-1</gatewayId>",
    "<state>active</state><origin>EnableVgwRoutePropagation</origin>",
  ),
  route(toBlock("10.9.0.0/16"), "<instanceId>i-1</instanceId><networkInterfaceId>eni-1</networkInterfaceId>"),
  route(toBlock("10.8.0.0/16"), "<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>"),
].join("");
const permission = (peers: string) =>
  item(`<ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>${peers}`);
const GROUP = item(
  `<groupId>sg-1</groupId><groupName>web</groupName><vpcId>vpc-1</vpcId><ipPermissions/><ipPermissionsEgress>${permission(
    "<ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges><prefixListIds><item><prefixListId>pl-2</prefixListId></item></prefixListIds><groups><item><groupId>sg-2</groupId></item></groups>",
  )}</ipPermissionsEgress>`,
);
const ACL = item(
  "<networkAclId>acl-1</networkAclId><associationSet><item><subnetId>subnet-1</subnetId></item></associationSet><entrySet><item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock><portRange><from>443</from><to>443</to></portRange></item><item><ruleNumber>32767</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction><egress>false</egress><ipv6CidrBlock>::/0</ipv6CidrBlock></item></entrySet>",
);
const ENDPOINT = item(
  "<vpcEndpointId>vpce-2</vpcEndpointId><vpcId>vpc-1</vpcId><serviceName>com.amazonaws.us-east-1.ecr.api</serviceName><vpcEndpointType>Interface</vpcEndpointType><state>available</state><privateDnsEnabled>true</privateDnsEnabled><subnetIdSet><item>subnet-1</item></subnetIdSet><groupSet><item><groupId>sg-2</groupId></item></groupSet><policyDocument>{}</policyDocument>",
);
const NAT = item(
  "<natGatewayId>nat-1</natGatewayId><state>available</state><connectivityType>public</connectivityType><subnetId>subnet-9</subnetId><natGatewayAddressSet><item><publicIp>203.0.113.1</publicIp></item></natGatewayAddressSet>",
);
const ATTRIBUTES: Readonly<Record<string, string>> = {
  enableDnsSupport: "<enableDnsSupport><value>true</value></enableDnsSupport>",
  enableDnsHostnames: "<enableDnsHostnames><value>false</value></enableDnsHostnames>",
};
const DNS = (servers: readonly string[]) =>
  item(
    `<dhcpOptionsId>dopt-1</dhcpOptionsId><dhcpConfigurationSet><item><key>domain-name-servers</key><valueSet>${servers
      .map((server) => item(`<value>${server}</value>`))
      .join("")}</valueSet></item></dhcpConfigurationSet>`,
  );

/** EC2 as it answers of this VPC. @param servers of its DHCP options */
function described(
  { action, body }: AwsRequest,
  servers: readonly string[] = ["AmazonProvidedDNS"],
): AwsAnswer {
  const table = item(
    `<routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet>${ROUTES}</routeSet><associationSet><item><main>true</main></item></associationSet>`,
  );
  const answers: Readonly<Record<string, string>> = {
    DescribeSubnets: `<subnetSet>${SUBNET}</subnetSet>`,
    DescribeRouteTables: `<routeTableSet>${table}</routeTableSet>`,
    DescribeNatGateways: `<natGatewaySet>${NAT}</natGatewaySet>`,
    DescribeVpcEndpoints: `<vpcEndpointSet>${ENDPOINT}</vpcEndpointSet>`,
    DescribeNetworkAcls: `<networkAclSet>${ACL}</networkAclSet>`,
    DescribeSecurityGroups: `<securityGroupInfo>${GROUP}</securityGroupInfo>`,
    DescribeVpcs: `<vpcSet>${item("<vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock><dhcpOptionsId>dopt-1</dhcpOptionsId>")}</vpcSet>`,
    DescribeDhcpOptions: `<dhcpOptionsSet>${DNS(servers)}</dhcpOptionsSet>`,
    DescribeVpcAttribute: ATTRIBUTES[String(body.Attribute)] ?? "",
    GetManagedPrefixListEntries: `<entrySet>${item(`<cidr>${body.PrefixListId === "pl-1" ? "3.5.0.0/19" : "52.216.0.0/15"}</cidr>`)}</entrySet>`,
  };
  return xml(action, answers[action] ?? "");
}

describe("the facts of a network", () => {
  test("are those that EC2 describes, each by its members", async () => {
    answer = described;
    expect(await networks().describe([SOURCE])).toEqual({
      account: "123456789012",
      region: "us-east-1",
      sources: [SOURCE],
      subnets: [
        {
          id: "subnet-1",
          vpc: "vpc-1",
          owner: "123456789012",
          hasDns64: true,
          isIpv6Only: false,
          blocks: ["10.0.1.0/24", "2600:1f18::/64"],
          publicAccessBlock: "block-ingress",
        },
      ],
      vpcs: [{ id: "vpc-1", dnsSupport: true, dnsHostnames: false, ownDnsServers: [] }],
      routeTables: [
        {
          id: "rtb-1",
          vpc: "vpc-1",
          isMain: true,
          subnets: [],
          routes: [
            { destination: "10.0.0.0/16", target: "local", state: "active" },
            { destination: "0.0.0.0/0", target: "nat-1", state: "blackhole" },
            { destination: "::/0", target: "eigw-1", state: "active" },
            { destination: "pl-1", target: "vpce-1", state: "active" },
            { destination: "172.16.0.0/12", target: "tgw-1", state: "active" },
            { destination: "192.168.0.0/16", target: "vgw-1", state: "active", isPropagated: true },
            { destination: "10.9.0.0/16", target: "i-1", state: "active" },
            { destination: "10.8.0.0/16", target: "pcx-1", state: "active" },
          ],
        },
      ],
      natGateways: [
        {
          id: "nat-1",
          state: "available",
          isPrivate: false,
          subnet: "subnet-9",
          publicAddresses: ["203.0.113.1"],
        },
      ],
      endpoints: [
        {
          id: "vpce-2",
          vpc: "vpc-1",
          service: "com.amazonaws.us-east-1.ecr.api",
          type: "Interface",
          state: "available",
          hasPrivateDns: true,
          subnets: ["subnet-1"],
          securityGroups: ["sg-2"],
          routeTables: [],
          policy: "{}",
        },
      ],
      securityGroups: [
        {
          id: "sg-1",
          vpc: "vpc-1",
          isDefault: false,
          ingress: [],
          egress: [
            { protocol: "tcp", fromPort: 443, toPort: 443, block: "10.0.0.0/8" },
            { protocol: "tcp", fromPort: 443, toPort: 443, block: "::/0" },
            { protocol: "tcp", fromPort: 443, toPort: 443, prefixList: "pl-2" },
            { protocol: "tcp", fromPort: 443, toPort: 443, securityGroup: "sg-2" },
          ],
        },
      ],
      networkAcls: [
        {
          id: "acl-1",
          subnets: ["subnet-1"],
          entries: [
            {
              number: 100,
              protocol: "6",
              isEgress: true,
              isAllow: true,
              block: "0.0.0.0/0",
              fromPort: 443,
              toPort: 443,
            },
            { number: 32_767, protocol: "-1", isEgress: false, isAllow: false, block: "::/0" },
          ],
        },
      ],
      prefixLists: [
        { id: "pl-1", blocks: ["3.5.0.0/19"] },
        { id: "pl-2", blocks: ["52.216.0.0/15"] },
      ],
    });
  });

  test("distinguish private DNS for resolver endpoints alone from that of the VPC", async () => {
    const forResolvers =
      "<dnsOptions><privateDnsOnlyForInboundResolverEndpoint>true</privateDnsOnlyForInboundResolverEndpoint></dnsOptions></item>";
    answer = (request) =>
      request.action === "DescribeVpcEndpoints"
        ? xml(
            request.action,
            `<vpcEndpointSet>${ENDPOINT.replace(/<\/item>$/, forResolvers)}</vpcEndpointSet>`,
          )
        : described(request);
    expect((await networks().describe([SOURCE])).endpoints).toMatchObject([{ hasPrivateDns: false }]);
  });

  test("are read to the last page", async () => {
    answer = (request) => {
      if (request.action !== "DescribeNetworkAcls") return described(request);
      const isLast = request.body.NextToken === "more";
      const next = isLast ? "" : "<nextToken>more</nextToken>";
      return xml(request.action, `<networkAclSet>${isLast ? ACL : ""}</networkAclSet>${next}`);
    };
    expect((await networks().describe([SOURCE])).networkAcls).toMatchObject([{ id: "acl-1" }]);
  });

  test("are said to be unread where a list has no end in sight", async () => {
    answer = (request) =>
      request.action === "DescribeVpcEndpoints"
        ? xml(request.action, `<vpcEndpointSet>${ENDPOINT}</vpcEndpointSet><nextToken>more</nextToken>`)
        : described(request);
    expect((await networks().describe([SOURCE])).endpoints).toMatchObject({
      unread: "ec2:DescribeVpcEndpoints",
    });
  });

  // biome-ignore format: a table is read by its columns
  const unread: readonly (readonly [action: string, collection: keyof NetworkFacts])[] = [
    ["DescribeSubnets",        "subnets"],
    ["DescribeRouteTables",    "routeTables"],
    ["DescribeNatGateways",    "natGateways"],
    ["DescribeVpcEndpoints",   "endpoints"],
    ["DescribeNetworkAcls",    "networkAcls"],
    ["DescribeSecurityGroups", "securityGroups"],
    ["DescribeVpcs",           "vpcs"],
    ["DescribeDhcpOptions",    "vpcs"],
    ["DescribeVpcAttribute",   "vpcs"],
  ];
  for (const [action, collection] of unread) {
    test(`name ${action} where it is refused, and keep the rest`, async () => {
      answer = (request) => (request.action === action ? refused() : described(request));
      const facts = await networks().describe([SOURCE]);
      expect(facts[collection]).toMatchObject({
        unread: `ec2:${action}`,
        because: expect.stringContaining("UnauthorizedOperation"),
      });
      if (collection !== "subnets") expect(facts.subnets).toMatchObject([{ id: "subnet-1" }]);
    });
  }

  test("say of a prefix list alone that it could not be read", async () => {
    answer = (request) => (request.action === "GetManagedPrefixListEntries" ? refused() : described(request));
    expect((await networks().describe([SOURCE])).prefixLists).toMatchObject([
      { id: "pl-1", blocks: { unread: "ec2:GetManagedPrefixListEntries" } },
      { id: "pl-2", blocks: { unread: "ec2:GetManagedPrefixListEntries" } },
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const servers = [
    ["Amazon's by name",       ["AmazonProvidedDNS"],              []],
    ["Amazon's by VPC+2",      ["10.0.0.2"],                       []],
    ["Amazon's, link-local",   ["169.254.169.253"],                []],
    ["the operator's, and Amazon's", ["10.0.0.53", "AmazonProvidedDNS"], ["10.0.0.53"]],
  ] as const;
  for (const [whose, told, own] of servers) {
    test(`show DNS servers that are not Amazon's: ${whose}`, async () => {
      answer = (request) => described(request, told);
      expect((await networks().describe([SOURCE])).vpcs).toMatchObject([{ ownDnsServers: own }]);
    });
  }

  test("are not asked for without an interface", async () => {
    answer = described;
    const sources = { unread: "ecs:ListContainerInstances", because: "no" };
    expect((await networks().describe(sources)).sources).toEqual(sources);
    expect(stub.requests).toEqual([]);
  });

  test("of a page that is not an answer of AWS's are unread", async () => {
    answer = () => ({ status: 500, headers: { "content-type": "text/html" }, body: "<html>" });
    expect((await networks().describe([SOURCE])).subnets).toMatchObject({ unread: "ec2:DescribeSubnets" });
  });
});

describe("the facts of egress", () => {
  test("are routes and what these lead to, and nothing else is asked", async () => {
    answer = described;
    const facts = await networks().egress(["subnet-1"]);
    expect(facts).toMatchObject({ routeTables: [{ id: "rtb-1" }], natGateways: [{ id: "nat-1" }] });
    expect(new Set(stub.requests.map(({ action }) => action))).toEqual(
      new Set(["DescribeSubnets", "DescribeRouteTables", "DescribeNatGateways"]),
    );
  });
  test("are unread where the subnets are", async () => {
    answer = () => refused();
    const { subnets, routeTables } = await networks().egress(["subnet-1"]);
    expect(subnets).toMatchObject({ unread: "ec2:DescribeSubnets" });
    expect(routeTables).toMatchObject(nothingRead({ account: "", region: "" }, subnets as never).routeTables);
  });
});

describe("the container instances of a cluster", () => {
  const INSTANCE = item(
    `<instanceId>i-1</instanceId><subnetId>subnet-1</subnetId><ipAddress>198.51.100.1</ipAddress><iamInstanceProfile><arn>${PROFILE}</arn></iamInstanceProfile><networkInterfaceSet><item><subnetId>subnet-8</subnetId><attachment><deviceIndex>1</deviceIndex></attachment></item><item><subnetId>subnet-1</subnetId><attachment><deviceIndex>0</deviceIndex></attachment><groupSet><item><groupId>sg-1</groupId></item></groupSet><association><publicIp>198.51.100.1</publicIp></association><ipv6AddressesSet><item><ipv6Address>2600::1</ipv6Address></item></ipv6AddressesSet></item></networkInterfaceSet>`,
  );
  const cluster = (request: AwsRequest, ids: readonly string[] = ["i-1"]): AwsAnswer => {
    const arns = ids.map((id) => `${CLUSTER}/${id}`);
    if (request.action === "ListContainerInstances") return { body: { containerInstanceArns: arns } };
    if (request.action === "DescribeContainerInstances")
      return {
        body: { containerInstances: ids.map((ec2InstanceId) => ({ ec2InstanceId, status: "ACTIVE" })) },
      };
    return xml(
      request.action,
      `<reservationSet>${item(`<instancesSet>${INSTANCE}</instancesSet>`)}</reservationSet>`,
    );
  };

  test("are known by their first interface and their profile", async () => {
    answer = (request) => cluster(request);
    expect(await networks().instances(CLUSTER)).toEqual([
      {
        source: {
          subnet: "subnet-1",
          securityGroups: ["sg-1"],
          instance: "i-1",
          hasPublicAddress: true,
          hasIpv6Address: true,
        },
        publicAddress: "198.51.100.1",
        profile: PROFILE,
      },
    ]);
  });

  test("outside of EC2 are left out, and nothing is asked of EC2", async () => {
    answer = (request) => cluster(request, ["mi-0123456789abcdef0"]);
    expect(await networks().instances(CLUSTER)).toEqual([]);
    expect(stub.requests.map(({ action }) => action)).not.toContain("DescribeInstances");
  });

  for (const action of [
    "ecs:ListContainerInstances",
    "ecs:DescribeContainerInstances",
    "ec2:DescribeInstances",
  ]) {
    test(`are unread where ${action} is refused`, async () => {
      answer = (request) => {
        if (!action.endsWith(request.action)) return cluster(request);
        return action.startsWith("ec2:")
          ? refused()
          : { status: 400, body: { __type: "AccessDeniedException", message: "no" } };
      };
      expect(await networks().instances(CLUSTER)).toMatchObject({ unread: action });
    });
  }
});
