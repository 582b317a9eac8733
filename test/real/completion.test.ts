/** The completion scripts in the shells that they are for: keys and a Tab at a terminal, and what the shell then runs. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runKeys, type ShellStart } from "../support/interactive-shell.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "repull-completion-"));
const file = (name: string): string => join(folder, name);
const RUN = 'repull() { printf "RA""N<%s>\\n" "$*"; }';

beforeAll(() => {
  for (const [shell, name] of [
    ["bash", "repull.bash"],
    ["zsh", "_repull"],
    ["fish", "repull.fish"],
  ] as const)
    writeFileSync(
      file(name),
      execFileSync(process.execPath, [join(root, "src/cli/main.ts"), "completion", shell]),
    );
  writeFileSync(file("policy.json"), "{}");
});
afterAll(() => rmSync(folder, { recursive: true }));

const SHELLS: Readonly<Record<string, ShellStart>> = {
  "bash that sources the file": {
    command: "bash --norc --noprofile -i",
    setup: [RUN, `source ${file("repull.bash")}`, `cd ${folder}`],
  },
  "zsh that sources the file": {
    command: "zsh -f -i",
    setup: [RUN, "autoload -Uz compinit && compinit -u -D", `source ${file("_repull")}`, `cd ${folder}`],
  },
  "zsh that finds the file in fpath": {
    command: "zsh -f -i",
    setup: [RUN, `fpath=(${folder} $fpath)`, "autoload -Uz compinit && compinit -u -D", `cd ${folder}`],
  },
};

// biome-ignore format: a table is read by its columns
const TABLE = [
  ["a command",                         "repull sta",                     "status"],
  ["a command of a command",            "repull policy pub",              "policy public-images"],
  ["an option",                         "repull mirror --pl",             "mirror --platform"],
  ["an option behind a service",        "repull fix web --no-w",          "fix web --no-wait"],
  ["an option behind a value",          "repull plan web --region x --cl", "plan web --region x --cluster"],
  ["an option of the whole program",    "repull scan --verb",             "scan --verbose"],
  ["a command to be helped with",       "repull help und",                "help undo"],
  ["a shell",                           "repull completion fi",           "completion fish"],
  ["a type of line",                    "repull schema expl",             "schema explanation"],
  ["a file as the value of an option",  "repull plan web --policy pol",   "plan web --policy policy.json"],
  ["a file as the argument",            "repull policy check pol",        "policy check policy.json"],
] as const;

for (const [name, start] of Object.entries(SHELLS))
  describe(name, () => {
    for (const [what, typed, run] of TABLE)
      it(`completes ${what}: ${typed}`, async () => {
        expect((await runKeys(start, `${typed}\t`)).trim()).toBe(run);
      });
  });

describe("fish", () => {
  for (const [what, typed, run] of TABLE)
    it(`completes ${what}: ${typed}`, () => {
      const script = `source ${file("repull.fish")}; cd ${folder}; complete -C "${typed}"`;
      const out = execFileSync("fish", ["--no-config", "-c", script], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: folder },
      });
      const offered = out
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t")[0]);
      expect(offered).toEqual([run.split(" ").at(-1)]);
    });
});
