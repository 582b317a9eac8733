/** Whether the tasks reach a registry, as a check: the model of `src/network` over what could be read. */

import { parseArn } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import { awsDomainOf } from "../../../image/ecr-hosts.ts";
import { isDockerHubFront, registryOf } from "../../../image/registry-hosts.ts";
import type { Answer } from "../../../network/answer.ts";
import {
  awsService,
  type Destination,
  DOCKER_HUB,
  ECR_PUBLIC,
  ecrPull,
  otherHost,
} from "../../../network/destination.ts";
import { isUnread, type Read, type Source } from "../../../network/facts.ts";
import { formatAnswer } from "../../../network/format-answer.ts";
import { reach } from "../../../network/reach.ts";
import type { Check } from "../../../substitution/candidate.ts";
import type { Ports } from "../../ports/ports.ts";
import type { PullIdentity } from "./pull-identity.ts";

/** What a pull from a host asks. @param repository its ARN, where it is in private ECR */
export function destinationsOf(host: string, repository = "*"): readonly Destination[] {
  if (isDockerHubFront(host)) return DOCKER_HUB;
  const registry = registryOf(host);
  if (registry.kind === "ecr-public") return ECR_PUBLIC;
  if (registry.kind !== "ecr") return [otherHost(host)];
  const { region, partition, dualStack, fips } = registry;
  const isNamedByEndpoint = !dualStack && !fips;
  return ecrPull({ host, isNamedByEndpoint, region, domain: awsDomainOf(region), partition, repository });
}

export function destinationOfSecret(secret: string): Destination {
  const region = parseArn(secret)?.region ?? "";
  const asks = { action: "secretsmanager:GetSecretValue", resource: secret };
  return awsService("secretsmanager", region, awsDomainOf(region), asks);
}

/** One check for all that is asked: the worst answer is what counts. @param name what they are together */
export async function reaches(
  name: string,
  destinations: readonly Destination[],
  puller: PullIdentity,
  { networks }: Pick<Ports, "networks">,
): Promise<Check> {
  const pulledBy = pullsByInstance(puller) ? "instance" : "task";
  const sources = pulledBy === "task" ? sourcesOf(puller) : await interfacesOf(puller, networks);
  const facts = await networks.describe(sources);
  const workload = { pulledBy, answered: puller.answered, reachesInternet: puller.reachesInternet } as const;
  const answers = destinations.map((destination) => reach(facts, workload, destination));
  const decided = decisive(answers);
  const what = "network";
  if (decided === undefined) return { what, result: "passed", because: `${whose(pulledBy)} lead to ${name}` };
  const because = formatAnswer(decided);
  if (decided.answer === "no") return { what, result: "failed", because };
  const evidence = decided.code === "answer-contradicts" ? "" : `; ${puller.reached}`;
  return { what, result: "not checked", because: `${because}${evidence}` };
}

/** Instances pull by their own interface, whatever the network of the task is. */
function pullsByInstance({ launchType, network }: PullIdentity): boolean {
  if (launchType === undefined) return network === undefined;
  return launchType !== "FARGATE";
}

function sourcesOf({ network }: PullIdentity): readonly Source[] {
  const { subnets = [], assignPublicIp = false, securityGroups } = network ?? {};
  return subnets.map((subnet) => ({
    subnet,
    hasPublicAddress: assignPublicIp,
    ...optional("securityGroups", securityGroups),
  }));
}

async function interfacesOf(
  { clusterArn }: PullIdentity,
  networks: Ports["networks"],
): Promise<Read<Source>> {
  const instances = await networks.instances(clusterArn);
  return isUnread(instances) ? instances : instances.map(({ source }) => source);
}

/** The first no, or else what is not sure; endpoints that are missing are named together. */
function decisive(answers: readonly Answer[]): Answer | undefined {
  const refused = answers.filter(({ answer }) => answer === "no");
  const [first] = refused;
  if (first === undefined) return answers.find(({ answer }) => answer === "not-sure");
  const missing = refused.filter(({ code }) => code === "endpoint-missing");
  if (first.code !== "endpoint-missing") return first;
  return { ...first, fact: { ...first.fact, service: missing.map(({ fact }) => fact.service).join(", ") } };
}

function whose(pulledBy: "task" | "instance"): string {
  return pulledBy === "task" ? "the tasks' subnets" : "the instances' subnets";
}
