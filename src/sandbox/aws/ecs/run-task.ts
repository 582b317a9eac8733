/** The sandbox's lone tasks as the remediation sees them: described whole, and run again by one request. */

import {
  getNumber,
  getObject,
  getObjects,
  getString,
  getStrings,
  optional,
} from "../../../ecs/json-fields.ts";
import { networkInterfaceId } from "../../../ecs/task/rerun-task-request.ts";
import type { RunTaskResult, Tasks } from "../../../remediation/ports/tasks.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Cluster } from "../../ecs/cluster-api.ts";
import { describedTask } from "../../ecs/documents/task-document.ts";
import type { LaunchType } from "../../ecs/state.ts";
import { awsRefusal } from "../faults/aws-error.ts";
import type { AwsFault } from "../faults/aws-fault.ts";

/** Every network interface of the sandbox is attached with these. */
const SECURITY_GROUPS: readonly string[] = ["sg-0a1b2c3d4e5f60718"];
/** The one machine that EC2 tasks are placed on. */
const INSTANCE = "i-0a1b2c3d4e5f60718";

export type SandboxTasks = {
  readonly port: Tasks;
  /** Every request that started a task, whole, for a story or a test to look at. */
  readonly requests: readonly JsonObject[];
};

export function createTasks(cluster: Cluster, faults: AwsFault): SandboxTasks {
  const requests: JsonObject[] = [];
  /** Client token → the task that it started. */
  const started = new Map<string, { readonly arn: string; readonly text: string }>();
  return {
    requests,
    port: {
      async describe(clusterArn, taskArn) {
        faults("ecs:DescribeTasks");
        const task = cluster.task(clusterArn, taskArn);
        return task && describedTask(task);
      },
      async networkOf(interfaceId) {
        faults("ec2:DescribeNetworkInterfaces");
        for (const task of cluster.allTasks()) {
          const described = describedTask(task);
          if (networkInterfaceId(described) !== interfaceId || task.lastStatus === "STOPPED") continue;
          const details = getObjects(getObjects(described, "attachments")[0] ?? {}, "details");
          const subnet = details.find(({ name }) => name === "subnetId");
          return {
            subnet: getString(subnet ?? {}, "value") ?? "",
            securityGroups: [...SECURITY_GROUPS],
            hasPublicAddress: false,
          };
        }
        return undefined;
      },
      async instanceIdOf() {
        faults("ecs:DescribeContainerInstances");
        return INSTANCE;
      },
      async run(request): Promise<RunTaskResult> {
        const action = "ecs:RunTask";
        faults(action);
        const token = getString(request, "clientToken");
        const text = JSON.stringify(request);
        const before = token === undefined ? undefined : started.get(token);
        if (before !== undefined && before.text !== text) {
          const words =
            "The request parameters differ from those of the first request with this client token.";
          throw awsRefusal("conflict", action, "ConflictException", words);
        }
        if (before !== undefined) return { kind: "started", arn: before.arn };
        const network =
          getObject(getObject(request, "networkConfiguration") ?? {}, "awsvpcConfiguration") ?? {};
        const strategy = getObjects(request, "capacityProviderStrategy")[0];
        const launchType = getString(request, "launchType") ?? (strategy === undefined ? "EC2" : "FARGATE");
        if (launchType === "FARGATE" && getStrings(network, "subnets").length === 0) {
          const words = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
          throw awsRefusal("invalid", action, "InvalidParameterException", words);
        }
        if ((getNumber(request, "count") ?? 1) !== 1)
          throw new RangeError("the sandbox runs one task at a time");
        const task = cluster.runTask({
          cluster: getString(request, "cluster") ?? "default",
          taskDefinition: getString(request, "taskDefinition") ?? "",
          launchType: launchType as LaunchType,
          ...optional("group", getString(request, "group")),
          ...optional("startedBy", getString(request, "startedBy")),
          ...optional("overrides", getObject(request, "overrides")),
        });
        requests.push(request);
        if (token !== undefined) started.set(token, { arn: task.arn, text });
        return { kind: "started", arn: task.arn };
      },
    },
  };
}
