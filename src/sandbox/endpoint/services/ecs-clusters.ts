/** The clusters of ECS, and the machines in them. */

import { getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/aws-error.ts";
import { isPending, isRunning } from "../../ecs/api-documents.ts";
import type { ClusterRecord } from "../../ecs/state.ts";
import type { World } from "../../world/world.ts";
import type { Operations } from "../call.ts";
import { pageOf } from "./page.ts";

/** The cluster that a request names; `default` where it names none. Throws AwsError `absent`. */
export function clusterIn(input: JsonObject, { cluster }: World, action: string): ClusterRecord {
  const wanted = getString(input, "cluster") ?? "default";
  const found = cluster.clusters().find(({ name, arn }) => name === wanted || arn === wanted);
  if (found !== undefined) return found;
  throw awsRefusal("absent", action, "ClusterNotFoundException", "Cluster not found.");
}

export const ecsClusters: Operations = {
  ListClusters(input, { world }) {
    const { items, next } = pageOf(world.cluster.clusters(), input);
    return { clusterArns: items.map(({ arn }) => arn), ...next };
  },

  DescribeClusters(input, { world }) {
    const wanted = getStrings(input, "clusters");
    const asked = wanted.length === 0 ? ["default"] : wanted;
    const all = world.cluster.clusters();
    const found = asked.map((one) => ({
      one,
      record: all.find(({ name, arn }) => name === one || arn === one),
    }));
    const withTags = getStrings(input, "include").includes("TAGS");
    return {
      clusters: found.flatMap(({ record }) => (record === undefined ? [] : [described(record, withTags)])),
      failures: found.flatMap(({ one, record }) =>
        record === undefined ? [{ arn: one, reason: "MISSING" }] : [],
      ),
    };
  },

  CreateCluster(input, { world }) {
    const name = getString(input, "clusterName") ?? "default";
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name))
      throw awsRefusal("invalid", "ecs:CreateCluster", "InvalidParameterException", "Invalid cluster name.");
    return { cluster: described(world.cluster.createCluster(name), true) };
  },

  // Tasks of the launch type EC2 are placed without a machine's record: an empty list is what is true of the sandbox.
  ListContainerInstances(input, { world }) {
    clusterIn(input, world, "ecs:ListContainerInstances");
    return { containerInstanceArns: [] };
  },
};

function described(record: ClusterRecord, withTags: boolean): JsonObject {
  const tasks = [...record.tasks.values()];
  const services = [...record.services.values()];
  return {
    clusterArn: record.arn,
    clusterName: record.name,
    status: "ACTIVE",
    registeredContainerInstancesCount: 0,
    runningTasksCount: tasks.filter(isRunning).length,
    pendingTasksCount: tasks.filter(isPending).length,
    activeServicesCount: services.filter(({ status }) => status === "ACTIVE").length,
    ...(withTags ? { tags: Object.entries(record.tags).map(([key, value]) => ({ key, value })) } : {}),
  };
}
