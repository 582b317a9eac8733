/** What a sweep reads of Amazon ECS: one request for each method, and no retry of the SDK's. */

import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTasksCommand,
} from "@aws-sdk/client-ecs";
import { getObjects, optional } from "../../../ecs/json-fields.ts";
import { readService } from "../../../ecs/service/service.ts";
import { readTask } from "../../../ecs/task/task.ts";
import type { ArnPage, ServiceReads } from "../../../remediation/ports/service-reads.ts";
import { callAws } from "../../client/aws-error-codes.ts";
import { sendRaw } from "../../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";

/** As many as each of the three lists gives in one answer. */
const LISTED_MAX = 100;

export function createServiceReads(settings: AwsSettings): ServiceReads {
  // A retry is a request too: who keeps below a rate sends none that is not counted.
  const client = new ECSClient(clientConfiguration({ ...settings, attemptsMax: 1 }));
  return {
    async listClusters(nextToken) {
      const listed = await callAws("ecs:ListClusters", () =>
        client.send(new ListClustersCommand({ maxResults: LISTED_MAX, ...optional("nextToken", nextToken) })),
      );
      return page(listed.clusterArns, listed.nextToken);
    },
    async listServices(cluster, nextToken) {
      const listed = await callAws("ecs:ListServices", () =>
        client.send(
          new ListServicesCommand({ cluster, maxResults: LISTED_MAX, ...optional("nextToken", nextToken) }),
        ),
      );
      return page(listed.serviceArns, listed.nextToken);
    },
    async describeServices(cluster, services) {
      const answer = await callAws("ecs:DescribeServices", () =>
        sendRaw(client, new DescribeServicesCommand({ cluster, services: [...services] })),
      );
      return getObjects(answer, "services").map(readService);
    },
    async listStoppedTasks(cluster, serviceName) {
      const listed = await callAws("ecs:ListTasks", () =>
        client.send(
          new ListTasksCommand({ cluster, serviceName, desiredStatus: "STOPPED", maxResults: LISTED_MAX }),
        ),
      );
      return listed.taskArns ?? [];
    },
    async describeTasks(cluster, tasks) {
      const answer = await callAws("ecs:DescribeTasks", () =>
        sendRaw(client, new DescribeTasksCommand({ cluster, tasks: [...tasks] })),
      );
      return getObjects(answer, "tasks").map(readTask);
    },
  };
}

function page(arns: readonly string[] = [], nextToken: string | undefined): ArnPage {
  return { arns, ...optional("nextToken", nextToken === "" ? undefined : nextToken) };
}
