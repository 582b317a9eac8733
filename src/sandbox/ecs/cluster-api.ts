/** What a test or a replay can do with the sandbox's ECS, and the settings of a new service. */

import type { Send } from "../../oci/http/transport.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type {
  Alarms,
  ClusterRecord,
  Controller,
  Hook,
  LaunchType,
  ServiceRecord,
  Strategy,
  TaskRecord,
} from "./state.ts";

export type NewService = {
  readonly cluster: string;
  readonly name: string;
  /** ARN, `family:revision` or `family`. */
  readonly taskDefinition: string;
  readonly desiredCount?: number;
  readonly launchType?: LaunchType;
  readonly platformVersion?: string;
  readonly controller?: Controller;
  readonly schedulingStrategy?: "REPLICA" | "DAEMON";
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  readonly circuitBreaker?: { readonly enable: boolean; readonly rollback: boolean };
  readonly healthCheckGracePeriodSeconds?: number;
  readonly bakeTimeMinutes?: number;
  readonly strategy?: Strategy;
  readonly hooks?: readonly Hook[];
  readonly alarms?: Alarms;
  readonly behindClassicLoadBalancer?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** Its first deployment's id; else the world makes one up. */
  readonly deploymentId?: string;
  /** Other members for DescribeServices to show, `resourceManagementType` for example. */
  readonly others?: JsonObject;
};

type ServiceChange = { readonly desiredCount?: number; readonly forceNewDeployment?: boolean };

export interface Cluster {
  /** Makes a service; its tasks start as the world goes on. */
  createService(settings: NewService): ServiceRecord;
  /**
   * Makes a service that has long been running: its tasks are there, its deployment is COMPLETED.
   * @param send how its images were pulled, back then; an image that is not to be had leaves no digest
   */
  createRunningService(settings: NewService, send: Send): Promise<ServiceRecord>;
  /** Points a service at a revision. Throws AwsError as ECS refuses. */
  updateService(cluster: string, service: string, taskDefinition: string): void;
  /** Stops a deployment, so that ECS goes back from it. Throws AwsError as ECS refuses. */
  rollBackDeployment(serviceDeploymentArn: string): void;
  /** Changes how many tasks a service wants, or deploys its revision anew. Throws AwsError as ECS refuses. */
  changeService(cluster: string, service: string, change: ServiceChange): void;
  /** Starts a deployment as the service's own controller does, CodeDeploy for example. */
  deploy(cluster: string, service: string, taskDefinition: string, deploymentId?: string): void;
  /** Starts a task that belongs to no service. */
  runTask(settings: {
    readonly cluster: string;
    readonly taskDefinition: string;
    readonly launchType?: LaunchType;
    readonly group?: string;
    readonly startedBy?: string;
    readonly overrides?: JsonObject;
    readonly tags?: Readonly<Record<string, string>>;
  }): TaskRecord;
  stopTask(cluster: string, taskArn: string, reason: string): void;
  createCluster(name: string): ClusterRecord;
  readonly clusters: () => readonly ClusterRecord[];
  /** Gives a cluster its tags. */
  tagCluster(cluster: string, tags: Readonly<Record<string, string>>): void;
  clusterTags(cluster: string): Readonly<Record<string, string>>;
  /** @param cluster name or ARN */
  service(cluster: string, service: string): ServiceRecord | undefined;
  task(cluster: string, taskArn: string): TaskRecord | undefined;
  /** Puts a task there that stopped in the past, as a recorded event has it. */
  addRecordedTask(detail: JsonObject): void;
  /** The tasks that ECS still shows: stopped ones for an hour. */
  tasks(cluster: string): readonly TaskRecord[];
  readonly services: () => readonly ServiceRecord[];
  /** The tasks of all clusters, as `tasks` shows them. */
  readonly allTasks: () => readonly TaskRecord[];
}
