/** `npm run swarm -- --seed 7`, or `--seeds 1-2000 --seconds 600`: plays seeds on every core, and says how a failing one is played again. */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { FAULTS, type FaultKind, type Report, runSwarm } from "./run-swarm.ts";
import { missedShares, TRAIT_NAMES, type Trait } from "./world/traits.ts";

/** What a worker reports of a seed: errors do not cross threads whole. */
type Told = Omit<Report, "violations" | "story"> & { readonly violations: readonly string[] };
/** What a worker is given: every `step`th seed, none of them begun after so many seconds. */
type Work = {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly seconds: number;
};

/** Of the worlds, so many can be healed. */
const HEALABLE_LEAST = 0.85;
/** Fewer seeds say nothing about shares. */
const SEEDS_FOR_SHARES = 200;

async function play(seed: number): Promise<Told> {
  const { story: _, violations, ...report } = await runSwarm(seed);
  return { ...report, violations: violations.map(({ message }) => message) };
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      seeds: { type: "string", default: "1-500" },
      seconds: { type: "string", default: "Infinity" },
    },
  });
  const [first = 1, last = first] = (values.seed ?? values.seeds).split("-").map(Number);
  if (values.seed !== undefined) {
    for (const line of (await runSwarm(first)).story) say(line);
  }
  process.exitCode = (await playAll(first, last, Number(values.seconds))) === 0 ? 0 : 1;
} else {
  const { first, last, step, seconds } = workerData as Work;
  const until = performance.now() + seconds * 1000;
  for (let seed = first; seed <= last && performance.now() < until; seed += step)
    parentPort?.postMessage(await play(seed));
  parentPort?.postMessage("done");
}

/** Plays the seeds and answers how many fail. */
async function playAll(first: number, last: number, seconds: number): Promise<number> {
  const faults = countsOf(FAULTS);
  const traits = countsOf(TRAIT_NAMES);
  const outcomes: Record<string, number> = {};
  let seeds = 0;
  let healable = 0;
  let healed = 0;
  let failing = 0;
  const began = process.hrtime.bigint();
  const step = Math.min(availableParallelism(), last - first + 1);
  const take = (told: Told): void => {
    seeds += 1;
    for (const kind of FAULTS) faults[kind] += told.faults[kind];
    for (const trait of told.traits) traits[trait] += 1;
    for (const [outcome, count] of Object.entries(told.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    const [whole, owed] = told.whole;
    if (told.healable) healable += 1;
    if (told.healable && whole === owed) healed += 1;
    if (told.violations.length === 0) return;
    failing += 1;
    say(`seed ${told.seed}: ${told.violations[0]}\n  again: npm run swarm -- --seed ${told.seed}`);
  };
  const works = Array.from({ length: step }, (_, index) => ({ first: first + index, last, step, seconds }));
  await Promise.all(works.map((one) => work(one, take)));

  const took = Number(process.hrtime.bigint() - began) / 1e9;
  const pace = `${(seeds / took).toFixed(1)} a second`;
  say(`${seeds} of ${last - first + 1} seeds played in ${took.toFixed(1)} s, ${pace}: ${failing} failing`);
  say(`healable ${share(healable, seeds)}, of which ${healed} of ${healable} run whole at the end`);
  say(`shares: ${TRAIT_NAMES.map((trait) => `${trait} ${share(traits[trait], seeds)}`).join(", ")}`);
  say(`faults: ${listed(faults)}`);
  say(`outcomes: ${listed(outcomes)}`);
  return failing + (seeds < SEEDS_FOR_SHARES ? 0 : lacks({ seeds, healable, faults, traits }).length);
}

/** What so many seeds should have shown and have not; said as well. */
function lacks({
  seeds,
  healable,
  faults,
  traits,
}: {
  readonly seeds: number;
  readonly healable: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly traits: Readonly<Record<Trait, number>>;
}): readonly string[] {
  const missing = FAULTS.filter((kind) => faults[kind] === 0).map((kind) => `never occurred: ${kind}`);
  const few = healable < HEALABLE_LEAST * seeds ? ["too few of the worlds can be healed"] : [];
  const all = [...missing, ...missedShares(traits, seeds), ...few];
  for (const line of all) say(line);
  return all;
}

function work(given: Work, take: (told: Told) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const worker = new Worker(new URL(import.meta.url), { workerData: given });
  let next = given.first;
  let isDone = false;
  worker.on("message", (told: Told | "done") => {
    if (told === "done") {
      isDone = true;
      return;
    }
    next += given.step;
    take(told);
  });
  worker.on("error", reject);
  // A world that waits for nothing more ends its worker in silence: that is a fault of the seed it was playing.
  worker.on("exit", () => (isDone ? resolve() : reject(new Error(`seed ${next} came to no end`))));
  return promise;
}

function countsOf<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

function share(count: number, of: number): string {
  return `${count} (${((100 * count) / Math.max(1, of)).toFixed(1)} %)`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
