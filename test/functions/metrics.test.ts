/** The figures as CloudWatch reads them: lines of the embedded metric format on standard output. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MEASURE = new URL("../../functions/metrics.ts", import.meta.url).href;
const PROGRAM = `
  const { recordingDeath } = await import(${JSON.stringify(MEASURE)});
  const dies = recordingDeath(async () => { throw new Error("no right to checkpoint"); });
  const ends = recordingDeath(async (word) => word);
  const ended = await ends("succeeded");
  const because = await dies().catch((error) => error.message);
  process.stdout.write(JSON.stringify({ ended, because }));
`;

test("an execution that throws is counted, with the stack's name, and its error is Lambda's to tell", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { ...process.env, POWERTOOLS_SERVICE_NAME: "prod-repull", POWERTOOLS_METRICS_DISABLED: "false" },
  });
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter((line) => "ExecutionsDied" in line)).toMatchObject([
    { ExecutionsDied: 1, service: "prod-repull", _aws: { CloudWatchMetrics: [{ Namespace: "Repull" }] } },
  ]);
  expect(lines.at(-1)).toEqual({ ended: "succeeded", because: "no right to checkpoint" });
});

const LONG_PROGRAM = `
  const { recordingLength } = await import(${JSON.stringify(MEASURE)});
  const nothing = { step: async () => {}, wait: async () => {}, question: async () => {} };
  for (const operations of [1499, 1500, 2999]) {
    const steps = recordingLength(nothing);
    for (let asked = 1; asked < operations; asked += 2) {
      await steps.step("look", async () => {});
      if (asked + 1 < operations) await steps.wait("look", 60);
    }
  }
`;

test("an execution that has half of Lambda's operations is counted once in each invocation, and a shorter one never", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", LONG_PROGRAM],
    {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      env: { ...process.env, POWERTOOLS_SERVICE_NAME: "prod-repull", POWERTOOLS_METRICS_DISABLED: "false" },
    },
  );
  const lines = stdout.split("\n").filter((line) => line.includes("LongExecutions"));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { LongExecutions: 1, service: "prod-repull" },
    { LongExecutions: 1, service: "prod-repull" },
  ]);
});
