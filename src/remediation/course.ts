/**
 * One remediation under way: what it heals, by which policy, with what it reaches the world, and how far it has come.
 *
 * It is handed from step to step, so that each of them has one argument for all that never changes and one place for
 * what the record must know, whatever happens next.
 */

import type { PullFailure } from "../ecs-events/pull-failure-event.ts";
import type { Steps } from "../runtime/steps.ts";
import type { Plan } from "../substitution/planner.ts";
import type { Policy, Rights } from "../substitution/policy.ts";
import type { ManagedBy } from "../workload/managed-by.ts";
import type { TaskNetwork } from "../workload/start-again.ts";
import type { CapLimits } from "./caps.ts";
import type { Decision } from "./decision.ts";
import type { Outcome } from "./outcome.ts";
import type { Ports } from "./ports.ts";
import type { Survey } from "./survey.ts";
import type { MeantDigests } from "./survey-image.ts";

/** What it is doing now, for people who watch. */
export type Doing =
  | {
      readonly kind: "waiting";
      /** What for: an answer that did not come, or the end of somebody's deployment. */
      readonly code: "no-answer" | "active-deployment";
      readonly seconds: number;
    }
  | { readonly kind: "rollout"; readonly because: string };

export type RemediationOptions = {
  readonly policy: Policy;
  readonly execution: string;
  /** The owner's caps as they are now, asked anew before each claim; absent: as the policy said at the beginning. */
  readonly limits?: () => Promise<CapLimits>;
  /** What the stack's parameters allow at the most; absent: nothing but the policy is known. */
  readonly rights?: Rights;
  /** Whoever runs it has seen the plan and said yes: nobody else is asked. */
  readonly byHand?: boolean;
  /** Told each outcome before it is published: for figures. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** The function that commands for this execution have to name; absent: the one that they take by themselves. */
  readonly functionName?: string;
  /** False: stop once the redeployment is accepted, with the outcome `applied`. */
  readonly settle?: boolean;
  /** False: the world is not looked at again after a pause, for nobody waits for that. */
  readonly looksAgain?: boolean;
  /** Told what it is doing; may be told the same again after a crash. */
  readonly onDoing?: (doing: Doing) => void;
  /** Told each plan as it is made; for people who watch. May be told the same plan again after a crash. */
  readonly onPlan?: (plan: Plan, surveyed: Survey) => void;
};

/** What has become of the service so far, whatever the next look says. */
export type Progress = {
  made?: { readonly former: string; readonly ours: string };
  managedBy?: ManagedBy | undefined;
  /** The revisions that this execution registered, whether or not a redeployment followed. */
  registered?: readonly string[];
  /** What was meant by each image, from the failing deployment: decided once, whatever a tag means later. */
  meant?: MeantDigests;
  broughtBack?: string | undefined;
  newer?: string | undefined;
  /** How often it has looked at copies and quotas that it waits for. */
  looks?: number;
  /** How long rollouts of this execution have been watched. */
  watchedSeconds?: number;
  /** The owner's caps let it write: granted once, for all that one remediation does. */
  mayWrite?: boolean;
  /** How long it has waited for the end of Docker Hub's window, and how often it has looked. */
  window?: { readonly seconds: number; readonly looks: number };
  /** Places that images were brought to. */
  brought?: ReadonlySet<string>;
  /** How long caps have kept it waiting, since it last got on. */
  heldSeconds?: number;
  /** The last answer of the owner. */
  decision?: Decision;
  /** How often the owner was asked, and every write that they have approved. */
  asked?: number;
  approved?: ReadonlySet<string>;
  /** Why the next question is not the first. */
  askAgain?: string;
};

export type Course = {
  readonly failure: PullFailure;
  readonly ports: Ports;
  readonly options: RemediationOptions;
  readonly steps: Steps;
  /** What the task that failed was attached with, where it may have to be run again. */
  readonly network: TaskNetwork | undefined;
  readonly progress: Progress;
};

/** For a step of reads, or of one write that checks first: throttling and time-outs are worth a minute at once. */
export const persistent = { attempts: 6 };
