/**
 * Starts a task again as it was: the request that differs from the former start in its revision alone.
 *
 * ECS reports almost all with which a task was started. Two things it keeps to itself, the security groups and the
 * constraints of its placement: the first are read from the task's network interface while it is there, and a task on
 * an instance goes back to the very instance that was found good enough. What cannot be known is never guessed.
 */

import type { JsonObject } from "../../runtime/json.ts";
import { parseRevision } from "../arn.ts";
import { getObject, getObjects, getString, optional } from "../json-fields.ts";

/** The network of a task that has an interface of its own. */
export type TaskNetwork = {
  readonly subnet: string;
  readonly securityGroups: readonly string[];
  readonly hasPublicAddress: boolean;
};

/** What a start needs that the task itself does not have. */
export type PlacementInfo = {
  readonly network?: TaskNetwork | undefined;
  /** The EC2 instance id of the container instance, where the task was on one. */
  readonly instanceId?: string | undefined;
};

export type RerunTaskRequest =
  | { readonly kind: "request"; readonly request: JsonObject }
  | { readonly kind: "unknown"; readonly because: string };

/** The id of the interface that a task has, or had, for itself. */
export function networkInterfaceId(task: JsonObject): string | undefined {
  const details = getObjects(attachmentOf(task) ?? {}, "details");
  const detail = details.find(({ name }) => name === "networkInterfaceId");
  return detail === undefined ? undefined : getString(detail, "value");
}

/** The container instance that a task is, or was, placed on. */
export function containerInstanceArn(task: JsonObject): string | undefined {
  return getString(task, "containerInstanceArn");
}

function attachmentOf(task: JsonObject): JsonObject | undefined {
  return getObjects(task, "attachments").find(
    ({ type }) => type === "eni" || type === "ElasticNetworkInterface",
  );
}

/**
 * The input of RunTask that starts one task like this one, on another revision.
 *
 * Overrides are passed on as ECS wrote them, unknown members included; they may hold secrets, so the answer is
 * neither logged nor kept. @param token lets a request that is sent twice start one task
 */
export function rerunTaskRequest(
  task: JsonObject,
  { network, instanceId }: PlacementInfo,
  { revision, token }: { readonly revision: string; readonly token: string },
): RerunTaskRequest {
  const foreign = getObjects(task, "attachments").find((attachment) => attachment !== attachmentOf(task));
  if (foreign !== undefined) {
    const because = `it was started with an attachment of the kind ${getString(foreign, "type") ?? "unknown"}, whose settings ECS does not show`;
    return { kind: "unknown", because };
  }
  const hasInterface = attachmentOf(task) !== undefined;
  if (hasInterface && network === undefined) {
    return {
      kind: "unknown",
      because: "its network interface is gone, and with it the names of its security groups",
    };
  }
  const isOnInstance = containerInstanceArn(task) !== undefined;
  if (isOnInstance && instanceId === undefined)
    return { kind: "unknown", because: "the instance that it was placed on is gone" };

  const capacityProvider = getString(task, "capacityProviderName");
  const group = getString(task, "group");
  const family = parseRevision(getString(task, "taskDefinitionArn") ?? "")?.family;
  const tags = getObjects(task, "tags").filter(({ key }) => typeof key === "string" && !/^aws:/i.test(key));
  const isManagedByEcs = getObjects(task, "tags").some(({ key }) => key === "aws:ecs:clusterName");
  const request: JsonObject = {
    cluster: getString(task, "clusterArn") ?? "",
    taskDefinition: revision,
    count: 1,
    clientToken: token,
    ...optional("overrides", getObject(task, "overrides")),
    ...optional("startedBy", getString(task, "startedBy")),
    // Without one ECS names the group after the family, and so it does again.
    ...(group === undefined || group === `family:${family}` ? {} : { group }),
    ...(capacityProvider === undefined
      ? optional("launchType", getString(task, "launchType"))
      : { capacityProviderStrategy: [{ capacityProvider, weight: 1 }] }),
    ...optional("platformVersion", getString(task, "platformVersion")),
    ...(task.enableExecuteCommand === true ? { enableExecuteCommand: true } : {}),
    ...(isManagedByEcs ? { enableECSManagedTags: true } : {}),
    ...(tags.length === 0 ? {} : { tags }),
    ...(hasInterface && network !== undefined
      ? { networkConfiguration: configurationOf(network, task) }
      : {}),
    ...(isOnInstance && instanceId !== undefined
      ? { placementConstraints: [{ type: "memberOf", expression: `ec2InstanceId == ${instanceId}` }] }
      : {}),
  };
  return { kind: "request", request };
}

/** A public address can be asked for on Fargate only; elsewhere the word itself is refused. */
function configurationOf(
  { subnet, securityGroups, hasPublicAddress }: TaskNetwork,
  task: JsonObject,
): JsonObject {
  const isFargate = getString(task, "launchType") === "FARGATE";
  return {
    awsvpcConfiguration: {
      subnets: [subnet],
      securityGroups: [...securityGroups],
      ...(isFargate ? { assignPublicIp: hasPublicAddress ? "ENABLED" : "DISABLED" } : {}),
    },
  };
}
