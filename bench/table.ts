/** The result in words and columns. */

import { type Median, PEERS, type RowResult } from "./verdict.ts";

export type About = {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly roundTripMilliseconds: { readonly source: number; readonly target: number };
  readonly runs: number;
};

/** What was compared, with what, on what. */
export function headline(about: About): string {
  const { source, target } = about.roundTripMilliseconds;
  const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${about.date}  ${about.machine}  Node ${about.node}`,
    versions.join(", "),
    `medians of ${about.runs} interleaved runs; delayed: ${source} ms round trip to the source, ${target} ms to the target`,
    "images of random bytes, in tars, gzipped without compressing:",
    ...about.images.map((image) => `  ${image}`),
    "",
  ].join("\n");
}

const COLUMNS: readonly (readonly [string, (sample: Median) => string])[] = [
  ["wall s", ({ wallSeconds }) => wallSeconds.toFixed(3)],
  ["from", ({ fastestSeconds }) => fastestSeconds.toFixed(3)],
  ["to", ({ slowestSeconds }) => slowestSeconds.toFixed(3)],
  ["start s", ({ startSeconds }) => startSeconds.toFixed(3)],
  ["CPU s", ({ cpuSeconds }) => cpuSeconds.toFixed(2)],
  ["start CPU", ({ startCpuSeconds }) => startCpuSeconds.toFixed(2)],
  ["peak MB", ({ peakMegabytes }) => peakMegabytes.toFixed(0)],
  ["to source", ({ sourceRequests }) => String(sourceRequests)],
  ["to target", ({ targetRequests }) => String(targetRequests)],
];
const WIDTH = 11;

/** One row: a line a tool, what it is of the fastest peer's time, and what is missed. */
export function rowTable({ row, medians, misses }: RowResult): string {
  const best = Math.min(
    ...PEERS.map((peer) => medians[peer]?.wallSeconds ?? Number.NaN).filter(Number.isFinite),
  );
  const lines = Object.entries(medians).map(([tool, sample]) => {
    const cells = COLUMNS.map(([, print]) => print(sample).padStart(WIDTH));
    const share = Number.isFinite(best) ? (sample.wallSeconds / best).toFixed(2) : "";
    return `  ${tool.padEnd(8)}${cells.join("")}${share.padStart(WIDTH)}`;
  });
  const head = [...COLUMNS.map(([name]) => name), "of best"].map((name) => name.padStart(WIDTH));
  return [
    `${row.padEnd(24)}`.trimEnd(),
    `  ${"".padEnd(8)}${head.join("")}`,
    ...lines,
    ...misses.map((miss) => `  missed: ${miss}`),
    "",
  ].join("\n");
}
