/** How each registry words the same refusal: what classifiers and people read. */

import type { RegistryResponse } from "../../../oci/http/transport.ts";
import type { RequestContext } from "./request-context.ts";
import { refusal, refusals } from "./response.ts";

/** The repository does not exist. */
export function nameUnknown({ registry, route }: RequestContext): RegistryResponse {
  if (registry.kind !== "ecr" && registry.kind !== "ecr-public") {
    return refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {}, { name: route.path });
  }
  const inside = registry.kind === "ecr-public" ? route.path.slice(route.path.indexOf("/") + 1) : route.path;
  return refusal(
    404,
    "NAME_UNKNOWN",
    `The repository with name '${inside}' does not exist in the registry with id '${registryId(registry, route.path)}'`,
  );
}

/** No manifest has this tag or digest. */
export function manifestUnknown({ registry, route }: RequestContext): RegistryResponse {
  if (registry.kind === "ecr" || registry.kind === "ecr-public") {
    return refusal(404, "MANIFEST_UNKNOWN", "Requested image not found");
  }
  const what = route.name.includes(":") ? "revision" : "tag";
  return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", {}, `unknown ${what}=${route.name}`);
}

/** A manifest names content that is not there. ECR's sentence: int128/docker-manifest-create-action#63. */
export function missing(
  { registry, route }: RequestContext,
  what: "Images" | "Layers",
  digests: readonly string[],
): RegistryResponse {
  if (registry.kind !== "ecr" && registry.kind !== "ecr-public") {
    const details = digests.map((digest) => ({ digest }));
    return refusals(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", details);
  }
  return refusal(
    404,
    what === "Images" ? "MANIFEST_BLOB_UNKNOWN" : "BLOB_UNKNOWN",
    `${what} with digests '[${digests.join(", ")}]' required for pushing image into repository with name '${route.path}' in the registry with id '${registryId(registry, route.path)}' do not exist`,
  );
}

function registryId({ kind, host }: RequestContext["registry"], path: string): string {
  return (kind === "ecr-public" ? path.split("/")[0] : host.split(".")[0]) ?? host;
}
