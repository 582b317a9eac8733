/** Medians of a row, and which of its goals they miss. */

import type { Row } from "./rows.ts";
import type { RowSamples, Sample } from "./run-row.ts";

/** Of several runs, with the spread of their times. */
export type Median = Sample & { readonly fastestSeconds: number; readonly slowestSeconds: number };

export type RowResult = {
  readonly row: string;
  readonly medians: Readonly<Record<string, Median>>;
  /** What ours misses, in words; nothing where all is well. */
  readonly misses: readonly string[];
};

export const PEERS = ["skopeo", "crane", "regctl"];

export function judge(row: Row, samples: RowSamples): RowResult {
  const medians = Object.fromEntries([...samples].map(([tool, list]) => [tool, medianOf(list)]));
  return { row: row.name, medians, misses: missesOf(row, medians) };
}

/** Each one begins with what it is about: our copier as a command (cold), or in a process that runs already (warm). */
function missesOf({ goals }: Row, medians: Readonly<Record<string, Sample>>): readonly string[] {
  const { repull, skopeo } = medians;
  if (repull === undefined) return [];
  const misses: string[] = [];
  const most = (what: string, got: number | undefined, most: number | undefined): void => {
    if (got !== undefined && most !== undefined && got > most) {
      misses.push(`${what} ${got.toFixed(2).replace(/\.00$/, "")}, at most ${most}`);
    }
  };
  const best = Math.min(...PEERS.map((peer) => medians[peer]?.wallSeconds ?? Number.POSITIVE_INFINITY));
  most("cold: wall by skopeo's", skopeo && repull.wallSeconds / skopeo.wallSeconds, goals.wallShare);
  most("cold: CPU by skopeo's", skopeo && repull.cpuSeconds / skopeo.cpuSeconds, goals.cpuShare);
  most("cold: peak MB", repull.peakMegabytes, goals.peakMegabytes);
  most("cold: requests to the source", repull.sourceRequests, goals.sourceRequests);
  most("cold: requests to the target", repull.targetRequests, goals.targetRequests);
  for (const [which, ours, isFastest] of [
    ["cold", repull, goals.fastest],
    ["warm", medians.warm, true],
  ] as const) {
    most(`${which}: wall by the fastest peer's`, ours && ours.wallSeconds / best, goals.bestShare);
    for (const peer of PEERS) {
      const theirs = medians[peer]?.wallSeconds;
      if (isFastest && ours !== undefined && theirs !== undefined && ours.wallSeconds > theirs)
        misses.push(`${which}: ${peer} is faster`);
    }
  }
  return misses;
}

function medianOf(samples: readonly Sample[]): Median {
  const of = (pick: (sample: Sample) => number): number => {
    const sorted = samples.map(pick).sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
  };
  const walls = samples.map(({ wallSeconds }) => wallSeconds);
  return {
    fastestSeconds: Math.min(...walls),
    slowestSeconds: Math.max(...walls),
    wallSeconds: of((sample) => sample.wallSeconds),
    cpuSeconds: of((sample) => sample.cpuSeconds),
    startSeconds: of((sample) => sample.startSeconds),
    startCpuSeconds: of((sample) => sample.startCpuSeconds),
    peakMegabytes: of((sample) => sample.peakMegabytes),
    sourceRequests: of((sample) => sample.sourceRequests),
    targetRequests: of((sample) => sample.targetRequests),
  };
}
