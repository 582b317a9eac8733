/** Whether the interface that asks reaches what it asks for: the model of the network, and the cause that its answer proves. */

import { isPublic, parseBlock } from "../../../network/addresses.ts";
import type { Answer, NoCode } from "../../../network/answer.ts";
import type { Destination } from "../../../network/destination.ts";
import { endpointsOf, isAvailable } from "../../../network/endpoint-way.ts";
import { isUnread, type NetworkFacts, type Source } from "../../../network/facts.ts";
import { formatAnswer } from "../../../network/format-answer.ts";
import { reach } from "../../../network/reach.ts";
import type { CauseCode } from "../../causes.ts";
import type { Scene } from "../../scene.ts";
import type { TargetName } from "../../words/words.ts";
import { failed, passed, type StartCheck } from "../check.ts";
import { attributeChecks, firewallChecks } from "./dns-checks.ts";
import { nameChecks } from "./name-checks.ts";
import type { NetworkTarget } from "./network-targets.ts";

// biome-ignore format: a table is read by its columns
const NO_WAY: Readonly<Record<TargetName, CauseCode>> = {
  "ecr.api": "no-way-to-ecr-api", "ecr.dkr": "no-way-to-ecr", s3: "s3-gateway-endpoint-missing", ssm: "no-way-to-ssm",
  secretsmanager: "no-way-to-secrets-manager", logs: "no-way-to-cloudwatch-logs", efs: "efs-mount-refused",
  ecs: "instance-has-no-way-to-ecs", "ecs-agent": "instance-has-no-way-to-ecs", "ecs-telemetry": "instance-has-no-way-to-ecs",
  "docker-hub": "no-way-to-docker-hub", registry: "no-way-to-registry",
};

/** The same, as the words of a failure have it. */
const WIDE: Readonly<Partial<Record<TargetName, readonly CauseCode[]>>> = {
  "ecr.api": ["instance-has-no-way-to-ecr-api"],
  "ecr.dkr": ["instance-has-no-way-to-ecr"],
  s3: ["no-way-to-s3"],
};

/** The answer's code → the check by which it was found, and the cause; undefined: that the target is not reached. */
// biome-ignore format: a table is read by its columns
const CAUSE_OF: Readonly<Record<NoCode, readonly [check: string, cause?: CauseCode]>> = {
  "no-route":                 ["net.subnet.route"],
  "blackhole-route":          ["net.subnet.route",            "route-is-blackhole"],
  "no-public-address":        ["net.task.public-ip",          "public-subnet-without-public-ip"],
  "public-access-blocked":    ["net.bpa",                     "public-access-blocked"],
  "nat-not-available":        ["net.nat",                     "nat-gateway-not-available"],
  "nat-no-route":             ["net.nat",                     "nat-gateway-not-available"],
  "nat-is-private":           ["net.nat",                     "nat-gateway-not-available"],
  "address-family":           ["net.subnet.route",            "address-family-mismatch"],
  "dns-support-off":          ["net.dns.vpc-attributes",      "vpc-dns-attributes-off"],
  "dns-hostnames-off":        ["net.dns.vpc-attributes",      "vpc-dns-attributes-off"],
  "endpoint-missing":         ["net.endpoint"],
  "endpoint-not-available":   ["net.endpoint",                "endpoint-not-available"],
  "endpoint-policy":          ["net.endpoint.policy",         "endpoint-policy-denies"],
  "endpoint-group-ingress":   ["net.endpoint.sg-ingress",     "endpoint-security-group-blocks"],
  "group-egress":             ["net.sg.egress",               "sg-egress-blocks-internet"],
  "group-egress-prefix-list": ["net.sg.egress-prefix-list",   "sg-egress-lacks-s3-prefix-list"],
  "network-acl-egress":       ["net.nacl",                    "network-acl-blocks"],
  "network-acl-ingress":      ["net.nacl",                    "network-acl-blocks"],
};

/** What only one fact of the network can be: where another is proved, these are not the cause. */
const NARROW: readonly CauseCode[] = [
  ...new Set(Object.values(CAUSE_OF).flatMap(([, cause]) => cause ?? [])),
  "s3-gateway-endpoint-missing",
  "sg-egress-blocks-endpoint",
];

/** @param asksDns whether the lookup of names is in question, and not the way alone */
export async function networkChecks(
  targets: readonly NetworkTarget[],
  asksDns: boolean,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  if (targets.length === 0) return [];
  if (isUnread(scene.sources)) {
    const { unread, because } = scene.sources;
    return [
      {
        id: "net.subnet.route",
        result: "not checked",
        because,
        ...(unread === "" ? {} : { permission: unread }),
      },
    ];
  }
  const facts = await scene.reads.network(scene.sources);
  const own = ownFacts(facts, scene.sources);
  const ways = targets.map((target) => networkCheck(target, facts, scene));
  const hosts = targets.map(({ destination }) => destination.host);
  const names = asksDns
    ? (
        await Promise.all([
          attributeChecks(own),
          firewallChecks(hosts, own, scene),
          nameChecks(hosts, own, scene),
        ])
      ).flat()
    : [];
  return [...ways, ...names, ...publicAccessChecks(own, ways)];
}

/** Of what was read for many services at once, the subnets that this start may be placed in, and their VPCs. */
function ownFacts(facts: NetworkFacts, sources: readonly Source[]): NetworkFacts {
  const { subnets, vpcs } = facts;
  if (isUnread(subnets)) return facts;
  const own = subnets.filter(({ id }) => sources.some(({ subnet }) => subnet === id));
  return {
    ...facts,
    subnets: own,
    vpcs: isUnread(vpcs) ? vpcs : vpcs.filter(({ id }) => own.some(({ vpc }) => vpc === id)),
  };
}

/** VPC Block Public Access, where no way has shown it already. */
function publicAccessChecks({ subnets }: NetworkFacts, ways: readonly StartCheck[]): readonly StartCheck[] {
  const id = "net.bpa";
  if (isUnread(subnets) || ways.some((one) => one.id === id)) return [];
  const closed = subnets.find(({ publicAccessBlock }) => publicAccessBlock !== undefined);
  return closed === undefined
    ? [passed(id, "VPC Block Public Access closes none of the subnets", ["public-access-blocked"])]
    : [
        {
          id,
          result: "not sure",
          because: `VPC Block Public Access (${closed.publicAccessBlock}) is on for ${closed.id}: what leaves by a gateway of the VPC's may be closed`,
        },
      ];
}

function networkCheck({ name, destination }: NetworkTarget, facts: NetworkFacts, scene: Scene): StartCheck {
  const answer = answerOf(facts, scene.pulledBy, destination);
  const because = `${destination.host}: ${formatAnswer(answer)}`;
  const id = `net.${name}`;
  if (answer.answer === "yes") return passed(id, because, NARROW);
  if (answer.answer === "not-sure") return unsure(id, answer, because);
  const decisive = decisiveOf(answer);
  if (decisive === "no-public-address" && !scene.isPublicAddressKnown) return unsure(id, answer, because);
  const [check, specific] = CAUSE_OF[decisive];
  const endpoint = endpointFor(destination, facts, scene);
  const code =
    decisive === "group-egress" && endpoint !== undefined
      ? "sg-egress-blocks-endpoint"
      : (specific ?? NO_WAY[name]);
  const params = {
    ...answer.fact,
    service: destination.service?.name ?? name,
    host: destination.host,
    pulledBy: scene.pulledBy,
    ...(endpoint === undefined ? {} : { endpoint, endpointGroups: groupsOf(endpoint, facts) }),
    ...placeOf(answer, facts),
    ...interfacesOf(answer, scene),
    ...(destination.service === undefined ? {} : { region: destination.service.region }),
  };
  const found = failed(
    check === "net.endpoint" ? `net.endpoint.${params.service}` : check,
    because,
    code,
    params,
  );
  // That there is no way, the fact that closes it says already.
  const wide = /^(?:instance-has-)?no-way-to-/;
  const said = [NO_WAY[name], ...(WIDE[name] ?? [])].filter((one) => wide.test(one));
  return { ...found, excludes: [...NARROW, ...said].filter((one) => one !== code) };
}

const answers = new WeakMap<NetworkFacts, Map<string, Answer>>();

/** Once for the same facts: of a deployment's tasks each asks the same, and a route table may be long. */
function answerOf(facts: NetworkFacts, pulledBy: Scene["pulledBy"], destination: Destination): Answer {
  const known = answers.get(facts) ?? new Map<string, Answer>();
  answers.set(facts, known);
  const key = JSON.stringify([pulledBy, destination]);
  const answer =
    known.get(key) ?? reach(facts, { pulledBy, answered: [], reachesInternet: false }, destination);
  known.set(key, answer);
  return answer;
}

/** Where an endpoint would also do, the broken way out is named: the network was built to use that way. */
function decisiveOf({ code, fact }: Extract<Answer, { answer: "no" }>): NoCode {
  const { otherwise } = fact;
  const isBroken = otherwise !== undefined && otherwise !== "no-route" && Object.hasOwn(CAUSE_OF, otherwise);
  return code === "endpoint-missing" && isBroken ? (otherwise as NoCode) : code;
}

function unsure(id: string, answer: Answer, because: string): StartCheck {
  const { permission } = answer.fact;
  if (answer.code === "not-read")
    return {
      id,
      result: "not checked",
      because,
      ...(permission === undefined || permission === "" ? {} : { permission }),
    };
  return { id, result: "not sure", because, fact: answer.fact };
}

/** The endpoint by which the name is reached, where one takes it. */
function endpointFor(
  { service, address }: Destination,
  { endpoints, subnets }: NetworkFacts,
  { sources }: Scene,
): string | undefined {
  const told = address === undefined ? undefined : parseBlock(address);
  if (service === undefined || isUnread(endpoints) || isUnread(subnets) || isUnread(sources))
    return undefined;
  if (told !== undefined && isPublic(told)) return undefined;
  const vpc = subnets.find(({ id }) => id === sources[0]?.subnet)?.vpc ?? "";
  return endpointsOf(service, vpc, endpoints).find((one) => one.type === "Interface" && isAvailable(one))?.id;
}

function groupsOf(endpoint: string, { endpoints }: NetworkFacts): string {
  if (isUnread(endpoints)) return "";
  return endpoints.find(({ id }) => id === endpoint)?.securityGroups.join(", ") ?? "";
}

/** All subnets of the start, and the groups of the one that was asked about: a command that mends names them all. */
function interfacesOf({ fact }: Answer, { sources }: Scene): Readonly<Record<string, string>> {
  if (isUnread(sources)) return {};
  const groups = sources.find(({ subnet }) => subnet === fact.subnet)?.securityGroups ?? [];
  return {
    taskSubnets: [...new Set(sources.map(({ subnet }) => subnet))].join(", "),
    ...(groups.length === 0 ? {} : { taskSecurityGroups: groups.join(", ") }),
  };
}

/** The subnet's VPC and the table that it goes by, for a command that mends. */
function placeOf({ fact }: Answer, { subnets, routeTables }: NetworkFacts): Readonly<Record<string, string>> {
  if (isUnread(subnets) || fact.subnet === undefined) return {};
  const vpc = subnets.find(({ id }) => id === fact.subnet)?.vpc;
  if (vpc === undefined) return {};
  const tables = isUnread(routeTables) ? [] : routeTables;
  const table =
    tables.find((one) => one.subnets.includes(fact.subnet ?? "")) ??
    tables.find((one) => one.vpc === vpc && one.isMain);
  return { vpc, ...(table === undefined || fact.routeTable !== undefined ? {} : { routeTable: table.id }) };
}
