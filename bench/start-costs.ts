/**
 * What each dependency adds to a function's start: a handler that uses this one alone, built as the functions are, next to a
 * bare handler, under Lambda's runtime interface client. Parts share what they are made of, so the rows do not add up.
 *
 *     npm run bench -- start-costs [ROUNDS]        with .cache/lambda-runtime installed
 */

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { forLambda, onlyTheShapesInUse } from "../infra/bundle-plugins.ts";
import { startFunction } from "../test/support/aws/runtime-api.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const aws = '{ region: "us-east-1" }';

/** Name → what is loaded, and what is made at the start. */
const PARTS: Readonly<Record<string, string>> = {
  "a bare handler": "export const made = 1;",
  "Node's crypto, https and zlib": `
    import crypto from "node:crypto"; import https from "node:https"; import zlib from "node:zlib";
    export const made = [crypto, https, zlib];`,
  "a first client of the AWS SDK (Lambda)": `
    import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
    export const made = [new LambdaClient(${aws}), InvokeCommand];`,
  "a second one (SSM)": `
    import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
    import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
    export const made = [new LambdaClient(${aws}), InvokeCommand, new SSMClient(${aws}), GetParameterCommand];`,
  "zod, one schema": `import * as z from "zod"; export const made = z.object({ a: z.string() });`,
  "zod/mini, one schema": `import * as z from "zod/mini"; export const made = z.object({ a: z.string() });`,
  "the policy's schema": `import { documentSchema } from "./src/substitution/policy/document.ts"; export const made = documentSchema;`,
  "reading an event": `import { readEvent } from "./src/ecs-events/read-event.ts"; export const made = readEvent;`,
  "powertools: logger": `import { Logger } from "@aws-lambda-powertools/logger"; export const made = new Logger({ serviceName: "x" });`,
  "powertools: metrics": `import { Metrics } from "@aws-lambda-powertools/metrics"; export const made = new Metrics({ namespace: "x" });`,
  "powertools: batch": `import { BatchProcessor, EventType } from "@aws-lambda-powertools/batch"; export const made = new BatchProcessor(EventType.SQS);`,
  "the durable SDK": `
    import { withDurableExecution } from "@aws/durable-execution-sdk-js";
    export const made = withDurableExecution(async () => 1);`,
  "the registry client": `import { httpTransport } from "./src/oci/http/http-transport.ts"; export const made = httpTransport({});`,
};

export async function runStartCosts(rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "repull-parts-"));
  const parts = await Promise.all(
    Object.entries(PARTS).map(async ([name, text], index) => ({
      name,
      ...(await built(join(folder, String(index)), text)),
      cpu: [] as number[],
      wall: [] as number[],
    })),
  );
  // Interleaved, so that a busy moment of the machine hits all of them.
  for (let round = 0; round < rounds; round += 1)
    for (const { bundle, cpu, wall } of parts) {
      const started = await startFunction({
        bundle,
        functionArn: "arn:aws:lambda:us-east-1:123456789012:function:part:live",
        environment: { AWS_REGION: "us-east-1" },
      });
      if (started.initError !== undefined) throw new Error(started.initError.errorMessage);
      cpu.push(started.initCpuMilliseconds ?? Number.NaN);
      wall.push(started.initMilliseconds);
      await started.stop();
    }
  await rm(folder, { recursive: true, force: true });
  const [bare] = parts;
  console.log(`node ${process.version}, ${rounds} rounds; medians over a bare handler's, in milliseconds`);
  console.log(`${"".padEnd(42)}${"kB".padStart(8)}${"CPU".padStart(8)}${"wall".padStart(8)}`);
  for (const { name, kilobytes, cpu, wall } of parts) {
    const over = (one: readonly number[], other: readonly number[] = []): string =>
      (median(one) - median(other)).toFixed(1).padStart(8);
    console.log(
      `${name.padEnd(42)}${kilobytes.toFixed(0).padStart(8)}${over(cpu, bare?.cpu)}${over(wall, bare?.wall)}`,
    );
  }
}

async function built(folder: string, text: string): Promise<{ bundle: URL; kilobytes: number }> {
  await build({
    stdin: { contents: `${text}\nexport const handler = async () => made;`, resolveDir: ROOT, loader: "ts" },
    absWorkingDir: ROOT,
    outfile: join(folder, "index.mjs"),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    conditions: ["node", "module"],
    plugins: [onlyTheShapesInUse(), ...forLambda()],
  });
  const { size } = await stat(join(folder, "index.mjs"));
  return { bundle: pathToFileURL(`${folder}/`), kilobytes: size / 1000 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
