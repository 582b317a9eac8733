/** Which image of an index the sandbox's agents run: what containerd does, and what the Docker daemon refuses. */

import { expect, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { type HostPlatform, pullImage } from "../../../src/sandbox/ecs/tasks/image-pull.ts";
import { buildImage, type ImageRecipe, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import { stoppedClock } from "../../support/registries/registry-requests.ts";

const LINUX: HostPlatform = { os: "linux", architecture: "amd64" };
const ARM: HostPlatform = { os: "linux", architecture: "arm64" };
const OF_2019: HostPlatform = { os: "windows", architecture: "amd64", build: "10.0.17763" };
const OF_2022: HostPlatform = { os: "windows", architecture: "amd64", build: "10.0.20348" };

const both = { platforms: ["linux/amd64", "linux/arm64"] };
const windows = {
  platforms: ["windows/amd64", "windows/amd64"],
  osVersions: ["10.0.17763.6293", "10.0.20348.2762"],
};
const one = { platforms: ["windows/amd64"], osVersions: ["10.0.17763.6293"] };

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, Partial<ImageRecipe>, HostPlatform, number | string])[] = [
  ["the first of two",                       both,                                           LINUX,   0],
  ["the second of two",                      both,                                           ARM,     1],
  ["by its config",                          { ...both, namesNoPlatforms: true },            ARM,     1],
  ["inside an inner index",                  { ...both, nested: true },                      ARM,     1],
  ["inside an inner index, by its config",   { ...both, nested: true, namesNoPlatforms: true }, ARM,  1],
  ["of none that is for it",                 { platforms: ["linux/arm64"], index: true },    LINUX,   "no-platform"],
  ["of none, by its config",                 { platforms: ["linux/arm64"], index: true, namesNoPlatforms: true }, LINUX, "no-platform"],
  ["of its own build",                       windows,                                        OF_2019, 0],
  ["of its own build, that is listed later", windows,                                        OF_2022, 1],
  ["of its build, by its config",            { ...windows, namesNoPlatforms: true },         OF_2022, 1],
  ["of another build alone",                 { ...one, index: true },                        OF_2022, "no-platform"],
  ["that is for another build",              one,                                            OF_2022, "other-build"],
];
for (const [which, recipe, host, outcome] of table) {
  const name = `${host.os}/${host.architecture}${host.build === undefined ? "" : ` ${host.build}`}`;
  test(`a machine of ${name} pulls the image ${which}: ${outcome}`, async () => {
    const registry = createRegistry({ kind: "plain", host: "registry.example", clock: stoppedClock() });
    const image = buildImage({ name: "app", layers: 1, ...recipe });
    seedImage(registry, "app", "1", image);
    const fetched: string[] = [];
    const send = registry.asClient("203.0.113.1");
    const pull = await pullImage({
      reference: parseReference("registry.example/app:1"),
      platform: host,
      send: (request) => {
        fetched.push(request.url.pathname);
        return send(request);
      },
    });
    if (typeof outcome === "string") {
      expect(pull).toMatchObject({ kind: "refused", refusal: { kind: outcome } });
      return;
    }
    expect(pull).toMatchObject({ kind: "pulled", digest: image.digest });
    // The layer that came is the layer of that image, and no other's.
    const layers = image.manifests.map(({ bytes }) => {
      const manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as { layers?: { digest: string }[] };
      return manifest.layers?.[0]?.digest;
    });
    const came = layers.filter((digest) => fetched.some((path) => path.endsWith(`/blobs/${digest}`)));
    expect(came).toEqual([layers[outcome]]);
  });
}
