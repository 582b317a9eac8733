/** `repull policy schema`: the JSON Schema of a policy document, to standard output. */

import { policyJsonSchema } from "../../../substitution/policy/policy-json-schema.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";

export function policySchema(io: CommandIo): number {
  io.out(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
  return EXIT.done;
}
