import { describe, expect, test } from "vitest";
import { textVeto } from "../../../src/assessment/trust/text-veto.ts";
import type { Digest } from "../../../src/image/digest.ts";
import { parsePlatform } from "../../../src/image/platform.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createInternet } from "../../../src/sandbox/network.ts";
import {
  type BuiltImage,
  buildImage,
  type ImageRecipe,
  seedImage,
} from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import { FastClock } from "../../support/fast-clock.ts";

const both = { platforms: ["linux/amd64", "linux/arm64"] };
const windows = {
  platforms: ["windows/amd64", "windows/amd64"],
  osVersions: ["10.0.17763.6293", "10.0.20348.2762"],
};
const many = { platforms: Array.from({ length: 17 }, (_, number) => `linux/amd64/x${number}`) };

/** What a text that names the manifest at this place of the image does to a trusted index that a substitute holds. */
async function vetoOf(recipe: Partial<ImageRecipe>, named: number, platforms: readonly string[]) {
  const clock = new FastClock();
  const registry = createRegistry({ kind: "plain", host: "mirror.example", clock });
  const image = buildImage({ name: "app", layers: 1, ...recipe });
  seedImage(registry, "app", "1", image);
  const registries = createRegistries({ send: createInternet([registry]).from("203.0.113.1"), clock });
  const digest = image.manifests[named]?.digest as Digest;
  const candidate = {
    strategy: "ecr-public",
    image: "mirror.example/app:1",
    samePublisher: true,
  } as const;
  const veto = await textVeto(
    { reference: parseReference("app:1"), trusted: { digest: image.digest, from: "service-revision" } },
    [{ digest }],
    {
      probedCandidates: [{ candidate, seen: { kind: "found", digest: image.digest, isIndex: true } }],
      platforms: platforms.map(parsePlatform),
    },
    registries,
  );
  if (veto.vetoedBy !== undefined) return "vetoed";
  return veto.notCompared === undefined ? "agreed" : "not compared";
}

describe("a manifest in the text, and a trusted index", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<ImageRecipe>, number, readonly string[], string])[] = [
    ["lists it for the task's platform",                 both,                                        1, ["linux/arm64"],               "agreed"],
    ["lists it for another platform",                    both,                                        0, ["linux/arm64"],               "vetoed"],
    ["lists it, and the platform is not known",          both,                                        0, [],                            "agreed"],
    ["lists it without a platform",                      { ...both, namesNoPlatforms: true },         1, ["linux/arm64"],               "agreed"],
    ["lists it in an inner index",                       { ...both, nested: true },                   1, ["linux/arm64"],               "agreed"],
    ["lists it in an inner index for another platform",  { ...both, nested: true },                   0, ["linux/arm64"],               "vetoed"],
    ["lists it for the host's build",                    windows,                                     1, ["windows(10.0.20348)/amd64"], "agreed"],
    ["lists it for another build",                       windows,                                     0, ["windows(10.0.20348)/amd64"], "vetoed"],
    ["lists it for one of the builds",                   windows,                                     0, ["windows/amd64"],             "agreed"],
  ];
  for (const [what, recipe, named, platforms, expected] of table) {
    test(`are ${expected} where the index ${what}`, async () => {
      expect(await vetoOf(recipe, named, platforms)).toBe(expected);
    });
  }

  test("are not compared where more indexes are inside it than are read", async () => {
    expect(await vetoOf({ ...many, nested: true }, 16, ["linux/arm64"])).toBe("not compared");
  });
});

/** What two manifests are to each other, which only the origin's HEADs show. */
async function vetoByHeads(
  recipe: Partial<ImageRecipe>,
  other: Partial<ImageRecipe>,
  named: "index" | "image",
  since: (text: BuiltImage | undefined) => { readonly pinnedSince?: Digest } = () => ({}),
) {
  const clock = new FastClock();
  const registry = createRegistry({ kind: "plain", host: "origin.example", clock });
  const [trusted, text] = [recipe, other].map((one, index) => {
    const image = buildImage({ layers: 1, ...one, name: `app ${index}` });
    seedImage(registry, "app", `${index}`, image);
    return image;
  });
  const registries = createRegistries({ send: createInternet([registry]).from("203.0.113.1"), clock });
  const digest = (named === "index" ? text?.digest : text?.manifests[0]?.digest) as Digest;
  const veto = await textVeto(
    {
      reference: parseReference("origin.example/app:0"),
      trusted: { digest: trusted?.digest as Digest, from: "origin", ...since(text) },
    },
    [{ digest }],
    { probedCandidates: [], platforms: [parsePlatform("linux/amd64")] },
    registries,
  );
  return veto.vetoedBy === undefined ? "not compared" : "vetoed";
}

describe("a manifest in the text that ECS has pinned since, after a rollback of ours", () => {
  const single = { platforms: ["linux/amd64"] };
  const since = (text: BuiltImage | undefined) => ({ pinnedSince: text?.digest as Digest });
  test("does not keep the bytes of before from running", async () => {
    expect(await vetoByHeads(both, both, "index", since)).toBe("not compared");
    expect(await vetoByHeads(single, single, "index", since)).toBe("not compared");
  });
  test("is distinguished from another one, which does", async () => {
    const other = () => ({ pinnedSince: `sha256:${"9".repeat(64)}` as Digest });
    expect(await vetoByHeads(both, both, "index", other)).toBe("vetoed");
  });
});

describe("a manifest in the text that no substitute holds, distinguished by HEADs at the origin", () => {
  const single = { platforms: ["linux/amd64"] };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<ImageRecipe>, Partial<ImageRecipe>, "index" | "image", string])[] = [
    ["an image, and the trusted one an index that may list it", both,   both,   "image", "not compared"],
    ["an index, and the trusted one another",                   both,   both,   "index", "vetoed"],
    ["an image, and the trusted one another",                   single, single, "image", "vetoed"],
    ["an index that may list the trusted image"             , single, both,   "index", "not compared"],
  ];
  for (const [what, trusted, text, named, expected] of table) {
    test(`is ${expected} where it is ${what}`, async () => {
      expect(await vetoByHeads(trusted, text, named)).toBe(expected);
    });
  }
});
