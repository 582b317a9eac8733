/**
 * The manifests that a failing text names and that no image of the revision is known to have.
 *
 * On Fargate one text serves all containers of a task. It names a manifest with its repository or with its host alone, and
 * no tag: where containers run several tags, or several repositories, it is about one of them and vetoes no other.
 */

import type { ImageReference } from "../../../image/reference.ts";
import type { NamedManifest } from "../../../pull-failure/extract-manifests.ts";
import type { ImageFacts } from "../../../substitution/plan-types.ts";

/** An image of the revision that was compared with every manifest named in its repository. */
export type ComparedImage = {
  readonly reference: ImageReference;
  readonly facts: Pick<ImageFacts, "trusted" | "vetoedBy" | "notCompared">;
};

export function unexplainedManifests(
  named: readonly NamedManifest[],
  images: readonly ComparedImage[],
): readonly NamedManifest[] {
  const agreeing = images.filter(
    ({ facts: { trusted, vetoedBy, notCompared } }) =>
      trusted !== undefined && vetoedBy === undefined && notCompared === undefined,
  );
  return named.filter(
    ({ path }) => !agreeing.some(({ reference }) => path === undefined || path === reference.path),
  );
}
