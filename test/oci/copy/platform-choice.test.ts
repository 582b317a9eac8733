/** Chosen platforms of an index that has several builds of Windows, no platform at all, or indexes. */

import { expect, test } from "vitest";
import { parsePlatform } from "../../../src/image/platform.ts";
import { buildImage, type ImageRecipe, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { ADDRESS, differences, ECR_HOST, hubToEcr } from "../../support/registries/sandbox-copy.ts";

const both = { platforms: ["linux/amd64", "linux/arm64"] };
const windows = {
  platforms: ["windows/amd64", "windows/amd64"],
  osVersions: ["10.0.17763.6293", "10.0.20348.2762"],
};
const untold = { namesNoPlatforms: true };
const nested = { nested: true };

// The outcome, which of the image's manifests the target has then, and how many pulls that was.
// biome-ignore format: a table is read by its columns
const table: readonly (readonly [about: string, Partial<ImageRecipe>, platforms: string, joined: boolean, outcome: RegExp, present: readonly number[], pulls: number])[] = [
  ["the build that is named",                 windows,                    "windows(10.0.20348)/amd64",            false, /^copied$/,                          [1],    2],
  ["both builds by their names",              windows,                    "windows(10.0.17763)/amd64 windows(10.0.20348)/amd64", false, /^copied$/,           [0, 1], 3],
  ["no build of two that nothing distinguishes", windows,                   "windows/amd64",                        false, /platform-ambiguous: .*windows\(10\.0\.17763\.6293\)\/amd64, windows\(10\.0\.20348\.2762\)\/amd64/, [], 1],
  ["no build but those that there are",       windows,                    "windows(10.0.26100)/amd64",            false, /platform-absent: .*it has windows\(10\.0\.17763\.6293\)\/amd64, windows/, [], 1],
  ["all builds into one index",               windows,                    "windows/amd64",                        true,  /^copied$/,                          [0, 1], 3],
  ["the one build by itself",                 windows,                    "windows(10.0.20348)/amd64",            true,  /^copied$/,                          [1],    2],
  ["the image whose config names the platform", { ...both, ...untold },   "linux/arm64",                          false, /^copied$/,                          [1],    3],
  ["none where no config names it",           { ...both, ...untold },     "linux/s390x",                          false, /platform-absent/,                   [],     3],
  ["all that may be it into one index",       { ...both, ...untold },     "linux/arm64",                          true,  /^copied$/,                          [0, 1], 3],
  ["nothing where no config names it",        { ...both, ...untold },     "linux/s390x",                          true,  /platform-absent/,                   [],     3],
  ["the build that a config names",           { ...windows, ...untold },  "windows(10.0.20348)/amd64",            false, /^copied$/,                          [1],    3],
  ["the image inside an inner index",         { ...both, ...nested },     "linux/arm64",                          false, /^copied$/,                          [1],    4],
  ["inner indexes with their images",         { ...both, ...nested },     "linux/arm64",                          true,  /^copied$/,                          [0, 1], 5],
];
for (const [about, recipe, platforms, joined, outcome, present, pulls] of table) {
  test(`copies ${about} (${platforms}${joined ? ", joined" : ""})`, async () => {
    const world = await hubToEcr();
    const image = buildImage({ name: "app", layers: 1, ...recipe });
    seedImage(world.source, "acme/app", "1", image);
    world.target.createRepository("copy");
    const request = { platforms: platforms.split(" ").map(parsePlatform), asIndex: joined };
    const ended = () => world.outcome("acme/app:1", `${ECR_HOST}/copy:1`, request);
    expect(await ended()).toMatch(outcome);
    const images = image.manifests.filter(({ platform }) => platform !== undefined);
    const there = images.flatMap(({ digest }, place) => (world.target.manifest("copy", digest) ? place : []));
    expect(there).toEqual(present);
    for (const place of there)
      expect(differences(world, "acme/app", "copy", images[place]?.digest ?? "")).toEqual([]);
    expect(100 - (world.source.pullsLeft({ address: ADDRESS }) ?? Number.NaN)).toBe(pulls);
    // What came the first time is not pulled again.
    if (present.length > 0) {
      await ended();
      expect(100 - (world.source.pullsLeft({ address: ADDRESS }) ?? Number.NaN)).toBeLessThanOrEqual(
        2 * pulls,
      );
    }
    await world.stop();
  });
}
