/**
 * A pull failure that has not happened yet: what an operator asks about before a limit strikes.
 *
 * It has the shape of a failure, so that what surveys, plans and writes is the very code that heals a service. Only what
 * a task would have reported is not there: nothing is confirmed by it, and a service that runs all its tasks is handled too.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { primaryDeployment, type Service } from "../../ecs/service/service.ts";
import { containersOf } from "../../ecs/task-definition/task-definition.ts";
import type { FailedContainer, Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import { canonicalName, tryParseReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST, isDockerHubFront } from "../../image/registry-hosts.ts";
import { excludedBy, matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Ports } from "../ports/ports.ts";

/** An image that a service runs today. */
export type CurrentImage = {
  readonly image: string;
  readonly containers: readonly string[];
  readonly registry: string;
  /** At Docker Hub: `anonymous` shares what its address has. */
  readonly pulledAs?: "anonymous" | "account";
  /** The policy's reason for leaving it alone. */
  readonly leftOut?: string;
};

export type PreemptiveAssessment = {
  /** What a limit of Docker Hub would bring; `ignored` where it would bring nothing. */
  readonly failure: PullFailure | Ignored;
  readonly today: readonly CurrentImage[];
};

/** Every image of the service that comes from Docker Hub, as if its pull had failed. Throws AwsError. */
export async function preemptiveFailure(
  service: Service,
  { scope: { images: scope } }: Policy,
  { ecs, location }: Pick<Ports, "ecs" | "location">,
): Promise<PreemptiveAssessment> {
  const { clusterArn, taskDefinition: arn, name } = service;
  const described = await ecs.describeTaskDefinition(arn);
  const containers = containersOf(described?.taskDefinition ?? {});
  const today = [...Map.groupBy(containers, ({ image }) => image ?? "")].map(([image, all]): CurrentImage => {
    const reference = tryParseReference(image);
    const isHub = reference !== undefined && isDockerHubFront(reference.host);
    const leftOut = isHub
      ? excludedBy(scope, "images", (pattern) => matchesImage(pattern, reference))
      : undefined;
    const signedIn = all.every(({ hasRepositoryCredentials }) => hasRepositoryCredentials);
    return {
      image,
      containers: all.map((container) => container.name),
      registry: isHub ? DOCKER_HUB_HOST : (reference?.host ?? "no registry that can be read"),
      ...(isHub ? { pulledAs: signedIn ? "account" : "anonymous" } : {}),
      ...optional("leftOut", leftOut),
    };
  });
  const [first, ...others] = today.flatMap(asFailed);
  if (first === undefined) return { failure: nothingToDo(arn, today), today };

  const running = await ecs.listTasks({ cluster: clusterArn, service: name, desiredStatus: "RUNNING" });
  const failure: PullFailure = {
    kind: "pull-failure",
    preemptive: true,
    ...location,
    clusterArn,
    taskArn: "",
    taskDefinitionArn: arn,
    owner: {
      kind: "service",
      cluster: clusterArn.slice(clusterArn.lastIndexOf("/") + 1),
      service: name,
      ...optional("deploymentId", primaryDeployment(service)?.id),
    },
    // A service with a capacity provider does not report it; its tasks do.
    ...optional("launchType", service.launchType ?? running[0]?.launchType),
    failures: [first, ...others],
  };
  return { failure, today };
}

/** The limit that anonymous pulls meet: the one that every account has to reckon with. */
function asFailed({ image, containers, pulledAs, leftOut }: CurrentImage): readonly FailedContainer[] {
  const reference = tryParseReference(image);
  if (pulledAs === undefined || leftOut !== undefined || reference === undefined) return [];
  return containers.map((name) => ({
    name,
    image,
    classification: {
      kind: "docker-hub-pull-limit",
      limitedAs: "anonymous",
      confidence: "certain",
      registry: DOCKER_HUB_HOST,
      image: canonicalName(reference),
      evidence: [],
      because: "a plan was requested before a limit is reached",
    },
  }));
}

function nothingToDo(arn: string, today: readonly CurrentImage[]): Ignored {
  const leftOut = today.filter((image) => image.leftOut !== undefined);
  const because =
    leftOut.length === 0
      ? `no image of ${shortRevision(arn)} comes from Docker Hub`
      : `the policy excludes every image of ${shortRevision(arn)} that comes from Docker Hub: ${leftOut[0]?.leftOut}`;
  return { kind: "ignored", because };
}
