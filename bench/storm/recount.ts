/**
 * The storm's figures, counted again from the front door's log alone: `node bench/storm/recount.ts LOG`.
 *
 * It shares no count with the storm that wrote the log; the two must agree.
 */

import { readFile } from "node:fs/promises";
import type { DoorLine } from "./door-log.ts";
import { callsAboveRates } from "./ecs-rates.ts";

export type Recount = {
  readonly calls: number;
  /** Names of executions that Lambda accepted, each once. */
  readonly starts: number;
  /** Services for which UpdateService was accepted. */
  readonly updated: number;
  readonly registered: number;
  readonly throttled: number;
  /** Repositories that were created in ECR: one for each image that is copied. */
  readonly copiedImages: number;
  /** Executions of `mirror` that Lambda was asked for and took; none where the workflows run in process. */
  readonly copiesStarted: number;
  /** Calls to ECS above its documented rates, by the times of this log. */
  readonly ecsCallsAboveRates: Readonly<Record<string, number>>;
  /** Calls to ECS that name no service, as DescribeClusters. */
  readonly ecsCallsOfNoService: number;
  /**
   * Calls to ECS for one service, refused ones included, until UpdateService was accepted; those that name no service count for
   * every one, in equal parts that are rounded up.
   */
  readonly ecsCallsUntilUpdate: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Between two DescribeServices of one service after that, in modelled seconds; absent: none was described twice. */
  readonly pollSecondsMin?: number;
  /** Of one execution's checkpoints. */
  readonly operationsMax: number;
  readonly checkpointBytesMax: number;
};

export async function recount(path: string): Promise<Recount> {
  const text = await readFile(path, "utf8");
  const lines = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as DoorLine);
  const isDone = ({ status }: DoorLine): boolean => status < 300;
  const of = (service: string, operation: string) =>
    lines.filter((line) => line.service === service && line.operation === operation && isDone(line));
  const starts = lines.filter((line) => line.operation.startsWith("Invoke ") && isDone(line));
  const updates = new Map<string, number>();
  const callsBefore = new Map<string, number>();
  const polls = new Map<string, number[]>();
  for (const { service, operation, subject, status, at } of lines) {
    if (service !== "ecs" || subject === undefined) continue;
    if (updates.has(subject)) {
      if (operation === "DescribeServices") polls.set(subject, [...(polls.get(subject) ?? []), at]);
      continue;
    }
    callsBefore.set(subject, (callsBefore.get(subject) ?? 0) + 1);
    if (operation === "UpdateService" && status < 300) updates.set(subject, at);
  }
  const ecsCalls = lines.filter(({ service }) => service === "ecs");
  const ofNoService = ecsCalls.filter(({ subject }) => subject === undefined).length;
  const share = updates.size === 0 ? 0 : Math.ceil(ofNoService / updates.size);
  const counts = [...updates.keys()].map((subject) => share + (callsBefore.get(subject) ?? 0));
  const started = new Set(starts.map(({ operation }) => operation));
  const gaps = [...polls.values()].flatMap((times) =>
    times.slice(1).map((time, index) => time - (times[index] ?? 0)),
  );
  const histories = new Map<string, { readonly ids: Set<string>; bytes: number }>();
  for (const { execution, operations, requestBytes } of lines) {
    if (execution === undefined || operations === undefined) continue;
    const history = histories.get(execution) ?? { ids: new Set(), bytes: 0 };
    for (const id of operations) history.ids.add(id);
    history.bytes += requestBytes;
    histories.set(execution, history);
  }
  return {
    calls: lines.length,
    starts: started.size,
    copiesStarted: [...started].filter((operation) => /^Invoke \S+-mirror /.test(operation)).length,
    ecsCallsAboveRates: callsAboveRates(ecsCalls),
    ecsCallsOfNoService: ofNoService,
    updated: updates.size,
    registered: of("ecs", "RegisterTaskDefinition").length,
    throttled: lines.filter(({ error }) => /Throttling/.test(error ?? "")).length,
    copiedImages: of("ecr", "CreateRepository").length,
    ecsCallsUntilUpdate: {
      p50: percentile(counts, 0.5),
      p99: percentile(counts, 0.99),
      max: Math.max(0, ...counts),
    },
    ...(gaps.length === 0 ? {} : { pollSecondsMin: Math.min(...gaps) / 1000 }),
    operationsMax: Math.max(0, ...[...histories.values()].map(({ ids }) => ids.size)),
    checkpointBytesMax: Math.max(0, ...[...histories.values()].map(({ bytes }) => bytes)),
  };
}

/** The least value that so large a part does not exceed. */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

const [, self, path] = process.argv;
if (import.meta.filename === self && path !== undefined)
  console.log(JSON.stringify(await recount(path), null, 2));
