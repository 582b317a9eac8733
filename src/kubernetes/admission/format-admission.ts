/** What an admission reports: warnings that kubectl prints, and annotations of the audit log. */

import { shortDigest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import { type ImageDecision, noteOf } from "./admit-pod.ts";

/** The API server may cut what is longer; https://kubernetes.io/blog/2020/09/03/warnings/ asks for this much at most. */
const WARNING_LENGTH_MAX = 120;
/** Of all warnings together it keeps some 4 kB. */
const WARNINGS_MAX = 20;
/** An audit annotation is a line of a log. */
const AUDIT_LENGTH_MAX = 4_000;

/** One sentence for each image that is swapped, or would be. */
export function warningsOf(decisions: readonly ImageDecision[]): readonly string[] {
  return decisions
    .flatMap((decision) => {
      const { container, image } = decision.image;
      if (decision.kind === "swap")
        return [
          warning(`${container}: runs ${shortName(decision.swap.swap)}, ${decision.swap.proof} as`, image),
        ];
      if (decision.kind === "left" && decision.would !== undefined)
        return [
          warning(
            `${container}: would run ${shortName(decision.would.swap)}, ${decision.would.proof} as`,
            image,
          ),
        ];
      return [];
    })
    .slice(0, WARNINGS_MAX);
}

/** `swapped` and `would-swap`: the notes. `left`: the code of each other image. */
export function auditAnnotationsOf(decisions: readonly ImageDecision[]): Readonly<Record<string, string>> {
  const lists = { swapped: [] as string[], "would-swap": [] as string[], left: [] as string[] };
  for (const decision of decisions) {
    const { container } = decision.image;
    if (decision.kind === "swap")
      lists.swapped.push(`${container}: ${noteOf(decision.image, decision.swap)} -> ${decision.swap.swap}`);
    if (decision.kind === "keep") lists.swapped.push(`${container}: ${decision.note} -> ${decision.old}`);
    if (decision.kind !== "left") continue;
    if (decision.would === undefined) lists.left.push(`${container}: ${decision.code}`);
    else
      lists["would-swap"].push(
        `${container}: ${noteOf(decision.image, decision.would)} -> ${decision.would.swap}`,
      );
  }
  return Object.fromEntries(
    Object.entries(lists).flatMap(([key, entries]) =>
      entries.length === 0 ? [] : [[key, cut(entries.join("; "), AUDIT_LENGTH_MAX)]],
    ),
  );
}

function warning(sentence: string, image: string): string {
  return cut(`repull: ${sentence} ${image}`, WARNING_LENGTH_MAX);
}

/** Without the host, and the digest's first digits: the whole of it is in the pod. */
function shortName(image: string): string {
  const reference = tryParseReference(image);
  if (reference?.digest === undefined) return image;
  return `${reference.host}/${reference.path}@${shortDigest(reference.digest)}`;
}

/** A character less at a time: a header of HTTP carries no line breaks, and no half of a pair. */
function cut(text: string, length: number): string {
  const visible = text.replace(/[^\x20-\x7e]/g, "?");
  return visible.length <= length ? visible : `${visible.slice(0, length - 3)}...`;
}
