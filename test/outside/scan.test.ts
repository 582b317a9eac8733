/** What `repull scan` prints where: each thing once, and nothing next to a table that a script reads. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal } from "./account.ts";
import { repull, type Said } from "./command.ts";
import { environmentOf, startWorld, stopWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.account.override = ({ action }) =>
    action === "DescribePullThroughCacheRules" ? refusal("AccessDeniedException") : undefined;
});
afterAll(() => stopWorld(world));

const scan = (...flags: string[]): Promise<Said> =>
  repull(["scan", "--no-stack", ...flags], { environment: environmentOf(world) });
const count = (text: string, words: RegExp): number => [...text.matchAll(words)].length;

describe("repull scan", () => {
  // biome-ignore format: a table is read by its columns
  for (const [flags, onOut] of [
    [[],                           1],
    [["--json"],                   0],
    [["--csv"],                    0],
    [["--roles"],                  0],
    [["--html", "report.html"],    0],
    [["--csv", "--quiet"],         0],
    [["--roles", "-q"],            0],
  ] as const)
    it(`names what could not be read once when it is called with "${flags.join(" ")}"`, async () => {
      const { out, err, status } = await scan(...flags);
      const gap = /^not read: pull-through cache rules/gm;
      expect({ out: count(out, gap), err: count(err, gap), status }).toEqual({ out: onOut, err: 1 - onOut, status: 0 });
    });

  it("says which endpoint it asks", async () => {
    expect((await scan()).err).toMatch(
      /^account \d{12}, region [a-z0-9-]+, at http:\/\/127\.0\.0\.1:\d+, by /m,
    );
  });

  it("prints the images to change as CSV alone, with a header", async () => {
    const { out } = await scan("--csv");
    const [header, ...rows] = out.split("\n");
    expect(header?.split(",")[0]).toBe("image");
    expect(rows[0]).toMatch(/^nginx:1\.25,/);
  });

  it("names the next command with the options of its own that change what that one does", async () => {
    expect((await scan()).out).toMatch(/^next: repull plan web --cluster prod --no-stack$/m);
  });

  it("has no plural of one", async () => {
    const { out, err } = await scan();
    expect(out + err).not.toMatch(/\b1 [a-z-]*(?:clusters|subnets|services|times|pulls|workloads)\b/);
  });
});
