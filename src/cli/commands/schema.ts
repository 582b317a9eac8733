/** `repull schema TYPE`: the JSON Schema of one type of line, or of an event. Asks nothing of the world. */

import { InvalidInput } from "../../image/invalid-input.ts";
import { suggest } from "../../text/suggest.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonSchemaOf, SCHEMA_NAMES, type SchemaName } from "../output/line-schemas.ts";

/** Without a type: their names, one a line. */
export function schema(type: string | undefined, io: CommandIo): number {
  if (type === undefined) io.out(SCHEMA_NAMES.map((name) => `${name}\n`).join(""));
  else io.out(`${JSON.stringify(jsonSchemaOf(known(type)), null, 2)}\n`);
  return EXIT.done;
}

function known(type: string): SchemaName {
  const found = SCHEMA_NAMES.find((name) => name === type);
  if (found !== undefined) return found;
  const likely = suggest(type, SCHEMA_NAMES);
  throw new InvalidInput(
    "TYPE",
    likely === undefined ? `one of ${SCHEMA_NAMES.join(", ")}` : `a type, perhaps ${likely}`,
  );
}
