import { describe, expect, it } from "vitest";
import { type ScannedService, SHOP, scanOf } from "../support/scan-world.ts";

const ways = {
  "subnet-a": { kind: "nat", id: "nat-1", addresses: ["203.0.113.10"] },
  "subnet-b": { kind: "nat", id: "nat-2", addresses: ["203.0.113.11"] },
} as const;
const service = (
  name: string,
  images: readonly string[],
  tasks: number,
  more: Partial<ScannedService> = {},
) => ({
  name,
  images,
  tasks,
  subnets: ["subnet-a"],
  ...more,
});

/** image, pulls, what the busiest address needs after it */
async function changesOf(services: readonly ScannedService[]) {
  const { imageChanges } = await scanOf({ services, ways });
  return imageChanges.map(({ image, pulls, busiestAddressAfter }) => [image, pulls, busiestAddressAfter]);
}

describe("the images to change", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly ScannedService[], readonly (readonly [string, number, number])[]])[] = [
    ["one image",                         [service("a", ["nginx:1"], 40)],                                            [["nginx:1", 40, 0]]],
    ["an image of two services",          [service("a", ["nginx:1"], 40), service("b", ["nginx:1"], 2)],              [["nginx:1", 42, 0]]],
    ["one image in two spellings",        [service("a", ["nginx:1"], 4), service("b", ["docker.io/library/nginx:1"], 2)], [["nginx:1", 6, 0]]],
    ["two images of one service",         [service("a", ["nginx:1", "redis:7"], 4), service("b", ["redis:7"], 1)],    [["redis:7", 5, 4], ["nginx:1", 4, 0]]],
    ["images behind two addresses",       [service("a", ["nginx:1"], 4), service("b", ["redis:7"], 9, { subnets: ["subnet-b"] })], [["redis:7", 9, 4], ["nginx:1", 4, 0]]],
    ["images that are not Docker Hub's",  [service("a", ["public.ecr.aws/x/y:1"], 4)],                                []],
    ["pulls with an account",             [service("a", ["acme/a:1"], 8, { secret: true }), service("b", ["nginx:1"], 2)], [["acme/a:1", 8, 2], ["nginx:1", 2, 0]]],
  ];
  for (const [what, services, expected] of table)
    it(`are those most pulled first, with what is left after each: ${what}`, async () => {
      expect(await changesOf(services)).toEqual(expected);
    });

  it("name the workloads and clusters that run them, and where else they are", async () => {
    const { imageChanges } = await scanOf(SHOP);
    expect(imageChanges.find(({ image }) => image === "python:3.12-slim")).toMatchObject({
      to: { strategy: "ecr-public", place: "public.ecr.aws/docker/library/python:3.12-slim" },
      clusters: ["prod"],
      workloads: [
        "prod/schedule nightly-report",
        ...Array.from({ length: 14 }, (_, at) => `prod/worker-${at + 1}`),
      ],
    });
  });

  it("leave nothing at the busiest address when all of them are changed", async () => {
    const { imageChanges } = await scanOf(SHOP);
    expect(imageChanges.at(-1)?.busiestAddressAfter).toBe(0);
    const left = imageChanges.map(({ busiestAddressAfter }) => busiestAddressAfter);
    expect(left).toEqual(left.toSorted((one, other) => other - one));
  });
});

describe("the workloads of a scan", () => {
  it("stand in the order of their pulls, whatever Repull would do", async () => {
    const { exposures } = await scanOf(SHOP);
    const pulls = exposures.map(({ anonymousPulls, accountPulls }) => anonymousPulls + accountPulls);
    expect(pulls).toEqual(pulls.toSorted((one, other) => other - one));
  });
});
