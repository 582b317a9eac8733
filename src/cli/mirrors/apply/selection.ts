/** Which images an operator means: tags that were copied, each perhaps with the digest that was shown for it. */

import type { Digest } from "../../../image/digest.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { canonicalName, dockerHubName, parseReference } from "../../../image/reference.ts";
import type { CopiedSource } from "../../../mirrors/apply/followed-images.ts";
import { suggest } from "../../../text/suggest.ts";

export type Wanted = ReadonlyMap<string, Digest | undefined>;

/**
 * Throws InvalidInput for a tag with two digests, and for a name without a copy.
 * @param isWhole false: not all copies could be read, and that of a name may be among the others
 */
export function wantedImages(
  texts: readonly string[],
  sources: ReadonlyMap<string, CopiedSource>,
  isWhole = true,
): Wanted {
  const wanted = new Map<string, Digest | undefined>();
  for (const text of texts) {
    const { digest, ...named } = parseReference(text);
    const tagged = { ...named, tag: named.tag ?? "latest" };
    const name = canonicalName(dockerHubName(tagged) ?? tagged);
    // The last one would let bytes run that the first one excludes.
    if (wanted.has(name) && wanted.get(name) !== digest)
      throw new InvalidInput("--image", `each tag once, with one digest; ${name} is there twice`);
    wanted.set(name, digest);
    if (sources.has(name) || !isWhole) continue;
    const likely = suggest(name, [...sources.keys()]);
    const perhaps = likely === undefined ? "" : `, perhaps ${likely}`;
    throw new InvalidInput("--image", `a tag that was copied; ${name} has no copy${perhaps}`);
  }
  return wanted;
}
