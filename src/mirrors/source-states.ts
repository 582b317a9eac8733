/**
 * Whether the tags that were copied have moved: one HEAD for each, which is not a pull. A registry that refuses because of a
 * limit is not asked again.
 */

import type { Digest } from "../image/digest.ts";
import { canonicalName, type ImageReference } from "../image/reference.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";

export type SourceHead =
  | { readonly kind: "found"; readonly digest: Digest }
  | { readonly kind: "gone" }
  | { readonly kind: "unknown"; readonly because: string };

export interface Heads {
  /** Undefined where the registry has no such image. Throws RegistryError. */
  headManifest(image: ImageReference): Promise<{ readonly digest: Digest } | undefined>;
}

const AT_ONCE = 16;

/** By the canonical name: each is asked for once. */
export async function headSources(
  images: readonly ImageReference[],
  { headManifest }: Heads,
): Promise<ReadonlyMap<string, SourceHead>> {
  const byName = new Map(images.map((image) => [canonicalName(image), image]));
  const limited = new Map<string, string>();
  const found = new Map<string, SourceHead>();
  await forEachConcurrently([...byName], AT_ONCE, async ([name, image]) => {
    const refused = limited.get(image.host);
    if (refused !== undefined) {
      found.set(name, { kind: "unknown", because: refused });
      return;
    }
    try {
      const head = await headManifest(image);
      found.set(name, head === undefined ? { kind: "gone" } : { kind: "found", digest: head.digest });
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (error.kind === "rate-limited") limited.set(image.host, error.message);
      found.set(
        name,
        error.kind === "absent" ? { kind: "gone" } : { kind: "unknown", because: error.message },
      );
    }
  });
  return found;
}
