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

const outcomesIn = ({ out }: Ran): readonly string[] =>
  out.split("\n").flatMap((line) => (line === "" ? [] : [String(JSON.parse(line).outcome)]));

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

  // biome-ignore format: a table is read by its columns
  const worlds = [
    // world                            its operator                 outcomes                            exit
    ["fargate-service.paused",          "stops all writes",          ["failed"],                         4],
    ["fargate-service.approved",        "approves the plan",         ["awaiting-approval", "succeeded"], 1],
    ["fargate-service.denied",          "denies the plan",           ["awaiting-approval", "denied"],    1],
    ["fargate-service.approval-expired", "answers nothing",          ["awaiting-approval", "approval-expired"], 1],
    ["scheduled.moved",                 "lets schedules be moved",   ["redeployed"],                     0],
  ] as const;
  for (const [world, operator, outcomes, status] of worlds)
    it(`goes by the operator of the world ${world}, who ${operator}`, async ({ skip }) => {
      const missing = missingProgram();
      skip(missing !== undefined, missing);
      const ran = await local([
        `events/${world.split(".")[0]}.json`,
        ...["--world", `events/worlds/${world}.json`, "--json"],
      ]);
      expect(outcomesIn(ran), ran.err).toEqual(outcomes);
      expect(ran.status).toBe(status);
    }, 60_000);

  it("heals an image that is pinned to a digest of which no bytes can be made", async () => {
    const text = readFileSync(new URL("../../events/multi-container.json", import.meta.url), "utf8");
    const pinned = text.replaceAll("grafana/grafana:11.2.0", `acme/orders@sha256:${"ab".repeat(32)}`);
    const ran = await local(["-", "--json", "--in-process"], {}, pinned);
    expect(outcomesIn(ran), ran.err).toEqual(["succeeded"]);
    expect(ran.err).toContain(`sha256:${"ab".repeat(32)} is sha256:`);
  }, 60_000);

  // biome-ignore format: a table is read by its columns
  const kills = [
    // moments                                                        pulls  exit
    [["remediate@register", "remediate@start"],                        2,     0],
    [["mirror@blob-get:registry-1.docker.io", "mirror@upload-put"],   2,     0],
    [["remediate@0.1s"],                                              2,     0],
    // What the step has read is lost with its record: an index and a manifest.
    [["mirror@manifests"],                                            4,     0],
    [["mirror@a step that is not there"],                             2,     5],
  ] as const;
  for (const [moments, pulls, status] of kills)
    it(`succeeds with ${pulls} pulls and exit status ${status} when processes are to die: ${moments.join(", ")}`, async ({
      skip,
    }) => {
      const missing = missingProgram();
      skip(missing !== undefined, missing);
      const told = moments.flatMap((moment) => ["--kill", moment]);
      const ran = await local(["events/multi-container.json", "--json", "--steps", ...told]);
      expect(outcomesIn(ran), ran.err).toEqual(["succeeded"]);
      expect(ran.status, ran.err).toBe(status);
      expect(ran.err).toContain(`pulled ${pulls} manifests at Docker Hub`);
    }, 120_000);

  it("refuses a moment of no function, and one of no process, with exit status 2", async () => {
    expect((await local(["events/fargate-service.json", "--kill", "detect@1s"])).status).toBe(2);
    expect((await local(["events/fargate-service.json", "--kill", "mirror@1s", "--in-process"])).status).toBe(
      2,
    );
  });

  it("ends with exit status 2 when detect puts the event aside", async () => {
    const ran = await local(["-", "--in-process"], {}, '{"detail-type": "ECS Task State Change"}');
    expect(ran.out).toContain("event rejected");
    expect(ran.status).toBe(2);
  }, 60_000);

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
