/** The clusters of ECS, and the machines in them. */

import { getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { machinesIn } from "../../aws/ecs/container-instances.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import { isPending, isRunning } from "../../ecs/documents/task-document.ts";
import type { ClusterRecord } from "../../ecs/state.ts";
import { REQUIRED_ATTRIBUTES } from "../../ecs/task-definitions.ts";
import type { World } from "../../world/world.ts";
import type { WorldFile } from "../../world/world-file.ts";
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

  ListContainerInstances(input, { world, file }) {
    const cluster = clusterIn(input, world, "ecs:ListContainerInstances");
    const { items, next } = pageOf(instancesOf(cluster, file), input);
    return {
      containerInstanceArns: items.map(({ containerInstanceArn }) => containerInstanceArn ?? ""),
      ...next,
    };
  },

  DescribeContainerInstances(input, { world, file }) {
    const all = instancesOf(clusterIn(input, world, "ecs:DescribeContainerInstances"), file);
    const asked = getStrings(input, "containerInstances").map((arn) => ({
      arn,
      found: all.find(({ containerInstanceArn: own = "" }) => own === arn || String(own).endsWith(`/${arn}`)),
    }));
    return {
      containerInstances: asked.flatMap(({ found }) => found ?? []),
      failures: asked.flatMap(({ arn, found }) => (found === undefined ? [{ arn, reason: "MISSING" }] : [])),
    };
  },
};

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html (read 2026-11) */
function instancesOf({ name, arn }: ClusterRecord, file: WorldFile): readonly JsonObject[] {
  return machinesIn(file, name).map(
    ({ architecture, operatingSystemFamily = "LINUX", capacityProvider, tellsRelease }, index) => ({
      containerInstanceArn: `${arn.replace(":cluster/", ":container-instance/")}/${String(index + 1).padStart(32, "0")}`,
      ec2InstanceId: `i-${index}`,
      status: "ACTIVE",
      agentConnected: true,
      attributes: [
        // What each task definition of the sandbox asks for: without it, no task of the account could be placed.
        ...REQUIRED_ATTRIBUTES,
        { name: "ecs.cpu-architecture", value: architecture === "ARM64" ? "arm64" : "x86_64" },
        { name: "ecs.os-type", value: operatingSystemFamily === "LINUX" ? "linux" : "windows" },
        ...(operatingSystemFamily === "LINUX" || tellsRelease === false
          ? []
          : [{ name: "ecs.os-family", value: operatingSystemFamily }]),
      ],
      ...(capacityProvider === undefined ? {} : { capacityProviderName: capacityProvider }),
    }),
  );
}

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
