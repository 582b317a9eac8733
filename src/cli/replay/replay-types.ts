/**
 * What `repull replay` is asked for, and what became of each document.
 */

import type { Outcome } from "../../remediation/report/outcome.ts";
import type { Json } from "../../runtime/json.ts";
import type { DeployedConfigOptions } from "../account/deployed-config.ts";
import type { RefusalCode } from "../refused-command.ts";

export type ReplayInput = {
  readonly files: readonly string[];
  readonly aws: boolean;
  readonly yes: boolean;
  readonly settle: boolean;
  readonly json: boolean;
  /** A world file for all events, instead of the one next to each. */
  readonly world?: string;
  readonly seed: string;
} & DeployedConfigOptions;

export type Replayed =
  | Outcome
  | { readonly outcome: "invalid" | "unfinished"; readonly because: string }
  | { readonly outcome: "refused"; readonly code: RefusalCode; readonly because: string };

/** How one document is remediated; `tell` gets the story's lines. */
export type Replay = (document: Json, where: string, tell: (line: string) => void) => Promise<Outcome>;
