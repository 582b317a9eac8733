/** The services and tasks of a world file, put into the cluster with the task definitions that people write. */

import { getObject } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { SandboxSchedule } from "../aws/schedules.ts";
import type { Cluster, NewService } from "../ecs/cluster-api.ts";
import type { TaskDefinitions } from "../ecs/task-definitions.ts";
import type { AwsLocation } from "../example-location.ts";
import type { Internet } from "../network.ts";
import type { ScheduleEntry, ServiceEntry, TaskEntry } from "./workload-entry.ts";

/** What workloads are put into. */
export type Place = {
  readonly home: AwsLocation;
  readonly cluster: Cluster;
  readonly definitions: TaskDefinitions;
  readonly internet: Internet;
};

/** From where everything that already runs was pulled, long ago: nothing of it is counted to the others. */
const PAST_ADDRESS = "192.0.2.99";

/** Adds a service as a world file describes it: what it ran formerly is there, what it shall run begins to deploy. */
export async function addService(place: Place, given: ServiceEntry): Promise<void> {
  const entry = given.capacityProvider === undefined ? given : { ...given, launchType: "EC2" as const };
  const { cluster, definitions, internet, home } = place;
  const past = internet.from(PAST_ADDRESS);
  const family = String(entry.taskDefinition?.family ?? entry.family ?? entry.name);
  const registered = (images: ServiceEntry["formerly"], whole?: JsonObject): string =>
    definitions.register(whole ?? taskDefinitionOf(home, family, imagesOf(family, images), entry));
  const settings = (taskDefinition: string): NewService => ({
    ...settingsOf(entry),
    taskDefinition,
  });

  const twin = entry.sharesRevisionWith === undefined ? undefined : twinOf(cluster, entry.sharesRevisionWith);
  if (entry.formerly !== undefined) {
    definitions.skipTo(family, Math.max(1, (entry.revision ?? 1) - 1));
    const before = twin?.before ?? registered(entry.formerly);
    await cluster.createRunningService(settings(before), past);
  }
  if (entry.revision !== undefined) definitions.skipTo(family, entry.revision);
  const arn = twin?.now ?? registered(entry.images ?? entry.image, entry.taskDefinition);
  const id = entry.deploymentId === undefined ? {} : { deploymentId: entry.deploymentId };
  if (entry.settled === true && entry.formerly === undefined) {
    await cluster.createRunningService({ ...settings(arn), ...id }, past);
  } else if (entry.formerly === undefined) {
    cluster.createService({ ...settings(arn), ...id });
  } else {
    cluster.deploy(entry.cluster ?? "default", entry.name, arn, entry.deploymentId);
  }
}

/** The revisions of a service above it in the file: what it runs, and what it ran before. */
function twinOf(
  cluster: Cluster,
  place: string,
): { readonly now: string; readonly before: string | undefined } {
  const [name = "", service = ""] = place.split("/");
  const found = cluster.service(name, service);
  if (found === undefined) throw new InvalidInput(`services.${place}`, "the name of a service above it");
  const before = found.serviceDeployments.find(
    ({ taskDefinition }) => taskDefinition !== found.taskDefinition,
  );
  return { now: found.taskDefinition, before: before?.taskDefinition };
}

/** Starts a task that belongs to no service. */
export function addTask({ cluster, definitions, home }: Place, entry: TaskEntry): void {
  const { family, revision, launchType, startedBy, group, overrides, tags } = entry;
  if (revision !== undefined) definitions.skipTo(family, revision);
  const images = imagesOf(family, entry.images ?? entry.image);
  cluster.runTask({
    cluster: entry.cluster ?? "default",
    taskDefinition: definitions.register(
      entry.taskDefinition ?? taskDefinitionOf(home, family, images, entry),
    ),
    ...(launchType === undefined ? {} : { launchType }),
    ...(startedBy === undefined ? {} : { startedBy }),
    ...(group === undefined ? {} : { group }),
    ...(overrides === undefined ? {} : { overrides }),
    ...(tags === undefined ? {} : { tags }),
  });
}

/** A rule or schedule with the target of a world file. */
export function scheduleOf(home: AwsLocation, entry: ScheduleEntry): SandboxSchedule {
  const { kind, name, cluster = "default", taskDefinition, target = {}, expression, tags } = entry;
  const arn = (resource: string): string =>
    `arn:${home.partition}:ecs:${home.region}:${home.account}:${resource}`;
  const parameters = getObject(target, "EcsParameters") ?? {};
  return {
    kind,
    name,
    ...(expression === undefined ? {} : { expression }),
    ...(tags === undefined ? {} : { tags }),
    target: {
      Id: "1",
      RoleArn: `arn:${home.partition}:iam::${home.account}:role/${name}`,
      ...target,
      Arn: arn(`cluster/${cluster}`),
      EcsParameters: { ...parameters, TaskDefinitionArn: arn(`task-definition/${taskDefinition}`) },
    },
  };
}

type Images = Readonly<Record<string, string>>;

/** A lone image is that of a container named like the family. */
export function imagesOf(family: string, images: string | Images | undefined): Images {
  if (typeof images !== "string") return images ?? { [family]: "busybox" };
  return { [family]: images };
}

/** A task definition such as people write: only the containers' names and images matter to the story. */
export function taskDefinitionOf(
  home: AwsLocation,
  family: string,
  images: Images,
  {
    launchType = "FARGATE",
    executionRole = true,
    architecture,
  }: Pick<ServiceEntry, "launchType" | "executionRole" | "architecture">,
): JsonObject {
  const role = `arn:${home.partition}:iam::${home.account}:role/${family}-execution`;
  return {
    family,
    networkMode: launchType === "FARGATE" ? "awsvpc" : "bridge",
    requiresCompatibilities: [launchType],
    cpu: "256",
    memory: "512",
    ...(executionRole ? { executionRoleArn: role } : {}),
    ...(architecture === undefined
      ? {}
      : { runtimePlatform: { cpuArchitecture: architecture, operatingSystemFamily: "LINUX" } }),
    containerDefinitions: Object.entries(images).map(([name, image]) => ({ name, image, essential: true })),
  };
}

function settingsOf(entry: ServiceEntry): Omit<NewService, "taskDefinition"> {
  const {
    cluster = "default",
    circuitBreaker = "off",
    family: _family,
    sharesRevisionWith: _twin,
    image: _image,
    images: _images,
    taskDefinition: _definition,
    revision: _revision,
    formerly: _formerly,
    settled: _settled,
    deploymentId: _id,
    executionRole: _role,
    architecture: _architecture,
    subnets,
    assignPublicIp = false,
    capacityProvider,
    resourceManagementType,
    ...same
  } = entry;
  const given = Object.entries(same).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Pick<NewService, "name">),
    cluster,
    others: {
      ...(subnets === undefined ? {} : networkOf(subnets, assignPublicIp)),
      ...(capacityProvider === undefined
        ? {}
        : { capacityProviderStrategy: [{ capacityProvider, weight: 1 }] }),
      ...(resourceManagementType === undefined ? {} : { resourceManagementType }),
    },
    circuitBreaker: { enable: circuitBreaker !== "off", rollback: circuitBreaker === "rollback" },
  };
}

/** As DescribeServices shows it. */
function networkOf(subnets: readonly string[], assignPublicIp: boolean): JsonObject {
  const awsvpcConfiguration = { subnets, assignPublicIp: assignPublicIp ? "ENABLED" : "DISABLED" };
  return { networkConfiguration: { awsvpcConfiguration } };
}
