/** The README and docs/outcome-event.md say what the product does: both are compared with it here. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { demo } from "../../../src/cli/demo/demo.ts";
import { OUTCOMES, REASONS } from "../../../src/remediation/report/outcome.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { commandIo } from "../../support/command-io.ts";

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8");

describe("the README", () => {
  const readme = read("README.md");
  const scripts: Record<string, string> = JSON.parse(read("package.json")).scripts;

  test("shows a transcript that npm start really prints, left out only where it says …", async () => {
    const transcript = /<!-- transcript: begin -->\n```\n(?<text>.*?)\n```\n<!-- transcript: end -->/s.exec(
      readme,
    )?.groups?.text;
    const io = commandIo();
    await demo({ seed: "1", json: false, policy: DEFAULT_POLICY }, io);
    const printed = io.printed.out.split("\n");
    let at = 0;
    for (const line of (transcript ?? "").split("\n").slice(1)) {
      if (line.trim() === "…") continue;
      const found = printed.indexOf(line, at);
      expect(found, `not printed, or not in this order: ${line}`).toBeGreaterThanOrEqual(at);
      at = found + 1;
    }
    expect(at).toBeGreaterThan(10);
  });

  test("names only npm scripts that exist", () => {
    const inCode = /(?:`|^|&& )npm (?:run )?(?:--silent )?(?<name>[a-z:]+)/gm;
    const named = [...readme.matchAll(inCode)].map(({ groups }) => groups?.name ?? "");
    expect(named.length).toBeGreaterThan(5);
    for (const name of named)
      if (!["ci", "install", "pack"].includes(name)) expect(Object.keys(scripts)).toContain(name);
  });

  test("names only files and folders that exist", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(existsSync(new URL(`../../../${path}`, import.meta.url)), path).toBe(true);
    for (const [path] of readme.matchAll(/events\/[A-Za-z0-9./-]+\.json/g))
      expect(read(path).length).toBeGreaterThan(0);
  });
});

describe("the page about the outcome event", () => {
  const page = read("docs/outcome-event.md");
  for (const [word, meaning] of [...Object.entries(OUTCOMES), ...Object.entries(REASONS)]) {
    test(`says what ${word} means`, () => {
      expect(page).toContain(`| \`${word}\` | ${meaning} |`);
    });
  }
});
