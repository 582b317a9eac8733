/** The rollout of a service: ECS starts a deployment, and the one before it is what an undo goes back to. */

import { optional } from "../../ecs/json-fields.ts";
import { redeployPreviousRevision } from "./redeploy-previous.ts";
import { redeployRevision } from "./redeploy-service.ts";
import type { Rollout } from "./rollout.ts";
import { checkRollout } from "./rollout-verdict.ts";
import { findUnseenDeployment } from "./unseen-deployment.ts";

export const SERVICE_ROLLOUT: Rollout = {
  async start({ surveyed, newRevision, registered, failing, heals }, ports) {
    const { clusterArn, service, currentRevision, deploymentId, deployedAt } = surveyed;
    const change = {
      clusterArn,
      service,
      to: newRevision,
      from: currentRevision,
      heals,
      isSeenTwice: true,
      ...optional("failing", failing),
      ...optional("deploymentId", deploymentId),
    };
    const redeployed = await redeployRevision(change, ports);
    if (redeployed.kind === "superseded" || deployedAt === undefined) return { of: "service", redeployed };
    // An answer to an earlier try may have been lost: what ours replaced then can be gone from the service by now.
    const foreign = await findUnseenDeployment({ ...change, deployedAt }, registered, ports);
    return { of: "service", redeployed: { ...redeployed, ...optional("foreign", foreign) } };
  },
  check: checkRollout,
  undo: ({ place, newRevision, execution, ...conditions }, ports) =>
    redeployPreviousRevision(place, newRevision, execution, ports, conditions),
};
