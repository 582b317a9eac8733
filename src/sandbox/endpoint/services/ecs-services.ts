/** Services of ECS: made, changed, described, with the stories of their deployments. */

import {
  getNumber,
  getObject,
  getObjects,
  getString,
  getStrings,
  getTags,
  optional,
} from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import { describedService } from "../../ecs/documents/service-document.ts";
import type { LaunchType, ServiceRecord, Strategy } from "../../ecs/state.ts";
import type { World } from "../../world/world.ts";
import type { Operations } from "../call.ts";
import { clusterIn } from "./ecs-clusters.ts";
import { pageOf } from "./page.ts";

/** What a request to change a service may say here; another member is refused, not passed over. */
const UPDATES = ["cluster", "service", "taskDefinition", "desiredCount", "forceNewDeployment"];

export const ecsServices: Operations = {
  ListServices(input, { world }) {
    const { arn } = clusterIn(input, world, "ecs:ListServices");
    const launchType = getString(input, "launchType");
    const arns = world.cluster
      .services()
      .filter((service) => service.cluster.arn === arn && service.status === "ACTIVE")
      .filter((service) => launchType === undefined || service.launchType === launchType)
      .map((service) => service.arn);
    const { items, next } = pageOf(arns, input);
    return { serviceArns: items, ...next };
  },

  DescribeServices(input, { world }) {
    const { arn: cluster } = clusterIn(input, world, "ecs:DescribeServices");
    const withTags = getStrings(input, "include").includes("TAGS");
    const asked = getStrings(input, "services").map((name) => ({
      name,
      service: world.cluster.service(cluster, name),
    }));
    return {
      services: asked.flatMap(({ service }) => (service === undefined ? [] : [shown(service, withTags)])),
      failures: asked.flatMap(({ name, service }) =>
        service === undefined ? [{ arn: arnOf(cluster, name), reason: "MISSING" }] : [],
      ),
    };
  },

  CreateService(input, { world }) {
    const { arn: cluster } = clusterIn(input, world, "ecs:CreateService");
    const deployment = getObject(input, "deploymentConfiguration") ?? {};
    const breaker = getObject(deployment, "deploymentCircuitBreaker");
    const network = getObject(input, "networkConfiguration");
    const strategy = getString(deployment, "strategy");
    const made = world.cluster.createService({
      cluster,
      name: getString(input, "serviceName") ?? "",
      taskDefinition: getString(input, "taskDefinition") ?? "",
      desiredCount: getNumber(input, "desiredCount") ?? 0,
      launchType: (getString(input, "launchType") ?? "EC2") as LaunchType,
      tags: getTags(input),
      ...optional("minimumHealthyPercent", getNumber(deployment, "minimumHealthyPercent")),
      ...optional("maximumPercent", getNumber(deployment, "maximumPercent")),
      ...optional("bakeTimeMinutes", getNumber(deployment, "bakeTimeInMinutes")),
      ...optional("strategy", strategy === undefined ? undefined : { kind: strategy as Strategy["kind"] }),
      ...optional(
        "circuitBreaker",
        breaker && { enable: breaker.enable === true, rollback: breaker.rollback === true },
      ),
      ...optional("others", network && { networkConfiguration: network }),
    });
    return { service: describedService(made) };
  },

  UpdateService(input, { world }) {
    const action = "ecs:UpdateService";
    const { arn: cluster } = clusterIn(input, world, action);
    const name = getString(input, "service") ?? "";
    const unknown = Object.keys(input).find((member) => !UPDATES.includes(member));
    if (unknown !== undefined)
      throw awsRefusal(
        "invalid",
        action,
        "InvalidParameterException",
        `The sandbox does not change ${unknown}; it changes ${UPDATES.slice(2).join(", ")}.`,
      );
    const taskDefinition = getString(input, "taskDefinition");
    const desiredCount = getNumber(input, "desiredCount");
    const { taskDefinition: former } = existing(cluster, name, world, action);
    if (taskDefinition !== undefined) world.cluster.updateService(cluster, name, taskDefinition);
    world.cluster.changeService(cluster, name, {
      ...optional("desiredCount", desiredCount),
      // Another revision brings a deployment by itself.
      forceNewDeployment:
        input.forceNewDeployment === true && existing(cluster, name, world, action).taskDefinition === former,
    });
    return { service: describedService(existing(cluster, name, world, action)) };
  },

  ListServiceDeployments(input, { world }) {
    const action = "ecs:ListServiceDeployments";
    const { arn: cluster } = clusterIn(input, world, action);
    const name = getString(input, "service") ?? "";
    existing(cluster, name, world, action);
    const { after, before } = getObject(input, "createdAt") ?? {};
    const statuses = getStrings(input, "status");
    const wanted = world.deployments
      .list(cluster, name)
      .filter(({ status }) => statuses.length === 0 || statuses.includes(String(status)))
      .filter(({ createdAt }) => after === undefined || Number(createdAt) >= Number(after))
      .filter(({ createdAt }) => before === undefined || Number(createdAt) <= Number(before));
    const { items, next } = pageOf(wanted, input);
    return { serviceDeployments: items, ...next };
  },

  DescribeServiceDeployments(input, { world }) {
    const asked = getStrings(input, "serviceDeploymentArns");
    const serviceDeployments = world.deployments.deployments(asked);
    return { serviceDeployments, failures: missing(asked, serviceDeployments, "serviceDeploymentArn") };
  },

  StopServiceDeployment(input, { world }) {
    const serviceDeploymentArn = getString(input, "serviceDeploymentArn") ?? "";
    const stopType = getString(input, "stopType") ?? "ROLLBACK";
    if (stopType !== "ROLLBACK")
      throw awsRefusal(
        "invalid",
        "ecs:StopServiceDeployment",
        "InvalidParameterException",
        "stopType takes ROLLBACK.",
      );
    world.cluster.rollBackDeployment(serviceDeploymentArn);
    return { serviceDeploymentArn };
  },

  DescribeServiceRevisions(input, { world }) {
    const asked = getStrings(input, "serviceRevisionArns");
    // Two deployments may bring one revision: what ECS rolled back to.
    const found = new Map(world.deployments.revisions(asked).map((one) => [one.serviceRevisionArn, one]));
    const serviceRevisions = [...found.values()];
    return { serviceRevisions, failures: missing(asked, serviceRevisions, "serviceRevisionArn") };
  },
};

function existing(cluster: string, name: string, world: World, action: string): ServiceRecord {
  const found = world.cluster.service(cluster, name);
  if (found !== undefined) return found;
  throw awsRefusal("absent", action, "ServiceNotFoundException", "Service not found.");
}

function missing(
  asked: readonly string[],
  found: readonly JsonObject[],
  member: string,
): readonly JsonObject[] {
  const there = new Set(found.map((one) => one[member]));
  return asked.filter((arn) => !there.has(arn)).map((arn) => ({ arn, reason: "MISSING" }));
}

function arnOf(clusterArn: string, name: string): string {
  return name.startsWith("arn:") ? name : `${clusterArn.replace(":cluster/", ":service/")}/${name}`;
}

function shown(service: ServiceRecord, withTags: boolean): JsonObject {
  const { tags = [], ...document } = describedService(service);
  return withTags ? { ...document, tags: getObjects({ tags }, "tags") } : document;
}
