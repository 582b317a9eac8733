/** A service as ECS describes it, reduced to what remediation decides on. */

export type Deployment = {
  readonly id: string;
  readonly status: string;
  readonly taskDefinition: string;
  /** COMPLETED, IN_PROGRESS or FAILED; absent for controllers other than ECS. */
  readonly rolloutState?: string;
  readonly rolloutStateReason?: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly failedTasks: number;
};

export type Service = {
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  /** ACTIVE, DRAINING or INACTIVE. */
  readonly status: string;
  readonly controller: "ECS" | "CODE_DEPLOY" | "EXTERNAL";
  readonly schedulingStrategy: "REPLICA" | "DAEMON";
  readonly launchType?: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly deployments: readonly Deployment[];
  readonly healthCheckGracePeriodSeconds: number;
  readonly bakeTimeMinutes: number;
  /** Member present when ECS manages the service itself (Express services, managed daemons). */
  readonly resourceManagementType?: string;
  readonly tags: Readonly<Record<string, string>>;
};

/** The deployment that ECS is bringing the service to. */
export function primaryDeployment(service: Service): Deployment | undefined {
  return service.deployments.find((deployment) => deployment.status === "PRIMARY");
}
