/** The images that are copied, made by the bench itself: random bytes in tars, gzipped without compressing. */

import { join } from "node:path";
import { OciLayout } from "../test/support/registries/oci-layout.ts";

export type ImageName = "small" | "layers" | "index" | "big" | "present" | "huge" | "layer" | "eight";

type Recipe = {
  readonly name: ImageName;
  /** One list of layer sizes for each platform. */
  readonly platforms: readonly (readonly number[])[];
  readonly words: string;
};

const MEGABYTE = 1_000_000;

const ARCHITECTURES = ["amd64", "arm64", "riscv64", "s390x", "ppc64le", "386", "mips64le", "loong64"];

const RECIPES: readonly Recipe[] = [
  { name: "small", platforms: [[3 * MEGABYTE, 400_000]], words: "3.4 MB in 2 layers" },
  { name: "layers", platforms: [Array<number>(60).fill(2_500)], words: "60 layers of 3 kB" },
  {
    name: "index",
    platforms: Array<number[]>(4).fill([25 * MEGABYTE, 7 * MEGABYTE, 1_700_000, 40_000]),
    words: "an index of 4 platforms, 4 layers each, 135 MB in all",
  },
  { name: "big", platforms: [Array<number>(8).fill(134 * MEGABYTE)], words: "1.07 GB in 8 layers" },
  { name: "present", platforms: [[3 * MEGABYTE, 400_000]], words: "3.4 MB that the target has already" },
  { name: "layer", platforms: [[2_000 * MEGABYTE]], words: "2.0 GB in one layer" },
  {
    name: "eight",
    platforms: Array<number[]>(8).fill([25 * MEGABYTE, 7 * MEGABYTE, 1_700_000, 40_000]),
    words: "an index of 8 platforms, of which one is copied: 34 of 270 MB",
  },
  { name: "huge", platforms: [Array<number>(8).fill(537 * MEGABYTE)], words: "4.3 GB in 8 layers" },
];

export type BenchImage = { readonly name: ImageName; readonly words: string; readonly layout: OciLayout };

/** Writes an image as an OCI layout below `folder`. `share` scales its bytes. */
export async function makeImage(name: ImageName, folder: string, share: number): Promise<BenchImage> {
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe === undefined) throw new RangeError(`no image ${name}`);
  const layout = new OciLayout(join(folder, name));
  const children = [];
  for (const [index, sizes] of recipe.platforms.entries()) {
    const platform = { os: "linux", architecture: ARCHITECTURES[index] ?? "amd64" };
    const scaled = sizes.map((size) => (size < 100_000 ? size : Math.round(size * share)));
    children.push(await layout.image(platform, scaled));
  }
  const [first] = children;
  if (first === undefined) throw new RangeError(`${name} has no platform`);
  await layout.tag(children.length === 1 ? first : await layout.index(children), "v1");
  return { name, words: recipe.words, layout };
}
