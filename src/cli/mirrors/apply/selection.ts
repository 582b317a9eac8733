/** Which images an operator means: tags that were copied, each perhaps with the digest that was shown for it. */

import type { Digest } from "../../../image/digest.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { canonicalName, dockerHubName, parseReference } from "../../../image/reference.ts";
import type { CopiedSource } from "../../../mirrors/apply/followed-images.ts";
import { suggest } from "../../../text/suggest.ts";

export type Wanted = ReadonlyMap<string, Digest | undefined>;

/** The tags by their canonical names. Throws InvalidInput for what does not read as an image, and for a tag with two digests. */
export function namedImages(texts: readonly string[]): Wanted {
  const wanted = new Map<string, Digest | undefined>();
  for (const text of texts) {
    const { digest, ...named } = parseReference(text);
    const tagged = { ...named, tag: named.tag ?? "latest" };
    const name = canonicalName(dockerHubName(tagged) ?? tagged);
    // The last one would let bytes run that the first one excludes.
    if (wanted.has(name) && wanted.get(name) !== digest)
      throw new InvalidInput("--image", `each tag once, with one digest; ${name} is there twice`);
    wanted.set(name, digest);
  }
  return wanted;
}

/**
 * Throws InvalidInput for a name without a copy, too.
 * @param isWhole false: not all copies could be read, and that of a name may be among the others
 */
export function wantedImages(
  texts: readonly string[],
  sources: ReadonlyMap<string, CopiedSource>,
  isWhole = true,
): Wanted {
  const wanted = namedImages(texts);
  const unknown = isWhole ? [...wanted.keys()].find((name) => !sources.has(name)) : undefined;
  if (unknown === undefined) return wanted;
  const likely = suggest(unknown, [...sources.keys()]);
  const perhaps = likely === undefined ? "" : `, perhaps ${likely}`;
  throw new InvalidInput("--image", `a tag that was copied; ${unknown} has no copy${perhaps}`);
}
