/**
 * What Amazon ECS keeps of a service's deployments: the list, each one's story, and the service revision that it brought.
 *
 * A deployment names a service revision, and that one the task definition with the digests that ECS pinned: the way from
 * one to the other is three reads. All pages are read, because the order of the list is not documented.
 */

import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  type ECSClient,
  ListServiceDeploymentsCommand,
  StopServiceDeploymentCommand,
} from "@aws-sdk/client-ecs";
import { sameRevision } from "../../../ecs/arn.ts";
import { getObjects, getString } from "../../../ecs/json-fields.ts";
import { readServiceDeployment } from "../../../ecs/service/service-deployment.ts";
import {
  type DeploymentSummary,
  readDeploymentSummary,
  readEcsRollback,
  readServiceRevision,
} from "../../../ecs/service/service-revision.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { Ecs } from "../../../remediation/ports/ports.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { callAws, hasErrorCode } from "../../client/aws-error-codes.ts";
import { sendRaw } from "../../client/calls/raw-json.ts";
import { judgeFailures } from "../../client/response-failures.ts";

/** Both describe calls take no more ARNs at once (API reference, read 2026-11). */
const DESCRIBED_AT_ONCE = 20;
/** 5,000 deployments in the 90 days that ECS keeps them. */
const PAGES_MAX = 50;

type Deployments = Pick<
  Ecs,
  | "serviceDeployment"
  | "listServiceDeployments"
  | "ecsRollbacks"
  | "describeServiceRevisions"
  | "rollBackDeployment"
>;

export function createServiceDeployments(client: ECSClient): Deployments {
  const list = async (cluster: string, service: string): Promise<readonly DeploymentSummary[]> => {
    const action = "ecs:ListServiceDeployments";
    const found: DeploymentSummary[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const token = nextToken === undefined ? {} : { nextToken };
      const answer = await callAws(action, async () => {
        try {
          return await sendRaw(
            client,
            new ListServiceDeploymentsCommand({ cluster, service, maxResults: 100, ...token }),
          );
        } catch (error) {
          if (hasErrorCode(error, "ServiceNotFoundException", "ClusterNotFoundException")) return undefined;
          throw error;
        }
      });
      if (answer === undefined) return [];
      if (!Array.isArray(answer.serviceDeployments)) throw without(action, "serviceDeployments");
      found.push(...getObjects(answer, "serviceDeployments").map(readDeploymentSummary));
      nextToken = getString(answer, "nextToken");
      if (nextToken === undefined || nextToken === "") return found;
    }
    throw new AwsError("unavailable", action, `${action}: more than ${PAGES_MAX} pages`);
  };

  const stories = (arns: readonly string[]): Promise<readonly JsonObject[]> =>
    inBatches(arns, "ecs:DescribeServiceDeployments", "serviceDeployments", (batch) =>
      sendRaw(client, new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: batch })),
    );

  const revisions = (arns: readonly string[]): Promise<readonly JsonObject[]> =>
    inBatches(arns, "ecs:DescribeServiceRevisions", "serviceRevisions", (batch) =>
      sendRaw(client, new DescribeServiceRevisionsCommand({ serviceRevisionArns: batch })),
    );

  return {
    listServiceDeployments: list,

    async ecsRollbacks(arns) {
      return (await stories(arns)).flatMap((one) => readEcsRollback(one) ?? []);
    },

    async rollBackDeployment(serviceDeploymentArn) {
      const stop = new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: "ROLLBACK" });
      await callAws("ecs:StopServiceDeployment", () => client.send(stop));
    },

    async describeServiceRevisions(arns) {
      return (await revisions(arns)).map(readServiceRevision);
    },

    async serviceDeployment(cluster, service, taskDefinitionArn) {
      const newest = (await list(cluster, service))
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .slice(0, DESCRIBED_AT_ONCE);
      const arns = [...new Set(newest.flatMap(({ revision }) => revision ?? []))];
      const ours = new Set(
        (await revisions(arns))
          .map(readServiceRevision)
          .filter(({ taskDefinition }) => sameRevision(taskDefinition, taskDefinitionArn))
          .map(({ arn }) => arn),
      );
      const found = newest.find(({ revision }) => revision !== undefined && ours.has(revision));
      if (found === undefined) return undefined;
      const [story] = await stories([found.arn]);
      return story === undefined ? undefined : readServiceDeployment(story);
    },
  };
}

/** Describes so many at once as the API takes. An answer without its list is not an answer that says none. */
async function inBatches(
  arns: readonly string[],
  action: string,
  member: string,
  send: (batch: string[]) => Promise<JsonObject>,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  for (let from = 0; from < arns.length; from += DESCRIBED_AT_ONCE) {
    const batch = arns.slice(from, from + DESCRIBED_AT_ONCE);
    const answer = await callAws(action, () => send(batch));
    judgeFailures(action, answer);
    if (!Array.isArray(answer[member])) throw without(action, member);
    found.push(...getObjects(answer, member));
  }
  return found;
}

function without(action: string, member: string): AwsError {
  return new AwsError("unavailable", action, `${action}: no ${member} in the answer`);
}
