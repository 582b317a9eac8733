/** All that the served account answers: service → operation → what answers it. */

import { ApiError } from "../aws/faults/aws-error.ts";
import type { Call, Handler, Operations } from "./call.ts";
import { ec2Instances } from "./services/ec2-instances.ts";
import { ec2 } from "./services/ec2-network.ts";
import { ecr } from "./services/ecr.ts";
import { ecrCache } from "./services/ecr-cache.ts";
import { ecsClusters } from "./services/ecs-clusters.ts";
import { ecsServices } from "./services/ecs-services.ts";
import { ecsTaskDefinitions } from "./services/ecs-task-definitions.ts";
import { ecsTasks } from "./services/ecs-tasks.ts";
import { events, scheduler } from "./services/events.ts";
import { lambda } from "./services/lambda.ts";
import { batch, codebuild, eks, iam, sts } from "./services/others.ts";
import { sqs } from "./services/queues.ts";
import { dynamodb, ssm } from "./services/storage.ts";
import { tables } from "./services/tables.ts";

export const OPERATIONS: Readonly<Record<string, Operations>> = {
  ecs: { ...ecsClusters, ...ecsServices, ...ecsTasks, ...ecsTaskDefinitions },
  ecr: { ...ecr, ...ecrCache },
  ec2: { ...ec2, ...ec2Instances },
  events,
  iam,
  batch,
  codebuild,
  dynamodb: { ...dynamodb, ...tables },
  eks,
  lambda,
  scheduler,
  sqs,
  ssm,
  sts,
};

/** Throws ApiError that names what is served, where an operation is not. */
export function handlerOf({ service, operation }: Pick<Call, "service" | "operation">): Handler {
  const operations = Object.hasOwn(OPERATIONS, service) ? OPERATIONS[service] : undefined;
  const handler =
    operations !== undefined && Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (handler !== undefined) return handler;
  const served = operations === undefined ? Object.keys(OPERATIONS) : Object.keys(operations);
  throw new ApiError(
    "UnknownOperationException",
    `The sandbox does not serve ${service}:${operation}; it serves ${served.join(", ")}.`,
  );
}
