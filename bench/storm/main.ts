/** `npm run bench -- storm`: hundreds of services at once, against the goals, with the counts made a second time. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missingProgram } from "../../test/support/emulated/programs.ts";
import { detectStorm } from "./detect-storm.ts";
import { type Recount, recount } from "./recount.ts";
import { remediationStorm } from "./remediation-storm.ts";
import { runnerStorm } from "./runner-storm.ts";
import { COPIED_IMAGES, copiedImagesOf } from "./storm-world.ts";

const USAGE = `npm run bench -- storm [options]

  --events N       events to detect, under Lambda's emulator (default 10000)
  --services N     services that fail at once (default 300); the events are of as many deployments
  --under-runner N of them that also run under the durable functions local runner (default 20)
  --logs FOLDER    where the front door's logs are written (default .cache/storm)
  --json           the result as one JSON object, to standard output

node bench/storm/recount.ts LOG counts a log again.
`;

/** What is wanted; docs/bench.md says where each is from. */
const GOALS = {
  eventsPerCpuSecond: 500,
  ecsCallsP99: 20,
  pollSeconds: 30,
  cpuSeconds: 2,
  operations: 1_500,
  bytes: 10_000_000,
};

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    events: { type: "string", default: "10000" },
    services: { type: "string", default: "300" },
    "under-runner": { type: "string", default: "20" },
    logs: { type: "string", default: ".cache/storm" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [events, services, underRunner] = [values.events, values.services, values["under-runner"]].map(Number);
if (![events, services, underRunner].every((count) => Number.isInteger(count) && Number(count) > 0))
  throw new RangeError("--events, --services and --under-runner are counts");
const missing = missingProgram();
if (missing !== undefined) throw new Error(missing);

const tell = (text: string): void => void process.stderr.write(`${text}\n`);
await mkdir(values.logs, { recursive: true });
const logs = {
  detect: join(values.logs, "detect.ndjson"),
  faulty: join(values.logs, "detect-with-faults.ndjson"),
  inProcess: join(values.logs, "in-process.ndjson"),
  runner: join(values.logs, "runner.ndjson"),
};
const misses: string[] = [];
const hold = (isMet: boolean, what: string): void => {
  if (!isMet) misses.push(what);
};

tell(`${events} events of ${services} deployments, to detect under Lambda's emulator …`);
const detected = await detectStorm({ events: Number(events), deployments: Number(services) }, logs.detect);
const detectedAgain = await recount(logs.detect);
tell("the same with calls that are throttled, refused and lost …");
const faulty = await detectStorm(
  { events: Math.ceil(Number(events) / 10), deployments: Number(services), hasFaults: true },
  logs.faulty,
);
hold(faulty.starts === services, `${faulty.starts} executions for ${services} deployments, with faults`);
hold(detected.starts === services, `${detected.starts} executions for ${services} deployments`);
hold(detectedAgain.starts === detected.starts, "the recount of the starts differs");
hold(detectedAgain.calls === detected.callsToAws, "the recount of the calls differs");
hold(detected.failures === 0, `${detected.failures} messages were given back`);
hold(
  detected.eventsPerCpuSecond >= GOALS.eventsPerCpuSecond,
  `${detected.eventsPerCpuSecond.toFixed(0)} events a CPU second, at least ${GOALS.eventsPerCpuSecond}`,
);

tell(`${services} remediations in process, in modelled time …`);
const inProcess = await remediationStorm(Number(services), logs.inProcess);
const inProcessAgain = await recount(logs.inProcess);
judge("in process", Number(services), inProcess, inProcessAgain);

tell(`${underRunner} of them under the durable functions local runner …`);
const runner = await runnerStorm(Number(underRunner), logs.runner);
const runnerAgain = await recount(logs.runner);
judge("under the runner", Number(underRunner), runner, runnerAgain);
hold(runner.broken.length === 0, runner.broken.join("; "));
hold(runnerAgain.copiesStarted === runner.copies, "the recount of the copies differs");
hold(runnerAgain.operationsMax === runner.operationsMax, "the recount of the operations differs");
hold(runnerAgain.checkpointBytesMax === runner.checkpointBytesMax, "the recount of the bytes differs");

const result = {
  goals: GOALS,
  detect: { ...detected, recounted: detectedAgain },
  detectWithFaults: { ...faulty, recounted: await recount(logs.faulty) },
  inProcess: { ...inProcess, recounted: inProcessAgain },
  runner: { ...runner, recounted: runnerAgain },
  logs,
  misses,
};
console.log(values.json ? JSON.stringify(result, null, 2) : table());
process.exitCode = misses.length === 0 ? 0 : 1;

type Stormed = {
  readonly executions: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly copies: number;
  readonly operationsMax: number;
  readonly cpuSecondsUntilUpdate: number;
};

function judge(where: string, wanted: number, found: Stormed, again: Recount): void {
  const { executions, outcomes, copies, operationsMax, cpuSecondsUntilUpdate } = found;
  const { updated, registered, ecsCallsUntilUpdate, pollSecondsMin, copiedImages } = again;
  hold(executions === wanted, `${where}: ${executions} executions for ${wanted} services`);
  hold(outcomes.succeeded === wanted, `${where}: ${JSON.stringify(outcomes)}`);
  hold(updated === wanted && registered === wanted, `${where}: ${registered} revisions, ${updated} updates`);
  const images = copiedImagesOf(wanted);
  hold(copies === images && copiedImages === images, `${where}: ${copies} copies of ${images} images`);
  const { p99 } = ecsCallsUntilUpdate;
  hold(p99 <= GOALS.ecsCallsP99, `${where}: ${p99} calls to ECS at p99, at most ${GOALS.ecsCallsP99}`);
  const above = Object.entries(again.ecsCallsAboveRates);
  hold(above.length === 0, `${where}: above ECS's rates: ${JSON.stringify(above)}`);
  hold(
    pollSecondsMin === undefined || pollSecondsMin >= GOALS.pollSeconds,
    `${where}: a service was described twice in ${pollSecondsMin} s`,
  );
  hold(operationsMax <= GOALS.operations, `${where}: ${operationsMax} operations of one execution`);
  hold(
    cpuSecondsUntilUpdate <= GOALS.cpuSeconds,
    `${where}: ${cpuSecondsUntilUpdate.toFixed(2)} CPU s until UpdateService, at most ${GOALS.cpuSeconds}`,
  );
}

function table(): string {
  const rows = [
    [
      "events a CPU second of detect",
      detected.eventsPerCpuSecond.toFixed(0),
      `≥ ${GOALS.eventsPerCpuSecond}`,
    ],
    ["executions started", String(detectedAgain.starts), `= ${services}`],
    ["  with faults, and messages delivered again", String(faulty.starts), `= ${services}`],
    ["ECS calls until UpdateService, p50", String(inProcessAgain.ecsCallsUntilUpdate.p50), ""],
    [
      "ECS calls until UpdateService, p99",
      String(inProcessAgain.ecsCallsUntilUpdate.p99),
      `≤ ${GOALS.ecsCallsP99}`,
    ],
    ["  under the runner, p99", String(runnerAgain.ecsCallsUntilUpdate.p99), `≤ ${GOALS.ecsCallsP99}`],
    ["throttled calls", String(inProcessAgain.throttled), ""],
    ["seconds between two polls", String(inProcessAgain.pollSecondsMin), `≥ ${GOALS.pollSeconds}`],
    ["copies of the images without a mirror", String(inProcess.copies), `= ${COPIED_IMAGES}`],
    ["modelled seconds until all had ended", String(inProcess.modelledSeconds), ""],
    ["CPU s until UpdateService, p50", inProcess.cpuSecondsUntilUpdate.toFixed(3), `≤ ${GOALS.cpuSeconds}`],
    ["  under the runner, mean", runner.cpuSecondsUntilUpdate.toFixed(3), `≤ ${GOALS.cpuSeconds}`],
    ["operations of one execution", String(runner.operationsMax), `≤ ${GOALS.operations}`],
    ["bytes of its checkpoints", String(runner.checkpointBytesMax), `≤ ${GOALS.bytes}`],
  ];
  const lines = rows.map(
    ([what = "", got = "", goal = ""]) => `${what.padEnd(42)}${got.padStart(10)}  ${goal}`,
  );
  return [...lines, ...misses.map((miss) => `missed: ${miss}`)].join("\n");
}
