/** An account as a scan reads it: services, rules, schedules, running tasks, and what ECR holds. Writes nothing. */

import { ECRClient, ListImagesCommand } from "@aws-sdk/client-ecr";
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from "@aws-sdk/client-ecs";
import { getObjects } from "../../ecs/json-fields.ts";
import { groupStandaloneTasks } from "../../ecs/task/standalone-tasks.ts";
import type { AccountInventory } from "../../scan/account-inventory.ts";
import { createNetworks } from "../adapters/ecs/task-networks.ts";
import { createEcrCache } from "../adapters/pull-through-cache.ts";
import { callAws, hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { sendRaw } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { createScheduledTasks } from "./scheduled-tasks.ts";
import { createServiceInventory } from "./service-inventory.ts";

/** What ECR does not report is a gap in the report: half a minute is better spent elsewhere. */
const ECR_ATTEMPTS_MAX = 3;
/** DescribeTasks takes no more at once. */
const TASKS_AT_ONCE = 100;
/** Ten thousand tasks of one cluster, or tags of one repository. */
const TASK_PAGES_MAX = 100;
const TAG_PAGES_MAX = 10;

export function createAccountInventory(settings: AwsSettings): AccountInventory {
  const ecs = new ECSClient(clientConfiguration(settings));
  const networks = createNetworks(settings, "");
  const ecr = new ECRClient(clientConfiguration({ attemptsMax: ECR_ATTEMPTS_MAX, ...settings }));
  return {
    ...createServiceInventory(settings),
    ...createScheduledTasks(settings),
    egress: networks.egress,
    instances: networks.instances,

    async standaloneTasks(cluster) {
      const tasks = [];
      let nextToken: string | undefined;
      for (let page = 0; page < TASK_PAGES_MAX; page += 1) {
        const listed = await callAws("ecs:ListTasks", () =>
          ecs.send(
            new ListTasksCommand({
              cluster,
              desiredStatus: "RUNNING",
              maxResults: TASKS_AT_ONCE,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        );
        const arns = listed.taskArns ?? [];
        if (arns.length > 0) {
          const described = await callAws("ecs:DescribeTasks", () =>
            sendRaw(ecs, new DescribeTasksCommand({ cluster, tasks: arns })),
          );
          tasks.push(...getObjects(described, "tasks"));
        }
        nextToken = listed.nextToken;
        if (nextToken === undefined) break;
      }
      return groupStandaloneTasks(tasks);
    },

    pullThroughRules: createEcrCache(ecr).pullThroughRules,

    async imageTags(repositoryName) {
      const tags: string[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < TAG_PAGES_MAX; page += 1) {
        try {
          const listed = await ecr.send(
            new ListImagesCommand({
              repositoryName,
              filter: { tagStatus: "TAGGED" },
              maxResults: 1000,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          );
          tags.push(...(listed.imageIds ?? []).flatMap(({ imageTag }) => imageTag ?? []));
          nextToken = listed.nextToken;
        } catch (error) {
          if (hasErrorCode(error, "RepositoryNotFoundException")) return undefined;
          throw toAwsError("ecr:ListImages", error);
        }
        if (nextToken === undefined) break;
      }
      return tags;
    },
  };
}
