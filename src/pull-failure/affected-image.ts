/** Which image a failure is about: the container's own where it is known, else what the text names. */

import { type ImageReference, repositoryName, tryParseReference } from "../image/reference.ts";
import { isDockerHub, type ParsedText } from "./parsed-text.ts";

/** The container's own image where it is known; else the reference nearest before the words that decided; else the URL's repository. */
export function affectedImage(
  { container, references, addresses }: ParsedText,
  at: number,
): ImageReference | undefined {
  if (container.reference) return container.reference;
  const whole = references.filter(({ reference }) => reference !== undefined);
  const nearest = (whole.findLast(({ index }) => index <= at) ?? whole.at(0))?.reference;
  const named = nearest && (whole.find(({ reference }) => isExact(reference, nearest))?.reference ?? nearest);
  const address = addresses.findLast(({ path, host }) => path !== undefined && host !== "");
  const addressed =
    address &&
    tryParseReference(
      `${address.mirrors ?? address.host}/${address.path}${address.tag === undefined ? "" : `:${address.tag}`}`,
    );
  if (named === undefined) return addressed;
  // What a build names is not always what it pulls: the address knows.
  const differs =
    addressed !== undefined && isDockerHub(named.host) && repositoryName(named) !== repositoryName(addressed);
  return differs ? addressed : named;
}

/** Whether a reference says more of the same repository: the tag or the digest. */
function isExact(one: ImageReference | undefined, other: ImageReference): boolean {
  if (one === undefined || repositoryName(one) !== repositoryName(other)) return false;
  return one.tag !== undefined || one.digest !== undefined;
}
