/**
 * Which bytes an image's name means, by what nodes have pulled under it.
 *
 * Pods of one revision were made from one template, so what one of them runs is what the others should. A revision's pods
 * answer a digest, none, or unknown where two of them differ: the tag moved while they were started. The word of other
 * revisions is not theirs: a restarted Deployment means what its registry says then.
 */

import type { Digest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import { type ContainerFacts, type PodFacts, pulledDigest } from "./pod-facts.ts";

export type PodTestimony =
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly because: string };

/**
 * What the pods of one revision say of an image as it was written in their template. One that Repull has changed says what was
 * proved then, by its annotation: its author could have written that too, and it counts for the author's own revision only.
 */
export function testimonyOfRevision(
  pods: Iterable<PodFacts>,
  image: string,
  { believesNotes = true }: { readonly believesNotes?: boolean } = {},
): PodTestimony {
  const said = new Set<Digest>();
  for (const { containers } of pods)
    for (const container of containers) {
      const digest = container.written === image ? digestMeant(container, believesNotes) : undefined;
      if (digest !== undefined) said.add(digest);
    }
  const [first, second] = said;
  if (first === undefined) return { kind: "none" };
  if (second === undefined) return { kind: "digest", digest: first };
  return {
    kind: "unknown",
    because: `pods of one revision run ${said.size} digests under the name ${image}`,
  };
}

/**
 * What all revisions that use an image say together, for pods of any of them. `none` where one of them has no word of its own:
 * then its registry is asked, and must say the same as the others (`disagrees`).
 */
export function testimonyOfCluster(
  revisions: readonly (readonly PodFacts[])[],
  image: string,
): { readonly testimony: PodTestimony; readonly others?: Digest } {
  const each = revisions.map((pods) => testimonyOfRevision(pods, image, { believesNotes: false }));
  const unknown = each.find(({ kind }) => kind === "unknown");
  if (unknown !== undefined) return { testimony: unknown };
  const digests = new Set(each.flatMap((one) => (one.kind === "digest" ? [one.digest] : [])));
  const [digest, second] = digests;
  if (second !== undefined)
    return {
      testimony: {
        kind: "unknown",
        because: `revisions run ${digests.size} digests under the name ${image}`,
      },
    };
  if (digest === undefined) return { testimony: { kind: "none" } };
  const isAll = each.every(({ kind }) => kind === "digest");
  return isAll
    ? { testimony: { kind: "digest", digest }, others: digest }
    : { testimony: { kind: "none" }, others: digest };
}

/** The digest that was meant, where this container has it. */
function digestMeant(container: ContainerFacts, believesNotes: boolean): Digest | undefined {
  if (!container.hasStarted || container.isOfAnother) return undefined;
  const digest = pulledDigest(container);
  const { note, image } = container;
  if (note === undefined || digest === undefined) return digest;
  // A copy of one platform has another digest than the name, which the annotation keeps.
  const isAsSwapped = tryParseReference(image)?.digest === digest;
  return believesNotes && isAsSwapped ? note.digest : undefined;
}
