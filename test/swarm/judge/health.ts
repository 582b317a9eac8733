/** Which services Repull owes something, which of them run, and which could: judged from the world's own records. */

import { freeTags } from "../../../src/ecs/task-definition/task-definition.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { isRunning } from "../../../src/sandbox/ecs/documents/task-document.ts";
import type { ServiceRecord } from "../../../src/sandbox/ecs/state.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { placeOf } from "../world/images.ts";
import { containersOf } from "./meanings.ts";
import type { Witness } from "./witness.ts";

/** The services that Repull may touch. */
export function touchable(world: World, witness: Witness): readonly ServiceRecord[] {
  return world.cluster.services().filter((service) => {
    const room = freeTags(world.definitions.describe(service.taskDefinition)?.tags ?? []);
    return service.controller === "ECS" && !witness.isOff(service) && room >= 5;
  });
}

export function isWhole(service: ServiceRecord): boolean {
  const [primary] = service.deployments;
  if (primary?.rolloutState !== "COMPLETED") return false;
  let running = 0;
  for (const task of service.cluster.tasks.values())
    if (task.deployment === primary && isRunning(task)) running += 1;
  return running >= service.desiredCount;
}

/** The hosts that do not answer in a world. */
export type Cut = {
  /** Hosts from which nothing comes, as the world file names them. */
  readonly silent: ReadonlySet<string>;
  /** How an execution ended cannot be read. */
  readonly history: boolean;
  /** Repull calls from the tasks' address, whose pulls others use up as they come back. */
  readonly pulls: boolean;
};

/**
 * Whether each image that the service may not pull from Docker Hub is to be had elsewhere, judged from the registries themselves.
 */
export function canBeHealed(
  world: World,
  witness: Witness,
  service: ServiceRecord,
  { silent, history, pulls }: Cut,
): boolean {
  const { dockerHub, ecr, ecrPublic } = world.registries;
  const definition = world.definitions.describe(service.taskDefinition)?.taskDefinition ?? {};
  const mayUseEcr = service.launchType === "EC2" || definition.executionRoleArn !== undefined;
  const repull = { address: world.addresses.repull };
  if (witness.isAmbiguous(service)) return false;
  // What an earlier execution trusted is in its history alone, where the service came back to the same revision.
  if (history && (witness.substitutes.of(service.arn) > 0 || witness.isTriedBefore(service))) return false;
  const containers = containersOf(world, service.taskDefinition);
  const isElsewhere = containers.every(({ name }) =>
    witness.sourceImage(service.taskDefinition, String(name)).includes(".amazonaws.com/"),
  );
  // A copy in ECR is not a cure for a limit of ECR itself: what a storm of it has ended, the operator starts again.
  if (isElsewhere && !isWhole(service)) return false;
  return containers.every(({ name }) => {
    const image = witness.sourceImage(service.taskDefinition, String(name));
    if (image.includes(".amazonaws.com/")) return mayUseEcr;
    // Without the permission to ask what a tag means, ECS has to report it.
    if (witness.isReinterpreted(service, String(name))) return false;
    if (silent.has("docker.io") && !witness.isPinned(service, String(name))) return false;
    const { path } = placeOf(image);
    const digests = [...witness.wanted(service, String(name))];
    const crashes = digests.some((digest) => world.registries.crashes.has(`docker.io/${path}@${digest}`));
    if (crashes) return false;
    const isPublic =
      !silent.has("public.ecr.aws") &&
      digests.some((digest) => ecrPublic.manifest(`docker/${path}`, digest) !== undefined);
    if (isPublic) return true;
    if (!mayUseEcr) return false;
    const isCopied = digests.some((digest) => ecr.manifest(`repull/docker.io/${path}`, digest) !== undefined);
    if (isCopied) return true;
    // How a copy ended that cannot be read is not tried again in the dark: it may have met a limit.
    if (history && !isWhole(service)) return false;
    const isThere = digests.some((digest) => dockerHub.manifest(path, digest) !== undefined);
    return isThere && !pulls && !silent.has("docker.io") && (dockerHub.pullsLeft(repull) ?? 0) >= 2;
  });
}

/** The hosts of a world file that never answer. */
export function silentHosts(file: Record<string, unknown>): ReadonlySet<string> {
  const registries = (file.registries ?? {}) as Readonly<Record<string, JsonObject>>;
  return new Set(
    Object.entries(registries).flatMap(([host, { trouble }]) => (trouble === "silent" ? [host] : [])),
  );
}
