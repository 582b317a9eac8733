/** Hundreds of services that fail in one minute, of few images: some are on ECR Public too, the others must be copied. */

import type { JsonObject } from "../../src/runtime/json.ts";

const IMAGES = 20;
const COPIED_FROM = 10;

export function nameOf(index: number): string {
  return `storm-${String(index).padStart(3, "0")}`;
}

/** The images that are on no public mirror. */
export const COPIED_IMAGES = IMAGES - COPIED_FROM;

/** How many of them that many services run. */
export function copiedImagesOf(services: number): number {
  return Math.max(0, Math.min(services, IMAGES) - COPIED_FROM);
}

export function stormWorld(services: number): JsonObject {
  const onHub: Record<string, JsonObject> = {};
  const onPublic: Record<string, JsonObject> = {};
  for (let image = 0; image < IMAGES; image += 1) {
    onHub[pathOf(image)] = {};
    if (image < COPIED_FROM) onPublic[`docker/${pathOf(image)}`] = { sameAs: `docker.io/${pathOf(image)}` };
  }
  return {
    services: Array.from({ length: services }, (_, index) => ({
      cluster: "prod",
      name: nameOf(index),
      revision: 1,
      image: writtenOf(index % IMAGES),
      deploymentId: `ecs-svc/${String(4_613_718_211_345_000_000n + BigInt(index))}`,
    })),
    registries: {
      "docker.io": { images: onHub, quota: { remaining: 0 } },
      "public.ecr.aws": { images: onPublic },
    },
  };
}

function writtenOf(image: number): string {
  return pathOf(image).replace(/^library\//, "");
}

function pathOf(image: number): string {
  return image < COPIED_FROM ? `library/tool${image}:1` : `acme/app${image}:1`;
}
