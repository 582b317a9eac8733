/** For which platforms an image was copied, by its copies' own manifests: ECR is asked, and no other registry. */

import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, printPlatform } from "../../image/platform.ts";
import { type ImageReference, pinToDigest } from "../../image/reference.ts";
import { isAttestation, MANIFEST_BYTES_MAX, parseManifest } from "../../oci/client/manifest.ts";
import { platformInConfig } from "../../oci/client/platform-images.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";

export type CopiedPlatforms =
  | { readonly kind: "known"; readonly platforms: readonly string[] }
  | { readonly kind: "unknown"; readonly because: string };

/** More than one copy has: src/remediation/mirror/mirror-workflow.ts */
const PLATFORMS_MAX = 16;

/** @param copies of one tag, each with its digest */
export async function copiedPlatforms(
  copies: readonly ImageReference[],
  registries: Pick<Registries, "getManifest" | "getBlob">,
): Promise<CopiedPlatforms> {
  const found = new Set<string>();
  for (const copy of copies)
    try {
      const platforms = await platformsOf(copy, registries);
      if (platforms.length === 0) return unknown(`${copy.path}@${copy.digest} does not say its platform`);
      for (const platform of platforms) found.add(printPlatform(platform));
    } catch (error) {
      if (!(error instanceof RegistryError) && !(error instanceof InvalidInput)) throw error;
      return unknown(error.message);
    }
  if (found.size === 0) return unknown("no copy of it is used");
  if (found.size > PLATFORMS_MAX) return unknown(`its copies are of ${found.size} platforms`);
  return { kind: "known", platforms: [...found].toSorted() };
}

async function platformsOf(
  copy: ImageReference,
  { getManifest, getBlob }: Pick<Registries, "getManifest" | "getBlob">,
): Promise<readonly Platform[]> {
  const manifest = await getManifest(copy);
  if (manifest === undefined) return [];
  const parsed = parseManifest(manifest.bytes, manifest.mediaType);
  if (parsed.kind === "index")
    return parsed.children.filter((one) => !isAttestation(one)).flatMap(({ platform }) => platform ?? []);
  const { digest } = parsed.config;
  const config = await getBlob(pinToDigest(copy, digest), digest, MANIFEST_BYTES_MAX);
  const platform = config === undefined ? undefined : platformInConfig(config);
  return platform === undefined ? [] : [platform];
}

function unknown(because: string): CopiedPlatforms {
  return { kind: "unknown", because };
}
