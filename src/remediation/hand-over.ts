/**
 * A service that CodeDeploy deploys: planned to the last step, and handed to whoever runs its deployments.
 *
 * ECS takes no revision for it from anybody else, and a deployment of CodeDeploy carries an AppSpec with hooks and
 * traffic settings that stand in its last deployment, or in a bucket that is none of Repull's business.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import { revisionName } from "../workload/arn.ts";
import { type Ending, inSource } from "./report.ts";

export type HandOver = {
  readonly service: string;
  /** CodeDeploy's own id of the deployment that is in place, `d-…`, where ECS tells it. */
  readonly deployment?: string;
  /** Why Repull cannot do it, where it may. */
  readonly because?: string;
};

/** The plan with the commands that carry it out, in their order. */
export function handOver(
  { service, deployment, because = "the policy says to report it (REPULL_CODE_DEPLOY=report)" }: HandOver,
  former: string,
  images: readonly ImagePlan[],
): Ending {
  const copies = images.flatMap(({ winner }) => winner?.copy ?? []);
  const query = "deploymentInfo.{application:applicationName,group:deploymentGroupName,revision:revision}";
  return {
    kind: "declined",
    reason: "deployed-by-others",
    because: `CodeDeploy deploys the service ${service}, ECS refuses a new task definition from anybody else, and ${because}`,
    images,
    nextSteps: [
      ...copies.map(({ source, target }) => `npx repull mirror ${source} ${target}`),
      ...inSource(images),
      `register a revision of ${revisionName(former)} with that image`,
      deployment === undefined
        ? "aws deploy list-deployments --include-only-statuses Succeeded, for the service's last deployment"
        : `aws deploy get-deployment --deployment-id ${deployment} --query '${query}'`,
      "aws deploy create-deployment --application-name APPLICATION --deployment-group-name GROUP --revision REVISION, with the new task definition in that AppSpec and all else as it was",
    ],
  };
}
