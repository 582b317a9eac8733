/**
 * The policy's own rows: this image also exists there.
 *
 * A row may use `*` and `{tag}`, and then the bytes are compared as for every candidate. Only a row that names one
 * repository may accept other bytes, because a wildcard cannot have meant exactly this image.
 */

import { canonicalName, type ImageReference, tryParseReference } from "../image/reference.ts";
import type { Candidate } from "./candidate.ts";
import { matchesImage } from "./glob.ts";

export type ImageMapping = {
  /** As people write it, with `*` for any text: `acme/*`, `acme/web`, `acme/web:2`. */
  readonly image: string;
  /** `{path}`, `{name}` and `{tag}` are the image's own. Without a tag, the image's. */
  readonly use: string;
  readonly allowDifferentContent: boolean;
};

/** The places that the policy's rows name for an image, in their order. */
export function mappedCandidates(image: ImageReference, rows: readonly ImageMapping[]): readonly Candidate[] {
  return rows
    .filter((row) => matchesImage(row.image, image))
    .flatMap(({ use, allowDifferentContent }) => {
      const filled = use
        .replaceAll("{path}", image.path)
        .replaceAll("{name}", image.path.slice(image.path.lastIndexOf("/") + 1))
        .replaceAll("{tag}", image.tag ?? "latest");
      const place = tryParseReference(filled);
      if (place === undefined) return [];
      const { host, path } = place;
      const tag = place.tag ?? image.tag;
      const named = canonicalName(
        place.digest === undefined ? { host, path, ...(tag === undefined ? {} : { tag }) } : place,
      );
      const operatorOverride = allowDifferentContent ? { operatorOverride: true as const } : {};
      return [{ strategy: "ecr-public", image: named, samePublisher: false, ...operatorOverride }];
    });
}
