/** The sandbox's service deployments and service revisions, as ECS's three calls answer them. */

import { getObjects } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Cluster } from "../../ecs/cluster-api.ts";
import {
  describedServiceDeployment,
  describedServiceRevision,
  listedServiceDeployment,
} from "../../ecs/documents/deployment-documents.ts";
import { deploymentArn, revisionArn } from "../../ecs/documents/resource-names.ts";
import type { DeploymentRecord, ServiceRecord } from "../../ecs/state.ts";
import type { TaskDefinitions } from "../../ecs/task-definitions.ts";
import type { Assumptions } from "../../world/assumptions.ts";

export type DeploymentReads = {
  /** Of ListServiceDeployments. */
  readonly list: (cluster: string, service: string) => readonly JsonObject[];
  /** Of DescribeServiceDeployments. */
  readonly deployments: (arns: readonly string[]) => readonly JsonObject[];
  /** Of DescribeServiceRevisions. */
  readonly revisions: (arns: readonly string[]) => readonly JsonObject[];
};

export function createDeploymentReads(
  cluster: Cluster,
  definitions: TaskDefinitions,
  { deploymentIdNamesRevision: idNames }: Pick<Assumptions, "deploymentIdNamesRevision">,
): DeploymentReads {
  const all = (): readonly (readonly [ServiceRecord, DeploymentRecord])[] =>
    cluster
      .services()
      .flatMap((service) => service.serviceDeployments.map((deployment) => [service, deployment] as const));
  return {
    list(clusterName, name) {
      const service = cluster.service(clusterName, name);
      if (service === undefined) return [];
      return service.serviceDeployments.map((deployment) =>
        listedServiceDeployment(service, deployment, idNames),
      );
    },
    deployments(arns) {
      return all()
        .filter(([service, deployment]) => arns.includes(deploymentArn(service, deployment)))
        .map(([service, deployment]) => describedServiceDeployment(service, deployment, idNames));
    },
    revisions(arns) {
      return all()
        .filter(([service, deployment]) => arns.includes(revisionArn(service, deployment, idNames)))
        .map(([service, deployment]) => {
          const described = definitions.describe(deployment.taskDefinition)?.taskDefinition ?? {};
          const containers = getObjects(described, "containerDefinitions");
          return describedServiceRevision(service, deployment, containers, idNames);
        });
    },
  };
}
