/** `repull schema TYPE`: the JSON Schema of one type of line. Asks nothing of the world. */

import { InvalidInput } from "../../image/invalid-input.ts";
import { suggest } from "../../text/suggest.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { LINE_TYPES, type LineType } from "../output/json-line.ts";
import { jsonSchemaOf } from "../output/line-schemas.ts";

/** Without a type: their names, one a line. */
export function schema(type: string | undefined, io: CommandIo): number {
  if (type === undefined) io.out(LINE_TYPES.map((name) => `${name}\n`).join(""));
  else io.out(`${JSON.stringify(jsonSchemaOf(known(type)), null, 2)}\n`);
  return EXIT.done;
}

function known(type: string): LineType {
  const found = LINE_TYPES.find((name) => name === type);
  if (found !== undefined) return found;
  const likely = suggest(type, LINE_TYPES);
  throw new InvalidInput(
    "TYPE",
    likely === undefined ? `one of ${LINE_TYPES.join(", ")}` : `a type, perhaps ${likely}`,
  );
}
