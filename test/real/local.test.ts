/** `npm run local`, with Lambda's programs and where they cannot be installed. */

import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingProgram } from "../support/emulated/programs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BASICS = ["bash", "dirname", "mkdir", "sort", "paste"];

let empty: string;
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), "repull-local-"));
  for (const program of BASICS) {
    const path = execFileSync("bash", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    await symlink(path, join(empty, program));
  }
});
afterAll(() => rm(empty, { recursive: true, force: true }));

type Ran = { readonly status: number; readonly out: string; readonly err: string };

async function local(args: readonly string[], environment: NodeJS.ProcessEnv = {}, input = ""): Promise<Ran> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["local/main.ts", ...args],
      { cwd: ROOT, env: { ...process.env, ...environment } },
      (error, out, err) => resolve({ status: Number(error?.code ?? 0), out, err }),
    );
    child.stdin?.end(input);
  });
}

const eventText = readFileSync(new URL("../../events/fargate-service.json", import.meta.url), "utf8");
const batch = JSON.stringify({
  Records: [{ messageId: "1", eventSource: "aws:sqs", body: JSON.stringify(JSON.parse(eventText)) }],
});

describe("an event that is rehearsed locally", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // how                                   arguments                                    standard input  outcome      exit
    ["under Lambda's emulator",              ["events/fargate-service.json"],             "",             "succeeded", 0],
    ["as a batch of SQS, from a pipe",       ["-"],                                       batch,          "succeeded", 0],
    ["in this process",                      ["events/multi-container.json", "--in-process"], "",         "succeeded", 0],
    ["for a workload that cannot be changed", ["events/code-deploy-service.json"],        "",             "not-eligible", 1],
  ] as const;
  for (const [how, args, input, outcome, status] of table)
    it(`ends as ${outcome} ${how}`, async ({ skip }) => {
      const missing = missingProgram();
      skip(missing !== undefined && !(args as readonly string[]).includes("--in-process"), missing);
      const ran = await local([...args, "--json"], {}, input);
      expect(JSON.parse(ran.out), ran.err).toMatchObject({ type: "outcome", outcome });
      expect(ran.status).toBe(status);
    });

  it("names each missing program and how to get it, and runs in its own process", async () => {
    const ran = await local(["events/fargate-service.json", "--json", "--programs", join(empty, "none")], {
      PATH: empty,
    });
    for (const said of [
      "missing: cmake, g++, go, make, python3",
      "https://go.dev/dl",
      "apt-get install cmake",
    ])
      expect(ran.err).toContain(said);
    expect(JSON.parse(ran.out)).toMatchObject({ type: "outcome", outcome: "succeeded" });
  });

  it("refuses an event that cannot be read with exit status 2", async () => {
    expect((await local(["package-lock.jso"])).status).toBe(2);
    expect((await local([])).status).toBe(2);
  });
});
