/** The commands in the pages: those that need no account are run, and all of them are at least what a shell can read. */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { BLOCKS, isRunInAccount, PAGES, pageCommands } from "../../support/page-commands.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const packageJson = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const scripts = Object.keys(packageJson.scripts);
const [pages, blocks, commands] = [PAGES, BLOCKS, pageCommands()];

/** `repull` on the path, as an installed package puts it there; and nothing else of ours. */
const bin = mkdtempSync(join(tmpdir(), "repull-bin-"));
writeFileSync(join(bin, "repull"), `#!/bin/sh\nexec "${process.execPath}" "${root}src/cli/main.ts" "$@"\n`, {
  mode: 0o755,
});
afterAll(() => rmSync(bin, { recursive: true }));

type Where = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> };

function shell(
  command: string,
  args: readonly string[] = [],
  { cwd = root, env = {} }: Where = {},
): Promise<{ status: number; out: string; said: string }> {
  const path = `${bin}${delimiter}${process.env.PATH}`;
  return new Promise((resolve) => {
    execFile(
      "sh",
      [...args, "-c", command],
      { cwd, env: { PATH: path, HOME: "/nonexistent", ...env } },
      (error, out, err) =>
        resolve({ status: typeof error?.code === "number" ? error.code : 0, out, said: out + err }),
    );
  });
}

test("commands are found", () => expect(commands.length).toBeGreaterThan(30));

describe("a block of commands is one that a shell can read", () => {
  for (const { path, block } of blocks) {
    test(`${path}: ${block.split("\n")[0]}`, async () => {
      expect(await shell(block, ["-n"])).toEqual({ status: 0, out: "", said: "" });
    });
  }
});

/** A command that needs no account and writes no file. */
function isOffline(command: string): boolean {
  const isLocal = /^repull (?:explain|replay|schema|--version|scan --rights) ?/.test(command);
  return isLocal && !/--aws|>/.test(command);
}

/** Commands that this file does not run, and what runs or checks them instead. */
const EXEMPT: readonly (readonly [begins: RegExp, why: string])[] = [
  [
    /^npm /,
    "the suite itself, an install or a build: its script and the files that it names are checked below",
  ],
  [/^repull (?:completion|policy) /, "writes a file of the reader's: test/cli tries both commands"],
  [/^ROLES=\$\(repull scan --roles/, "the same scan as elsewhere, into a variable of the shell"],
  [
    /^repull mirrors(?! cache)/,
    "reads what the sandbox does not serve: test/real/mirrors-list.test.ts and mirrors-prune.test.ts do, over moto",
  ],
  [/^repull scan --profile/, "asks several accounts: test/outside/scan-accounts.test.ts does"],
  [/^repull scan --organization/, "asks an organisation: test/outside/scan-organization.test.ts does"],
  [/^repull sandbox serve/, "runs until Ctrl-C: account-pages.test.ts starts it, and follows the page in it"],
  [/^aws /, "AWS's own command: test/real/aws/page-commands.test.ts runs it, in the sandbox or in moto"],
  [
    /^(?:\(cd infra|cd infra|cd \.\.)/,
    "changes the folder, for SAM: test/real/aws/sam.test.ts runs what follows",
  ],
  [
    /^repull check\b/,
    "reads the folder that it runs in: check-page.test.ts runs each in a folder of its own",
  ],
  [
    /^sam (?:delete|deploy|local)/,
    "needs SAM: test/real/aws/sam.test.ts runs each deploy line, and reads the options of the others",
  ],
  [/^git pull/, "changes the reader's checkout: it is run below, in a clone"],
  [
    /^(?:helm|kubectl|repull kubernetes) /,
    "changes the reader's cluster: kubernetes-pages.test.ts reads it against the chart, test/kube runs the programs",
  ],
  [/^skopeo /, "pushes to the reader's registry: test/real/image.test.ts pushes the same image by skopeo"],
  [/^# /, "a remark of its own line"],
];

describe("each documented command", () => {
  test("is run here or in an account, or exempt for a reason that is written down", () => {
    const others = commands.filter(
      ({ command }) =>
        !isOffline(command) && !isRunInAccount(command) && !EXEMPT.some(([begins]) => begins.test(command)),
    );
    // A command's own lines of JSON, and the rest of a loop, begin with none of the programs that a page may name.
    expect(
      others.filter(({ command }) =>
        /^(?:(?:AWS_REGION=\S+ )?repull|aws|npm|sam|git|npx|helm|kubectl|skopeo)\b/.test(command),
      ),
    ).toEqual([]);
  });
  for (const [begins, why] of EXEMPT)
    test(`is exempt as long as a page has one that begins so: ${why}`, () =>
      expect(commands.some(({ command }) => begins.test(command))).toBe(true));
});

describe("an npm command that a page names can be run", () => {
  const inText = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/`(npm [^`\n]+)`/g)].map(([, command = ""]) => ({ path, command })),
  );
  const named = [...commands, ...inText].flatMap(({ path, command }) =>
    [...command.matchAll(/\bnpm (?:run (?:--silent )?)?([a-z:-]+)([^&|)]*)/g)].map(
      ([, script = "", args = ""]) => ({ path, script, args: args.trim() }),
    ),
  );
  for (const { path, script, args } of named)
    test(`${path}: npm ${script} ${args}`, () => {
      if (["ci", "install", "pack"].includes(script)) return;
      expect(scripts).toContain(script);
      // The program of the script, and the files of the repository that its arguments name.
      const files =
        `${packageJson.scripts[script]} ${args}`.match(/\b(?:[\w-]+\/)+[\w.-]+\.(?:ts|json)\b/g) ?? [];
      for (const file of files) expect(existsSync(`${root}${file}`), file).toBe(true);
      const [bench] = script === "bench" ? (/^-- ([a-z][a-z-]*)$/.exec(args)?.slice(1) ?? []) : [];
      if (bench) expect(readFileSync(`${root}bench/main.ts`, "utf8").includes(`"${bench}"`)).toBe(true);
    });
});

test("git pull, as the page about updates has it, brings a clone up to date", async () => {
  const folder = mkdtempSync(join(tmpdir(), "repull-clone-"));
  const [line = ""] = commands.flatMap(({ command }) => /^git [^&]*/.exec(command)?.[0] ?? []);
  const commit = 'git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m "A release"';
  const steps = `git init -q -b main theirs && cd theirs && ${commit} && git clone -q . ../ours && ${commit} && cd ../ours && ${line} -q`;
  expect(await shell(steps, [], { cwd: folder })).toEqual({ status: 0, out: "", said: "" });
  const heads = await shell("git -C theirs rev-parse HEAD && git -C ours rev-parse HEAD", [], {
    cwd: folder,
  });
  expect(new Set(heads.out.trim().split("\n")).size).toBe(1);
  rmSync(folder, { recursive: true });
});

describe("a command that needs no account does what its page says, and ends without a trace of ours", () => {
  // A file that the reader brings is theirs; everything of the sandbox and of events/ is run as written.
  const offline = commands.filter(({ command }) => isOffline(command));
  test("are found", () => expect(offline.length).toBeGreaterThan(4));
  for (const { path, command } of offline) {
    test(`${path}: ${command}`, async () => {
      const { status, said } = await shell(command);
      expect(said).not.toBe("");
      // 4: one of the worlds has its writes stopped.
      expect([0, 1, 4]).toContain(status);
      expect(said).not.toMatch(/\n\s+at .*\.(?:ts|mjs):\d+/);
    }, 30_000);
  }
});

describe("what the story names to try next can be typed as written", () => {
  const table = [
    ["where the command is installed, from any folder", {}],
    ["in a checkout, after npm start", { cwd: root, env: { npm_lifecycle_event: "start" } }],
  ] as const;
  for (const [title, where] of table) {
    test(title, async () => {
      const at = { cwd: bin, ...where };
      const story = await shell("repull demo", [], at);
      const next = story.out.slice(story.out.lastIndexOf("Next: ")).split("\n").filter(Boolean);
      expect(next.length).toBeGreaterThan(1);
      for (const line of next) {
        const [command = ""] = line.replace("Next: ", "").trim().split(/ {2,}/);
        const { status, said } = await shell(command, [], { cwd: at.cwd });
        expect({ command, status, isLong: said.length > 200 }).toEqual({ command, status: 0, isLong: true });
      }
    }, 60_000);
  }
});

describe("the command is installed from its tarball", () => {
  test("the pages name the one that this version packs", () => {
    const named = pages.flatMap(({ text }) => text.match(/\brepull-\d[\w.-]*\.tgz/g) ?? []);
    expect(new Set(named)).toEqual(new Set([`${packageJson.name}-${packageJson.version}.tgz`]));
  });

  test("no text says to run it by npx, where the name is not ours", () => {
    const texts = ["src", "functions", "infra", "events"].flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(?:ts|yaml|tf|toml|py|json)$/.test(entry.name))
        .map((entry) => ({ path: join(entry.parentPath, entry.name) }))
        .map(({ path }) => ({ path, text: readFileSync(path, "utf8") })),
    );
    expect(texts.length).toBeGreaterThan(100);
    const naming = [...texts, ...pages].filter(({ text }) => /\bnpx (?:-y )?repull\b/.test(text));
    expect(naming.map(({ path }) => path)).toEqual([]);
  });
});
