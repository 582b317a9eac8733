/** The patterns of a policy: `*` matches any text, every other character itself. */

import { canonicalName, dockerHubName, familiarName, type ImageReference } from "../image/reference.ts";

/** Whether the whole text is as the pattern says. */
export function matchesGlob(pattern: string, text: string): boolean {
  // Piece by piece from the left: no expression that a long pattern could make slow.
  const [first = "", ...rest] = pattern.split("*");
  if (!text.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** Whether a pattern names the image: written short or whole, with its tag or without, or by its name at Docker Hub. */
export function matchesImage(pattern: string, image: ImageReference): boolean {
  const known = dockerHubName(image);
  return [image, ...(known === undefined ? [] : [known])]
    .flatMap(({ host, path, tag }) => [{ host, path }, ...(tag === undefined ? [] : [{ host, path, tag }])])
    .flatMap((name) => [canonicalName(name), familiarName(name)])
    .some((name) => matchesGlob(pattern, name));
}

/** What is in, and what of it is out again. */
export type Scope = { readonly include: readonly string[]; readonly exclude: readonly string[] };

/** Why a scope leaves something out; undefined: it is in. @param matches whether a pattern of the scope means it */
export function excludedBy(
  scope: Scope,
  setting: "clusters" | "services" | "images",
  matches: (pattern: string) => boolean,
): string | undefined {
  const excluded = scope.exclude.find(matches);
  if (excluded !== undefined) return `the policy excludes it (scope.${setting}.exclude: ${excluded})`;
  if (scope.include.some(matches)) return undefined;
  return `the policy does not include it (scope.${setting}.include: ${scope.include.join(", ") || "nothing"})`;
}
