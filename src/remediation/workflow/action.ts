/** What the rules can decide, and what the loop hands back to them. */

import type { PlannedChange } from "../gates/planned-changes.ts";
import type { QuotaPeriod } from "../ports/quota-store.ts";
import type { RemediationResult } from "../report/report.ts";
import type { Activity } from "./context.ts";
import type { State } from "./state.ts";

export type WriteKind = "acquire-quota" | "start-copy" | "register" | "start" | "undo" | "restore";

/** `state`: what the remediation is in once the action is done; absent: what it was. */
export type Action =
  | { readonly kind: "end"; readonly ending: RemediationResult }
  /** Nothing can be decided before the next observation. */
  | { readonly kind: "observe"; readonly state?: State }
  | {
      readonly kind: "wait";
      readonly label: string;
      readonly seconds: number;
      /** What it waits for, for people who watch. */
      readonly doing?: Extract<Activity, { kind: "waiting" }>["code"];
      /** How it ends where the time budget is over meanwhile; absent: as `no-substitute`, code `time-over`. */
      readonly timeOver?: RemediationResult;
      readonly state: State;
    }
  | {
      readonly kind: "tell";
      readonly ending: RemediationResult;
      /** Only the first execution that asks reports this quota period. */
      readonly firstOf?: QuotaPeriod;
      readonly state: State;
    }
  | { readonly kind: "ask"; readonly changes: readonly PlannedChange[] }
  | { readonly kind: "write"; readonly write: WriteKind; readonly state?: State };
