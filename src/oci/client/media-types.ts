/** The names of what a registry holds. https://github.com/opencontainers/image-spec/blob/main/media-types.md */

export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";
export const DOCKER_SCHEMA_1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";

/** What we can read; always all of it, or ECR and others convert what they send. */
export const MANIFEST_ACCEPT = [OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST].join(", ");

const MANIFESTS: readonly string[] = [
  ...[OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST],
  ...[DOCKER_SCHEMA_1, DOCKER_SCHEMA_1_SIGNED],
];

/** Whether an answer of this type is a manifest, and not a page of a proxy. */
export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.includes(mediaType);
}

/** Whether these bytes list other manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/**
 * Layers that live at their publisher's own address and are not ours to carry: Windows base layers.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#non-distributable-layers
 */
export function isForeignLayer(mediaType: string): boolean {
  return (
    mediaType === "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" ||
    /^application\/vnd\.oci\.image\.layer\.nondistributable\.v1\.tar(?:\+(?:gzip|zstd))?$/.test(mediaType)
  );
}

/** The bare type of a `content-type` header, in lower case. */
export function bareMediaType(contentType: string | undefined): string {
  const bare = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  // An invalid media type may be any text, and the report of a copy shows it: https://www.rfc-editor.org/rfc/rfc6838#section-4.2
  return /^[a-z0-9][\w!#$&^.+-]{0,126}\/[a-z0-9][\w!#$&^.+-]{0,126}$/.test(bare) ? bare : "";
}
