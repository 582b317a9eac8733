/**
 * What a survey is asked for, and what it answers: names, digests and reasons, never a task definition.
 */

import type { ManagedBy } from "../../ecs/managed-by.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Digest } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";
import type { ImageReference } from "../../image/reference.ts";
import type { Limit } from "../../substitution/applicable-limits.ts";
import type { Trusted } from "../../substitution/candidate.ts";
import type { ImageFacts } from "../../substitution/plan-types.ts";
import type { Mode, Policy } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { ManualDeployment } from "../gates/report-only.ts";
import type { MirrorRejected } from "../mirror/mirror-result.ts";
import type { ScheduledTarget } from "../ports/schedules.ts";
import type { Because } from "../report/ending-reason.ts";
import type { Reason } from "../report/outcome.ts";
import type { RecentSubstitutions } from "./loop-guard.ts";

/** What is to be done for a task, in addition to its new revision. */
export type TaskFacts = {
  readonly taskArn: string;
  /** Once the revision is there: report it, run the task again, or move what starts it. */
  readonly action: "report" | "register" | "run" | "move" | "move-and-run";
  /** The name under which a rule or schedule signed the task. */
  readonly schedule?: string;
  readonly targets: readonly ScheduledTarget[];
};

export type MeantDigests = Readonly<Record<string, Trusted>>;

/**
 * What an operator has ordered at a command line, for one deployment of a service: the bytes that tags name now, although no
 * deployment meant them.
 */
export type Order = {
  /** The deployment that the operator was shown: no other one is replaced. */
  readonly deploymentId: string;
  readonly images: readonly OrderedImage[];
};

export type OrderedImage = {
  /** As the task definition writes it. */
  readonly image: string;
  /** The same before Repull named a copy in its place. */
  readonly writtenAs: string;
  /** The tag at its own registry. */
  readonly source: ImageReference;
  /** What the tag named when the operator was shown it. */
  readonly digest: Digest;
  /** What the deployment runs. */
  readonly runs: Digest;
};

export type NotEligible = {
  readonly kind: "not-eligible";
  readonly because: string;
  readonly reason: Reason;
  readonly remedies: readonly Remedy[];
};

export type Superseded = {
  readonly kind: "superseded";
  readonly because: Because;
  /** It rests on an answer that may be an old one. */
  readonly transient?: boolean;
  /** Which revision was seen in place of the one that was to be replaced. */
  readonly revision?: string;
  /** What was to be replaced runs whole, and stays. */
  readonly whole?: boolean;
};

/** What this execution deployed before runs whole by now: nothing else is to be tried. */
export type Recovered = { readonly kind: "succeeded"; readonly because: string };

export type Survey = {
  readonly kind: "survey";
  readonly clusterArn: string;
  readonly service: string;
  /** What the service points at now: the failing revision, or one of this execution's own. */
  readonly currentRevision: string;
  /** The primary deployment's id; compared again immediately before the write. */
  readonly deploymentId?: string;
  /** Every deployment that the service showed: another one, later, is foreign. */
  readonly deploymentIds: readonly string[];
  /** When the youngest of them was created, in milliseconds since the epoch, by the clock of ECS. */
  readonly deployedAt?: number;
  readonly desiredCount: number;
  readonly runningCount: number;
  /** The failing revision. */
  readonly failingRevision: string;
  readonly family: string;
  /** Every platform that its tasks may run on; none: that is not known. */
  readonly platforms: readonly Platform[];
  readonly images: readonly ImageFacts[];
  /** What other executions tried for these images before. */
  readonly recentSubstitutions: RecentSubstitutions;
  /** The primary deployment is in progress, and not one that ECS itself began: a person or a pipeline may wait for it. */
  readonly isDeploying: boolean;
  /** The stage of that deployment, once all its tasks have run: its checks and traffic are in progress. */
  readonly stage?: string;
  /** Who would bring the old image back. */
  readonly managedBy?: ManagedBy;
  readonly rolloutTimeoutSeconds: number;
  /** What a tag makes of the policy's mode, and which; absent where none does. */
  readonly mode?: Mode;
  readonly modeBecause?: string;
  readonly modeRemedies?: readonly Remedy[];
  /** The role that the policy gives to tasks that have none. */
  readonly executionRole?: string;
  /** The limit that was met; `endsBy`, ISO 8601, is the latest moment at which it ends. */
  readonly limit: Limit & { readonly endsBy?: string };
  /** The task that failed, where no service started it; `service` is its family then. */
  readonly task?: TaskFacts;
  /** Present where only CodeDeploy may deploy: the plan is reported, and nothing written. */
  readonly manualDeployment?: ManualDeployment;
};

export type SurveyRequest = {
  readonly failure: PullFailure;
  readonly policy: Policy;
  readonly execution: string;
  /** Substitutes that this execution has tried and that failed to start: not offered again. */
  readonly failedPlaces: readonly string[];
  /** Present where this execution has been here before: the revisions that it registered, one of which may run already. */
  readonly own?: readonly string[];
  /** What was meant, by image, where an earlier survey of this remediation has decided it: it is decided once. */
  readonly meant?: MeantDigests;
  /** Places from which the image could not be brought into ECR, with the reason. */
  readonly mirrorRejections?: readonly MirrorRejected[];
  /** Only these images are looked at, for these bytes. */
  readonly order?: Order;
};

export type SurveyResult = Survey | Recovered | Ignored | NotEligible | Superseded;
