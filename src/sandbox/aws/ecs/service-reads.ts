/** What a sweep reads of the sandbox's ECS: one request for each method, under the rates of the world. */

import { readService } from "../../../ecs/service/service.ts";
import { readTask } from "../../../ecs/task/task.ts";
import type { ArnPage, ServiceReads } from "../../../remediation/ports/service-reads.ts";
import type { Cluster } from "../../ecs/cluster-api.ts";
import { describedService } from "../../ecs/documents/service-document.ts";
import { describedTask } from "../../ecs/documents/task-document.ts";
import type { AwsFault } from "../faults/aws-fault.ts";

const LISTED_MAX = 100;

/** @param faults what makes an action fail before it does anything */
export function createServiceReads(
  { services, service, tasks, task }: Pick<Cluster, "services" | "service" | "tasks" | "task">,
  faults: AwsFault = () => {},
): ServiceReads {
  return {
    async listClusters(nextToken) {
      faults("ecs:ListClusters");
      return page([...new Set(services().map(({ cluster }) => cluster.arn))], nextToken);
    },
    async listServices(clusterArn, nextToken) {
      faults("ecs:ListServices");
      const ofCluster = services().filter(({ cluster }) => cluster.arn === clusterArn);
      return page(
        ofCluster.map((one) => readService(describedService(one)).arn),
        nextToken,
      );
    },
    async describeServices(clusterArn, names) {
      faults("ecs:DescribeServices");
      return names.flatMap((name) => {
        const found = service(clusterArn, name.slice(name.lastIndexOf("/") + 1));
        return found === undefined ? [] : readService(describedService(found));
      });
    },
    async listStoppedTasks(clusterArn, name) {
      faults("ecs:ListTasks");
      const found = service(clusterArn, name);
      return tasks(clusterArn)
        .filter((one) => found !== undefined && one.service === found && one.desiredStatus === "STOPPED")
        .slice(-LISTED_MAX)
        .map((one) => readTask(describedTask(one)).arn);
    },
    async describeTasks(clusterArn, arns) {
      faults("ecs:DescribeTasks");
      return arns.flatMap((arn) => {
        const found = task(clusterArn, arn);
        return found === undefined ? [] : readTask(describedTask(found));
      });
    },
  };
}

function page(arns: readonly string[], nextToken = "0"): ArnPage {
  const from = Number(nextToken);
  const next = from + LISTED_MAX;
  return {
    arns: arns.slice(from, next),
    ...(next < arns.length ? { nextToken: String(next) } : {}),
  };
}
