/** `repull check` where names and words of files are a stranger's: logs of GitHub, reports, links, edits that would change more. */

import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const pin = (image: string): string => `public.ecr.aws/docker/library/${image}@${DIGEST}`;
const answer = (image: string): string =>
  JSON.stringify({
    image,
    replacement: { image: `public.ecr.aws/docker/library/${image}`, digest: DIGEST, proof: "same-index" },
  });
const ANSWERS = ["nginx:1", "debian", "debian:12", "redis:7"].map(answer).join("\n");
const FILE = { Dockerfile: "FROM nginx:1\n" };

let base = "";
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "repull-check-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(base, String(++count));
  await mkdir(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

type World = { readonly files?: Record<string, string>; readonly env?: Record<string, string> };

async function run(folder: string, input: Partial<CheckInput> = {}, { files = {}, env = {} }: World = {}) {
  const io = commandIo({ "answers.jsonl": ANSWERS, ...files });
  const written = new Map<string, string>();
  const status = await check(
    {
      json: false,
      github: false,
      offline: false,
      fresh: false,
      anonymous: false,
      fix: false,
      diff: false,
      assessments: "answers.jsonl",
      paths: [folder],
      ...input,
    },
    { ...io, env: { ...io.env, ...env }, writeFile: async (path, words) => void written.set(path, words) },
  );
  return { status, ...io.printed, written };
}

const text = (folder: string, path: string): Promise<string> => readFile(join(folder, path), "utf8");

/** The lines that a runner takes for commands. https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs (read 2026-11) */
function commandsIn(log: string): readonly string[] {
  let stop: string | undefined;
  return log.split("\n").filter((line) => {
    const command = /^\s*::([^ :]+)[^:]*::/.exec(line)?.[1] ?? /##\[([^ \]]+)/.exec(line)?.[1];
    if (command === undefined) return false;
    if (stop !== undefined) {
      if (command === stop) stop = undefined;
      return false;
    }
    if (command !== "stop-commands") return !/^::(?:warning|notice|error) file=/.test(line);
    stop = line.slice(line.lastIndexOf("::") + 2);
    return false;
  });
}

describe("a log of GitHub", () => {
  const hostile = {
    "::error file=a::b/Dockerfile": "# ::error file=a::b\nFROM nginx:1\nRUN a \\\n ::warning::c\n",
    " ::add-mask::x/Dockerfile": "FROM nginx:1\n##[set-env name=a]b\n",
    "##[set-env name=c]d/Dockerfile": "FROM nginx:1\n",
    "::stop-commands::x.yaml": "image: [\n",
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, input: Partial<CheckInput>, env: Record<string, string>][] = [
    ["findings as text",           {},                            { GITHUB_ACTIONS: "true" }],
    ["findings as JSON",           { json: true },                { GITHUB_ACTIONS: "true" }],
    ["findings as annotations",    { github: true },              {}],
    ["a diff",                     { diff: true },                { GITHUB_ACTIONS: "true" }],
    ["a diff with annotations",    { diff: true, github: true },  {}],
  ];
  for (const [what, input, env] of table)
    it(`has no command of a stranger's file: ${what}`, async () => {
      const { out, err } = await run(await folderOf(hostile), input, { env });
      expect(out).not.toBe("");
      expect(commandsIn(`${out}${err}`)).toEqual([]);
    });

  it("has the names of files as they are, in JSON", async () => {
    const { out } = await run(await folderOf(hostile), { json: true }, { env: { GITHUB_ACTIONS: "true" } });
    const names = objectsIn(out).flatMap(({ file }) => (typeof file === "string" ? [file] : []));
    expect(names).toEqual(
      expect.arrayContaining(Object.keys(hostile).filter((name) => name.endsWith("file"))),
    );
  });

  it("is not thought of where there is none", async () =>
    expect((await run(await folderOf(FILE))).out).toMatch(/^Dockerfile:1:6:/));
});

it("a name cannot move a terminal's cursor", async () => {
  const { out } = await run(await folderOf({ "a\u001b[2J/Dockerfile": "FROM nginx:1\n" }));
  expect(out).not.toContain("\u001b");
});

describe("a report", () => {
  const earlier = async (option: "sarif" | "record"): Promise<string> =>
    option === "record"
      ? `${answer("nginx:1")}\n`
      : ((await run(await folderOf(FILE), { sarif: "new" })).written.get("new") ?? "");

  for (const option of ["sarif", "record"] as const) {
    for (const other of [
      '{"name":"x"}\n',
      "FROM nginx:1\n",
      "[]",
      '{"runs":[{"tool":{"driver":{"name":"other"}}}]}',
    ])
      it(`of --${option} does not take the place of ${other.trim()}, and nothing is fixed`, async () => {
        const folder = await folderOf(FILE);
        const called = run(folder, { [option]: "there", fix: true }, { files: { there: other } });
        await expect(called).rejects.toMatchObject({ name: "InvalidInput" });
        expect(await text(folder, "Dockerfile")).toBe(FILE.Dockerfile);
      });

    for (const what of ["an earlier one", "an empty file"])
      it(`of --${option} takes the place of ${what}`, async () => {
        const there = what === "an empty file" ? "" : await earlier(option);
        const input = option === "record" ? { record: "there" } : { sarif: "there" };
        const { status } = await run(await folderOf(FILE), input, { files: { there } });
        expect(status).toBe(EXIT.failed);
      });
  }
});

describe("a path that is a link", () => {
  for (const to of ["Dockerfile", "."])
    it(`is refused, and what it leads to stays as it is: ${to}`, async () => {
      const folder = await folderOf(FILE);
      const link = join(base, `link-${++count}`);
      await symlink(join(folder, to), link);
      await expect(run(folder, { paths: [link], fix: true })).rejects.toMatchObject({ name: "InvalidInput" });
      expect(await text(folder, "Dockerfile")).toBe(FILE.Dockerfile);
    });
});

describe("--fix", () => {
  it("keeps rights that the mask of the process takes from new files", async () => {
    const folder = await folderOf(FILE);
    await chmod(join(folder, "Dockerfile"), 0o666);
    await run(folder, { fix: true });
    expect((await stat(join(folder, "Dockerfile"))).mode & 0o777).toBe(0o666);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, path: string, before: string, after: string, refused: number][] = [
    ["an argument is one image and another's name",     "Dockerfile",   "ARG D=debian\nFROM $D\nFROM $D:12\nFROM nginx:1\n",    `ARG D=debian\nFROM $D\nFROM $D:12\nFROM ${pin("nginx:1")}\n`, 0],
    ["an argument is an image and a part of another",   "Dockerfile",   "ARG D=redis:7\nFROM $D\nFROM acme/$D\nFROM nginx:1\n", `ARG D=redis:7\nFROM $D\nFROM acme/$D\nFROM ${pin("nginx:1")}\n`, 1],
  ];
  for (const [what, path, before, after, refused] of table)
    it(`writes the others where ${what}, and says that an image is left`, async () => {
      const folder = await folderOf({ [path]: before });
      const { status, out, err } = await run(folder, { fix: true, json: true });
      expect(await text(folder, path)).toBe(after);
      expect({ status, err, summary: objectsIn(out).at(-1) }).toMatchObject({
        status: EXIT.failed,
        err: "",
        summary: { fixed: 1, refused, errors: 0 },
      });
      const codes = objectsIn(out).flatMap((line) => (line.codes as readonly string[] | undefined) ?? []);
      expect(codes.filter((code) => code === "edit-refused")).toHaveLength(refused);
    });
});
