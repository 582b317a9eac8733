/** A sandbox's ECR, as the refresh and the commands about copies read it. */

import type { EcrImage } from "../../src/mirrors/facts.ts";
import type { ImageStore } from "../../src/mirrors/ports.ts";
import type { World } from "../../src/sandbox/world/world.ts";

export function imageStoreOf({
  registries: { ecr },
}: World): Pick<ImageStore, "repositories" | "describe" | "images"> {
  return {
    repositories: async (prefix) => ecr.repositories().filter((name) => name.startsWith(`${prefix}/`)),
    describe: async (name) => ({
      name,
      source: name.slice("repull/".length),
      readers: "own-account",
    }),
    images: async (name) => imagesIn(ecr, name),
  };
}

/** A repository as ECR describes it. */
export function imagesIn(ecr: World["registries"]["ecr"], name: string): readonly EcrImage[] {
  if (!ecr.repositories().includes(name)) return [];
  const tags = Object.entries(ecr.tags(name));
  return ecr.digests(name).map((digest, index) => ({
    digest,
    tags: tags.filter(([, named]) => named === digest).map(([tag]) => tag),
    pushedAt: index + 1,
    mediaType: ecr.manifest(name, digest)?.mediaType ?? "",
    isActive: true,
  }));
}
