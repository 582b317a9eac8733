/** Which images an operator means: tags that were copied, each perhaps with the digest that was shown for it. */

import type { Digest } from "../../../image/digest.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { canonicalName, dockerHubName, parseReference } from "../../../image/reference.ts";
import type { CopiedSource } from "../../../mirrors/apply/followed-images.ts";
import { suggest } from "../../../text/suggest.ts";

export type Wanted = ReadonlyMap<string, Digest | undefined>;

/** Throws InvalidInput for a name without a copy. */
export function wantedImages(texts: readonly string[], sources: ReadonlyMap<string, CopiedSource>): Wanted {
  return new Map(
    texts.map((text) => {
      const { digest, ...named } = parseReference(text);
      const tagged = { ...named, tag: named.tag ?? "latest" };
      const name = canonicalName(dockerHubName(tagged) ?? tagged);
      if (sources.has(name)) return [name, digest];
      const likely = suggest(name, [...sources.keys()]);
      const perhaps = likely === undefined ? "" : `, perhaps ${likely}`;
      throw new InvalidInput("--image", `a tag that was copied; ${name} has no copy${perhaps}`);
    }),
  );
}
