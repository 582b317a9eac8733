// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** `repull check --fix` over files of every form and in every place: the bytes of the image change, or nothing does. */

import { execFile, execFileSync } from "node:child_process";
import { renameSync } from "node:fs";
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { replaceFile } from "../../../src/cli/check/write-file.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const TWIN = "public.ecr.aws/docker/library/nginx:1";
const PINNED = `${TWIN}@${DIGEST}`;
const ANSWER = JSON.stringify({
  image: "nginx:1",
  replacement: { image: TWIN, digest: DIGEST, proof: "same-index" },
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-fix-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (path: string): string => join(folder, path);
const text = (path: string): Promise<string> => readFile(at(path), "utf8");

async function put(path: string, bytes: string | Uint8Array): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), bytes);
}

async function fix(input: Partial<CheckInput> = {}) {
  const io = commandIo({ "answers.jsonl": ANSWER });
  const flags = { github: false, offline: false, fresh: false, anonymous: false, diff: false };
  const defaults = { ...flags, fix: true, json: true, assessments: "answers.jsonl", paths: [folder] };
  const status = await check({ ...defaults, ...input }, io);
  const lines = objectsIn(io.printed.out);
  return { status, codes: lines.flatMap(({ code }) => code ?? []), summary: lines.at(-1) };
}

const times = (count: number, line: string): string => Array.from({ length: count }, () => line).join("");
const compose = (image: string): string => `services:\n  a:\n    image: ${image}\n`;

describe("a file that --fix writes", () => {
  // `@` is the image, before and after.
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, path: string, words: string])[] = [
    ["no line end at the end of a Dockerfile",        "Dockerfile",   "FROM @"],
    ["no line end at the end of YAML",                "compose.yaml", "services: {a: {image: @}}"],
    ["a byte order mark and line ends of Windows",    "compose.yaml", "\uFEFFservices:\r\n  a:\r\n    image: @\r\n"],
    ["a byte order mark before a directive",          "Dockerfile",   "\uFEFF# escape=`\r\nFROM @\r\nCOPY a C:\\b\\\r\nWORKDIR C:\\\r\n"],
    ["line ends of both kinds",                       "Dockerfile",   "FROM @\r\nRUN a\n\r\nRUN b \\\n  c\r\n"],
    ["a line of a megabyte next to the image's",       "compose.yaml", `services: {a: {image: @}}\nx-a: "${"a b ".repeat(250_000)}"\n`],
    ["the image in a line of a megabyte",             "a.json",       `{"x-a": "${"a b ".repeat(250_000)}", "services": {"a": {"image": "@"}}}`],
    ["an anchor that two services use",               "compose.yaml", "services:\n  a: {image: &i \"@\" }\n  b:\n    image: *i # the same\n"],
    ["a folded text",                                 "compose.yaml", "services:\n  a:\n    image: >-\n      @\n\n    x: y\n"],
    ["a literal text",                                "compose.yaml", "services:\n  a:\n    image: |-\n      @\n    x: y\n"],
    ["a literal text with an indentation of its own", "compose.yaml", "services:\n  a:\n    image: |2-\n      @\n"],
    ["JSON in YAML",                                  "compose.yaml", "{\"services\": {\"a\": {\"image\": \"@\", \"x\": [1.0, 1e3, null,]}}}\n"],
    ["the same image twice in a line",                "compose.yaml", "services: {a: {image: @}, b: {image: '@'}} # @\n".replace("# @", "# nginx:1 too")],
    ["emoji before the image",                        "compose.yaml", "services: {\"😀\": {x: '😀😀', image: @}} # 😀\n"],
    ["tabs and blanks at the ends of lines",          "compose.yaml", "services:  \n  a:\t\n    image:\t@  \t# why\n"],
    ["paths of Windows",                              "compose.yaml", "services:\n  a:\n    image: @\n    volumes: ['C:\\a\\b:C:\\c', \"C:\\\\d:C:\\\\e\"]\n"],
    ["1,000 images",                                  "compose.yaml", `services:\n${Array.from({ length: 1000 }, (_, n) => `  s${n}: {image: @}\n`).join("")}`],
    ["a name with blanks, quotes and a line end",     "a 'b'\n\"c\"/Dockerfile", "FROM @\n"],
    ["a mark of the end of a document",               "a.yaml",       "---\napiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: @}]}\n...\n# after\n---\na: b"],
  ];
  for (const [what, path, words] of table)
    it(`has every other byte as before, and stays at a second run: ${what}`, async () => {
      await put(path, words.replaceAll("@", "nginx:1"));
      const { status } = await fix();
      const [after, wanted] = [await text(path), words.replaceAll("@", PINNED)];
      // A megabyte is not for a log.
      if (wanted.length < 5000) expect(after).toBe(wanted);
      expect(after === wanted).toBe(true);
      expect(status).toBe(EXIT.done);
      const { mtimeNs } = await stat(at(path), { bigint: true });
      expect((await fix()).summary).toMatchObject({ findings: 0, fixed: 0 });
      expect((await stat(at(path), { bigint: true })).mtimeNs).toBe(mtimeNs);
    });
});

describe("a file that --fix leaves as it is", () => {
  const utf16 = (words: string): Uint8Array => Buffer.from(`\uFEFF${words}`, "utf16le");
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, path: string, bytes: string | Uint8Array, status: number])[] = [
    ["UTF-16 with its mark",                       "Dockerfile",   utf16("FROM nginx:1\n"),                       EXIT.usage],
    ["UTF-16 with its mark, the other way round",  "compose.yaml", Buffer.from(utf16(compose("nginx:1"))).swap16(), EXIT.usage],
    ["UTF-16 without a mark",                      "Dockerfile",   Buffer.from("FROM nginx:1\n", "utf16le"),      EXIT.usage],
    ["a NUL behind the image",                     "Dockerfile",   "FROM nginx:1\n\0",                            EXIT.usage],
    ["a folded name",                              "compose.yaml", compose(">-\n      nginx:1\n      a"),         EXIT.done],
    ["a name with an escape",                      "compose.yaml", compose('"ng\\u0069nx:1"'),                    EXIT.failed],
    ["a name over two lines",                      "Dockerfile",   "FROM ngi\\\nnx:1\n",                          EXIT.failed],
    ["a key that is there twice",                  "compose.yaml", `${compose("nginx:1")}  a: {image: redis}\n`,  EXIT.usage],
    ["an ignored image",                           "Dockerfile",   "# repull: ignore it is for tests\nFROM nginx:1\n", EXIT.done],
  ];
  for (const [what, path, bytes, status] of table)
    it(`has ${what}`, async () => {
      await put(path, bytes);
      expect((await fix()).status).toBe(status);
      expect(Buffer.compare(await readFile(at(path)), Buffer.from(bytes))).toBe(0);
      expect(await readdir(folder)).toEqual([path]);
    });

  it("ends its lines by a carriage return alone, which its program takes for no end", async () => {
    for (const [path, words] of [
      ["Dockerfile", "FROM nginx:1\rRUN a\r"],
      ["compose.yaml", "services:\r  a:\r    image: nginx:1\r"],
    ] as const) {
      await put(path, words);
      await fix();
      const after = await text(path);
      expect([words, words.replace("nginx:1", PINNED)]).toContain(after);
    }
  });

  it("is read-only, and says so", async () => {
    await put("Dockerfile", "FROM nginx:1\n");
    await chmod(at("Dockerfile"), 0o444);
    expect(await fix()).toMatchObject({ status: EXIT.usage, codes: ["unwritten-file"] });
    expect(await text("Dockerfile")).toBe("FROM nginx:1\n");
    expect(await readdir(folder)).toEqual(["Dockerfile"]);
  });

  it("is the other name of a file that --fix writes", async () => {
    const outside = await mkdtemp(join(tmpdir(), "repull-fix-"));
    await writeFile(join(outside, "theirs"), "FROM nginx:1\n");
    await link(join(outside, "theirs"), at("Dockerfile"));
    expect((await fix()).status).toBe(EXIT.done);
    expect(await text("Dockerfile")).toBe(`FROM ${PINNED}\n`);
    expect(await readFile(join(outside, "theirs"), "utf8")).toBe("FROM nginx:1\n");
    await rm(outside, { recursive: true });
  });
});

describe("what --fix keeps of a file", () => {
  for (const mode of [0o600, 0o640, 0o664, 0o755, 0o2755, 0o200 | 0o400])
    it(`is its rights: ${mode.toString(8)}`, async () => {
      await put("Dockerfile", "FROM nginx:1\n");
      await chmod(at("Dockerfile"), mode);
      await fix();
      expect((await stat(at("Dockerfile"))).mode & 0o7777).toBe(mode);
      expect(await text("Dockerfile")).toBe(`FROM ${PINNED}\n`);
    });

  it.runIf(process.getuid?.() === 0)("is its owner, where root writes another's file", async () => {
    await put("Dockerfile", "FROM nginx:1\n");
    execFileSync("chown", ["1234:2345", at("Dockerfile")]);
    await fix();
    expect(await stat(at("Dockerfile"))).toMatchObject({ uid: 1234, gid: 2345 });
  });

  it("is a worktree of git, whose .git is a file", async () => {
    await put(".git", "gitdir: /nowhere/.git/worktrees/a\n");
    await put("Dockerfile", "FROM nginx:1\n");
    await put(".git.d/Dockerfile", "FROM nginx:1\n");
    expect((await fix()).summary).toMatchObject({ fixed: 2 });
    expect(await text(".git")).toBe("gitdir: /nowhere/.git/worktrees/a\n");
  });
});

describe("a write after the file was read", () => {
  const BEFORE = "FROM nginx:1\n";
  const write = (pause?: () => void) =>
    replaceFile(
      { path: "d/Dockerfile", at: at("d/Dockerfile"), root: folder },
      BEFORE,
      "FROM other\n",
      pause,
    );

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, meanwhile: () => Promise<void>, left: string | undefined])[] = [
    ["another program has changed it",              () => put("d/Dockerfile", "FROM theirs\n"),     "FROM theirs\n"],
    ["another program has made it longer",          () => put("d/Dockerfile", `${BEFORE}RUN a\n`),  `${BEFORE}RUN a\n`],
    ["it is away",                                  () => rm(at("d/Dockerfile")),                   undefined],
    ["a link has taken its place",                  async () => { await rm(at("d/Dockerfile")); await put("x", BEFORE); await symlink(at("x"), at("d/Dockerfile")); }, BEFORE],
    ["a folder has taken its place",                async () => { await rm(at("d/Dockerfile")); await mkdir(at("d/Dockerfile")); }, undefined],
    ["a link out of the tree has taken its folder's", async () => { await rename(at("d"), at("moved")); const out = await mkdtemp(join(tmpdir(), "repull-fix-")); await writeFile(join(out, "Dockerfile"), BEFORE); await symlink(out, at("d")); }, BEFORE],
  ];
  for (const [what, meanwhile, left] of table)
    it(`does not happen where ${what}`, async () => {
      await put("d/Dockerfile", BEFORE);
      await meanwhile();
      expect(["changed", "unwritten"]).toContain(write().kind);
      if (left !== undefined) expect(await text("d/Dockerfile")).toBe(left);
      expect((await readdir(at("d")).catch(() => [])).filter((name) => name.endsWith(".repull"))).toEqual([]);
    });

  it("happens where nothing has changed", async () => {
    await put("d/Dockerfile", BEFORE);
    expect(write().kind).toBe("written");
    expect(await text("d/Dockerfile")).toBe("FROM other\n");
  });

  it("is done where another run has written the same", async () => {
    await put("d/Dockerfile", "FROM other\n");
    expect(write().kind).toBe("same");
  });

  it("waits for another run that a slow disk keeps for nine seconds", async () => {
    await put("d/Dockerfile", BEFORE);
    await put("d/.Dockerfile.repull", "FROM other\n");
    let pauses = 0;
    const pause = (): void => {
      pauses += 1;
      if (pauses === 9 * 40) renameSync(at("d/.Dockerfile.repull"), at("d/Dockerfile"));
    };
    expect(write(pause).kind).toBe("same");
  });

  it("does not take away what another run has left", async () => {
    await put("d/Dockerfile", BEFORE);
    await put("d/.Dockerfile.repull", "FROM theirs\n");
    await utimes(at("d/.Dockerfile.repull"), 0, 0);
    expect(write().kind).toBe("unwritten");
    expect([await text("d/Dockerfile"), await text("d/.Dockerfile.repull")]).toEqual([
      BEFORE,
      "FROM theirs\n",
    ]);
  });
});

const root = new URL("../../../", import.meta.url).pathname;

/** `--fix` in a process of its own, over the folder. */
const fixApart = (answers: string): Promise<{ readonly status: number; readonly summary: object }> =>
  new Promise((resolve) => {
    const args = ["src/cli/main.ts", "check", "--fix", "--json", "--assessments", answers, folder];
    execFile(process.execPath, args, { cwd: root }, (error, out) =>
      resolve({
        status: typeof error?.code === "number" ? error.code : 0,
        summary: objectsIn(out).at(-1) ?? {},
      }),
    );
  });

it("--fix by three runs at the same time writes every file, and each run ends with 0", async () => {
  const answers = `${folder}.jsonl`;
  await writeFile(answers, ANSWER);
  const files = Array.from({ length: 60 }, (_, index) => `service-${index}/Dockerfile`);
  for (const file of files) await put(file, "FROM nginx:1\n");
  const ended = await Promise.all([fixApart(answers), fixApart(answers), fixApart(answers)]);
  expect(ended.map(({ status }) => status)).toEqual([0, 0, 0]);
  for (const { summary } of ended) expect(summary).toMatchObject({ changed: 0, errors: 0 });
  expect(new Set(await Promise.all(files.map(text)))).toEqual(new Set([`FROM ${PINNED}\n`]));
  expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".repull"))).toEqual([]);
  await rm(answers);
});

it("--fix of a large file ends in a reasonable time", { timeout: 60_000 }, async () => {
  await put("compose.yaml", `services:\n  a: {image: nginx:1}\nx-a:\n${times(20_000, "- {a: b}\n")}`);
  const began = process.cpuUsage();
  expect((await fix()).summary).toMatchObject({ fixed: 1 });
  expect(process.cpuUsage(began).user / 1_000_000).toBeLessThan(30);
});
