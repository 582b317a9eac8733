/**
 * Docker Hub without a pull left, ECR Public, and the account's ECR, over loopback; and two images that `nginx:1.25`
 * has been: the one that the service was deployed with, and the one that the tag means now.
 */

import { LoopbackRegistry, refuse } from "../support/registries/loopback-registry.ts";
import { ACCOUNT, REGION } from "./documents.ts";

export const ECR_HOST = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An image of two architectures. */
export type Image = { readonly index: string; readonly amd64: string };

export type Registries = {
  readonly hub: LoopbackRegistry;
  readonly ecrPublic: LoopbackRegistry;
  readonly ecr: LoopbackRegistry;
  /** `REPULL_REGISTRY_ENDPOINTS`. */
  readonly endpoints: string;
  stop(): Promise<void>;
};

export async function startRegistries(): Promise<Registries> {
  const [hub, ecrPublic, ecr] = await Promise.all([
    LoopbackRegistry.start(),
    LoopbackRegistry.start(),
    LoopbackRegistry.start(),
  ]);
  // A HEAD costs no pull: https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11).
  hub.mischief = (request, response) => {
    response.setHeader("ratelimit-limit", "100;w=21600");
    response.setHeader("ratelimit-remaining", "0;w=21600");
    if (request.method !== "GET" || !/\/manifests\//.test(request.url ?? "")) return false;
    refuse(
      response,
      429,
      "TOOMANYREQUESTS",
      "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    );
    return true;
  };
  const all = [hub, ecrPublic, ecr];
  return {
    hub,
    ecrPublic,
    ecr,
    endpoints: `registry-1.docker.io=${hub.url},public.ecr.aws=${ecrPublic.url},${ECR_HOST}=${ecr.url}`,
    stop: async () => void (await Promise.all(all.map((one) => one.stop()))),
  };
}

/** Puts an image into a registry: the same words give the same bytes everywhere. */
export function put(registry: LoopbackRegistry, repository: string, words: string, tag?: string): Image {
  const [amd64, arm64] = ["amd64", "arm64"].map((architecture) => {
    const config = registry.addBlob(
      repository,
      Buffer.from(JSON.stringify({ os: "linux", architecture, words })),
    );
    const layer = registry.addBlob(repository, Buffer.from(`${words} for ${architecture}`));
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, ...config },
      layers: [{ mediaType: LAYER, ...layer }],
    };
    return {
      ...registry.addManifest(repository, manifest, MANIFEST),
      platform: { os: "linux", architecture },
    };
  });
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [amd64, arm64] };
  return { index: registry.addManifest(repository, index, INDEX, tag).digest, amd64: amd64?.digest ?? "" };
}
