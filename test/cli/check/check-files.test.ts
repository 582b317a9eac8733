/** `repull check` where one file cannot be read and others can, and files as large as it takes them. */

import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const TWIN = "public.ecr.aws/docker/library/nginx:1";
const ANSWER = JSON.stringify({
  image: "nginx:1",
  replacement: { image: TWIN, digest: DIGEST, proof: "same-index" },
});
const MB = 1024 * 1024;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-check-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(input: Partial<CheckInput> = {}) {
  const io = commandIo({ "answers.jsonl": ANSWER });
  const flags = { github: false, offline: false, fresh: false, anonymous: false, fix: false, diff: false };
  const defaults = { ...flags, json: true, assessments: "answers.jsonl", paths: [folder] };
  const status = await check({ ...defaults, ...input }, io);
  const lines = objectsIn(io.printed.out);
  return {
    status,
    errors: lines.filter(({ type }) => type === "error"),
    findings: lines.filter(({ type }) => type === "check-finding"),
    summary: lines.at(-1),
  };
}

/** A file of a size that has no bytes on the disk. */
async function sparse(name: string, bytes: number): Promise<void> {
  const file = await open(join(folder, name), "w");
  await file.truncate(bytes);
  await file.close();
}

describe("a file that cannot be read", () => {
  const put = (name: string, bytes: string | Uint8Array) => writeFile(join(folder, name), bytes);
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, arrange: () => Promise<void>])[] = [
    ["YAML with a fault",           () => put("bad.yaml", "image: [\n")],
    ["JSON with a fault",           () => put("bad.tf.json", '{"containerDefinitions": [')],
    ["bytes that are not UTF-8",    () => put("bad.yaml", Buffer.from([0x69, 0xff, 0xfe]))],
    ["YAML of more than 4 MB",      () => sparse("bad.yaml", 4 * MB + 1)],
    ["JSON of more than 64 MB",     () => sparse("bad.json", 64 * MB + 1)],
    // Larger than any buffer: to read it would fail in another way.
    ["JSON of a terabyte",          () => sparse("bad.json", 1024 * 1024 * MB)],
  ];
  for (const [what, arrange] of table) {
    it(`decides the exit status, and the other files have their findings: ${what}`, async () => {
      await arrange();
      await put("Dockerfile", "FROM nginx:1\n");
      const { status, errors, findings, summary } = await run();
      expect({ status, errors: errors.map(({ code }) => code) }).toEqual({
        status: EXIT.usage,
        errors: ["unreadable-file"],
      });
      expect(findings).toMatchObject([{ file: "Dockerfile", image: "nginx:1", fixable: true }]);
      expect(summary).toMatchObject({ findings: 1, errors: 1 });
    });

    it(`keeps no other file from being fixed, and the exit status says that one was not read: ${what}`, async () => {
      await arrange();
      await put("Dockerfile", "FROM nginx:1\n");
      const { status, summary } = await run({ fix: true });
      expect({ status, summary }).toMatchObject({ status: EXIT.usage, summary: { fixed: 1, errors: 1 } });
      expect(await readFile(join(folder, "Dockerfile"), "utf8")).toBe(`FROM ${TWIN}@${DIGEST}\n`);
    });
  }
});

describe("JSON of almost 64 MB", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, row: string])[] = [
    ["texts",                     JSON.stringify("a text of no meaning".repeat(10))],
    ["objects of many members",   JSON.stringify({ name: "a", value: "b", more: [1, 2, 3], image: "ghcr.io/a/b:1" })],
  ];
  for (const [what, row] of table)
    it(`of ${what} is read in a reasonable time, and its images are found`, async () => {
      const end = '],"containerDefinitions":[{"name":"a","image":"nginx:1"}]}';
      const rows = Math.floor((64 * MB - end.length - 100) / (row.length + 1));
      const text = `{"x":[${Array.from({ length: rows }, () => row).join(",")}${end}`;
      expect(text.length).toBeGreaterThan(63.9 * MB);
      await writeFile(join(folder, "a.json"), text);
      const begun = performance.now();
      const { status, findings } = await run();
      expect(performance.now() - begun).toBeLessThan(60_000);
      expect({ status, findings }).toMatchObject({ status: EXIT.failed, findings: [{ image: "nginx:1" }] });
    }, 120_000);
});
