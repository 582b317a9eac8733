/**
 * Amazon ECS, as remediation asks for it.
 *
 * What ECS says is read from the JSON it wrote, and a revision is registered as exactly the JSON that it
 * is given (`raw-json.ts` says why). What does not exist is undefined; everything else is an AwsError.
 */

import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { parseEcsArn, parseRevision } from "../../../ecs/arn.ts";
import { getObject, getObjects, getString, getTags } from "../../../ecs/json-fields.ts";
import { readService } from "../../../ecs/service/service.ts";
import { readTask } from "../../../ecs/task/task.ts";
import type { Tag } from "../../../ecs/task-definition/tag.ts";
import { containersOf, type DescribedTaskDefinition } from "../../../ecs/task-definition/task-definition.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { Ecs } from "../../../remediation/ports/ports.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { callAws, hasErrorCode, toAwsError } from "../../client/aws-error-codes.ts";
import { sendRaw } from "../../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";
import { judgeFailures } from "../../client/response-failures.ts";
import { createServiceDeployments } from "./service-deployments.ts";

/** DescribeTasks takes no more at once; enough to know a service by. */
const TASKS_MAX = 100;
const PAGES_MAX = 10;

export function createEcs(settings: AwsSettings): Ecs {
  const client = new ECSClient(clientConfiguration(settings));

  const describeTasks = async (cluster: string, tasks: readonly string[]) => {
    const answer = await callAws("ecs:DescribeTasks", () =>
      sendRaw(client, new DescribeTasksCommand({ cluster, tasks: [...tasks] })),
    );
    judgeFailures("ecs:DescribeTasks", answer);
    return getObjects(answer, "tasks").map(readTask);
  };

  const describeTaskDefinition = async (arn: string): Promise<DescribedTaskDefinition | undefined> => {
    const action = "ecs:DescribeTaskDefinition";
    try {
      const answer = await sendRaw(
        client,
        new DescribeTaskDefinitionCommand({ taskDefinition: arn, include: ["TAGS"] }),
      );
      const taskDefinition = getObject(answer, "taskDefinition");
      if (taskDefinition === undefined) {
        throw new AwsError("unavailable", action, `${action}: no task definition in the answer`);
      }
      return { taskDefinition, tags: tagListIn(answer) };
    } catch (error) {
      if (
        hasErrorCode(error, "ClientException") &&
        /unable to describe task definition/i.test(String(error))
      ) {
        return undefined;
      }
      throw toAwsError(action, error);
    }
  };

  return {
    ...createServiceDeployments(client),
    describeTaskDefinition,

    async describeTask(clusterArn, taskArn) {
      const tasks = await orElse(undefined, "ClusterNotFoundException", () =>
        describeTasks(clusterArn, [taskArn]),
      );
      return tasks?.[0];
    },

    async describeService(cluster, service) {
      const action = "ecs:DescribeServices";
      const answer = await orElse(undefined, "ClusterNotFoundException", () =>
        callAws(action, () =>
          sendRaw(client, new DescribeServicesCommand({ cluster, services: [service], include: ["TAGS"] })),
        ),
      );
      if (answer === undefined) return undefined;
      judgeFailures(action, answer);
      const [found] = getObjects(answer, "services");
      return found === undefined ? undefined : readService(found);
    },

    async clusterTags(cluster) {
      const action = "ecs:DescribeClusters";
      const answer = await callAws(action, () =>
        sendRaw(client, new DescribeClustersCommand({ clusters: [cluster], include: ["TAGS"] })),
      );
      judgeFailures(action, answer);
      const [found = {}] = getObjects(answer, "clusters");
      return getTags(found);
    },

    async listTasks({ cluster, service, desiredStatus }) {
      const arns: string[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < PAGES_MAX && arns.length < TASKS_MAX; page += 1) {
        const listed = await orElse(undefined, ["ClusterNotFoundException", "ServiceNotFoundException"], () =>
          callAws("ecs:ListTasks", () =>
            client.send(
              new ListTasksCommand({
                cluster,
                serviceName: serviceName(service),
                desiredStatus,
                maxResults: TASKS_MAX,
                ...(nextToken === undefined ? {} : { nextToken }),
              }),
            ),
          ),
        );
        arns.push(...(listed?.taskArns ?? []));
        nextToken = listed?.nextToken;
        if (nextToken === undefined) break;
      }
      return arns.length === 0 ? [] : await describeTasks(cluster, arns.slice(0, TASKS_MAX));
    },

    async listTasksStartedBy(cluster, startedBy) {
      const listed = await orElse(undefined, "ClusterNotFoundException", () =>
        callAws("ecs:ListTasks", () =>
          client.send(new ListTasksCommand({ cluster, startedBy, maxResults: TASKS_MAX })),
        ),
      );
      const arns = listed?.taskArns ?? [];
      return arns.length === 0 ? [] : await describeTasks(cluster, arns);
    },

    async registerTaskDefinition(registrable) {
      const action = "ecs:RegisterTaskDefinition";
      const answer = await callAws(action, () =>
        sendRaw(
          client,
          new RegisterTaskDefinitionCommand({ family: "", containerDefinitions: [] }),
          registrable,
        ),
      );
      const registered = getObject(answer, "taskDefinition") ?? {};
      const arn = getString(registered, "taskDefinitionArn");
      if (arn === undefined) throw new AwsError("unavailable", action, `${action}: no ARN in the answer`);
      const other = differenceOf(registered, registrable);
      if (other !== undefined)
        throw new AwsError("invalid", action, `${action}: the answer names ${arn}, whose ${other}`);
      return arn;
    },

    async newestRevisions(family, count, after = "") {
      const oldest = parseRevision(after)?.revision ?? 0;
      const listed = await callAws("ecs:ListTaskDefinitions", () =>
        client.send(
          new ListTaskDefinitionsCommand({
            familyPrefix: family,
            status: "ACTIVE",
            sort: "DESC",
            maxResults: Math.min(100, Math.max(1, count)),
          }),
        ),
      );
      // The order is asked for and made: an emulator may know neither the order nor the family's end.
      const arns = (listed.taskDefinitionArns ?? [])
        .map((arn) => ({ arn, ...parseRevision(arn) }))
        .filter((entry) => entry.family === family && (entry.revision ?? 0) > oldest)
        .toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))
        .slice(0, count)
        .map(({ arn }) => arn);
      const described = await Promise.all(
        arns.map(async (arn) => ({ arn, found: await describeTaskDefinition(arn) })),
      );
      return described.flatMap(({ arn, found }) => (found === undefined ? [] : { arn, tags: found.tags }));
    },

    async updateService(cluster, service, taskDefinition) {
      const action = "ecs:UpdateService";
      const answer = await callAws(action, () =>
        sendRaw(client, new UpdateServiceCommand({ cluster, service, taskDefinition })),
      );
      const updated = getObject(answer, "service");
      // Whether it was done, only the service shows.
      if (updated === undefined)
        throw new AwsError("unavailable", action, `${action}: no service in the answer`);
      return readService(updated).deployments;
    },
  };
}

/** The value in place of the call's where it fails by one of these codes. */
async function orElse<T, Other>(
  other: Other,
  codes: string | readonly string[],
  call: () => Promise<T>,
): Promise<T | Other> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AwsError && hasErrorCode(error.cause, ...[codes].flat())) return other;
    throw error;
  }
}

/**
 * In what an answer differs from what was to be registered: its family, or what its containers run. The other members ECS
 * may complete, and it may leave out all of them.
 */
function differenceOf(registered: JsonObject, registrable: JsonObject): string | undefined {
  const family = parseRevision(getString(registered, "taskDefinitionArn") ?? "")?.family;
  const wanted = getString(registrable, "family");
  if (family !== undefined && family !== wanted) return `family is not ${wanted}`;
  if (registered.containerDefinitions === undefined) return undefined;
  const images = [registered, registrable].map((definition) =>
    JSON.stringify(
      containersOf(definition)
        .map(({ name, image }) => `${name} ${image}`)
        .toSorted(),
    ),
  );
  return images[0] === images[1] ? undefined : "images are not those that were sent";
}

function tagListIn(answer: JsonObject): readonly Tag[] {
  return getObjects(answer, "tags").flatMap((tag) => {
    const key = getString(tag, "key");
    return key === undefined ? [] : { key, value: getString(tag, "value") ?? "" };
  });
}

/** ListTasks takes a name where the others take names and ARNs. */
function serviceName(service: string): string {
  const arn = parseEcsArn(service);
  return arn?.kind === "service" ? arn.name : service;
}
