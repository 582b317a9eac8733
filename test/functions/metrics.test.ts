/** The figures as CloudWatch reads them: lines of the embedded metric format on standard output. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";

const MEASURE = new URL("../../functions/metrics.ts", import.meta.url).href;
const HANDLER = new URL("../../functions/detect/handler.ts", import.meta.url).href;
const SWEEP_PROGRAM = `
  const { handler } = await import(${JSON.stringify(HANDLER)});
  const context = {
    invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-detect:live",
    getRemainingTimeInMillis: () => 60_000,
  };
  for (const scheduledAt of ["2026-11-28T23:45:00Z", "2026-11-29T00:00:00Z"])
    await handler({ sweep: true, scheduledAt }, context);
`;
/** What Lambda remembers, over two sweeps: the first looks back on 23:29 to 23:44, the second on 23:44 to 23:59. */
// biome-ignore format: a table is read by its columns
const EXECUTIONS: readonly (readonly [workflow: string, Status: string, endedAt: string])[] = [
  ["remediate", "FAILED",    "2026-11-28T23:28:59Z"],
  ["remediate", "FAILED",    "2026-11-28T23:29:00Z"],
  ["mirror",    "TIMED_OUT", "2026-11-28T23:43:59Z"],
  ["mirror",    "TIMED_OUT", "2026-11-28T23:44:00Z"],
  ["mirror",    "STOPPED",   "2026-11-28T23:50:00Z"],
  ["mirror",    "SUCCEEDED", "2026-11-28T23:50:00Z"],
  ["remediate", "TIMED_OUT", "2026-11-28T23:59:00Z"],
];

test("executions of both functions that failed or timed out are counted, each in the sweep after it", async () => {
  const stub = await startAwsStub(({ action }) => {
    if (!action.endsWith("/durable-executions")) return { body: { clusterArns: [] } };
    const DurableExecutions = EXECUTIONS.flatMap(([workflow, Status, endedAt]) =>
      action.includes(`-${workflow}`) ? [{ Status, EndTimestamp: Date.parse(endedAt) / 1000 }] : [],
    );
    return { body: { DurableExecutions } };
  });
  const functionArn = (name: string): string =>
    `arn:aws:lambda:us-east-1:123456789012:function:repull-${name}:live`;
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", SWEEP_PROGRAM],
      {
        cwd: fileURLToPath(new URL("../../", import.meta.url)),
        env: {
          ...process.env,
          AWS_REGION: "us-east-1",
          AWS_ENDPOINT_URL: stub.url,
          AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
          REPULL_REMEDIATE_FUNCTION: functionArn("remediate"),
          REPULL_MIRROR_FUNCTION: functionArn("mirror"),
          REPULL_DEAD_LETTER_QUEUE_URL: "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled",
          POWERTOOLS_SERVICE_NAME: "prod-repull",
          POWERTOOLS_METRICS_DISABLED: "false",
        },
      },
    );
    const lines = stdout.split("\n").filter((line) => line.includes("ExecutionsDied"));
    const inNamespace = { service: "prod-repull", _aws: { CloudWatchMetrics: [{ Namespace: "Repull" }] } };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ExecutionsDied: 1, ...inNamespace },
      { ExecutionsDied: 1, ...inNamespace },
      { ExecutionsDied: 1, ...inNamespace },
    ]);
  } finally {
    await stub.stop();
  }
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

test("The page of the metrics has the kinds that detect counts", () => {
  const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const told =
    /^\| `Events` \| `kind`: ([^|]*)\|/m.exec(text("docs/operating.md"))?.[1]?.match(/[a-z]+/g) ?? [];
  const source = `${text("src/remediation/detect/detect.ts")}${text("functions/detect/handler.ts")}`;
  const counted = [...source.matchAll(/readonly kind: "([a-z]+)"|recordDetected\("([a-z]+)"/g)].map(
    ([, kind, literal]) => kind ?? literal,
  );
  // `Ignored` is a type of its own.
  expect(told.toSorted()).toEqual([...new Set([...counted, "ignored"])].toSorted());
});
