/** Every `repull …` in the pages is a command that exists, with options that it has; every link leads somewhere. */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const pages = ["README.md", "CONTRIBUTING.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith(".md"))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, "utf8") }));

const help = (...command: readonly string[]): string =>
  execFileSync(process.execPath, [join(root, "src/cli/main.ts"), ...command, "--help"], { encoding: "utf8" });

/** Command → the options that the pages give it. */
const used = new Map<string, Set<string>>();
for (const { text } of pages) {
  // In code only: a sentence may say "repull the image".
  const code = [...text.matchAll(/```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(
    ([, block, inline]) => block ?? inline ?? "",
  );
  for (const [, command = "", rest = ""] of code
    .join("\n")
    .matchAll(/^\s*(?:\$ )?repull ([a-z][a-z-]*)\b([^\n#]*)/gm)) {
    // It is the command that describes the others.
    if (command === "help") continue;
    const [said] = /^ (?:cache )?[a-z][a-z-]*/.exec(rest) ?? [];
    // `mirrors` alone is `mirrors list`, whose help has its options.
    const sub = said ?? (command === "mirrors" ? " list" : "");
    const words = ["sandbox", "policy", "kubernetes", "mirrors"].includes(command)
      ? `${command}${sub}`
      : command;
    const options = used.get(words) ?? new Set();
    // Behind a pipe are the options of another program.
    for (const [option] of (rest.split("|")[0] ?? "").matchAll(/--[a-z-]+/g)) options.add(option);
    used.set(words, options);
  }
}

describe("commands in the pages", () => {
  test("are found", () => expect(used.size).toBeGreaterThan(4));
  for (const [command, options] of used) {
    test(`repull ${command} ${[...options].join(" ")}`, () => {
      const text = help(...command.split(" "));
      expect(text).toContain(`Usage: repull ${command}`);
      for (const option of options) expect(text).toContain(option);
    });
  }
});

/** The anchors that GitHub makes of a page's headings. */
function headingsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading.toLowerCase());
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/[^\w\- ]/g, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

describe("links in the pages", () => {
  for (const { path, text } of pages) {
    test(`${path} leads nowhere that is not`, () => {
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
      const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
        ([, to]) => to ?? "",
      );
      expect(targets.filter((to) => !existsSync(`${root}${folder}${to}`))).toEqual([]);
    });

    test(`${path} names headings that its pages have`, () => {
      const anchors = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)].map(
        ([, to = "", anchor = ""]) => ({
          page: to === "" ? path : join(dirname(path), to),
          anchor,
        }),
      );
      const missing = anchors.filter(
        ({ page, anchor }) => page.endsWith(".md") && !headingsOf(page).has(anchor),
      );
      expect(missing).toEqual([]);
    });
  }
});
