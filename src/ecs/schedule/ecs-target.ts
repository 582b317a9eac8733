/** What a rule's or a schedule's target runs on ECS, read from the JSON that AWS sent. */

import type { JsonObject } from "../../runtime/json.ts";
import { numberIn, objectIn, objectsIn, present, textIn, textsIn } from "../json-fields.ts";
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
  const parameters = objectIn(target, "EcsParameters");
  const clusterArn = textIn(target, "Arn");
  const taskDefinition = parameters && textIn(parameters, "TaskDefinitionArn");
  if (parameters === undefined || clusterArn === undefined || taskDefinition === undefined) return undefined;
  const configuration = objectIn(parameters, "NetworkConfiguration") ?? {};
  const network =
    objectIn(configuration, "awsvpcConfiguration") ?? objectIn(configuration, "AwsvpcConfiguration");
  const providers = objectsIn(parameters, "CapacityProviderStrategy").map(
    (one) => textIn(one, "capacityProvider") ?? textIn(one, "CapacityProvider") ?? "",
  );
  const isFargate = providers.length > 0 && providers.every((name) => /^FARGATE(?:_SPOT)?$/.test(name));
  return {
    clusterArn,
    taskDefinition,
    taskCount: numberIn(parameters, "TaskCount") ?? 1,
    ...present("launchType", textIn(parameters, "LaunchType") ?? (isFargate ? "FARGATE" : undefined)),
    ...present(
      "network",
      network && {
        subnets: textsIn(network, "Subnets"),
        assignPublicIp: textIn(network, "AssignPublicIp") === "ENABLED",
      },
    ),
  };
}
