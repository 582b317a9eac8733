/** `repull check` over folders of real files: what it prints, writes and ends with. */

import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { LINE_SCHEMAS } from "../../../src/cli/output/line-schemas.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const answer = (image: string): string =>
  JSON.stringify({
    image,
    replacement: { image: `public.ecr.aws/docker/library/${image}`, digest: DIGEST, proof: "same-index" },
    trusted: DIGEST,
  });
const ANSWERS = ["nginx:1", "node:20", "redis:7"].map(answer).join("\n");
const pin = (image: string): string => `public.ecr.aws/docker/library/${image}@${DIGEST}`;

let base = "";
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "repull-check-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

type Ran = { readonly status: number; readonly out: string; readonly err: string; readonly folder: string };

async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = join(base, String(++count));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function run(
  folder: string,
  input: Partial<CheckInput> = {},
  files: Record<string, string> = {},
): Promise<Ran> {
  const io = commandIo({ "answers.jsonl": ANSWERS, ...files });
  const writes = { ...io, writeFile: (path: string, text: string) => writeFile(path, text) };
  const defaults = {
    json: false,
    github: false,
    offline: false,
    fresh: false,
    anonymous: false,
    fix: false,
    diff: false,
  };
  const asked = input.offline === true ? {} : { assessments: "answers.jsonl" };
  const status = await check({ ...defaults, ...asked, paths: [folder], ...input }, writes);
  return { status, ...io.printed, folder };
}

const text = (folder: string, path: string): Promise<string> => readFile(join(folder, path), "utf8");

describe("the exit status of repull check", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, files: Record<string, string>, status: number][] = [
    ["a folder without files",                 { "a/b.txt": "image: nginx" },                              EXIT.done],
    ["images of other registries alone",       { Dockerfile: "FROM ghcr.io/a/b:1\n" },                     EXIT.done],
    ["an image of Docker Hub",                 { Dockerfile: "FROM nginx:1\n" },                           EXIT.failed],
    ["an image that is ignored with a reason", { Dockerfile: "# repull: ignore built once a year\nFROM nginx:1\n" }, EXIT.done],
    ["one that is ignored without a reason",   { Dockerfile: "# repull: ignore\nFROM nginx:1\n" },         EXIT.failed],
    ["an image that a variable decides",       { Dockerfile: "FROM $BASE\n" },                             EXIT.done],
    ["a file that cannot be read",             { "a.yaml": "image: [\n", Dockerfile: "FROM nginx:1\n" },   EXIT.usage],
  ];
  for (const [what, files, status] of table)
    it(`is ${status} for ${what}`, async () =>
      expect((await run(await folderOf(files))).status).toBe(status));
});

describe("the lines of repull check", () => {
  it("are like a compiler's, and say what may take the image's place", async () => {
    const { out } = await run(
      await folderOf({ Dockerfile: "FROM nginx:1\n", "b.yaml": "services: {a: {image: acme/x}}\n" }),
    );
    expect(out.split("\n").slice(0, 4)).toEqual([
      "Dockerfile:1:6: nginx:1 is pulled from Docker Hub",
      `    → ${pin("nginx:1")} (same-index)`,
      "b.yaml:1:23: acme/x is pulled from Docker Hub",
      "    no replacement is proved: its registry was not asked",
    ]);
  });

  it("as JSON fit their schemas, the summary last", async () => {
    const folder = await folderOf({
      Dockerfile: "FROM nginx:1\nFROM $X\nFROM ghcr.io/a/b:1\n",
      "compose.yml": "services:\n  a:\n    image: redis:7 # repull: ignore a test\n",
      "bad.yaml": "image: [\n",
      "x.md": "",
    });
    const lines = objectsIn((await run(folder, { json: true })).out);
    for (const line of lines)
      expect(LINE_SCHEMAS[line.type as "summary"].safeParse(line).error).toBeUndefined();
    const rows = lines.map(({ type, file, line, image, fixable }) => [type, file, line, image, fixable]);
    expect(rows).toEqual([
      ["error", undefined, undefined, undefined, undefined],
      ["check-finding", "Dockerfile", 1, "nginx:1", true],
      ["check-finding", "Dockerfile", 2, "$X", false],
      ["check-finding", "compose.yml", 3, "redis:7", false],
      ["summary", undefined, undefined, undefined, undefined],
    ]);
    expect(lines.at(-1)).toEqual({
      type: "summary",
      files: 2,
      skipped: 1,
      images: 4,
      findings: 1,
      fixed: 0,
      ignored: 1,
      notCheckable: 1,
      changed: 0,
      refused: 0,
      errors: 1,
    });
  });

  it("for GitHub cannot begin a command of their own", async () => {
    const { out } = await run(
      await folderOf({
        "a,b:c%/Dockerfile": "FROM nginx:1\n",
        "x.yaml": 'services: {a: {image: "a\\n::error::b {{ x }}"}}\n',
      }),
      { github: true },
    );
    const lines = out.trimEnd().split("\n");
    expect(lines.every((line) => /^::(?:warning|notice) file=/.test(line))).toBe(true);
    expect(lines.join()).toContain("file=a%2Cb%3Ac%25/Dockerfile,line=1,endLine=1,col=6,endColumn=13,");
  });

  it("offline name places, and say that nothing is proved", async () => {
    const { out, status } = await run(await folderOf({ Dockerfile: "FROM nginx:1\n" }), {
      offline: true,
      json: true,
    });
    const [finding] = objectsIn(out);
    expect(finding).toMatchObject({
      fixable: false,
      likely: "public.ecr.aws/docker/library/nginx:1",
      codes: ["not-asked"],
    });
    expect(finding).not.toHaveProperty("replacement");
    expect(status).toBe(EXIT.failed);
  });
});

describe("repull check --fix", () => {
  const files = {
    Dockerfile: "FROM node:20 AS a\nFROM a\n",
    "compose.yaml": "\uFEFFservices:\r\n  a:\r\n    image: 'nginx:1' # keep\r\n",
    "task.json": '{"containerDefinitions":[{"name":"a","image":"redis:7"}]}',
    "other.yaml": "services: {a: {image: acme/own:1}}\n",
  };

  it("writes each kind by its habit, keeps all else, and changes nothing a second time", async () => {
    const folder = await folderOf(files);
    await chmod(join(folder, "Dockerfile"), 0o640);
    expect(await run(folder, { fix: true })).toMatchObject({ status: EXIT.failed });
    const written = await Promise.all(Object.keys(files).map((path) => text(folder, path)));
    expect(written).toEqual([
      `FROM ${pin("node:20")} AS a\nFROM a\n`,
      `\uFEFFservices:\r\n  a:\r\n    image: '${pin("nginx:1")}' # keep\r\n`,
      `{"containerDefinitions":[{"name":"a","image":"public.ecr.aws/docker/library/redis@${DIGEST}"}]}`,
      files["other.yaml"],
    ]);
    expect((await stat(join(folder, "Dockerfile"))).mode & 0o777).toBe(0o640);
    const before = await stat(join(folder, "Dockerfile"));
    await run(folder, { fix: true });
    expect((await stat(join(folder, "Dockerfile"))).ino).toBe(before.ino);
  });

  it("ends with 0 where all is fixed", async () =>
    expect((await run(await folderOf({ Dockerfile: "FROM nginx:1\n" }), { fix: true })).status).toBe(
      EXIT.done,
    ));

  it("writes nothing with --diff alone, and shows a patch that git applies to the same effect", async () => {
    const folder = await folderOf(files);
    const { out } = await run(folder, { diff: true });
    expect(await text(folder, "Dockerfile")).toBe(files.Dockerfile);
    const patch = out.slice(0, out.lastIndexOf("other.yaml:1"));
    await writeFile(
      join(folder, "patch"),
      patch.replaceAll(/^([-+ ].*nginx.*|[ ]services:|[ ] {2}a:)$/gm, "$1\r"),
    );
    execFileSync("git", ["apply", "--unsafe-paths", "--include=Dockerfile", "--include=task.json", "patch"], {
      cwd: folder,
    });
    expect(await text(folder, "Dockerfile")).toBe(`FROM ${pin("node:20")} AS a\nFROM a\n`);
    expect(await text(folder, "task.json")).toContain(DIGEST);
  });

  it("follows no link, and writes nothing outside of the folder", async () => {
    const outside = await folderOf({ Dockerfile: "FROM nginx:1\n", "d/Dockerfile": "FROM nginx:1\n" });
    const folder = await folderOf({ "a/Dockerfile": "FROM nginx:1\n" });
    await symlink(join(outside, "Dockerfile"), join(folder, "Dockerfile"));
    await symlink(join(outside, "d"), join(folder, "d"));
    await symlink(folder, join(folder, "loop"));
    const { out } = await run(folder, { fix: true, json: true });
    expect(objectsIn(out).map(({ file }) => file)).toEqual(["a/Dockerfile", undefined]);
    expect(await text(outside, "Dockerfile")).toBe("FROM nginx:1\n");
    expect(await text(outside, "d/Dockerfile")).toBe("FROM nginx:1\n");
  });

  it("leaves a file as it is where another run was killed while it wrote it", async () => {
    const folder = await folderOf({ Dockerfile: "FROM nginx:1\n", ".Dockerfile.repull": "theirs" });
    await utimes(join(folder, ".Dockerfile.repull"), 0, 0);
    expect((await run(folder, { fix: true })).status).toBe(EXIT.usage);
    expect(await text(folder, "Dockerfile")).toBe("FROM nginx:1\n");
    expect(await text(folder, ".Dockerfile.repull")).toBe("theirs");
  });

  it("does not read what another run is writing as a file of the project", async () => {
    const folder = await folderOf({ Dockerfile: "FROM nginx:1\n", ".Dockerfile.repull": "FROM nginx:1\n" });
    const { out } = await run(folder, { json: true });
    expect(objectsIn(out).at(-1)).toMatchObject({ files: 1, findings: 1 });
  });
});

describe("files that repull check refuses", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, path: string, bytes: Uint8Array, says: string][] = [
    ["more than 4 MB of YAML",    "a.yaml",     Buffer.alloc(4 * 1024 * 1024 + 1, "a"),                    "a.yaml:1:1: error: it has more than 4 MB"],
    ["bytes that are not UTF-8",  "a.yaml",     Buffer.from("a: 1\nimage: \xe9\n", "latin1"),             "a.yaml:"],
    ["a NUL",                     "Dockerfile", Buffer.from("FROM a\nRUN \0\n"),                           "Dockerfile:2:5: error: it has a NUL character"],
  ];
  for (const [what, path, bytes, says] of table)
    it(`have ${what}`, async () => {
      const ran = await run(await folderOf({ [path]: bytes }));
      expect(ran).toMatchObject({ status: EXIT.usage });
      expect(ran.err).toContain(says);
    });

  it("does not keep JSON of 20 MB out", async () => {
    const filler = JSON.stringify(
      Array.from({ length: 400_000 }, (_, at) => `a text of no meaning number ${at}`),
    );
    const ran = await run(
      await folderOf({ "a.json": `{"x":${filler},"containerDefinitions":[{"name":"a","image":"nginx:1"}]}` }),
      { json: true },
    );
    expect(objectsIn(ran.out)[0]).toMatchObject({
      type: "check-finding",
      line: 1,
      image: "nginx:1",
      fixable: true,
    });
  });
});

describe("a call of repull check", () => {
  // biome-ignore format: a table is read by its columns
  const wrong: readonly [what: string, input: Partial<CheckInput>][] = [
    ["--json with --github",            { json: true, github: true }],
    ["--fix with --offline",            { fix: true, offline: true }],
    ["--fix of standard input",         { fix: true, paths: ["-"] }],
    ["--record with --offline",         { record: "x", offline: true }],
    ["a path that is not there",        { paths: [join(tmpdir(), "none-such-folder")] }],
    ["answers that are not there",      { assessments: "none.jsonl" }],
  ];
  for (const [what, input] of wrong)
    it(`is refused: ${what}`, async () => {
      const folder = await folderOf({ Dockerfile: "FROM nginx:1\n" });
      await expect(run(folder, input)).rejects.toMatchObject({
        name: expect.stringMatching(/^(?:WrongCall|InvalidInput)$/),
      });
    });

  // biome-ignore format: a table is read by its columns
  const lines: readonly [what: string, line: string][] = [
    ["not JSON",                     "image"],
    ["a digest that is not one",     '{"image":"nginx:1","replacement":{"image":"a/b:1","digest":"sha256:x","proof":"same-index"}}'],
    ["an unknown proof",             `{"image":"nginx:1","replacement":{"image":"a/b:1","digest":"${DIGEST}","proof":"trust me"}}`],
    ["an image that is not one",     `{"image":"nginx:1","replacement":{"image":"a b","digest":"${DIGEST}","proof":"same-index"}}`],
  ];
  for (const [what, line] of lines)
    it(`is refused with answers that have ${what}`, async () => {
      const folder = await folderOf({ Dockerfile: "FROM nginx:1\n" });
      await expect(
        run(folder, { fix: true }, { "answers.jsonl": `${ANSWERS}\n${line}` }),
      ).rejects.toMatchObject({ name: "InvalidInput" });
      expect(await text(folder, "Dockerfile")).toBe("FROM nginx:1\n");
    });

  it("reads standard input of each kind", async () => {
    for (const input of [
      "FROM nginx:1\n",
      '{"containerDefinitions":[{"image":"nginx:1"}]}',
      "services: {a: {image: nginx:1}}\n",
    ]) {
      const ran = await run("", { paths: ["-"], json: true }, { "-": input });
      expect(objectsIn(ran.out)[0]).toMatchObject({ type: "check-finding", file: "-", image: "nginx:1" });
    }
  });
});
