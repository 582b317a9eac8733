/**
 * An operator's order in the shape of a pull failure, so that what surveys, plans and writes is the very code that heals a
 * service. Nothing has failed: nothing is confirmed by it, and no text says more.
 */

import { optional } from "../../ecs/json-fields.ts";
import type { Service } from "../../ecs/service/service.ts";
import type { FailedContainer, PullFailure } from "../../ecs-events/pull-failure.ts";
import { canonicalName } from "../../image/reference.ts";
import { DOCKER_HUB_HOST, isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Ports } from "../ports/ports.ts";
import type { Order, OrderedImage } from "../survey/types.ts";

type Ordered = OrderedImage & { readonly containers: readonly string[] };

/** Undefined where nothing is ordered. Throws AwsError. */
export async function orderedFailure(
  { clusterArn, name, taskDefinition, launchType }: Service,
  { deploymentId, images }: Pick<Order, "deploymentId"> & { readonly images: readonly Ordered[] },
  { ecs, location }: Pick<Ports, "ecs" | "location">,
): Promise<PullFailure | undefined> {
  const [first, ...others] = images.flatMap(asFailed);
  if (first === undefined) return undefined;
  const running =
    launchType === undefined
      ? await ecs.listTasks({ cluster: clusterArn, service: name, desiredStatus: "RUNNING" })
      : [];
  return {
    kind: "pull-failure",
    preemptive: true,
    ...location,
    clusterArn,
    taskArn: "",
    taskDefinitionArn: taskDefinition,
    owner: {
      kind: "service",
      cluster: clusterArn.slice(clusterArn.lastIndexOf("/") + 1),
      service: name,
      deploymentId,
    },
    // A service with a capacity provider does not say; its tasks do.
    ...optional("launchType", launchType ?? running[0]?.launchType),
    failures: [first, ...others],
  };
}

function asFailed({ image, containers, source }: Ordered): readonly FailedContainer[] {
  const isHub = isDockerHubFront(source.host);
  const registry = isHub ? DOCKER_HUB_HOST : source.host;
  return containers.map((name) => ({
    name,
    image,
    classification: {
      kind: isHub ? "docker-hub-pull-limit" : "registry-limit",
      ...(isHub ? { limitedAs: "anonymous" as const } : {}),
      confidence: "certain",
      registry,
      image: canonicalName(source),
      evidence: [],
      because: "an operator has ordered what the tag names now",
    },
  }));
}
