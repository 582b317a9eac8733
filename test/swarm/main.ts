/** `npm run swarm -- --seed 7`, or `--seeds 1-2000`: plays seeds on every core, and tells how a failing one is played again. */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { FAULTS, type FaultKind, type Report, runSwarm } from "./run-swarm.ts";

/** What a worker tells of a seed: errors do not cross threads whole. */
type Told = Omit<Report, "violations"> & { readonly violations: readonly string[] };

async function play(seed: number): Promise<Told> {
  const report = await runSwarm(seed);
  return { ...report, violations: report.violations.map(({ message }) => message) };
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, seeds: { type: "string", default: "1-500" } },
  });
  const [first = 1, last = first] = (values.seed ?? values.seeds).split("-").map(Number);
  if (values.seed !== undefined) {
    for (const line of (await play(first)).story) say(line);
  }
  process.exitCode = (await playAll(first, last)) === 0 ? 0 : 1;
} else {
  const { first, last, step } = workerData as { first: number; last: number; step: number };
  for (let seed = first; seed <= last; seed += step) parentPort?.postMessage(await play(seed));
}

/** Plays the seeds and answers how many fail. */
async function playAll(first: number, last: number): Promise<number> {
  const faults = Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const outcomes: Record<string, number> = {};
  let healable = 0;
  let failing = 0;
  const began = process.hrtime.bigint();
  const workers = Math.min(availableParallelism(), last - first + 1);
  const take = (told: Told): void => {
    for (const kind of FAULTS) faults[kind] += told.faults[kind];
    for (const [outcome, count] of Object.entries(told.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    if (told.healable) healable += 1;
    if (told.violations.length === 0) return;
    failing += 1;
    say(`seed ${told.seed}: ${told.violations[0]}\n  again: npm run swarm -- --seed ${told.seed}`);
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => work(first + index, last, workers, take)));

  const seeds = last - first + 1;
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  say(`${seeds} seeds in ${seconds.toFixed(1)} s: ${failing} failing, ${healable} healable`);
  say(`faults: ${listed(faults)}`);
  say(`outcomes: ${listed(outcomes)}`);
  const missing = FAULTS.filter((kind) => faults[kind] === 0);
  if (seeds >= 200 && missing.length > 0) say(`never occurred: ${missing.join(", ")}`);
  if (seeds >= 200 && healable < 0.9 * seeds) say("fewer than nine worlds in ten can be healed");
  return seeds >= 200 && (missing.length > 0 || healable < 0.9 * seeds) ? failing + 1 : failing;
}

function work(first: number, last: number, step: number, take: (told: Told) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const worker = new Worker(new URL(import.meta.url), { workerData: { first, last, step } });
  let next = first;
  worker.on("message", (told: Told) => {
    next += step;
    take(told);
  });
  worker.on("error", reject);
  // A world that waits for nothing more ends its worker in silence: that is a fault of the seed it was playing.
  worker.on("exit", () => (next > last ? resolve() : reject(new Error(`seed ${next} came to no end`))));
  return promise;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
