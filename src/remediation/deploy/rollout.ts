/**
 * One way to bring a new revision into use: how it is started, how it is seen, and how it is undone.
 *
 * A service has one for every strategy of ECS (rolling, blue/green, linear, canary): ECS brings the revision by the same
 * call, and what else decides about its end, `check` reads. What no service runs has two: the schedule that starts a
 * task is pointed at the revision, and the task that failed is run once more.
 */

import type { TaskNetwork } from "../../ecs/task/rerun-task-request.ts";
import type { Ports } from "../ports/ports.ts";
import type { ScheduledTarget } from "../ports/schedules.ts";
import type { Survey } from "../survey/types.ts";
import type { Restored } from "./redeploy-previous.ts";
import type { RedeployResult } from "./redeploy-service.ts";

export interface Rollout {
  /** Puts the revision into use: one call is one write. It compares first, and what is different then is a result. */
  start(change: RolloutChange, ports: Ports): Promise<RolloutStart>;
  /** Its status. Reads only. */
  check(started: StartedRollout, ports: Pick<Ports, "ecs">): Promise<RolloutStatus>;
  /** Puts the previous revision back, unless the world is another by now. */
  undo(undone: RolloutUndo, ports: UndoPorts): Promise<Restored>;
}

type RolloutChange = {
  readonly surveyed: Survey;
  readonly newRevision: string;
  readonly execution: string;
  /** What this execution has registered: no deployment of these is another's. */
  readonly registered: readonly string[];
  /** The deployment that failed. */
  readonly failing?: string;
  /** What runs whole by now needs no healing. */
  readonly heals: boolean;
  /** What the failed task was attached with. */
  readonly network?: TaskNetwork;
  /** The target that is to be pointed at the revision; absent: there is none left. */
  readonly target?: ScheduledTarget;
};

export type RolloutStart =
  | { readonly of: "service"; readonly redeployed: RedeployResult }
  | { readonly of: "target"; readonly result: RepointResult }
  | { readonly of: "task"; readonly run: RerunResult };

export type RerunResult =
  | { readonly kind: "started"; readonly arn: string }
  | { readonly kind: "refused" | "unknown"; readonly because: string };

export type RepointResult = "moved" | "already" | "changed" | "skipped";

export type StartedRollout = RolloutContext & {
  readonly clusterArn: string;
  readonly service: string;
  /** The task that was run again. */
  readonly taskArn?: string;
};

type RolloutUndo = {
  readonly place: Pick<Survey, "clusterArn" | "service" | "failingRevision">;
  readonly newRevision: string;
  readonly execution: string;
  /** The deployment of ours that is to be replaced, where another one of the same revision is not. */
  readonly deploymentId?: string;
  /** The same, and ECS's own way back to our revision is replaced too. */
  readonly ourDeploymentId?: string;
  /** Where ours runs whole by the time of the write, it stays: the previous revision cannot start. */
  readonly heals?: boolean;
  /** Another revision in place of ours is looked at a second time, before it is believed. */
  readonly isSeenTwice?: boolean;
  /** False: ECS was asked to go back by itself, and has not. */
  readonly byEcs?: boolean;
  /** Of a schedule: what is pointed back. */
  readonly target?: ScheduledTarget;
};

type UndoPorts = Pick<Ports, "ecs" | "schedules" | "log">;

export type RolloutStatus =
  | { readonly kind: "succeeded"; readonly because: string }
  /** `deployment`: where it is ours that moves, its id. `replaced`: a revision that ours has replaced, which could not be read yet. */
  | {
      readonly kind: "in-progress";
      readonly because: string;
      readonly deployment?: string;
      readonly replaced?: string;
    }
  /** Some image of ours cannot be pulled either: another place may do. `images` are those, by repository. */
  | { readonly kind: "cannot-pull"; readonly because: string; readonly images: readonly string[] }
  /** A task that was run again could not start. */
  | { readonly kind: "failed"; readonly because: string }
  /** Ours starts and fails: the former revision is better. */
  | { readonly kind: "unhealthy"; readonly because: string }
  | {
      readonly kind: "rolled-back";
      readonly because: string;
      readonly nextSteps?: readonly string[];
      readonly deployment?: string;
    }
  /** ECS has ended it, and left the service between two revisions: the operator has to act. */
  | { readonly kind: "stopped"; readonly because: string; readonly nextSteps: readonly string[] }
  /** A foreign deployment came between the comparison and our write: ours replaced it. */
  | {
      readonly kind: "overwrote";
      readonly because: string;
      readonly revision: string;
      /** Every deployment that was shown. */
      readonly deployments: readonly string[];
    }
  /** `deployment`: ours, where it is shown behind the other one. `revision`: the other one, where it may be older than ours. */
  | {
      readonly kind: "superseded";
      readonly because: string;
      readonly revision?: string;
      readonly deployment?: string;
    };

/** Our deployment, and what is known of the others. */
export type RolloutContext = {
  readonly newRevision: string;
  readonly previousRevision: string;
  /** The deployment that ours replaced. */
  readonly replacedDeploymentId?: string;
  /** All deployments that the service had when it was surveyed. */
  readonly knownDeploymentIds?: readonly string[];
  /** Other revisions of this execution. */
  readonly ownRevisions?: readonly string[];
  /** A revision that was seen in place of ours a moment ago. */
  readonly foreignRevision?: string;
  /** The id of our deployment, from the answer to our write or the look that first showed it. */
  readonly ourDeploymentId?: string;
};
