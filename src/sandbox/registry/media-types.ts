/** The manifests that a registry takes: docker's schema 2 and OCI's, single and lists. */

export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

const LISTS = new Set([DOCKER_LIST, OCI_INDEX]);
const ALL = new Set([...LISTS, DOCKER_MANIFEST, OCI_MANIFEST]);

/** Whether this media type lists other manifests. */
export function isList(mediaType: string): boolean {
  return LISTS.has(mediaType);
}

/** Whether a registry takes a manifest of this media type. */
export function isManifestType(mediaType: string): boolean {
  return ALL.has(mediaType);
}
