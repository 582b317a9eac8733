/** What one remediation is given: the failure, the settings that apply to it, and who follows its progress. */

import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Plan } from "../../substitution/plan-types.ts";
import type { Policy, Rights } from "../../substitution/policy/policy.ts";
import type { Quotas } from "../gates/quotas.ts";
import type { Outcome } from "../report/outcome.ts";
import type { Order, Survey } from "../survey/types.ts";

/** What it is doing now, for people who watch. */
export type Activity =
  | {
      readonly kind: "waiting";
      /** What it waits for: a registry or an AWS API that did not answer, the end of another deployment, or a calendar to open. */
      readonly code: "no-answer" | "active-deployment" | "change-calendar";
      readonly seconds: number;
    }
  | { readonly kind: "rollout"; readonly because: string };

export type RemediationOptions = {
  readonly policy: Policy;
  readonly execution: string;
  /** The quotas as they are now, read again before each write that they bound; absent: as the policy said at first. */
  readonly limits?: () => Promise<Quotas>;
  /** What the stack's parameters allow at the most; absent: only the policy is known. */
  readonly rights?: Rights;
  /** A person at a terminal has seen the plan and approved it: no further approval is asked for. */
  readonly interactive?: boolean;
  /** It carries out what a person has ordered for one deployment. */
  readonly order?: Order;
  /** Gets each outcome before it is published: for metrics. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** The function that commands for this execution have to name; absent: their default. */
  readonly functionName?: string;
  /** False: end once the redeployment is accepted, with the outcome `redeployed`. */
  readonly waitForRollout?: boolean;
  /** False: nothing is observed again after a pause, because the caller does not wait for it. */
  readonly surveysAgain?: boolean;
  /** Gets what it is doing; may get the same again after a crash. */
  readonly onActivity?: (doing: Activity) => void;
  /** Gets each plan as it is made; may get the same plan again after a crash. */
  readonly onPlan?: (plan: Plan, surveyed: Survey) => void;
};

/** What the rules decide with, in addition to the state and the observation. It never changes. */
export type Context = {
  readonly failure: PullFailure;
  readonly options: RemediationOptions;
  readonly region: string;
};
