/**
 * `npm run bench -- admission [--rounds N] [--pods N] [--rate N] [--rows N] [--lowered N] [--json]`. Needs `.cache/kube` and `node
 * build.ts`. Ends with 1 where a goal is missed.
 */

import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type AdmissionBench, benchAdmission, type Leg, WAYS, type Way } from "./admission-bench.ts";
import { type Allowance, type Figures, type Goal, judgeGoals, median } from "./goals.ts";
import { meanMilliseconds, quantileMilliseconds } from "./histograms.ts";

export async function runAdmissionBench(args: readonly string[]): Promise<void> {
  const number = (fallback: number) => ({ type: "string", default: String(fallback) }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: number(5),
      pods: number(500),
      rate: number(50),
      rows: number(5_000),
      lowered: number(1_000),
      json: { type: "boolean", default: false },
    },
  });
  const measured = await benchAdmission({
    rounds: Number(values.rounds),
    pods: Number(values.pods),
    podsPerSecond: Number(values.rate),
    rows: Number(values.rows),
    lowered: Number(values.lowered),
    tell: (text) => void process.stderr.write(text),
  });
  const rows = WAYS.map((way) => rowOf(way, measured));
  const goals = goalsOf(measured);
  if (values.json) console.log(JSON.stringify({ goals, rows, ...measured }, null, 2));
  else console.log(`${table(rows, measured, values)}\n\n${goalTable(goals)}`);
  if (goals.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

/** The policy within the base line's spread; the webhook p50 ≤ 3 ms and p99 ≤ 15 ms over it. */
const ALLOWANCES: Readonly<Record<string, Allowance>> = {
  "policy-left": { mean: "spread", p50: "spread", p99: "spread" },
  "policy-swapped": { mean: "spread", p50: "spread", p99: "spread" },
  webhook: { p50: 3, p99: 15 },
};

function goalsOf({ legs }: AdmissionBench): readonly Goal[] {
  const of = (way: Way) => {
    const own = legs.filter((leg) => leg.way === way);
    return { rounds: own.map(figuresOf), refused: own.reduce((sum, { refused }) => sum + refused, 0) };
  };
  return judgeGoals(of("nothing"), new Map(WAYS.map((way) => [way, of(way)])), ALLOWANCES);
}

function figuresOf({ request, seen }: Leg): Figures {
  return { mean: meanMilliseconds(request), p50: quantileOf(seen, 0.5), p99: quantileOf(seen, 0.99) };
}

function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function goalTable(goals: readonly Goal[]): string {
  const ms = (value: number | undefined) => value?.toFixed(1) ?? "";
  return [
    "| Way | figure | measured | added | base line, least to most | at most | |",
    "|---|---|---|---|---|---|---|",
    ...goals.map(({ way, figure, measured, added, base, bound, isMet }) => {
      const [is, most] = figure === "refused" ? [measured, bound] : [ms(measured), ms(bound)];
      const spread = base === undefined ? "" : `${ms(base[0])} to ${ms(base[1])}`;
      return `| ${[way, figure, is, ms(added), spread, most, isMet ? "met" : "**missed**"].join(" | ")} |`;
    }),
  ].join("\n");
}

function rowOf(way: Way, { legs }: AdmissionBench) {
  const own = legs.filter((leg) => leg.way === way);
  const of = (figure: (leg: Leg) => number) => own.map(figure).toSorted((a, b) => a - b);
  return {
    way,
    pods: own.reduce((sum, { seen }) => sum + seen.length, 0),
    swapped: own.reduce((sum, { swapped }) => sum + swapped, 0),
    refused: own.reduce((sum, { refused }) => sum + refused, 0),
    request: {
      ...spreadOf(of(({ request }) => meanMilliseconds(request))),
      p99: median(of(({ request }) => quantileMilliseconds(request, 0.99))),
    },
    step: {
      /** Of all its calls for a pod. */
      mean: median(of(({ step, seen }) => (step.seconds * 1000) / seen.length)),
      p50: median(of(({ step }) => quantileMilliseconds(step, 0.5))),
      p99: median(of(({ step }) => quantileMilliseconds(step, 0.99))),
    },
    /** Of the API server's processor, for a pod: what else the machine does shows least in it. */
    server: spreadOf(of(({ serverSeconds, seen }) => (serverSeconds * 1000) / seen.length)),
    seen: {
      p50: median(of(({ seen }) => quantileOf(seen, 0.5))),
      p99: median(of(({ seen }) => quantileOf(seen, 0.99))),
    },
  };
}

function spreadOf(sorted: readonly number[]) {
  return { mean: median(sorted), spread: [sorted[0] ?? 0, sorted.at(-1) ?? 0] as const };
}

function table(
  rows: readonly ReturnType<typeof rowOf>[],
  { webhookMegabytes, inWebhook }: AdmissionBench,
  {
    rounds,
    pods,
    rate,
    rows: index,
    lowered,
  }: Readonly<Record<"rounds" | "pods" | "rate" | "rows" | "lowered", string>>,
): string {
  const ms = (value: number) => value.toFixed(1);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "CPU"}, load ${loadavg()[0]?.toFixed(1)}`;
  return [
    `${new Date().toISOString().slice(0, 10)}  ${machine}  Node ${process.version}`,
    `medians of ${rounds} interleaved rounds of ${pods} pods at ${rate} a second, index of ${index} rows and ${lowered} lowered workloads; milliseconds`,
    "",
    "| Way | request, mean (least to most of the rounds) | API server's CPU (least to most) | request p99 | step mean | step p50 | step p99 | seen p50 | seen p99 | swapped | refused |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...rows.map(({ way, request, server, step, seen, swapped, refused, pods: all }) => {
      const [ofRequest, ofServer] = [request, server].map(
        ({ mean, spread: [least, most] }) => `${ms(mean)} (${ms(least)} to ${ms(most)})`,
      );
      const figures = [request.p99, step.mean, step.p50, step.p99, seen.p50, seen.p99].map(ms);
      return `| ${[way, ofRequest, ofServer, ...figures, `${swapped} of ${all}`, refused].join(" | ")} |`;
    }),
    "",
    `The webhook's process has ${webhookMegabytes} MB. In it a request takes ${[0.5, 0.99].map((share) => ms(quantileMilliseconds(inWebhook, share))).join(" ms at the median, and at p99 ")} ms.`,
  ].join("\n");
}
