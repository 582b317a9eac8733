/** What is left of an EventBridge document once it has been understood. */

import type { TaskOwner } from "../ecs/task/task-owner.ts";
import type { NamedManifest } from "../pull-failure/extract-manifests.ts";
import type { Classification } from "../pull-failure/types.ts";

/** A container of the event that failed to pull. */
export type FailedContainer = {
  /** Undefined where only the task's stoppedReason has the failure, and the event names no container for it. */
  readonly name?: string;
  /** As the event wrote it; events of EC2 tasks may have none. */
  readonly image?: string;
  readonly classification: Classification;
};

export type PullFailure = {
  readonly kind: "pull-failure";
  readonly eventId?: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly clusterArn: string;
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly owner: TaskOwner;
  /** `detail.version`: orders the events of one task, and of nothing else. */
  readonly version?: number;
  readonly time?: string;
  readonly launchType?: string;
  /** Every container whose pull failed, the clearest case first; at least one. */
  readonly failures: readonly [FailedContainer, ...FailedContainer[]];
  /** The manifests that its texts name, those of the event and those of ECS. */
  readonly manifests?: readonly NamedManifest[];
  /** Nothing has failed yet: an operator asks in advance (`remediation/foreseen.ts`), and no task says more about it. */
  readonly preemptive?: true;
};

export type Ignored = { readonly kind: "ignored"; readonly because: string };

/** The account and region in which we run; an event of another is not ours. Undefined: judge none (explain, replay). */
export type AwsLocation = { readonly account: string; readonly region: string };
