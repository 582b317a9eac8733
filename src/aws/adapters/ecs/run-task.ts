/**
 * Tasks that no service keeps, in Amazon ECS: described whole, and started again by the same JSON.
 *
 * A task's overrides go from one answer into one request, past the SDK's types and past every log.
 */

import { DescribeNetworkInterfacesCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { getObjects, getString } from "../../../ecs/json-fields.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { Tasks } from "../../../remediation/ports/tasks.ts";
import { callAws, hasErrorCode, toAwsError } from "../../client/aws-error-codes.ts";
import { sendRaw } from "../../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";

export function createTasks(settings: AwsSettings): Tasks {
  const ecs = new ECSClient(clientConfiguration(settings));
  const ec2 = new EC2Client(clientConfiguration(settings));
  return {
    async describe(cluster, task) {
      const answer = await callAws("ecs:DescribeTasks", () =>
        sendRaw(ecs, new DescribeTasksCommand({ cluster, tasks: [task], include: ["TAGS"] })),
      );
      return getObjects(answer, "tasks")[0];
    },

    async networkOf(interfaceId) {
      try {
        const { NetworkInterfaces } = await ec2.send(
          new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [interfaceId] }),
        );
        const [found] = NetworkInterfaces ?? [];
        if (found?.SubnetId === undefined) return undefined;
        return {
          subnet: found.SubnetId,
          securityGroups: (found.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
          hasPublicAddress: found.Association?.PublicIp !== undefined,
        };
      } catch (error) {
        if (hasErrorCode(error, "InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceId.NotFound"))
          return undefined;
        throw toAwsError("ec2:DescribeNetworkInterfaces", error);
      }
    },

    async instanceIdOf(cluster, containerInstanceArn) {
      const { containerInstances } = await callAws("ecs:DescribeContainerInstances", () =>
        ecs.send(
          new DescribeContainerInstancesCommand({ cluster, containerInstances: [containerInstanceArn] }),
        ),
      );
      const found = containerInstances?.find(({ status }) => status === "ACTIVE");
      return found?.ec2InstanceId;
    },

    async run(request) {
      const action = "ecs:RunTask";
      const answer = await callAws(action, () =>
        sendRaw(ecs, new RunTaskCommand({ taskDefinition: "" }), request),
      );
      const [task] = getObjects(answer, "tasks");
      const arn = task === undefined ? undefined : getString(task, "taskArn");
      if (arn !== undefined) return { kind: "started", arn };
      const [failure] = getObjects(answer, "failures");
      if (failure === undefined)
        throw new AwsError("unavailable", action, `${action}: neither a task nor a failure in the answer`);
      const words = [getString(failure, "reason"), getString(failure, "detail")].filter(
        (text) => text !== undefined,
      );
      return { kind: "refused", because: words.join(": ") || "ECS gives no reason" };
    },
  };
}
