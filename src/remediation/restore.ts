/**
 * Puts the former revision back where ours did worse.
 *
 * Terraform deregisters what it replaces, and ECS takes no INACTIVE revision: then a copy of it is registered.
 */

import { revisionName } from "../workload/arn.ts";
import { markerTags } from "../workload/marker.ts";
import { present } from "../workload/members.ts";
import { reviseTaskDefinition } from "../workload/task-definition.ts";
import { type Redeployed, redeploy } from "./apply.ts";
import type { Ports } from "./ports.ts";
import type { Survey } from "./survey.ts";

/** Redeploys the former revision, unless somebody else has deployed meanwhile. */
export async function restore(
  { clusterArn, service, former }: Pick<Survey, "clusterArn" | "service" | "former">,
  ours: string,
  execution: string,
  ports: Pick<Ports, "ecs" | "log">,
  /** The deployment of ours that is to be replaced, where another one of the same revision is not. */
  deploymentId?: string,
): Promise<Redeployed> {
  const described = await ports.ecs.describeTaskDefinition(former);
  const active = described?.taskDefinition.status !== "INACTIVE";
  if (described === undefined)
    return { kind: "superseded", because: `the task definition ${revisionName(former)} is gone` };
  const to = active
    ? former
    : await ports.ecs.registerTaskDefinition(
        reviseTaskDefinition(described, {
          images: new Map(),
          marker: markerTags({ execution, former: revisionName(former), service, images: [] }),
        }),
      );
  ports.log.warn("restoring the former revision", { serviceName: service, ours, to });
  return await redeploy(
    { clusterArn, service, to, from: ours, ...present("deploymentId", deploymentId) },
    ports,
  );
}
