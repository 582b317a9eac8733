/**
 * What a task needs beside the bytes, asked before it is told to use them: its role's rights and its network's ways.
 *
 * What could not be asked is `not checked`, with the reason, and holds nothing up; what was asked and failed does. What the
 * failure itself proves outweighs what was read: tasks that a public registry answered reach the internet.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import { awsDomainOf, ecrHost } from "../image/ecr-hosts.ts";
import { isDockerHubFront, registryOf } from "../image/hosts.ts";
import { parseReference, referenceIn } from "../image/reference.ts";
import type { PullFailureKind } from "../pull-failure/pull-failure.ts";
import type { Candidate, Check } from "../substitution/candidate.ts";
import { arnIn } from "../workload/arn.ts";
import type { Service } from "../workload/service.ts";
import type { Ports } from "./ports.ts";

/** What is known of the tasks that would pull. */
export type Puller = {
  readonly launchType: string | undefined;
  /** The role that pulls for a Fargate task; the policy's, where the definition has none. */
  readonly executionRole: string | undefined;
  readonly network: Service["network"];
  /** What shows that the tasks get out at all: they did reach the registry that refused. */
  readonly reached: string;
  /** A public registry answered them: whatever the route tables say, they reach the internet. */
  readonly reachesInternet: boolean;
};

const PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];

/** Whether a failure is the answer of a registry that stands on the internet alone, and not of a cache on the way to it. */
export function provesInternet({ failures, foreseen }: Pick<PullFailure, "failures" | "foreseen">): boolean {
  if (foreseen) return false;
  return failures.some(({ image, classification }) => {
    const { kind, confidence, registry = "" } = classification;
    const asked = referenceIn(image ?? classification.image)?.host ?? registry;
    const isPublic = isDockerHubFront(registry) || registryOf(registry).kind === "ecr-public";
    return LIMITS.has(kind) && confidence === "certain" && isPublic && registryOf(asked).kind !== "ecr";
  });
}

const LIMITS: ReadonlySet<PullFailureKind> = new Set([
  "docker-hub-pull-limit",
  "docker-hub-abuse-limit",
  "registry-limit",
]);

/** The checks of one candidate, by what it would have the tasks pull and with what. Throws AwsError only for what passes. */
export async function preflight(
  candidate: Candidate,
  puller: Puller,
  ports: Pick<Ports, "roles" | "networks" | "home">,
): Promise<readonly Check[]> {
  const { host, path } = parseReference(candidate.image);
  const { secret, key } = candidate;
  if (secret !== undefined) return [await mayReadSecret({ secret, key }, puller, ports)];
  const registry = registryOf(host);
  if (registry.kind !== "ecr") return [await reaches(host, puller, ports)];
  const repository = `arn:${registry.partition}:ecr:${registry.region}:${registry.account}:repository/${path}`;
  const isAnothers = host !== ecrHost(ports.home.account, ports.home.region);
  return [
    ...(isAnothers
      ? [
          unchecked(
            "role",
            `whether account ${registry.account}'s policy for ${path} lets the tasks pull is not for us to see`,
          ),
        ]
      : []),
    await mayPull(repository, puller, ports),
    await reaches(host, puller, ports),
  ];
}

async function mayPull(repository: string, puller: Puller, { roles }: Pick<Ports, "roles">): Promise<Check> {
  const { launchType, executionRole } = puller;
  if (launchType !== "FARGATE")
    return unchecked("role", "on EC2 the instance's role pulls, and ECS does not name it");
  if (executionRole === undefined) {
    // ECS refuses such a revision: "Fargate requires task definition to have execution role ARN to support ECR images."
    return {
      what: "role",
      result: "failed",
      because: "a Fargate task without an execution role cannot pull from ECR",
    };
  }
  const signIn = await roles.mayDo(executionRole, ["ecr:GetAuthorizationToken"], "*");
  const pull =
    signIn.kind === "allowed" ? await roles.mayDo(executionRole, PULL_ACTIONS, repository) : signIn;
  const wanted =
    signIn.kind === "allowed"
      ? { actions: PULL_ACTIONS, resource: repository }
      : { actions: ["ecr:GetAuthorizationToken"], resource: "*" };
  return judged("role", pull, { executionRole, ...wanted }, "may pull from ECR", "may not pull from ECR");
}

async function mayReadSecret(
  { secret, key }: { readonly secret: string; readonly key: string | undefined },
  { executionRole }: Puller,
  { roles }: Pick<Ports, "roles">,
): Promise<Check> {
  if (executionRole === undefined) {
    return {
      what: "secret",
      result: "failed",
      because: "a task without an execution role cannot read a secret",
    };
  }
  const reading = { executionRole, actions: ["secretsmanager:GetSecretValue"], resource: secret };
  const allowed = await roles.mayDo(executionRole, reading.actions, secret);
  const read = judged("secret", allowed, reading, "may read the secret", "may not read the secret");
  if (key === undefined || read.result !== "passed") return read;
  const region = arnIn(secret)?.region ?? "";
  const by = { "kms:ViaService": `secretsmanager.${region}.${awsDomainOf(region)}` };
  const decrypts = await roles.mayDo(executionRole, ["kms:Decrypt"], key, by);
  return judged(
    "secret",
    decrypts,
    { executionRole, actions: ["kms:Decrypt"], resource: key },
    "may read the secret and decrypt it",
    "may not decrypt the secret with its key",
  );
}

function judged(
  what: Check["what"],
  asked: Awaited<ReturnType<Ports["roles"]["mayDo"]>>,
  {
    executionRole,
    actions,
    resource,
  }: { readonly executionRole: string; readonly actions: readonly string[]; readonly resource: string },
  passed: string,
  mayNot: string,
): Check {
  const name = arnIn(executionRole)?.resource.replace(/^role\//, "") ?? executionRole;
  if (asked.kind === "allowed") return { what, result: "passed", because: `${name} ${passed}` };
  if (asked.kind === "unknown") return unchecked(what, asked.because);
  return {
    what,
    result: "failed",
    because: `the execution role ${name} ${mayNot} (${asked.action})`,
    lacks: { role: name.slice(name.lastIndexOf("/") + 1), actions: [...actions], resource },
  };
}

/** The three endpoints that a pull from private ECR needs where there is no other way. */
const ECR_ENDPOINTS = ["ecr.api", "ecr.dkr", "s3"];

async function reaches(
  host: string,
  { network, reached, reachesInternet }: Puller,
  { networks }: Pick<Ports, "networks">,
): Promise<Check> {
  const seen = `yet ${reached}`;
  if (network === undefined || network.subnets.length === 0)
    return unchecked("network", `the service names no subnets; ${seen}`);
  const facts = await networks.describe(network.subnets);
  if (facts.kind === "unknown") return unchecked("network", `${facts.because}; ${seen}`);
  for (const { subnet, route, endpoints } of facts.subnets) {
    const isOut = route === "other" || (route === "internet-gateway" && network.assignPublicIp);
    if (isOut) continue;
    const lacking =
      registryOf(host).kind === "ecr" ? ECR_ENDPOINTS.filter((name) => !endpoints.includes(name)) : undefined;
    if (lacking?.length === 0) continue;
    const because =
      lacking === undefined
        ? `${subnet} has no way to the internet, and ${host} has no VPC endpoint`
        : `${subnet} has no way to the internet and no endpoint for ${lacking.join(", ")}`;
    if (reachesInternet) return unchecked("network", `${because}, although ${reached}`);
    return { what: "network", result: "failed", because };
  }
  return { what: "network", result: "passed", because: `the tasks' subnets lead to ${host}` };
}

function unchecked(what: Check["what"], because: string): Check {
  return { what, result: "not checked", because };
}
