/** The commands in the pages: those that need no account are run, and all of them are at least what a shell can read. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const scripts = Object.keys(JSON.parse(readFileSync(`${root}package.json`, "utf8")).scripts);
const pages = ["README.md", "CONTRIBUTING.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith(".md"))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, "utf8") }));

const blocks = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => ({ path, block })),
);
/** One command a line, continued lines joined, without what a reader is told beside it. */
const commands = blocks.flatMap(({ path, block }) =>
  block
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => ({ path, command: line.replace(/\s+#.*$/, "").trim() }))
    .filter(({ command }) => command !== ""),
);

function shell(command: string, args: readonly string[] = []): Promise<{ status: number; said: string }> {
  const env = { PATH: process.env.PATH, HOME: "/nonexistent" };
  return new Promise((resolve) => {
    execFile("sh", [...args, "-c", command], { cwd: root, env }, (error, out, err) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, said: out + err }),
    );
  });
}

test("commands are found", () => expect(commands.length).toBeGreaterThan(30));

describe("a block of commands is one that a shell can read", () => {
  for (const { path, block } of blocks) {
    test(`${path}: ${block.split("\n")[0]}`, async () => {
      expect(await shell(block, ["-n"])).toEqual({ status: 0, said: "" });
    });
  }
});

describe("an npm script that a page names is one", () => {
  const named = commands.flatMap(({ path, command }) =>
    [...command.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(([, script = ""]) => ({ path, script })),
  );
  for (const { path, script } of named)
    if (!["ci", "install", "pack"].includes(script))
      test(`${path}: npm ${script}`, () => expect(scripts).toContain(script));
});

describe("a command that needs no account does what its page says, and ends without a trace of ours", () => {
  // A file that the reader brings is theirs; everything of the sandbox and of events/ is run as it stands.
  const offline = commands.filter(
    ({ command }) => /^npx repull (?:explain|replay) /.test(command) && !command.includes("--aws"),
  );
  test("are found", () => expect(offline.length).toBeGreaterThan(4));
  for (const { path, command } of offline) {
    test(`${path}: ${command}`, async () => {
      const { status, said } = await shell(command.replace(/^npx repull/, "node src/cli/main.ts"));
      expect(said.length).toBeGreaterThan(50);
      expect([0, 1]).toContain(status);
      expect(said).not.toMatch(/\n\s+at .*\.(?:ts|mjs):\d+/);
    }, 30_000);
  }
});
