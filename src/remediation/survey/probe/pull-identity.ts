/** Who would pull a substitute, and what the failure itself shows of where they get. */

import type { Service } from "../../../ecs/service/service.ts";
import type { FailedContainer, PullFailure } from "../../../ecs-events/pull-failure.ts";
import { tryParseReference } from "../../../image/reference.ts";
import { isDockerHubFront, registryOf } from "../../../image/registry-hosts.ts";
import { DOCKER_HUB } from "../../../network/destination.ts";
import type { PullFailureKind } from "../../../pull-failure/types.ts";

/** What is known of the tasks that would pull. */
export type PullIdentity = {
  readonly launchType: string | undefined;
  readonly clusterArn: string;
  /** The role that pulls for a Fargate task; the policy's, where the definition has none. */
  readonly executionRole: string | undefined;
  /** ECS says of the definition that its images of ECR are pulled by the execution role, on EC2 too. */
  readonly pullsByExecutionRole: boolean;
  readonly network: Service["network"];
  /** Hosts that have answered the tasks, as the failure shows. */
  readonly answered: readonly string[];
  /** What shows that the tasks get out at all: they did reach the registry that refused. */
  readonly reached: string;
  /** A public registry answered them: whatever the route tables say, they reach the internet. */
  readonly reachesInternet: boolean;
};

const LIMITS: ReadonlySet<PullFailureKind> = new Set([
  "docker-hub-pull-limit",
  "docker-hub-abuse-limit",
  "registry-limit",
]);

type Shown = Pick<PullFailure, "failures" | "preemptive">;

/** Whether a failure is the answer of a registry that is on the internet alone, and not of a cache on the way to it. */
export function provesInternet({ failures, preemptive }: Shown): boolean {
  if (preemptive) return false;
  return failures.some((failed) => {
    const { registry = "" } = failed.classification;
    const isPublic = isDockerHubFront(registry) || registryOf(registry).kind === "ecr-public";
    return isPublic && askedHost(failed) !== undefined;
  });
}

/** The hosts that a failure shows to have answered; a cache of ECR that met a limit is not its upstream. */
export function answeredHosts({ failures, preemptive }: Shown): readonly string[] {
  if (preemptive) return [];
  const hosts = failures.flatMap((failed) => askedHost(failed) ?? []);
  return [
    ...new Set(hosts.flatMap((host) => (isDockerHubFront(host) ? DOCKER_HUB.map((one) => one.host) : host))),
  ];
}

function askedHost({ image, classification }: FailedContainer): string | undefined {
  const { kind, confidence, registry = "" } = classification;
  const asked = tryParseReference(image ?? classification.image)?.host ?? registry;
  const isItsAnswer = LIMITS.has(kind) && confidence === "certain" && registryOf(asked).kind !== "ecr";
  return isItsAnswer ? asked : undefined;
}
