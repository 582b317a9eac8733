/** One observation: the result of a step, and the only thing that the rules know of the world at that time. */

import type { Deployment } from "../../ecs/service/service.ts";
import type { RestoredStatus } from "../deploy/restore/restored-images.ts";
import type { RolloutStatus } from "../deploy/rollout.ts";
import type { ClosedCalendar } from "../gates/change-calendar.ts";
import type { ExecutionStatus } from "../ports/ports.ts";
import type { SurveyResult } from "../survey/types.ts";
import type { Failed, Stop } from "./state.ts";

export type Seen =
  /** `at`: when it was read, in milliseconds since the epoch: the rules have no other clock. */
  | {
      readonly kind: "survey";
      readonly at: number;
      readonly result: SurveyResult;
      readonly stopped?: Stop;
      readonly closed?: ClosedCalendar;
    }
  | {
      readonly kind: "copy";
      readonly at: number;
      readonly status?: ExecutionStatus;
      readonly isInTarget?: boolean;
    }
  /** The service a minute after another revision was seen in place of ours. Without deployments: it still is. */
  | { readonly kind: "service"; readonly at: number; readonly deployments?: readonly Deployment[] }
  | { readonly kind: "rollout"; readonly at: number; readonly verdict: RolloutStatus }
  /** What has become of an undo. */
  | ({ readonly kind: "restored"; readonly at: number } & RestoredStatus)
  /** What is known is enough. */
  | { readonly kind: "nothing" }
  | { readonly kind: "failed"; readonly failed: Failed };
