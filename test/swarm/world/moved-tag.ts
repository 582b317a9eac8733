/** The publisher pushes other bytes under the same tag: to Docker Hub, and where the image has a twin, to ECR Public. */

import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Meanings } from "../judge/meanings.ts";
import { placeOf, swarmImage } from "./images.ts";

/** @param twin the copy at ECR Public follows */
export function moveTag(world: World, image: string, meanings: Meanings, twin = false): void {
  const { path, tag } = placeOf(image);
  const { dockerHub, ecrPublic } = world.registries;
  const { platforms, osVersions } = swarmImage(image);
  const built = buildImage({
    name: `${image} as of ${world.clock.now()}`,
    platforms,
    bytes: 512,
    ...(osVersions === undefined ? {} : { osVersions }),
  });
  seedImage(dockerHub, path, tag, built);
  if (twin && ecrPublic.manifest(`docker/${path}`, tag) !== undefined)
    seedImage(ecrPublic, `docker/${path}`, tag, built);
  meanings.tagMoved(image);
}
