/** The JSON Schema of a policy document, for editors: made from the schema by which documents are read. */

import * as z from "zod";
import { documentSchema } from "./document.ts";

export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(documentSchema, { io: "input", unrepresentable: "any" });
  return {
    title: "Repull's policy document",
    ...schema,
    // By this member editors find the schema; it says nothing else.
    patternProperties: { "^\\$schema$": { type: "string" } },
  };
}
