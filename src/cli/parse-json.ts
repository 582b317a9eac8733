import { InvalidInput } from "../image/invalid-input.ts";

/** A file's JSON. Throws InvalidInput that names the file. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(path, "a file in JSON", { cause: error });
  }
}
