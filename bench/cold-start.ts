/**
 * How long each bundle takes to start, compared with a bare handler, and `detect` to handle its first and its later events.
 *
 *     npm run bench -- cold-start [ROUNDS]        with .cache/lambda-runtime installed
 *
 * All run under Lambda's runtime interface client on this machine's Node: compare the rows with each other, not with
 * Lambda's own figures. AWS is a stub on loopback that answers at once.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type AwsAnswer, type AwsRequest, startAwsStub } from "../test/support/aws/aws-stub.ts";
import {
  BUNDLES,
  type BundleName,
  functionArnOf,
  functionEnvironment,
} from "../test/support/aws/function-environment.ts";
import { type StartedFunction, startFunction } from "../test/support/aws/runtime-api.ts";

const rounds = Number(process.argv[3] ?? 11);
const WARM_BATCHES = 50;
const BARE = "bare handler";
const limit = await readFile(new URL("../events/fargate-service.json", import.meta.url), "utf8");
const notFound = await readFile(new URL("../events/not-found.json", import.meta.url), "utf8");

const folder = await mkdtemp(join(tmpdir(), "repull-bare-"));
await writeFile(join(folder, "index.mjs"), "export const handler = async (event) => event;\n");
const bare = pathToFileURL(`${folder}/`);

type Row = {
  readonly name: string;
  readonly wall: number[];
  /** Of the processor: on a machine that others use, the figure to compare. */
  readonly cpu: number[];
};
const rows: readonly Row[] = [BARE, ...BUNDLES].map((name) => ({ name, wall: [], cpu: [] }));
/** Of `detect`: its first event, ten that run already, and ten without a call to AWS, which is its own time. */
const detect = { first: [] as number[], warm: [] as number[], own: [] as number[] };

/** Ten messages of ten deployments that all run already: reading, classifying, naming and looking up, no starts. */
const batch = batchOf(
  Array.from({ length: 10 }, (_, index) => limit.replaceAll(/ecs-svc\/[0-9]+/g, `ecs-svc/${index + 1}`)),
);
const ignored = batchOf(Array.from({ length: 10 }, () => notFound));

const aws = await startAwsStub(answerOf);
const environment = functionEnvironment(aws.url);

// Interleaved, so that a busy moment of the machine hits all of them.
for (let round = 0; round < rounds; round += 1)
  for (const { name, wall, cpu } of rows) {
    const started = await startFunction({
      bundle: name === BARE ? bare : (name as BundleName),
      functionArn: functionArnOf(name),
      environment,
    });
    if (started.initError !== undefined) throw new Error(`${name}: ${started.initError.errorMessage}`);
    wall.push(started.initMilliseconds);
    cpu.push(started.initCpuMilliseconds ?? Number.NaN);
    if (name === "detect") await timeDetect(started, round === rounds - 1);
    await started.stop();
  }
await aws.stop();
await rm(folder, { recursive: true, force: true });

const leastBare = Math.min(...(rows[0]?.cpu ?? []));
console.log(`node ${process.version}, ${rounds} rounds; milliseconds, medians but for the least`);
console.log(line("", ["start", "CPU", "least CPU", "over bare", "least over"]));
for (const { name, wall, cpu } of rows) {
  const least = Math.min(...cpu);
  const over = median(cpu) - median(rows[0]?.cpu ?? []);
  console.log(line(name, [median(wall), median(cpu), least, over, least - leastBare]));
}
for (const [what, times] of Object.entries({
  "its first event": detect.first,
  "ten events, warm": detect.warm,
  "ten that need no call to AWS": detect.own,
}))
  console.log(`detect, ${what}: ${median(times).toFixed(1)}`);

async function timeDetect(started: StartedFunction, isLast: boolean): Promise<void> {
  detect.first.push(await time(() => handled(started, batchOf([limit]))));
  if (!isLast) return;
  await handled(started, batch);
  for (let count = 0; count < WARM_BATCHES; count += 1) {
    detect.warm.push(await time(() => handled(started, batch)));
    detect.own.push(await time(() => handled(started, ignored)));
  }
}

/** Throws where a message is given back: its time would be that of a failure. */
async function handled(started: StartedFunction, event: object): Promise<void> {
  const answer = await started.invoke(event);
  const told = JSON.stringify(answer);
  if (told !== '{"kind":"response","body":{"batchItemFailures":[]}}') throw new Error(`detect: ${told}`);
}

/** An account without a policy document, in which each deployment but that of the first event is remediated already. */
function answerOf({ action, query }: AwsRequest): AwsAnswer {
  if (action === "GetParameter") return { body: { Parameter: { Value: "{}" } } };
  if (action.endsWith("/invocations")) return { status: 202, body: "" };
  if (!action.endsWith("/durable-executions")) throw new Error(`the stub does not answer ${action}`);
  const name = query.get("DurableExecutionName");
  const running = {
    DurableExecutionName: name,
    DurableExecutionArn: `${functionArnOf("remediate")}/${name}`,
    Status: "RUNNING",
  };
  return { body: { DurableExecutions: [running] } };
}

function batchOf(bodies: readonly string[]): object {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `message-${index + 1}`,
      receiptHandle: "handle",
      body,
      attributes: { ApproximateReceiveCount: "1" },
      messageAttributes: {},
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:repull-queue",
      awsRegion: "us-east-1",
    })),
  };
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

function line(name: string, cells: readonly (string | number)[]): string {
  const told = cells.map((cell) => (typeof cell === "number" ? cell.toFixed(1) : cell).padStart(12));
  return `${name.padEnd(18)}${told.join("")}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
