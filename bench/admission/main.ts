/** `npm run bench -- admission [--rounds N] [--pods N] [--rate N] [--rows N] [--json]`. Needs `.cache/kube`. */

import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type AdmissionBench, benchAdmission, type Leg, WAYS, type Way } from "./admission-bench.ts";
import { meanMilliseconds, quantileMilliseconds } from "./histograms.ts";

export async function runAdmissionBench(args: readonly string[]): Promise<void> {
  const number = (fallback: number) => ({ type: "string", default: String(fallback) }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rounds: number(5), pods: number(500), rate: number(50), rows: number(5_000) },
      json: { type: "boolean", default: false },
    },
  });
  const measured = await benchAdmission({
    ...{ rounds: Number(values.rounds), pods: Number(values.pods) },
    ...{ podsPerSecond: Number(values.rate), rows: Number(values.rows) },
    tell: (text) => void process.stderr.write(text),
  });
  const rows = WAYS.map((way) => rowOf(way, measured));
  if (values.json) console.log(JSON.stringify({ ...measured, rows }, null, 2));
  else console.log(table(rows, measured, values));
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
      p50: median(of(({ seen }) => seen[Math.floor(seen.length * 0.5)] ?? 0)),
      p99: median(of(({ seen }) => seen[Math.floor(seen.length * 0.99)] ?? 0)),
    },
  };
}

function spreadOf(sorted: readonly number[]) {
  return { mean: median(sorted), spread: [sorted[0] ?? 0, sorted.at(-1) ?? 0] as const };
}

function median(sorted: readonly number[]): number {
  return sorted.toSorted((a, b) => a - b)[Math.floor(sorted.length / 2)] ?? 0;
}

function table(
  rows: readonly ReturnType<typeof rowOf>[],
  { webhookMegabytes, inWebhook }: AdmissionBench,
  { rounds, pods, rate, rows: index }: Readonly<Record<"rounds" | "pods" | "rate" | "rows", string>>,
): string {
  const ms = (value: number) => value.toFixed(1);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "CPU"}, load ${loadavg()[0]?.toFixed(1)}`;
  return [
    `${new Date().toISOString().slice(0, 10)}  ${machine}  Node ${process.version}`,
    `medians of ${rounds} interleaved rounds of ${pods} pods at ${rate} a second, index of ${index} rows; milliseconds`,
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
