/**
 * ECS's stories of a service's deployments: lists, picks the newest that brings a revision, and reads it.
 *
 * A deployment names a service revision, and that one the task definition: the way from one to the other is three reads.
 */

import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  type ECSClient,
  ListServiceDeploymentsCommand,
} from "@aws-sdk/client-ecs";

import type { Ecs } from "../remediation/ports.ts";
import { sameRevision } from "../workload/arn.ts";
import { objectsIn, textIn } from "../workload/members.ts";
import { readServiceDeployment } from "../workload/service-deployment.ts";
import { attempt, isCode } from "./failure.ts";
import { sendRaw } from "./raw-json.ts";

/** The newest of them: DescribeServiceRevisions takes no more at once. */
const SEEN_MAX = 20;

export function createServiceDeployments(client: ECSClient): Pick<Ecs, "serviceDeployment"> {
  return {
    async serviceDeployment(cluster, service, taskDefinitionArn) {
      const listed = await attempt("ecs:ListServiceDeployments", async () => {
        try {
          const { serviceDeployments = [] } = await client.send(
            new ListServiceDeploymentsCommand({ cluster, service, maxResults: 100 }),
          );
          return serviceDeployments;
        } catch (error) {
          if (isCode(error, "ServiceNotFoundException", "ClusterNotFoundException")) return [];
          throw error;
        }
      });
      const newest = listed
        .toSorted((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
        .slice(0, SEEN_MAX);
      const revisions = [...new Set(newest.flatMap((one) => one.targetServiceRevisionArn ?? []))];
      if (revisions.length === 0) return undefined;
      const described = await attempt("ecs:DescribeServiceRevisions", () =>
        sendRaw(client, new DescribeServiceRevisionsCommand({ serviceRevisionArns: revisions })),
      );
      const ours = new Set(
        objectsIn(described, "serviceRevisions")
          .filter((one) => sameRevision(textIn(one, "taskDefinition") ?? "", taskDefinitionArn))
          .map((one) => textIn(one, "serviceRevisionArn")),
      );
      const found = newest.find((one) => ours.has(one.targetServiceRevisionArn));
      if (found?.serviceDeploymentArn === undefined) return undefined;
      const arns = [found.serviceDeploymentArn];
      const told = await attempt("ecs:DescribeServiceDeployments", () =>
        sendRaw(client, new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns })),
      );
      const [story] = objectsIn(told, "serviceDeployments");
      return story === undefined ? undefined : readServiceDeployment(story);
    },
  };
}
