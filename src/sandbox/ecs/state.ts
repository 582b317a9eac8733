/**
 * What ECS remembers: services with their deployments, tasks with their containers.
 *
 * Plain records that the scheduler and the tasks change; everything that leaves the sandbox is a copy in
 * the shape of the API (`documents`).
 */

import type { Digest } from "../../image/digest.ts";
import type { Send } from "../../oci/http/transport.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import type { EventBus } from "../aws/event-bus.ts";
import type { AwsLocation } from "../example-location.ts";
import type { Random } from "../random.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { Assumptions } from "../world/assumptions.ts";
import type { TaskDefinitions } from "./task-definitions.ts";
import type { HostPlatform, PullCredentials } from "./tasks/image-pull.ts";

/** The world around a cluster, as its parts need it. */
export type EcsEnvironment = {
  readonly home: AwsLocation;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly bus: EventBus;
  readonly definitions: TaskDefinitions;
  /** The tasks' way to the internet: what the registries see is the address of their NAT gateway. */
  readonly send: Send;
  /** What a task may show to a registry: ECR's token of its execution role, or the secret of its `repositoryCredentials`. */
  readonly credentialsFor: (
    container: JsonObject,
    executionRole: string | undefined,
  ) => PullCredentials | undefined;
  /** The machine that a task gets. */
  readonly place: (asked: Asked) => HostPlatform;
  readonly crashOf: (container: JsonObject, digest: Digest) => Crash | undefined;
  readonly unverified: Assumptions;
};

/** How a container ends by itself, once it runs. */
export type Crash = { readonly exitCode: number; readonly afterSeconds: number };

export type LaunchType = "FARGATE" | "EC2";
export type Controller = "ECS" | "CODE_DEPLOY" | "EXTERNAL";
type RolloutState = "IN_PROGRESS" | "COMPLETED" | "FAILED";

/** How a service's deployments go. `stepMinutes` is the wait after a canary, or after each linear step. */
export type Strategy = {
  readonly kind: "ROLLING" | "BLUE_GREEN" | "CANARY" | "LINEAR";
  readonly stepPercent?: number;
  readonly stepMinutes?: number;
};

/** A lifecycle hook: a function that runs, or a pause for a person, when a deployment reaches a stage. */
export type Hook = {
  readonly name: string;
  readonly stage: Stage;
  /** Nothing runs: a person has to continue it. */
  readonly isPause?: boolean;
  readonly ends: "succeeds" | "fails" | "times-out";
  readonly takesSeconds?: number;
  readonly timeoutMinutes?: number;
};

/** Alarms that watch over deployments, and the stage at which they fire; a rolling one knows BAKE_TIME alone. */
export type Alarms = {
  readonly names: readonly string[];
  readonly rollback: boolean;
  readonly fires?: Stage;
};

export type ClusterRecord = {
  readonly name: string;
  readonly arn: string;
  tags: Readonly<Record<string, string>>;
  readonly services: Map<string, ServiceRecord>;
  readonly tasks: Map<string, TaskRecord>;
};

export type ServiceRecord = {
  readonly cluster: ClusterRecord;
  readonly name: string;
  readonly arn: string;
  readonly controller: Controller;
  readonly schedulingStrategy: "REPLICA" | "DAEMON";
  readonly launchType: LaunchType;
  readonly platformVersion: string | undefined;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly circuitBreaker: { readonly enable: boolean; readonly rollback: boolean };
  readonly healthCheckGracePeriodSeconds: number;
  readonly bakeTimeMinutes: number;
  readonly strategy: Strategy;
  readonly hooks: readonly Hook[];
  readonly alarms: Alarms | undefined;
  /** Behind a Classic Load Balancer: ECS shows no rollout state of its deployments. */
  readonly behindClassicLoadBalancer: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** Members of DescribeServices that the sandbox does not act on. */
  readonly others: JsonObject;
  readonly createdAt: number;
  status: "ACTIVE" | "INACTIVE";
  desiredCount: number;
  taskDefinition: string;
  /** The primary first. */
  deployments: DeploymentRecord[];
  /** All that ever were, the newest first, as ECS's service deployments show. */
  readonly serviceDeployments: DeploymentRecord[];
  /** What a circuit breaker goes back to. */
  lastCompleted: DeploymentRecord | undefined;
  /** Newest first, as DescribeServices shows them. */
  events: { readonly id: string; readonly at: number; readonly message: string }[];
  failedRounds: number;
  startsAgainAt: number;
  /** When the scheduler will look at it next. */
  readonly scheduledReconciles: Set<number>;
};

export type DeploymentRecord = {
  readonly id: string;
  /** The id of the service revision that it brings; ECS's own rollback brings an earlier one again. */
  readonly revisionId: string;
  readonly taskDefinition: string;
  readonly createdAt: number;
  status: "PRIMARY" | "ACTIVE" | "INACTIVE";
  rolloutState: RolloutState;
  rolloutStateReason: string;
  failedTasks: number;
  readonly isRollback: boolean;
  updatedAt: number;
  /** Where it is in its lifecycle, for those that move traffic. */
  stage?: Stage;
  /** How often the traffic still has to move before all of it has. */
  trafficSteps?: number;
  /** Hook → its status. */
  readonly hooks: Map<string, "AWAITING_ACTION" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "TIMED_OUT">;
  firedAlarms?: readonly string[];
  /** When it first completed; a deployment that is rolled back to completes again and keeps this time. */
  completedAt?: number;
  /** Why it was taken back or stopped, and what it was taken back to. */
  ended?: {
    readonly because: string;
    readonly to: DeploymentRecord | undefined;
    readonly at?: number;
  };
  /** The service revisions that ran when it began. */
  readonly sources: readonly DeploymentRecord[];
  /** StopServiceDeployment has asked ECS to take it back. */
  isStopRequested?: true;
  /** Version consistency: container → the digest that its tag was resolved to when the first task started. */
  readonly resolved: Map<string, Digest>;
};

export type TaskRecord = {
  readonly cluster: ClusterRecord;
  readonly service: ServiceRecord | undefined;
  readonly deployment: DeploymentRecord | undefined;
  readonly id: string;
  readonly arn: string;
  readonly definition: JsonObject;
  readonly launchType: LaunchType;
  readonly platformVersion: string | undefined;
  readonly platform: HostPlatform;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly overrides: JsonObject;
  readonly tags?: Readonly<Record<string, string>>;
  readonly attachment: JsonObject | undefined;
  readonly createdAt: number;
  readonly containers: ContainerRecord[];
  lastStatus: "PROVISIONING" | "PENDING" | "RUNNING" | "DEPROVISIONING" | "STOPPED";
  desiredStatus: "RUNNING" | "STOPPED";
  version: number;
  updatedAt: number;
  connectivityAt?: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  executionStoppedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
};

export type StopCode =
  | "TaskFailedToStart"
  | "EssentialContainerExited"
  | "UserInitiated"
  | "ServiceSchedulerInitiated";

export type ContainerRecord = {
  readonly arn: string;
  readonly name: string;
  readonly image: string;
  readonly definition: JsonObject;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  imageDigest?: Digest;
  runtimeId?: string;
  /** Its image is for other machines: it ends as soon as it starts. */
  cannotExecute?: true;
  exitCode?: number;
  reason?: string;
};

/** JSON that others may keep: nothing that is undefined, nothing shared. */
export function jsonOf(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const kept: Record<string, Json> = {};
  for (const [name, member] of Object.entries(members)) {
    if (member !== undefined) kept[name] = copied(member);
  }
  return kept;
}

/** A copy without members that are undefined, as they would not survive JSON. */
function copied(json: Json): Json {
  if (typeof json !== "object" || json === null) return json;
  return Array.isArray(json) ? json.map(copied) : jsonOf(json as JsonObject);
}

/** What a task asks for of the machine that it gets. */
export type Asked = {
  readonly cluster: string;
  readonly definition: JsonObject;
  readonly launchType: LaunchType;
  readonly providers: readonly string[];
};

export type Stage =
  | "PRE_SCALE_UP"
  | "SCALE_UP"
  | "POST_SCALE_UP"
  | "TEST_TRAFFIC_SHIFT"
  | "POST_TEST_TRAFFIC_SHIFT"
  | "PRE_PRODUCTION_TRAFFIC_SHIFT"
  | "PRODUCTION_TRAFFIC_SHIFT"
  | "POST_PRODUCTION_TRAFFIC_SHIFT"
  | "BAKE_TIME"
  | "CLEAN_UP";
