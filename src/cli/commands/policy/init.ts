/** `repull policy init`: a policy document with every key, its default and a comment, to standard output. */

import { initDocument } from "../../../substitution/policy/init-document.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";

export function policyInit(io: CommandIo): number {
  io.out(initDocument());
  return EXIT.done;
}
