/** What a rule's or a schedule's target runs on ECS, read from the JSON that AWS sent. */

import type { JsonObject } from "../../runtime/json.ts";
import { sameRevision } from "../arn.ts";
import { getNumber, getObject, getObjects, getString, getStrings, optional } from "../json-fields.ts";
import type { Service } from "../service/service.ts";

export type EcsTarget = {
  readonly clusterArn: string;
  /** As it is written: with a revision, or without. */
  readonly taskDefinition: string;
  readonly taskCount: number;
  readonly launchType?: string;
  readonly network?: NonNullable<Service["network"]>;
};

/** Undefined for a target of another kind. */
export function readEcsTarget(target: JsonObject): EcsTarget | undefined {
  const parameters = getObject(target, "EcsParameters");
  const clusterArn = getString(target, "Arn");
  const taskDefinition = parameters && getString(parameters, "TaskDefinitionArn");
  if (parameters === undefined || clusterArn === undefined || taskDefinition === undefined) return undefined;
  const configuration = getObject(parameters, "NetworkConfiguration") ?? {};
  const network =
    getObject(configuration, "awsvpcConfiguration") ?? getObject(configuration, "AwsvpcConfiguration");
  const providers = getObjects(parameters, "CapacityProviderStrategy").map(
    (one) => getString(one, "capacityProvider") ?? getString(one, "CapacityProvider") ?? "",
  );
  const isFargate = providers.length > 0 && providers.every((name) => /^FARGATE(?:_SPOT)?$/.test(name));
  return {
    clusterArn,
    taskDefinition,
    taskCount: getNumber(parameters, "TaskCount") ?? 1,
    ...optional("launchType", getString(parameters, "LaunchType") ?? (isFargate ? "FARGATE" : undefined)),
    ...optional(
      "network",
      network && {
        subnets: getStrings(network, "Subnets"),
        assignPublicIp: getString(network, "AssignPublicIp") === "ENABLED",
      },
    ),
  };
}

/** Whether the target runs this revision. */
export function isOnRevision(target: JsonObject, revision: string): boolean {
  const current = getString(getObject(target, "EcsParameters") ?? {}, "TaskDefinitionArn");
  return current !== undefined && sameRevision(current, revision);
}
