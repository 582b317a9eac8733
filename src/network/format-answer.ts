/** An answer in a sentence: subject, verb, object, and the id of what decided. The only place that makes one. */

import type { Answer, Fact, NoCode, NotSureCode, YesCode } from "./answer.ts";

const SENTENCES: Readonly<Record<YesCode | NoCode | NotSureCode, (fact: Fact) => string>> = {
  "registry-answered": ({ host }) => `${host} has answered these tasks`,
  "internet-gateway": ({ subnet, target }) => `${subnet} leads to the internet by ${target}`,
  "nat-gateway": ({ subnet, target }) => `${subnet} leads to the internet by ${target}`,
  "egress-only-gateway": ({ subnet, target }) => `${subnet} leads to the internet by ${target}`,
  "interface-endpoint": ({ endpoint }) => `the VPC endpoint ${endpoint} leads there`,
  "gateway-endpoint": ({ endpoint }) => `the VPC endpoint ${endpoint} leads there`,

  "no-route": ({ subnet }) => `${subnet} has no way to the internet`,
  "blackhole-route": ({ subnet, routeTable, target }) =>
    `${subnet} has no way to the internet: the route of ${routeTable} to ${target} is a blackhole`,
  "no-public-address": ({ subnet, target }) =>
    `${subnet} has no way to the internet: it leads to ${target}, and there is no public address`,
  "public-access-blocked": ({ subnet, mode }) => `VPC Block Public Access (${mode}) closes ${subnet}`,
  "nat-not-available": ({ subnet, target, state }) => `${subnet} leads to ${target}, which is ${state}`,
  "nat-no-route": ({ subnet, target, natSubnet }) =>
    `${subnet} leads to ${target}, and ${natSubnet} where that is has no way to the internet`,
  "nat-is-private": ({ subnet, target }) => `${subnet} leads to ${target}, a private NAT gateway`,
  "address-family": ({ subnet, wanted }) => `${subnet} has no way for ${wanted === "ipv4" ? "IPv4" : "IPv6"}`,
  "dns-support-off": ({ vpc }) => `${vpc} resolves no names: enableDnsSupport is off`,
  "dns-hostnames-off": ({ vpc, endpoint }) =>
    `${endpoint} is not found by its name: ${vpc} lacks enableDnsSupport or enableDnsHostnames`,
  "endpoint-missing": ({ subnet, service }) =>
    `${subnet} has no way to the internet and no endpoint for ${service}`,
  "endpoint-not-available": ({ endpoint, service, state }) =>
    `the endpoint ${endpoint} for ${service} is ${state}`,
  "endpoint-policy": ({ endpoint, action }) => `the policy of ${endpoint} does not allow ${action}`,
  "endpoint-group-ingress": ({ endpoint, securityGroups, subnet, port }) =>
    `the security groups of ${endpoint} (${securityGroups}) do not let ${subnet} in by port ${port}`,
  "group-egress": ({ securityGroups, port }) =>
    `the security groups (${securityGroups}) let nothing out by port ${port} to there`,
  "group-egress-prefix-list": ({ securityGroups, prefixList }) =>
    `the security groups (${securityGroups}) let nothing out to the prefix list ${prefixList}`,
  "network-acl-egress": aclSentence,
  "network-acl-ingress": aclSentence,

  "not-read": ({ because }) => `${because}`,
  "not-described": ({ what }) => `EC2 does not describe ${what}`,
  "no-sources": ({ pulledBy }) =>
    pulledBy === "task" ? "the service names no subnets" : "the cluster has no container instance of EC2",
  "groups-not-recorded": ({ subnet }) => `the security groups in ${subnet} are not recorded`,
  "shared-subnet": ({ subnet, owner }) =>
    `${subnet} is shared by ${owner}, whose endpoints are not seen from here`,
  "route-leads-elsewhere": ({ subnet, target }) =>
    `${subnet} leads to ${target}, and what is behind that is not seen`,
  "firewall-on-the-way": ({ subnet, target }) => `${subnet} leads through the firewall ${target}`,
  "more-specific-route": ({ subnet, target }) =>
    `${subnet} has a narrower route for some addresses, to ${target}`,
  "own-dns-servers": ({ vpc, servers }) =>
    `${vpc} asks its own DNS servers (${servers}): where the name leads is not seen`,
  "private-dns-off": ({ endpoint }) => `${endpoint} has no private DNS, and private zones are not seen`,
  "central-endpoint-possible": ({ service, target }) =>
    `an endpoint for ${service} may be in another network, behind ${target}`,
  "group-rule-narrow": ({ securityGroups, port }) =>
    `the security groups (${securityGroups}) open port ${port} for some addresses only`,
  "network-acl-narrow": ({ networkAcl, subnet, direction }) =>
    `${networkAcl} of ${subnet} lets some ${direction} through only`,
  "endpoint-policy-conditions": ({ endpoint, action }) =>
    `the policy of ${endpoint} allows ${action} under conditions`,
  "ipv6-not-certain": ({ subnet }) => `${subnet} leads to the internet by IPv6 alone, if at all`,
  "proxy-possible": ({ otherwise = "", ...fact }) =>
    `${sentenceOf(otherwise, fact)}, unless the instances have a proxy`,
  "answer-contradicts": ({ otherwise = "", ...fact }) =>
    `${sentenceOf(otherwise, fact)}, although a public registry answered`,
  "endpoint-passed-by": ({ endpoint, subnet }) =>
    `${endpoint} takes that name now, yet a public address was asked, to which ${subnet} has no way`,
  "sources-differ": ({ subnet, endpoint }) =>
    `not every ${endpoint === undefined ? "instance" : `interface of ${endpoint}`} leads there: see ${subnet}`,
};

export function formatAnswer({ code, fact }: Answer): string {
  return sentenceOf(code, fact);
}

function sentenceOf(code: string, fact: Fact): string {
  const sentence = code in SENTENCES ? SENTENCES[code as keyof typeof SENTENCES] : undefined;
  return sentence === undefined ? code : sentence(fact);
}

function aclSentence({ networkAcl, subnet, ports, direction }: Fact): string {
  return `the network ACL ${networkAcl} of ${subnet} refuses ${direction} by port ${ports}`;
}
