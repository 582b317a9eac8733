/**
 * A service that CodeDeploy deploys: planned to the last step, and handed to the operator of its deployments.
 *
 * ECS takes a revision for it from CodeDeploy alone, and a deployment of CodeDeploy runs hooks, moves traffic
 * and fills the one place that its group has: so Repull begins none. It names the commands that do.
 */

import { shortRevision } from "../../ecs/arn.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import { sourceChanges } from "../report/next-steps.ts";
import { createDeploymentCommand, registerCommand } from "../report/paste-commands.ts";
import { deployYourself, placesIn } from "../report/remedies-of-refusal.ts";
import type { RemediationResult } from "../report/report.ts";

export type ManualDeployment = {
  readonly service: string;
  /** CodeDeploy's own id, `d-…`, of the deployment whose AppSpec the next one takes over, where ECS reports it. */
  readonly deployment?: string;
};

/** Replaces an id that ECS does not report. */
const UNKNOWN_DEPLOYMENT = "DEPLOYMENT";

/** The plan with the commands that carry it out, in their order. */
export function reportManualDeployment(
  { service, deployment }: ManualDeployment,
  former: string,
  images: readonly ImagePlan[],
  executionRole?: string,
): RemediationResult {
  const copies = images.flatMap(({ substitute }) => substitute?.copy ?? []);
  return {
    kind: "not-eligible",
    reason: "deployed-by-others",
    remedies: [
      deployYourself(
        `let CodeDeploy deploy a revision of ${shortRevision(former)} with ${placesIn(images)}`,
        `CodeDeploy has deployed a revision with ${placesIn(images)}`,
      ),
    ],
    because: `CodeDeploy deploys the service ${service}, and ECS accepts a new task definition for it from no other caller. Register the revision and start the deployment with the commands below`,
    images,
    nextSteps: [
      ...copies.map(({ source, target }) => `repull mirror ${source} ${target}`),
      ...sourceChanges(images),
      registerCommand(former, images, executionRole),
      ...(deployment === undefined
        ? [
            `aws deploy list-deployments --include-only-statuses Succeeded: take the service's last one as ${UNKNOWN_DEPLOYMENT} in the next command`,
          ]
        : []),
      createDeploymentCommand(deployment ?? UNKNOWN_DEPLOYMENT, former),
    ],
  };
}
