/** A service as ECS describes it, reduced to what remediation decides on. */

import type { JsonObject } from "../../runtime/json.ts";
import {
  getMoment,
  getNumber,
  getObject,
  getObjects,
  getString,
  getStrings,
  getTags,
  optional,
} from "../json-fields.ts";
import { type DeploymentConfiguration, readDeploymentConfiguration } from "./deployment-configuration.ts";

export type Deployment = {
  readonly id: string;
  readonly status: string;
  readonly taskDefinition: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  /** COMPLETED, IN_PROGRESS or FAILED; absent behind a Classic Load Balancer: `rolloutOf` reads it. */
  readonly rolloutState?: string;
  readonly rolloutStateReason?: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly failedTasks: number;
};

/** The tasks of one revision, in a service that ECS does not deploy by itself. */
export type TaskSet = {
  readonly id: string;
  /** PRIMARY has the traffic; ACTIVE may get it. */
  readonly status: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  /** The id of the deployment that made it, `d-…`, where CodeDeploy did. */
  readonly codeDeployment?: string;
};

export type Service = DeploymentConfiguration & {
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  /** ACTIVE, DRAINING or INACTIVE. */
  readonly status: string;
  readonly controller: "ECS" | "CODE_DEPLOY" | "EXTERNAL";
  readonly schedulingStrategy: "REPLICA" | "DAEMON";
  readonly launchType?: string;
  /** Those of its strategy, in place of a launch type; without one, none. */
  readonly capacityProviders: readonly string[];
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly deployments: readonly Deployment[];
  readonly healthCheckGracePeriodSeconds: number;
  /** Member present when ECS manages the service itself (Express services, managed daemons). */
  readonly resourceManagementType?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** What services of CodeDeploy and of other deployers have in place of deployments. */
  readonly taskSets: readonly TaskSet[];
  /** The subnets and security groups of its tasks, for those with a network interface of their own. */
  readonly network?: {
    readonly subnets: readonly string[];
    readonly assignPublicIp: boolean;
    /** Empty: the VPC's default group. Absent: not known. */
    readonly securityGroups?: readonly string[];
  };
};

/** The deployment that ECS is bringing the service to. */
export function primaryDeployment(service: Pick<Service, "deployments">): Deployment | undefined {
  return service.deployments.find((deployment) => deployment.status === "PRIMARY");
}

/** The task set that has the traffic. */
export function primaryTaskSet(service: Service): TaskSet | undefined {
  return service.taskSets.find(({ status }) => status === "PRIMARY");
}

/** Reads one service of a DescribeServices answer; whatever is missing or odd takes ECS's own default. */
export function readService(json: JsonObject): Service {
  const taskSets = getObjects(json, "taskSets").map(readTaskSet);
  // Services of another deployer keep their revision in task sets; what they say of themselves is how they began.
  const inPlace = taskSets.find(({ status }) => status === "PRIMARY")?.taskDefinition;
  return {
    arn: getString(json, "serviceArn") ?? "",
    name: getString(json, "serviceName") ?? "",
    clusterArn: getString(json, "clusterArn") ?? "",
    status: getString(json, "status") ?? "",
    controller: controllerOf(json),
    taskSets,
    schedulingStrategy: getString(json, "schedulingStrategy") === "DAEMON" ? "DAEMON" : "REPLICA",
    ...optional("launchType", getString(json, "launchType")),
    taskDefinition: inPlace ?? getString(json, "taskDefinition") ?? "",
    capacityProviders: getObjects(json, "capacityProviderStrategy").flatMap(
      (item) => getString(item, "capacityProvider") ?? [],
    ),
    desiredCount: getNumber(json, "desiredCount") ?? 0,
    runningCount: getNumber(json, "runningCount") ?? 0,
    deployments: getObjects(json, "deployments").map(readDeployment),
    healthCheckGracePeriodSeconds: getNumber(json, "healthCheckGracePeriodSeconds") ?? 0,
    ...readDeploymentConfiguration(getObject(json, "deploymentConfiguration") ?? {}),
    ...optional("resourceManagementType", getString(json, "resourceManagementType")),
    tags: getTags(json),
    ...optional("network", networkOf(json)),
  };
}

function networkOf(json: JsonObject): Service["network"] {
  const configuration = getObject(getObject(json, "networkConfiguration") ?? {}, "awsvpcConfiguration");
  if (configuration === undefined) return undefined;
  return {
    subnets: getStrings(configuration, "subnets"),
    securityGroups: getStrings(configuration, "securityGroups"),
    assignPublicIp: getString(configuration, "assignPublicIp") === "ENABLED",
  };
}

function readDeployment(json: JsonObject): Deployment {
  return {
    id: getString(json, "id") ?? "",
    status: getString(json, "status") ?? "",
    taskDefinition: getString(json, "taskDefinition") ?? "",
    ...optional("createdAt", getMoment(json, "createdAt")),
    ...optional("rolloutState", getString(json, "rolloutState")),
    ...optional("rolloutStateReason", getString(json, "rolloutStateReason")),
    desiredCount: getNumber(json, "desiredCount") ?? 0,
    runningCount: getNumber(json, "runningCount") ?? 0,
    pendingCount: getNumber(json, "pendingCount") ?? 0,
    failedTasks: getNumber(json, "failedTasks") ?? 0,
  };
}

function readTaskSet(json: JsonObject): TaskSet {
  return {
    id: getString(json, "id") ?? "",
    status: getString(json, "status") ?? "",
    taskDefinition: getString(json, "taskDefinition") ?? "",
    desiredCount: getNumber(json, "computedDesiredCount") ?? 0,
    runningCount: getNumber(json, "runningCount") ?? 0,
    ...optional("codeDeployment", getString(json, "externalId")),
  };
}

function controllerOf(json: JsonObject): Service["controller"] {
  const controller = getObject(json, "deploymentController");
  const type = controller === undefined ? undefined : getString(controller, "type");
  if (type === undefined || type === "ECS") return "ECS";

  // An unknown controller belongs to another system: Repull must not deploy there.
  return type === "CODE_DEPLOY" ? "CODE_DEPLOY" : "EXTERNAL";
}
