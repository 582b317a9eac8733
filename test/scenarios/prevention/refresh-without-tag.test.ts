/** An image that is written without a tag means `:latest`: its copy follows that tag, as one of `:latest` does. */

import { describe, expect, test } from "vitest";
import { copiedTags } from "../../../src/mirrors/refresh/copied-tags.ts";
import { readSourcedCopies } from "../../../src/mirrors/sourced-copies.ts";
import { imageStoreOf } from "../../support/image-store.ts";
import { play } from "../../support/scenario.ts";

const registries = {
  "docker.io": { images: { "library/nginx:latest": {} }, quota: { remaining: 0 } },
  "public.ecr.aws": {
    images: { "docker/library/nginx:latest": { sameAs: "docker.io/library/nginx:latest" } },
  },
};

// biome-ignore format: a table is read by its columns
const WRITTEN: readonly (readonly [image: string, follows: readonly string[]])[] = [
  ["nginx",                                 ["docker.io/library/nginx:latest"]],
  ["nginx:latest",                          ["docker.io/library/nginx:latest"]],
  ["docker.io/library/nginx",               ["docker.io/library/nginx:latest"]],
];

describe("the copy that healing makes of an image", () => {
  for (const [image, follows] of WRITTEN)
    test(`follows the tag that is meant where the task definition says ${image}`, async () => {
      const web = { cluster: "prod", name: "web", image, revision: 42, desiredCount: 1 };
      const { outcome, world } = await play({
        world: { services: [web], registries },
        policy: { strategies: ["ecr-copy", "mirror"] },
      });
      expect(outcome.outcome).toBe("succeeded");
      const { copies } = await readSourcedCopies("repull", imageStoreOf(world));
      expect(copiedTags(copies, []).map(({ name }) => name)).toEqual(follows);
    });
});
