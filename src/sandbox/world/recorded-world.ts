/**
 * The world in which a recorded event happened.
 *
 * The event has the service, its revision, its deployment and the task that failed; a world file has the
 * rest: what the registries hold, whose quota is gone, and whatever of the service the event cannot know.
 */

import { parseRevision } from "../../ecs/arn.ts";
import { getObject, getObjects, getString, isObject, optional } from "../../ecs/json-fields.ts";
import { dockerHubName, tryParseReference } from "../../image/reference.ts";
import {
  DOCKER_HUB_HOST,
  ECR_PUBLIC_HOST,
  isDockerHub,
  isDockerHubFront,
} from "../../image/registry-hosts.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { recordedEvent } from "./recorded-event.ts";
import type { ImageEntry } from "./registry-entry.ts";
import type { ServiceEntry } from "./workload-entry.ts";
import { imagesOf, taskDefinitionOf } from "./workloads.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";
import type { WorldFile } from "./world-file.ts";

/**
 * Makes the world of a file with the recorded events already part of its past: their services deploy the
 * revisions that they name, and their tasks are there to be described. What is not an event changes nothing.
 */
export async function createRecordedWorld(
  file: WorldFile,
  events: readonly Json[],
  options: WorldOptions = {},
): Promise<World> {
  const details = events.flatMap((event) => {
    const detail = isObject(event) ? getObject(event, "detail") : undefined;
    return detail === undefined ? [] : [detail];
  });
  const world = await createWorld(withServicesOf(details, withHomeOf(events, file)), options);
  for (const detail of details) {
    if (getString(detail, "taskArn") === undefined) continue;
    registerIfAbsent(world, detail);
    const told = getObject(recordedEvent({ detail }, world), "detail");
    world.cluster.addRecordedTask(told ?? detail);
  }
  return world;
}

/**
 * A world in which a limit that struck can be healed: every registry has the events' images, Docker Hub lets
 * the tasks pull no more, and its official images are on ECR Public too, the very same. Bytes
 * cannot be made from a digest: an image that is pinned to one exists only if it is the sandbox's own.
 */
export function healableWorld(events: readonly Json[]): WorldFile {
  const images = new Map<string, Record<string, ImageEntry>>([
    [DOCKER_HUB_HOST, {}],
    [ECR_PUBLIC_HOST, {}],
  ]);
  const hold = (host: string, name: string, entry: ImageEntry): void => {
    images.set(host, { ...images.get(host), [name]: { ...images.get(host)?.[name], ...entry } });
  };
  const details = events.filter(isObject).map((event) => getObject(event, "detail") ?? {});
  for (const image of details.flatMap((detail) => Object.values(imagesByContainer(detail)))) {
    const written = tryParseReference(image);
    if (written === undefined) continue;
    const known = dockerHubName(written);
    const reference = known ?? written;
    if (reference.digest !== undefined && reference.tag === undefined) continue;
    const name = `${reference.path}:${reference.tag ?? "latest"}`;
    hold(reference.host, name, {});
    // A front has what Docker Hub has, under the same path.
    if (known !== undefined && !isDockerHub(written.host))
      hold(written.host, name, { sameAs: `${DOCKER_HUB_HOST}/${name}` });
    if (reference.host === DOCKER_HUB_HOST && reference.path.startsWith("library/")) {
      hold(ECR_PUBLIC_HOST, `docker/${name}`, { sameAs: `${DOCKER_HUB_HOST}/${name}` });
    }
  }
  const registries = [...images].map(([host, references]) => [
    host,
    { images: references, ...(isDockerHubFront(host) ? { quota: { remaining: 0 } } : {}) },
  ]);
  return { registries: Object.fromEntries(registries) };
}

function withHomeOf(events: readonly Json[], file: WorldFile): WorldFile {
  const first = events.filter(isObject).find((event) => getString(event, "account") !== undefined) ?? {};
  const time = Date.parse(getString(first, "time") ?? "");
  return {
    ...optional("account", getString(first, "account")),
    ...optional("region", getString(first, "region")),
    ...(Number.isNaN(time) ? {} : { time: new Date(time).toISOString() }),
    ...file,
  };
}

/** Each service that the events name, completed by what the file says of it; and the file's others. */
function withServicesOf(details: readonly JsonObject[], file: WorldFile): WorldFile {
  const services = new Map((file.services ?? []).map((entry) => [entry.name, entry]));
  for (const detail of details) {
    const recorded = serviceIn(detail);
    if (recorded === undefined) continue;
    const declared = services.get(recorded.name);
    const { images, ...others } = recorded;
    const hasImages = [declared?.image, declared?.images, declared?.taskDefinition].some(
      (said) => said !== undefined,
    );
    services.set(recorded.name, { ...others, ...(hasImages ? {} : optional("images", images)), ...declared });
  }
  return { ...file, services: [...services.values()] };
}

function serviceIn(detail: JsonObject): ServiceEntry | undefined {
  const [, name] = /^service:(.+)$/.exec(getString(detail, "group") ?? "") ?? [];
  const named = parseRevision(getString(detail, "taskDefinitionArn") ?? "");
  if (name === undefined || named === undefined) return undefined;
  const startedBy = getString(detail, "startedBy");
  const images = imagesByContainer(detail);
  const clusterArn = getString(detail, "clusterArn") ?? "default";
  return {
    cluster: clusterArn.slice(clusterArn.lastIndexOf("/") + 1),
    name,
    family: named.family,
    revision: named.revision,
    launchType: launchTypeIn(detail),
    ...(Object.keys(images).length === 0 ? {} : { images }),
    ...(startedBy?.startsWith("ecs-svc/") === true ? { deploymentId: startedBy } : {}),
    ...architectureIn(detail),
  };
}

/** A standalone task's revision, or that of a service which the file says to have moved on since. */
function registerIfAbsent({ definitions, home }: World, detail: JsonObject): void {
  const arn = getString(detail, "taskDefinitionArn") ?? "";
  const named = parseRevision(arn);
  const images = imagesByContainer(detail);
  if (named === undefined || definitions.describe(arn) !== undefined || Object.keys(images).length === 0)
    return;
  definitions.skipTo(named.family, named.revision);
  definitions.register(
    taskDefinitionOf(home, named.family, imagesOf(named.family, images), {
      launchType: launchTypeIn(detail),
      ...architectureIn(detail),
    }),
  );
}

function launchTypeIn(detail: JsonObject): "EC2" | "FARGATE" {
  return getString(detail, "launchType") === "EC2" || "containerInstanceArn" in detail ? "EC2" : "FARGATE";
}

function architectureIn(detail: JsonObject): Pick<ServiceEntry, "architecture"> {
  const attribute = getObjects(detail, "attributes").find(({ name }) => name === "ecs.cpu-architecture");
  return attribute?.value === "arm64" ? { architecture: "ARM64" } : {};
}

/** Containers that ECS itself adds to a task: they are in events and in no task definition. */
const MANAGED_CONTAINERS = /^(?:ecs-service-connect-|aws-guardduty-agent-)/;

function imagesByContainer(detail: JsonObject): Readonly<Record<string, string>> {
  const named = getObjects(detail, "containers").flatMap((container): [string, string][] => {
    const name = getString(container, "name");
    const image = getString(container, "image");
    if (name === undefined || image === undefined || MANAGED_CONTAINERS.test(name)) return [];
    return tryParseReference(image) === undefined ? [] : [[name, image]];
  });
  return Object.fromEntries(named);
}
