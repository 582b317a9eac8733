/** What `--image` names: with a slip in it, the text would be explained as that of an unknown image. */

import { InvalidInput } from "../../image/invalid-input.ts";
import { tryParseReference } from "../../image/reference.ts";

/** Throws InvalidInput. @param image absent: none is named */
export function requireImage(image: string | undefined): void {
  if (image === undefined || tryParseReference(image) !== undefined) return;
  throw new InvalidInput(
    "--image",
    `an image such as nginx:1.27, got ${JSON.stringify(image.slice(0, 300))}`,
  );
}
