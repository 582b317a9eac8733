/** A task as ECS describes it, reduced to what remediation decides on. */

export type TaskContainer = {
  readonly name: string;
  readonly image?: string;
  /** What ECS resolved the image to; the index's digest for multi-platform images. */
  readonly imageDigest?: string;
  readonly lastStatus?: string;
  readonly reason?: string;
  readonly exitCode?: number;
};

export type Task = {
  readonly arn: string;
  readonly taskDefinitionArn: string;
  readonly group?: string;
  readonly startedBy?: string;
  readonly lastStatus?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly launchType?: string;
  /** The `ecs.cpu-architecture` attribute: x86_64 or arm64. */
  readonly architecture?: string;
  readonly containers: readonly TaskContainer[];
};
