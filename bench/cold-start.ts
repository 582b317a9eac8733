/**
 * How long each bundle takes to start and to handle its first event, compared with a bare handler, in one run.
 *
 *     npm run bench -- cold-start [ROUNDS]        after npm run build, with .cache/lambda-runtime installed
 *
 * All run under Lambda's runtime interface client on this machine's Node: compare the rows with each other, not with
 * Lambda's own figures. AWS is a stub on loopback that answers at once.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startFunction } from "../test/support/aws/runtime-api.ts";
import { deploy } from "../test/support/deployment.ts";

const rounds = Number(process.argv[3] ?? 11);
const WARM_BATCHES = 50;
const limit = await readFile(new URL("../events/fargate-service.json", import.meta.url), "utf8");
const notFound = await readFile(new URL("../events/not-found.json", import.meta.url), "utf8");

const folder = await mkdtemp(join(tmpdir(), "repull-bare-"));
await writeFile(join(folder, "index.mjs"), "export const handler = async (event) => event;\n");
const bare = pathToFileURL(`${folder}/`);

type Row = {
  readonly name: string;
  readonly init: number[];
  /** As init, of the processor: on a machine that others use, the figure to compare. */
  readonly cpu: number[];
  readonly first: number[];
  readonly warm: number[];
  /** As warm, without a call to AWS. */
  readonly own: number[];
};
const rows: readonly Row[] = ["bare handler", "detect", "remediate", "mirror"].map((name) => ({
  name,
  init: [],
  cpu: [],
  first: [],
  warm: [],
  own: [],
}));
const rowOf = (name: string): Row => {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(name);
  return row;
};

/** Ten messages of ten deployments that all run already: reading, classifying, naming and looking up, no starts. */
const batch = Array.from({ length: 10 }, (_, index) =>
  limit.replaceAll(/ecs-svc\/[0-9]+/g, `ecs-svc/${index + 1}`),
);

/** Ten that are none of ours: the same without a call to AWS, so what it takes is detect's own time. */
const ignored = Array.from({ length: 10 }, () => notFound);

// Interleaved, so that a busy moment of the machine hits all of them.
for (let round = 0; round < rounds; round += 1) {
  const started = await startFunction({
    bundle: bare,
    functionArn: "arn:aws:lambda:us-east-1:123456789012:function:bare:live",
    environment: { AWS_REGION: "us-east-1" },
  });
  rowOf("bare handler").init.push(started.initMilliseconds);
  rowOf("bare handler").cpu.push(started.initCpuMilliseconds ?? Number.NaN);
  rowOf("bare handler").first.push(await time(() => started.invoke({ hello: "world" })));
  await started.stop();

  const deployment = await deploy({ services: [] });
  for (const name of ["detect", "remediate", "mirror"] as const) {
    const running = await deployment.started(name);
    rowOf(name).init.push(running.initMilliseconds);
    rowOf(name).cpu.push(running.initCpuMilliseconds ?? Number.NaN);
  }
  rowOf("detect").first.push(await time(() => deployment.deliver(limit)));
  rowOf("remediate").first.push(await time(() => deployment.settle()));
  deployment.durable.start(deployment.arnOf("mirror"), `m-${round}`, {
    source: "nginx:1",
    target: "elsewhere.example/nginx:1",
    digest: `sha256:${"0".repeat(64)}`,
  });
  rowOf("mirror").first.push(await time(() => deployment.settle()));
  await deployment.deliver(...batch);
  if (round === rounds - 1)
    for (let count = 0; count < WARM_BATCHES; count += 1) {
      rowOf("detect").warm.push(await time(() => deployment.deliver(...batch)));
      rowOf("detect").own.push(await time(() => deployment.deliver(...ignored)));
    }
  await deployment.stop();
}
await rm(folder, { recursive: true, force: true });

console.log(`node ${process.version}, ${rounds} rounds; medians in milliseconds`);
console.log(
  `${"".padEnd(14)}${"start".padStart(10)}${"CPU".padStart(10)}${"over bare".padStart(12)}${"first event".padStart(14)}${"warm, 10".padStart(12)}${"without AWS".padStart(14)}`,
);
for (const { name, init, cpu, first, warm, own } of rows)
  console.log(
    `${name.padEnd(14)}${median(init).padStart(10)}${median(cpu).padStart(10)}${overBare(cpu).padStart(12)}${median(first).padStart(14)}${(warm.length === 0 ? "" : median(warm)).padStart(12)}${(own.length === 0 ? "" : median(own)).padStart(14)}`,
  );

async function time(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

function overBare(cpu: readonly number[]): string {
  return (Number(median(cpu)) - Number(median(rowOf("bare handler").cpu))).toFixed(1);
}

function median(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1);
}
