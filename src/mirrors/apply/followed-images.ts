/**
 * Which images of a service follow a tag that was copied, and which do not although they are of the same repository. Pure.
 *
 * An image follows its tag where the task definition names that tag, at its own registry or by another name of Docker Hub, or
 * where it names a copy that Repull put in the tag's place. Who names a digest, or one copy, does not follow: a copy's tag ends
 * with digits of its digest, and never moves.
 */

import type { SubstitutedImage } from "../../ecs/task-definition/provenance-tags.ts";
import {
  canonicalName,
  dockerHubName,
  type ImageReference,
  repositoryName,
  tryParseReference,
} from "../../image/reference.ts";

/** A tag of another registry that was copied. */
export type CopiedSource = {
  /** Its canonical name. */
  readonly name: string;
  readonly source: ImageReference;
  /** The repository of its copies in ECR. */
  readonly repository: string;
};

export type NamedImage = {
  /** As the task definition writes it. */
  readonly image: string;
  readonly containers: readonly string[];
};

export type FollowedImage = NamedImage & {
  readonly kind: "follows";
  readonly reference: ImageReference;
  /** As it was written before Repull named a copy. */
  readonly writtenAs: string;
  readonly of: CopiedSource;
};

/** It is of a copied repository, and follows no tag of it. */
export type NotFollowed = NamedImage & {
  readonly kind: "left";
  readonly code: "names-digest" | "names-copy";
};

type Container = { readonly name: string; readonly image?: string | undefined };

/**
 * Other images are left out: no tag of theirs was copied.
 * @param marks what the tags of a revision that Repull made for this very service say of its images
 */
export function followedImages(
  containers: readonly Container[],
  marks: readonly SubstitutedImage[],
  sources: ReadonlyMap<string, CopiedSource>,
): readonly (FollowedImage | NotFollowed)[] {
  const repositories = new Set(
    [...sources.values()].flatMap(({ source, repository }) => [repositoryName(source), repository]),
  );
  const byImage = Map.groupBy(containers, ({ image }) => image ?? "");
  return [...byImage].flatMap(([image, those]): (FollowedImage | NotFollowed)[] => {
    const reference = tryParseReference(image);
    if (reference === undefined) return [];
    const named = { image, containers: those.map(({ name }) => name) };
    const found =
      reference.digest === undefined
        ? sourceNamed(image, sources)
        : sourceOfSubstitute(reference, marks, sources);
    if (found !== undefined) return [{ kind: "follows", ...named, reference, ...found }];
    const known = dockerHubName(reference) ?? reference;
    const isOfSource = repositories.has(repositoryName(known));
    // By whichever host: an endpoint of a VPC may lead to the same registry.
    const isCopy = repositories.has(reference.path);
    if (reference.digest !== undefined && (isOfSource || isCopy))
      return [{ kind: "left", ...named, code: "names-digest" }];
    return isCopy ? [{ kind: "left", ...named, code: "names-copy" }] : [];
  });
}

type Found = Pick<FollowedImage, "writtenAs" | "of">;

function sourceNamed(image: string, sources: ReadonlyMap<string, CopiedSource>): Found | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined || reference.digest !== undefined) return undefined;
  const tagged = { ...reference, tag: reference.tag ?? "latest" };
  const known = dockerHubName(tagged);
  const of = (known && sources.get(canonicalName(known))) ?? sources.get(canonicalName(tagged));
  return of === undefined ? undefined : { writtenAs: image, of };
}

/** Tags can be edited by others, so that the copy has to be of the repository that it is said to be of. */
function sourceOfSubstitute(
  reference: ImageReference,
  marks: readonly SubstitutedImage[],
  sources: ReadonlyMap<string, CopiedSource>,
): Found | undefined {
  for (const { image, digest } of marks) {
    const found = digest === reference.digest ? sourceNamed(image, sources) : undefined;
    if (found === undefined) continue;
    const { path } = found.of.source;
    if (reference.path === path || reference.path.endsWith(`/${path}`)) return found;
  }
  return undefined;
}
