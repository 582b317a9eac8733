/**
 * Whether the VPC of a start resolves names: its DNS attributes, and the firewall of its resolver. Where the VPC asks DNS
 * servers of its own, what these answer is not seen. (vpc-dns.html; Route 53, resolver-dns-firewall.html; read 2026-11)
 */

import { getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { isUnread, type NetworkFacts } from "../../../network/facts.ts";
import { takes } from "../../../network/wildcard.ts";
import type { Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";

const ATTRIBUTES = "net.dns.vpc-attributes";
const FIREWALL = "net.dns.firewall";
/** Lists of AWS's own have no domains to read; the customer's own are few. */
const GROUPS_MAX = 3;
const RULES_MAX = 5;

export function attributeChecks({ vpcs }: NetworkFacts): readonly StartCheck[] {
  if (isUnread(vpcs)) {
    const { unread: permission, because } = vpcs;
    return [notChecked(ATTRIBUTES, { kind: "unread", permission, because })];
  }
  return vpcs.map(({ id, dnsSupport, dnsHostnames, ownDnsServers }) => {
    if (!dnsSupport && ownDnsServers.length === 0)
      return failed(
        ATTRIBUTES,
        `${id} has enableDnsSupport off: nothing is resolved`,
        "vpc-dns-attributes-off",
        {
          vpc: id,
          attribute: "enableDnsSupport",
        },
      );
    if (ownDnsServers.length > 0)
      return {
        id: ATTRIBUTES,
        result: "not sure" as const,
        because: `${id} asks DNS servers of its own (${ownDnsServers.join(", ")}): what they answer is not seen`,
      };
    return dnsHostnames
      ? passed(ATTRIBUTES, `${id} has enableDnsSupport and enableDnsHostnames on`, ["vpc-dns-attributes-off"])
      : passed(
          ATTRIBUTES,
          `${id} has enableDnsSupport on; enableDnsHostnames is off: endpoints have no private names`,
        );
  });
}

/** @param hosts that the start asks for */
export async function firewallChecks(
  hosts: readonly string[],
  { vpcs }: NetworkFacts,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  if (isUnread(vpcs) || hosts.length === 0) return [];
  const checks = await Promise.all(vpcs.map(({ id }) => firewallCheck(id, hosts, scene)));
  return checks.flat();
}

async function firewallCheck(
  vpc: string,
  hosts: readonly string[],
  { reads, region }: Scene,
): Promise<readonly StartCheck[]> {
  // Of all VPCs at once: a region has few, and the answer is shared.
  const input = { MaxResults: 100 };
  const operation = "route53resolver.ListFirewallRuleGroupAssociations";
  const found = await reads.read(operation, input, region);
  if (found.kind === "unread") return [notChecked(FIREWALL, found, [operation, input, region])];
  const groups = (found.kind === "answer" ? getObjects(found.answer, "FirewallRuleGroupAssociations") : [])
    .filter((one) => (getString(one, "VpcId") ?? vpc) === vpc)
    .flatMap((one) => getString(one, "FirewallRuleGroupId") ?? []);
  if (found.kind === "answer" && getString(found.answer, "NextToken"))
    return [unknown(FIREWALL, "there are more associations of rule groups than were read")];
  if (groups.length === 0) return [notApplicable(FIREWALL, `${vpc} has no DNS firewall`)];
  for (const group of groups.slice(0, GROUPS_MAX)) {
    const asked = { FirewallRuleGroupId: group };
    const rules = await reads.read("route53resolver.ListFirewallRules", asked, region);
    if (rules.kind === "unread")
      return [notChecked(FIREWALL, rules, ["route53resolver.ListFirewallRules", asked, region])];
    const listed = rules.kind === "answer" ? getObjects(rules.answer, "FirewallRules") : [];
    const ordered = listed
      .filter((one) => (getString(one, "FirewallRuleGroupId") ?? group) === group)
      .toSorted((one, other) => Number(one.Priority ?? 0) - Number(other.Priority ?? 0));
    const open = new Set(hosts);
    for (const rule of ordered.slice(0, RULES_MAX)) {
      const list = getString(rule, "FirewallDomainListId") ?? "";
      const ask = { FirewallDomainListId: list };
      const domains = await reads.read("route53resolver.ListFirewallDomains", ask, region);
      // Of a list of AWS's own the domains are not shown, and a registry is on none of them.
      const patterns = domains.kind === "answer" ? getStrings(domains.answer, "Domains") : [];
      const taken = [...open].find((host) =>
        patterns.some((one) => takes(one.replace(/\.$/, "").toLowerCase(), host)),
      );
      if (taken === undefined) continue;
      if (getString(rule, "Action") === "BLOCK")
        return [
          failed(FIREWALL, `the DNS firewall of ${vpc} (${group}) blocks ${taken}`, "dns-firewall-blocks", {
            vpc,
            host: taken,
            ruleGroup: group,
            domains: list,
          }),
        ];
      open.delete(taken);
    }
  }
  return [
    passed(FIREWALL, `no rule of the DNS firewall of ${vpc} blocks ${hosts.slice(0, 3).join(", ")}`, [
      "dns-firewall-blocks",
    ]),
  ];
}
