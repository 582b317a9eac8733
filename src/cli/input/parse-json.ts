import { InvalidInput } from "../../image/invalid-input.ts";
import { withoutMark } from "../../text/decode-text.ts";

/** A file's JSON. Throws InvalidInput that names the file. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(withoutMark(text));
  } catch (error) {
    throw new InvalidInput(path, "a file in JSON", { cause: error });
  }
}
