/**
 * Queries both sides of each row of the table of ECR Public mirrors, so that an outdated row shows.
 *
 * Only HEADs, which neither registry counts as pulls; one image represents its row.
 */

import { type ImageReference, parseReference } from "../image/reference.ts";
import { ECR_PUBLIC_HOST } from "../image/registry-hosts.ts";
import type { Registries } from "../oci/client/registries.ts";
import { RegistryError } from "../oci/client/registry-error.ts";
import type { ManifestHead } from "../oci/client/types.ts";
import { PUBLIC_IMAGES, type PublicImage } from "../substitution/ecr-public-mirrors.ts";

export type PublicMirrorCheck = {
  readonly row: PublicImage;
  /** The names that were asked. */
  readonly dockerHub: string;
  readonly ecrPublic: string;
  /** `stale`: the image is at Docker Hub and no longer on ECR Public; `other-bytes`: both have one, and not the same. */
  readonly found: "same" | "other-bytes" | "stale" | "gone" | "unknown";
  readonly because: string;
};

/** One check for each row, in the table's order. Never throws for what a registry answers. */
export async function verifyPublicMirrors(
  registries: Pick<Registries, "headManifest">,
  rows: readonly PublicImage[] = PUBLIC_IMAGES,
): Promise<readonly PublicMirrorCheck[]> {
  const checks: PublicMirrorCheck[] = [];
  for (const row of rows) checks.push(await checkRow(row, registries));
  return checks;
}

async function checkRow(
  row: PublicImage,
  registries: Pick<Registries, "headManifest">,
): Promise<PublicMirrorCheck> {
  const image = parseReference(row.sample);
  const path = row.ecrPublic.replace("*", image.path.slice(image.path.lastIndexOf("/") + 1));
  const twin = { ...image, host: ECR_PUBLIC_HOST, path };
  const named = {
    row,
    dockerHub: row.sample,
    ecrPublic: `${ECR_PUBLIC_HOST}/${twin.path}:${twin.tag ?? "latest"}`,
  };
  try {
    const [here, there] = [await head(image, registries), await head(twin, registries)];
    if (here === undefined)
      return {
        ...named,
        found: "gone",
        because: `Docker Hub has no ${row.sample} any more: take another sample`,
      };
    if (there === undefined)
      return { ...named, found: "stale", because: `ECR Public has no ${named.ecrPublic}` };
    return here.digest === there.digest
      ? { ...named, found: "same", because: `both hold ${here.digest}` }
      : { ...named, found: "other-bytes", because: `${here.digest} here, ${there.digest} there` };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { ...named, found: "unknown", because: error.message };
  }
}

/** Docker Hub answers "denied" for what does not exist, so that a caller cannot learn what is private. */
async function head(
  image: ImageReference,
  registries: Pick<Registries, "headManifest">,
): Promise<ManifestHead | undefined> {
  try {
    return await registries.headManifest(image);
  } catch (error) {
    const isNowhere =
      error instanceof RegistryError && ["absent", "denied", "unauthorized"].includes(error.kind);
    if (isNowhere) return undefined;
    throw error;
  }
}
