/**
 * Whether the names that a start asks for are answered by others than their owners: a private hosted zone of the VPC, or
 * a rule of its resolver that forwards them.
 *
 * The most specific of the two answers, and a rule goes before a zone of the same name. A private zone that has no record of a
 * name answers that there is none: public DNS is not asked then. (Route 53, hosted-zone-private-considerations.html,
 * resolver-overview-DSN-queries-to-vpc.html; read 2026-11)
 */

import { getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import { isUnread, type NetworkFacts } from "../../../network/facts.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";

const ZONE = "net.dns.hosted-zone";
const RULE = "net.dns.resolver-rule";
const ZONES_MAX = 5;
const RULES_MAX = 100;

type Named = { readonly domain: string; readonly one: JsonObject };

/** @param hosts that the start asks for */
export async function nameChecks(
  hosts: readonly string[],
  { vpcs }: NetworkFacts,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  if (isUnread(vpcs) || hosts.length === 0) return [];
  const checks = await Promise.all(vpcs.map(({ id }) => checksOfVpc(id, hosts, scene)));
  return checks.flat();
}

async function checksOfVpc(
  vpc: string,
  hosts: readonly string[],
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const [rules, zones] = await Promise.all([rulesOf(vpc, scene), zonesOf(vpc, scene)]);
  return [
    "check" in rules ? rules.check : ruleCheck(vpc, hosts, rules.named),
    "check" in zones
      ? zones.check
      : await zoneCheck(vpc, hosts, zones.named, "check" in rules ? [] : rules.named, scene),
  ];
}

type Listed = { readonly named: readonly Named[] } | { readonly check: StartCheck };

async function rulesOf(vpc: string, { reads, region }: Scene): Promise<Listed> {
  const operation = "route53resolver.ListResolverRuleAssociations";
  // Of all VPCs at once: a region has few, and the answer is shared.
  const input = { MaxResults: RULES_MAX };
  const found = await reads.read(operation, input, region);
  if (found.kind === "unread") return { check: notChecked(RULE, found, [operation, input, region]) };
  const ids = (found.kind === "answer" ? getObjects(found.answer, "ResolverRuleAssociations") : [])
    .filter((one) => (getString(one, "VPCId") ?? vpc) === vpc)
    .flatMap((one) => getString(one, "ResolverRuleId") ?? [])
    // What Resolver does of its own accord forwards nothing.
    .filter((id) => !id.startsWith("rslvr-autodefined"));
  if (found.kind === "answer" && getString(found.answer, "NextToken"))
    return { check: unknown(RULE, "there are more resolver rules than were read") };
  if (ids.length === 0) return { named: [] };
  const rules = await reads.read("route53resolver.ListResolverRules", input, region);
  if (rules.kind === "unread")
    return { check: notChecked(RULE, rules, ["route53resolver.ListResolverRules", input, region]) };
  const own = (rules.kind === "answer" ? getObjects(rules.answer, "ResolverRules") : []).filter((one) =>
    ids.includes(getString(one, "Id") ?? ""),
  );
  if (own.length < ids.length) return { check: unknown(RULE, `not all rules of ${vpc} are described`) };
  return { named: own.map((one) => ({ domain: domainOf(getString(one, "DomainName")), one })) };
}

function ruleCheck(vpc: string, hosts: readonly string[], rules: readonly Named[]): StartCheck {
  if (rules.length === 0) return notApplicable(RULE, `${vpc} has no resolver rule of its own`);
  for (const host of hosts) {
    const rule = narrowest(host, rules);
    if (rule === undefined || getString(rule.one, "RuleType") !== "FORWARD") continue;
    const to = getObjects(rule.one, "TargetIps").flatMap((one) => getString(one, "Ip") ?? []);
    const because = `${getString(rule.one, "Id")} forwards ${host} to ${to.join(", ") || "other DNS servers"}: what they answer is not seen`;
    return { id: RULE, result: "not sure", because, fact: { vpc, host } };
  }
  return passed(RULE, `no resolver rule of ${vpc} forwards ${hosts.slice(0, 3).join(", ")}`);
}

async function zonesOf(vpc: string, { reads, region }: Scene): Promise<Listed> {
  const operation = "route53.ListHostedZonesByVPC";
  const input = { VPCId: vpc, VPCRegion: region };
  const found = await reads.read(operation, input, region);
  if (found.kind === "unread") return { check: notChecked(ZONE, found, [operation, input, region]) };
  const zones = found.kind === "answer" ? getObjects(found.answer, "HostedZoneSummaries") : [];
  return { named: zones.map((one) => ({ domain: domainOf(getString(one, "Name")), one })) };
}

async function zoneCheck(
  vpc: string,
  hosts: readonly string[],
  zones: readonly Named[],
  rules: readonly Named[],
  scene: Scene,
): Promise<StartCheck> {
  const asked = new Map<string, string[]>();
  for (const host of hosts) {
    const zone = narrowest(host, zones);
    const rule = narrowest(host, rules);
    if (zone === undefined || (rule !== undefined && rule.domain.length >= zone.domain.length)) continue;
    // The zone of an endpoint's private names is the service's own, and answers for it.
    if (getString(getObject(zone.one, "Owner") ?? {}, "OwningService") !== undefined) continue;
    const id = (getString(zone.one, "HostedZoneId") ?? "").replace(/^\/hostedzone\//, "");
    asked.set(id, [...(asked.get(id) ?? []), host]);
  }
  if (asked.size === 0)
    return passed(ZONE, `no private hosted zone of ${vpc} answers for ${hosts.slice(0, 3).join(", ")}`, [
      "hosted-zone-hides-name",
    ]);
  const answers = await Promise.all(
    [...asked].slice(0, ZONES_MAX).map(([id, names]) => recordCheck(vpc, id, names, scene)),
  );
  return answers.find(({ result }) => result === "failed") ?? (answers[0] as StartCheck);
}

async function recordCheck(
  vpc: string,
  zone: string,
  hosts: readonly string[],
  { reads, region }: Scene,
): Promise<StartCheck> {
  const operation = "route53.ListResourceRecordSets";
  const input = { HostedZoneId: zone };
  const found = await reads.read(operation, input, region);
  if (found.kind === "unread") return notChecked(ZONE, found, [operation, input, region]);
  if (found.kind === "absent" || String(found.answer.IsTruncated) === "true")
    return unknown(ZONE, `not all records of ${zone} could be read`);
  const names = new Set(
    getObjects(found.answer, "ResourceRecordSets")
      .filter((one) => /^(?:A|AAAA|CNAME)$/.test(getString(one, "Type") ?? ""))
      .map((one) => domainOf(getString(one, "Name"))),
  );
  const hidden = hosts.find((host) => !namesOf(host).some((name) => names.has(name)));
  if (hidden === undefined)
    return {
      id: ZONE,
      result: "not sure",
      because: `the private hosted zone ${zone} of ${vpc} has records of its own for ${hosts.join(", ")}`,
    };
  return failed(
    ZONE,
    `the private hosted zone ${zone} of ${vpc} answers for ${hidden}, and has no record of it: public DNS is not asked`,
    "hosted-zone-hides-name",
    { vpc, host: hidden, hostedZone: zone },
  );
}

/** The name itself, and the wildcards that take it. */
function namesOf(host: string): readonly string[] {
  const labels = host.split(".");
  return [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`)];
}

function narrowest(host: string, all: readonly Named[]): Named | undefined {
  return all
    .filter(({ domain }) => domain === "" || host === domain || host.endsWith(`.${domain}`))
    .toSorted((one, other) => other.domain.length - one.domain.length)[0];
}

/** Without the dot at its end; Route 53 writes `*` as an escape. */
function domainOf(name = ""): string {
  return name
    .replace(/\.$/, "")
    .replace(/^\\052/, "*")
    .toLowerCase();
}
