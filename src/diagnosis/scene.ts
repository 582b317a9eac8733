/** A failed start with what the account says about it: its task definition, its service, and the interfaces that asked. */

import { parseArn, revisionOf, sameRevision } from "../ecs/arn.ts";
import { getObject, getObjects, getString, getStrings, optional } from "../ecs/json-fields.ts";
import { isUnread, type Read, type Source } from "../network/facts.ts";
import type { JsonObject } from "../runtime/json.ts";
import { type FailedStart, fromService } from "./failed-start.ts";
import type { AccountReads, Answered } from "./reads.ts";

export type Unread = Extract<Answered, { kind: "unread" }>;

export type Scene = {
  readonly start: FailedStart;
  readonly reads: AccountReads;
  readonly region: string;
  readonly account?: string;
  readonly definition: JsonObject | Unread;
  readonly service?: JsonObject;
  /** On EC2 the container instance's own interface logs in, pulls and reads secrets. (AmazonECS/…/task-networking.html) */
  readonly pulledBy: "task" | "instance";
  readonly sources: Read<Source>;
  /** Whether it is recorded that a task's interface has a public address, or has none. */
  readonly isPublicAddressKnown: boolean;
};

export function isUnknown(value: JsonObject | Unread): value is Unread {
  return value.kind === "unread" && "permission" in value;
}

export async function sceneOf(start: FailedStart, reads: AccountReads): Promise<Scene> {
  const region = start.region ?? reads.region;
  const service = await readService(start, reads, region);
  const taskDefinition = start.taskDefinition ?? (service && getString(service, "taskDefinition"));
  const launchType = start.launchType ?? (service && launchTypeOf(service));
  const full = {
    ...start,
    ...optional("launchType", launchType),
    ...optional("taskDefinition", taskDefinition),
  };
  const definition = await readDefinition(taskDefinition, reads, region);
  const network = service && networkOf(service, start.deployment);
  const pulledBy =
    launchType === "FARGATE" ||
    (launchType === undefined && (network !== undefined || start.subnet !== undefined))
      ? "task"
      : "instance";
  const sources =
    pulledBy === "task" ? taskSources(start, network) : await instanceSources(full, reads, region);
  return {
    start: full,
    reads,
    region,
    definition,
    pulledBy,
    sources,
    isPublicAddressKnown: pulledBy === "instance" || network !== undefined,
    ...optional("account", start.account ?? reads.account),
    ...optional("service", service),
  };
}

async function readService(
  start: FailedStart,
  reads: AccountReads,
  region: string,
): Promise<JsonObject | undefined> {
  if (start.service === undefined) return undefined;
  const input = { ...optional("cluster", start.cluster), services: [start.service] };
  const found = await reads.read("ecs.DescribeServices", input, region);
  if (found.kind !== "answer") return undefined;
  return getObjects(found.answer, "services").find((one) => getString(one, "serviceName") === start.service);
}

async function readDefinition(
  arn: string | undefined,
  reads: AccountReads,
  region: string,
): Promise<JsonObject | Unread> {
  const permission = "ecs:DescribeTaskDefinition";
  if (arn === undefined) return { kind: "unread", permission, because: "the task definition is not named" };
  const found = await reads.read("ecs.DescribeTaskDefinition", { taskDefinition: arn }, region);
  if (found.kind === "unread") return found;
  const definition = found.kind === "answer" ? getObject(found.answer, "taskDefinition") : undefined;
  const own = definition && getString(definition, "taskDefinitionArn");
  if (own !== undefined && !sameRevision(own, arn) && revisionOf(arn) !== undefined)
    return { kind: "unread", permission, because: `${own} is another revision than ${arn}` };
  return definition ?? { kind: "unread", permission, because: "ECS does not describe the task definition" };
}

type AwsVpc = {
  readonly subnets: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly isPublic: boolean;
};

/** The deployment's own network, which a later deployment may have changed. */
function networkOf(service: JsonObject, deployment: string | undefined): AwsVpc | undefined {
  const sets = [...getObjects(service, "deployments"), ...getObjects(service, "taskSets")];
  const own = sets.find((one) => getString(one, "id") === deployment && "networkConfiguration" in one);
  const configuration = getObject(
    getObject(own ?? service, "networkConfiguration") ?? {},
    "awsvpcConfiguration",
  );
  if (configuration === undefined) return undefined;
  return {
    subnets: getStrings(configuration, "subnets"),
    securityGroups: getStrings(configuration, "securityGroups"),
    isPublic: getString(configuration, "assignPublicIp") === "ENABLED",
  };
}

/** The interfaces that the next tasks of a service get, where these are of their own. */
export function sourcesOfService(service: JsonObject): Read<Source> {
  return taskSources(fromService(service), networkOf(service, undefined));
}

function taskSources({ subnet }: FailedStart, network: AwsVpc | undefined): Read<Source> {
  const subnets = subnet === undefined ? network?.subnets : [subnet];
  if (subnets === undefined || subnets.length === 0)
    return { unread: "ecs:DescribeServices", because: "the task's subnet is not recorded" };
  return subnets.map((one) => ({
    subnet: one,
    hasPublicAddress: network?.isPublic === true,
    ...optional("securityGroups", network?.securityGroups),
  }));
}

async function instanceSources(
  start: FailedStart,
  reads: AccountReads,
  region: string,
): Promise<Read<Source>> {
  const { cluster, containerInstance } = start;
  const arns =
    containerInstance === undefined ? await listInstances(start, reads, region) : [containerInstance];
  if (isUnread(arns)) return arns;
  if (arns.length === 0) return [];
  const described = await reads.read(
    "ecs.DescribeContainerInstances",
    { ...optional("cluster", cluster), containerInstances: arns },
    region,
  );
  if (described.kind !== "answer") return unreadOf(described, "ecs:DescribeContainerInstances");
  const ids = getObjects(described.answer, "containerInstances")
    .filter(
      (one) =>
        containerInstance === undefined || getString(one, "containerInstanceArn") === containerInstance,
    )
    .flatMap((one) => getString(one, "ec2InstanceId") ?? []);
  if (ids.length === 0) return [];
  const instances = await reads.read("ec2.DescribeInstances", { InstanceIds: ids }, region);
  if (instances.kind !== "answer") return unreadOf(instances, "ec2:DescribeInstances");
  return getObjects(instances.answer, "Reservations")
    .flatMap((reservation) => getObjects(reservation, "Instances"))
    .filter((one) => ids.includes(getString(one, "InstanceId") ?? ""))
    .flatMap((one) => sourceOf(one) ?? []);
}

const INSTANCES_MAX = 50;

async function listInstances(
  { cluster }: FailedStart,
  reads: AccountReads,
  region: string,
): Promise<Read<string>> {
  const listed = await reads.read("ecs.ListContainerInstances", { ...optional("cluster", cluster) }, region);
  if (listed.kind !== "answer") return unreadOf(listed, "ecs:ListContainerInstances");
  return getStrings(listed.answer, "containerInstanceArns").slice(0, INSTANCES_MAX);
}

function sourceOf(instance: JsonObject): Source | undefined {
  const interfaces = getObjects(instance, "NetworkInterfaces");
  const first =
    interfaces.find((one) => getObject(one, "Attachment")?.DeviceIndex === 0) ?? interfaces[0] ?? instance;
  const subnet = getString(first, "SubnetId");
  if (subnet === undefined) return undefined;
  const groups = getObjects(
    "Groups" in first ? first : instance,
    "Groups" in first ? "Groups" : "SecurityGroups",
  );
  return {
    subnet,
    securityGroups: groups.flatMap((one) => getString(one, "GroupId") ?? []),
    hasPublicAddress:
      (getString(getObject(first, "Association") ?? {}, "PublicIp") ??
        getString(instance, "PublicIpAddress")) !== undefined,
    hasIpv6Address: getObjects(first, "Ipv6Addresses").length > 0,
    ...optional("instance", getString(instance, "InstanceId")),
  };
}

function unreadOf(found: Exclude<Answered, { kind: "answer" }>, permission: string) {
  return { unread: permission, because: found.because };
}

function launchTypeOf(service: JsonObject): string | undefined {
  const provider = getObjects(service, "capacityProviderStrategy").map(
    (one) => getString(one, "capacityProvider") ?? "",
  );
  if (provider.length > 0) return provider.every((one) => one.startsWith("FARGATE")) ? "FARGATE" : "EC2";
  return getString(service, "launchType");
}

/** The containers of the definition that this start would run. */
export function containersOf({ definition }: Scene): readonly JsonObject[] {
  return isUnknown(definition) ? [] : getObjects(definition, "containerDefinitions");
}

/** The images of the failed containers, or else of the definition. */
export function imagesOf(scene: Scene): readonly string[] {
  const told = [
    ...scene.start.reasons.flatMap(({ image }) => image ?? []),
    ...scene.start.containers.flatMap(({ image }) => image ?? []),
  ];
  return [...new Set([...told, ...containersOf(scene).flatMap((one) => getString(one, "image") ?? [])])];
}

export function executionRoleOf({ definition }: Scene): string | undefined {
  return isUnknown(definition) ? undefined : getString(definition, "executionRoleArn");
}

/** The region of an ARN, or else of the start. */
export function regionOf(text: string, { region }: Scene): string {
  return parseArn(text)?.region || region;
}
