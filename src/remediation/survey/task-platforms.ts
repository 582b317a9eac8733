/**
 * On which platforms a service's tasks may run: what a copy has to hold, and what a place has to have.
 *
 * The task definition may say it, Fargate has a default, and else it is what the cluster's machines are: one
 * architecture or several. Container instances that come later may be of another kind; that is unknown.
 */

import type { RequiredPlatforms } from "../../assessment/environment.ts";
import type { Service } from "../../ecs/service/service.ts";
import {
  type DescribedTaskDefinition,
  runtimePlatformOf,
} from "../../ecs/task-definition/task-definition.ts";
import { type Platform, printPlatform } from "../../image/platform.ts";
import type { ContainerInstances } from "../ports/container-instances.ts";

/** Fargate without a word means x86_64: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html */
const FARGATE_DEFAULT: Platform = { os: "linux", architecture: "amd64" };

/** The platforms of a revision's tasks. Throws nothing that the port does not. */
export async function platformsOf(
  { taskDefinition }: DescribedTaskDefinition,
  place: {
    readonly clusterArn: string;
    readonly launchType: string | undefined;
    readonly service?: Pick<Service, "capacityProviders"> | undefined;
  },
  machines: ContainerInstances,
): Promise<RequiredPlatforms> {
  const stated = runtimePlatformOf(taskDefinition);
  if (stated !== undefined) return { kind: "known", platforms: [stated] };
  if (place.launchType === "FARGATE") return { kind: "known", platforms: [FARGATE_DEFAULT] };
  const found = await machines.kinds(place.clusterArn);
  if (found.kind === "unknown") return found;
  const providers = place.service?.capacityProviders ?? [];
  const within = found.machines.filter(
    ({ capacityProvider }) =>
      providers.length === 0 || (capacityProvider !== undefined && providers.includes(capacityProvider)),
  );
  const platforms = new Map(within.map(({ platform }) => [printPlatform(platform), platform]));
  if (platforms.size === 0) {
    const whose = providers.length === 0 ? "the cluster" : `the capacity provider ${providers.join(" or ")}`;
    return {
      kind: "unknown",
      because: `${whose} has no container instance now, so the architecture is not known`,
    };
  }
  const byName = [...platforms].toSorted(([one], [other]) => one.localeCompare(other));
  return { kind: "known", platforms: byName.map(([, platform]) => platform) };
}
