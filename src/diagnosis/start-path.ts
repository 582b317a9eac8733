/**
 * Where a start broke, as two lines of stations: the phases of every start, and of one that a network stopped the way from its
 * subnet to what it asked for. Pure: a drawing is made of it.
 */

import type { CauseCode } from "./causes.ts";
import type { Cause, Diagnosis } from "./diagnose.ts";

export type Station = {
  readonly name: string;
  /** Ids of it, where they are known. */
  readonly detail: string;
  readonly state: "before" | "broken" | "perhaps" | "after";
};

const PHASES = [
  "placement",
  "network interface",
  "roles",
  "secrets",
  "image",
  "logs and volumes",
  "container",
  "health",
] as const;
type Phase = (typeof PHASES)[number];

/** By the beginning of a code; the first row that fits. */
// biome-ignore format: a table is read by its columns
const PHASE_OF: readonly (readonly [codes: RegExp, phase: Phase])[] = [
  [/^(?:no-instance|no-container|capacity|instances-do|instance-has-no-way-to-ecs$|placement|container-agent|resource-|fargate-|ec2-|infrastructure-role-may-not-launch|provisioning-limit|deployment-conf|ecs-throttles|service-role|account-blocked|api-calls|spot-|infrastructure-replaced)/, "placement"],
  [/^(?:subnet-o|tag-policy|eni-|ephemeral-storage-prov)/,                            "network interface"],
  [/^(?:task-role-not|execution-role-missing|infrastructure-role|iam-change)/,                          "roles"],
  [/^(?:secret|json-key|parameter|key-|execution-role-may-not-(?:read-[sp]|decrypt)|no-way-to-se|no-way-to-ssm|registry-credentials-(?:secret|malformed))/, "secrets"],
  [/^(?:log-|no-way-to-cloudwatch|execution-role-may-not|env-file|efs-|ebs-|task-role-may-not-mount|sg-egress-blocks-file)/, "logs and volumes"],
  [/^(?:command|user-not|mount|host-port|device|container-(?:cannot|dependency|runtime|out)|docker-(?:cannot|too|does)|ecs-internal|application|image-of-other)/, "container"],
  [/^(?:container-health|load-balancer|target|grace-period|task-security-group)/,                                        "health"],
];

/** What is of the way is of the image, unless the check asked for a secret or a log. */
function phaseOf(code: CauseCode, service: string | undefined): Phase {
  if (/^(?:secretsmanager|ssm|kms)$/.test(service ?? "")) return "secrets";
  if (/^(?:logs|efs)$/.test(service ?? "")) return "logs and volumes";
  return PHASE_OF.find(([codes]) => codes.test(code))?.[1] ?? "image";
}

export function phasesOf({ causes }: Diagnosis): readonly Station[] {
  const [first] = causes;
  if (first === undefined || first.code === "see-tasks-of-the-deployment")
    return PHASES.map((name) => ({ name, detail: "", state: "before" }));
  const phase = phaseOf(first.code, factOf(first).service);
  return stationsTo(
    PHASES.indexOf(phase),
    first,
    PHASES.map((name) => [name, ""] as const),
  );
}

const WAY = ["DNS name", "security groups", "network ACL", "route", "gateway or endpoint"] as const;

/** By the check that found it: the station of the way at which it ends. */
// biome-ignore format: a table is read by its columns
const STATION_OF: readonly (readonly [check: RegExp, station: (typeof WAY)[number]])[] = [
  [/^net\.dns/,                                       "DNS name"],
  [/^(?:net\.sg|efs\.sg)/,                            "security groups"],
  [/^net\.nacl/,                                      "network ACL"],
  [/^net\.subnet\.route/,                             "route"],
  [/^net\.(?:task\.public-ip|nat|bpa|endpoint|instance)/,      "gateway or endpoint"],
];

/** Undefined where no check of a network found the cause: then there is no way to draw. */
export function wayOf(cause: Cause): readonly Station[] | undefined {
  const { proof } = cause;
  if (proof?.by !== "check") return undefined;
  const station = STATION_OF.find(([check]) => check.test(proof.check))?.[1];
  if (station === undefined) return undefined;
  const { fact } = proof;
  const who = fact.pulledBy === "instance" ? "container instance" : "task";
  const target = fact.host ?? fact.fileSystem ?? fact.service ?? "";
  const stations: readonly (readonly [name: string, detail: string])[] = [
    [who, fact.subnet ?? ""],
    ["DNS name", fact.vpc ?? ""],
    ["security groups", fact.securityGroups ?? ""],
    ["network ACL", fact.networkAcl ?? ""],
    ["route", fact.routeTable ?? ""],
    ["gateway or endpoint", fact.endpoint ?? fact.target ?? ""],
    [target === "" ? "target" : target, fact.address ?? ""],
  ];
  return stationsTo(
    stations.findIndex(([name]) => name === station),
    cause,
    stations,
  );
}

function stationsTo(
  broken: number,
  { certainty }: Cause,
  stations: readonly (readonly [name: string, detail: string])[],
): readonly Station[] {
  return stations.map(([name, detail], index) => ({
    name,
    detail,
    state:
      index < broken ? "before" : index > broken ? "after" : certainty === "proved" ? "broken" : "perhaps",
  }));
}

function factOf({ proof }: Cause): Readonly<Record<string, string>> {
  return proof?.by === "check" ? proof.fact : {};
}
