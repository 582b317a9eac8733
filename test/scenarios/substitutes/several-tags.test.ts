/** Several images of one registry in one task definition: the task's one text names the manifest of one of them. */

import { describe, expect, it } from "vitest";
import { play, stateOf } from "../../support/scenario.ts";

const MULTI = { platforms: ["linux/amd64", "linux/arm64"] };
const HUB = {
  images: { "acme/app:web": MULTI, "acme/app:worker": MULTI, "acme/proxy:1": MULTI },
  quota: { remaining: 0 },
};
/** The form that names the host alone: `pulling from host … failed with status code [manifests sha256:…]`. */
const BRACKETS = (text: string): string =>
  text.replace(
    /unexpected status code https:\/\/([^/]+)\/v2\/\S+\/manifests\/(sha256:[0-9a-f]+)/,
    "pulling from host $1 failed with status code [manifests $2]",
  );

type Text = (text: string) => string;
// biome-ignore format: a table is read by its columns
const table: readonly (readonly [when: string, images: readonly string[], text: Text])[] = [
  ["two tags of one repository, and the text names the repository", ["acme/app:web", "acme/app:worker"],                 (text) => text],
  ["the same, the other one first",                                 ["acme/app:worker", "acme/app:web"],                 (text) => text],
  ["two repositories, and the text names the host alone",           ["acme/app:web", "acme/proxy:1"],                    BRACKETS],
  ["three images, and the text names the host alone",               ["acme/app:web", "acme/app:worker", "acme/proxy:1"], BRACKETS],
];

describe("a text that names the manifest of one image", () => {
  it.each(table)("vetoes no other image of the task definition: %s", async (_, images, text) => {
    const named = Object.fromEntries(images.map((image, index) => [`container-${index}`, image]));
    const { world, outcome } = await play({
      world: {
        services: [{ cluster: "prod", name: "web", images: named, revision: 7 }],
        registries: { "docker.io": HUB },
      },
      untilFailure: ({ cluster, bus }) => {
        bus.subscribe(() => {
          for (const task of cluster.tasks("prod"))
            if (task.stoppedReason !== undefined) task.stoppedReason = text(task.stoppedReason);
        });
      },
    });
    expect(outcome.outcome, outcome.because).toBe("succeeded");
    expect((await stateOf(world, "prod", "web")).images).toHaveLength(images.length);
    expect(outcome.images?.every(({ vetoedBy }) => vetoedBy === undefined)).toBe(true);
  });

  it("vetoes where no image of the task definition has that manifest", async () => {
    const { world, outcome } = await play({
      world: {
        services: [
          {
            cluster: "prod",
            name: "web",
            images: { web: "acme/app:web", worker: "acme/app:worker" },
            revision: 7,
          },
        ],
        registries: { "docker.io": HUB },
      },
      policy: { waitForLimit: false },
      untilFailure: ({ cluster, bus, registries }) => {
        const other = registries.dockerHub.manifest("acme/proxy", "1")?.digest ?? "";
        const stored = registries.dockerHub.manifest("acme/proxy", "1");
        if (stored !== undefined)
          registries.dockerHub.putManifest("acme/app", stored.bytes, stored.mediaType);
        bus.subscribe(() => {
          for (const task of cluster.tasks("prod"))
            if (task.stoppedReason !== undefined)
              task.stoppedReason = task.stoppedReason.replace(/sha256:[0-9a-f]{64}/, other);
        });
      },
    });
    expect(outcome).toMatchObject({ outcome: "no-substitute", reason: "other-manifest-in-text" });
    expect(world.definitions.newest("web", 9)).toHaveLength(1);
  });
});
