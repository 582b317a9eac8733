/** Workloads that are never changed, and failures that are no longer news; each with the reason in words. */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { isFullyRunning } from "../../ecs/service/rollout-state.ts";
import { type Deployment, primaryDeployment, type Service } from "../../ecs/service/service.ts";
import { parseTags } from "../../ecs/task-definition/provenance-tags.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { Ports } from "../ports/ports.ts";
import type { Reason } from "../report/outcome.ts";
import { deployYourself } from "../report/remedies-of-refusal.ts";
import { optedOut } from "./opt-out.ts";
import type { NotEligible, Recovered, Superseded, SurveyRequest } from "./types.ts";

/** The service was deleted. */
export function serviceDeleted(service: string): Ignored {
  return { kind: "ignored", because: `the service ${service} no longer exists` };
}

/** Why this service is never changed, whatever has failed. */
export function ineligibleReason(service: Service): Ignored | NotEligible | undefined {
  if (service.controller !== "CODE_DEPLOY") return unsupportedReason(service);
  return (
    unsupportedReason(service) ??
    notEligible(
      "deployed-by-others",
      `CodeDeploy deploys the service ${service.name}: ECS accepts a new task definition from no other caller`,
      [
        deployYourself(
          "let CodeDeploy deploy a revision with an image from ECR",
          "CodeDeploy has deployed a revision with an image from ECR",
        ),
      ],
    )
  );
}

/** Why there is nothing even to plan for this service. */
export function unsupportedReason(service: Service): Ignored | NotEligible | undefined {
  const { name, status, controller, tags } = service;
  if (status !== "ACTIVE") return { kind: "ignored", because: `the service ${name} is ${status}` };
  const out = optedOut([{ name: `the service ${name}`, tags, arn: service.arn }]);
  if (out !== undefined) return out;
  if (service.resourceManagementType !== undefined && service.resourceManagementType !== "CUSTOMER") {
    const isDaemon = service.schedulingStrategy === "DAEMON";
    return notEligible(
      "deployed-by-others",
      isDaemon
        ? `ECS manages the daemon ${name} itself, and an update of it drains and replaces container instances`
        : `ECS manages the Express service ${name} itself, and writes its revisions`,
      [
        isDaemon
          ? deployYourself(
              "register the daemon's task definition with an image from ECR, and update the daemon when its container instances may be replaced",
              "the daemon runs an image from ECR",
            )
          : updateExpress(service.arn),
      ],
    );
  }
  if (controller === "EXTERNAL") {
    return notEligible(
      "deployed-by-others",
      `an external controller deploys the service ${name} by task sets`,
      [
        deployYourself(
          "let that controller create a task set with an image from ECR",
          "its controller has created a task set with an image from ECR",
        ),
      ],
    );
  }
  return undefined;
}

/** https://docs.aws.amazon.com/cli/latest/reference/ecs/update-express-gateway-service.html (read 2026-11) */
function updateExpress(service: string): Remedy {
  const container = JSON.stringify({ image: "IMAGE_ELSEWHERE" });
  return {
    code: "deploy-yourself",
    params: { how: "deploy it with an image that can be pulled" },
    command: [
      ...["aws", "ecs", "update-express-gateway-service"],
      ...["--service-arn", service, "--primary-container", container],
    ],
  };
}

function notEligible(reason: Reason, because: string, remedies: readonly Remedy[]): NotEligible {
  return { kind: "not-eligible", reason, because, remedies };
}

/**
 * Whether the failing revision is no longer the one to heal.
 *
 * Judged by the service and by its primary deployment, because one of them may still be old.
 */
export async function staleFailureReason(
  service: Service,
  { failure, own }: Pick<SurveyRequest, "failure" | "own">,
  former: string,
  ports: Ports,
): Promise<(Ignored & { readonly transient?: "soon" }) | Superseded | Recovered | undefined> {
  const primary = primaryDeployment(service);
  const past = own !== undefined ? undefined : pastDeployment(service, failure);
  const isHealed = service.taskDefinition === former && primary !== undefined && isFullyRunning(service);
  if (isHealed && !failure.preemptive) {
    return {
      kind: "ignored",
      because: `${primary.desiredCount} of ${primary.desiredCount} tasks of the service ${service.name} run ${shortRevision(former)} now`,
    };
  }
  for (const revision of new Set([
    service.taskDefinition,
    primary?.taskDefinition ?? service.taskDefinition,
  ])) {
    if (revision === former) continue;
    // What this execution registered is known from its own steps: tags can be written by others.
    if (own?.some((one) => sameRevision(one, revision)))
      return primary !== undefined && isFullyRunning(service) ? recovered(primary) : undefined;
    const marker = parseTags((await ports.ecs.describeTaskDefinition(revision))?.tags ?? []);
    if (marker?.previousRevision !== undefined && sameRevision(marker.previousRevision, former)) {
      return {
        kind: "ignored",
        because: `already done: the service ${service.name} was moved from ${shortRevision(former)} to ${shortRevision(revision)} by ${marker.execution}`,
        // Or undone since then: the undo is a deployment of its own, which this answer does not show yet.
        ...(showsDeployment(service, failure) ? {} : { transient: "soon" }),
      };
    }
    return {
      kind: "superseded",
      because: `the service ${service.name} is on ${shortRevision(revision)} now, no longer on ${shortRevision(former)}`,
      transient: !showsDeployment(service, failure),
    };
  }
  return past;
}

/** A substitute of this execution's that could not be pulled for a while, and runs now. */
function recovered({ desiredCount, taskDefinition }: Deployment): Recovered {
  const ours = shortRevision(taskDefinition);
  return { kind: "succeeded", because: `${desiredCount} of ${desiredCount} tasks run ${ours} by now` };
}

/** The service shows the failing deployment as replaced by a later one: that one's tasks have events of their own. */
function pastDeployment(service: Service, { owner }: PullFailure): Ignored | undefined {
  const id = owner.kind === "service" ? owner.deploymentId : undefined;
  const primary = primaryDeployment(service);
  const own = service.deployments.find((deployment) => deployment.id === id);
  if (own === undefined || primary === undefined || own.id === primary.id) return undefined;
  return { kind: "ignored", because: `the deployment ${own.id} was replaced by ${primary.id}` };
}

/** An answer without the deployment that failed may be of the time before it. */
function showsDeployment({ deployments }: Service, { owner }: PullFailure): boolean {
  return owner.kind === "service" && deployments.some(({ id }) => id === owner.deploymentId);
}
