/** What each command of a cluster is added to, and what it runs with. */

import type { Command } from "commander";
import type { ProgramParts } from "../program-parts.ts";

export type KubernetesParts = Omit<ProgramParts, "program"> & {
  /** `repull kubernetes`. */
  readonly group: Command;
};
