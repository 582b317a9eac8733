/** What opens the way to a registry, to a service of AWS, or past the registry's limit. */

import type { CauseCode } from "../causes.ts";
import {
  aws,
  copy,
  egress,
  endpoint,
  first,
  ingress,
  type Make,
  newRoute,
  only,
  publicAddress,
  substitute,
  wayOut,
} from "./remedy.ts";

export const WAY_REMEDIES = {
  "docker-hub-pull-limit": substitute,
  "docker-hub-abuse-limit": substitute,
  "registry-limit": substitute,
  "no-way-to-docker-hub": wayOut,
  "no-way-to-registry": wayOut,
  "no-way-to-ecr": endpoint("ecr.dkr"),
  "no-way-to-ecr-api": endpoint("ecr.api"),
  "instance-has-no-way-to-ecr": endpoint("ecr.dkr"),
  "instance-has-no-way-to-ecr-api": endpoint("ecr.api"),
  "no-way-to-s3": endpoint("s3"),
  "no-way-to-secrets-manager": endpoint("secretsmanager"),
  "no-way-to-ssm": endpoint("ssm"),
  "no-way-to-secrets-or-ecr": wayOut,
  "no-way-to-cloudwatch-logs": endpoint("logs"),
  "public-subnet-without-public-ip": publicAddress,
  "nat-gateway-not-available": newRoute,
  "route-is-blackhole": newRoute,
  "public-access-blocked": only("change-public-access-block"),
  "vpc-dns-attributes-off": aws("switch-dns-on", ({ vpc = "VPC_ID" }) => [
    "ec2",
    "modify-vpc-attribute",
    "--vpc-id",
    vpc,
    "--enable-dns-hostnames",
    '{"Value":true}',
  ]),
  "endpoint-not-available": aws("make-endpoint", ({ endpoint: id = "ENDPOINT_ID" }) => [
    "ec2",
    "describe-vpc-endpoints",
    "--vpc-endpoint-ids",
    id,
  ]),
  "endpoint-policy-denies": aws("change-endpoint-policy", ({ endpoint: id = "ENDPOINT_ID" }) => [
    "ec2",
    "describe-vpc-endpoints",
    "--vpc-endpoint-ids",
    id,
  ]),
  "endpoint-security-group-blocks": ingress("open-endpoint", 443, ({ securityGroups }) => securityGroups),
  "s3-gateway-endpoint-missing": (params, about) => endpoint("s3")({ ...params, service: "s3" }, about),
  "sg-egress-blocks-endpoint": egress(
    ({ endpointGroups }) =>
      `UserIdGroupPairs=[{GroupId=${first(endpointGroups, "ENDPOINT_SECURITY_GROUP_ID")}}]`,
  ),
  "sg-egress-lacks-s3-prefix-list": egress(
    ({ prefixList = "PREFIX_LIST_ID" }) => `PrefixListIds=[{PrefixListId=${prefixList}}]`,
  ),
  "sg-egress-blocks-internet": egress(() => "IpRanges=[{CidrIp=0.0.0.0/0}]"),
  "network-acl-blocks": aws("open-network-acl", ({ networkAcl = "NETWORK_ACL_ID" }) => [
    "ec2",
    "describe-network-acls",
    "--network-acl-ids",
    networkAcl,
  ]),
  "address-family-mismatch": only("make-way-out"),
  "dns-firewall-blocks": aws("change-dns-firewall", ({ ruleGroup = "RULE_GROUP_ID" }) => [
    ...["route53resolver", "list-firewall-rules", "--firewall-rule-group-id", ruleGroup],
  ]),
  "hosted-zone-hides-name": aws("correct-hosted-zone", ({ hostedZone = "HOSTED_ZONE_ID" }) => [
    ...["route53", "list-resource-record-sets", "--hosted-zone-id", hostedZone],
  ]),
  "sg-egress-blocks-file-system": egress(
    ({ endpointGroups }) =>
      `UserIdGroupPairs=[{GroupId=${first(endpointGroups, "FILE_SYSTEM_SECURITY_GROUP_ID")}}]`,
  ),
  "dns-fails": aws("switch-dns-on", ({ vpc = "VPC_ID" }) => [
    "ec2",
    "describe-vpc-attribute",
    "--vpc-id",
    vpc,
    "--attribute",
    "enableDnsSupport",
  ]),
  "registry-certificate-not-trusted": copy,
  "dns-leads-to-other-host": only("switch-dns-on"),
  "registry-refuses-connection": only("try-again"),
  "registry-fails": only("try-again"),
  "registry-token-failed": wayOut,
  "registry-host-misspelt": only("name-image-that-exists"),
  "pull-interrupted": only("look-at-instance"),
} as const satisfies Partial<Readonly<Record<CauseCode, Make>>>;
