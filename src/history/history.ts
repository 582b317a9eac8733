/**
 * What has been done, when, why, with what proof, and how it ended: from the sources that know.
 *
 * A durable execution keeps its outcome as long as the stack says; a revision keeps its tags for ever. What only one of
 * them knows comes from that one, and no other record is kept.
 */

import { optional } from "../ecs/json-fields.ts";
import { isInteractive, isOrder } from "../remediation/detect/execution-names.ts";
import type { Decision } from "../remediation/gates/approval-decision.ts";
import type { ExecutionStatus } from "../remediation/ports/ports.ts";
import { type Outcome, outcomeSchema } from "../remediation/report/outcome.ts";
import type { ActiveSubstitution } from "./active-substitutions.ts";

/** A remediation that ran, or runs, as its engine remembers it. */
export type ExecutionSummary = {
  readonly name: string;
  readonly status: ExecutionStatus["status"];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** What it returned: the outcome. */
  readonly result?: unknown;
  /** `prod/web`, from the event with which it was started, where it returned nothing. */
  readonly workload?: string;
  /** Why its result could not be read. */
  readonly because?: string;
};

/** The engine's memory of remediations, newest first. */
export interface ExecutionHistory {
  /** Those that run, and those that began or ended since. */
  past(since: number): Promise<readonly ExecutionSummary[]>;
}

export type HistoryEntry = {
  readonly execution: string;
  /** When it began; of a deed that only tags show, when its revision was registered. */
  readonly at?: number;
  readonly endedAt?: number;
  /** `running`, an outcome, or how the execution died; where only tags show it, `by-hand` or `unknown`. */
  readonly ended: string;
  readonly because?: string;
  /** The operator's answer, where one was asked for. */
  readonly decision?: Decision;
  readonly workload?: string;
  readonly former?: string;
  readonly revision?: string;
  readonly images: readonly {
    readonly image: string;
    readonly substitute: string;
    readonly proof?: string;
  }[];
  /** Whether its change is still in effect. */
  readonly active: boolean;
};

/** Both memories as one, newest first; `since` in milliseconds since the epoch. */
export function mergeHistory(
  past: readonly ExecutionSummary[],
  effects: readonly ActiveSubstitution[],
  since: number,
): readonly HistoryEntry[] {
  const remembered = past.map((execution) => entryOf(execution, effects));
  const names = new Set(past.map(({ name }) => name));
  const forgotten = effects
    .filter(({ execution, registeredAt = since }) => !names.has(execution) && registeredAt >= since)
    .map(entryOfTags);
  return [...remembered, ...forgotten].toSorted((one, other) => (other.at ?? 0) - (one.at ?? 0));
}

function entryOf(
  { name, status, startedAt, endedAt, result, because, workload }: ExecutionSummary,
  effects: readonly ActiveSubstitution[],
): HistoryEntry {
  const read = outcomeSchema.safeParse(result);
  const outcome: Outcome | undefined = read.success ? read.data : undefined;
  return {
    execution: name,
    at: startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ended: outcome?.outcome ?? (status === "succeeded" ? "unknown" : status),
    ...optional("because", outcome?.because ?? because),
    ...optional("decision", outcome?.decision),
    ...(outcome?.workload === undefined
      ? optional("workload", workload)
      : { workload: `${clusterName(outcome.workload.cluster)}/${outcome.workload.name}` }),
    ...(outcome?.formerTaskDefinition === undefined ? {} : { former: outcome.formerTaskDefinition }),
    ...(outcome?.newTaskDefinition === undefined ? {} : { revision: outcome.newTaskDefinition }),
    images: (outcome?.images ?? []).flatMap(({ image, substitute, proof }) =>
      substitute === undefined ? [] : [{ image, substitute, ...(proof === undefined ? {} : { proof }) }],
    ),
    active: effects.some(({ execution }) => execution === name),
  };
}

/** Tags and revision say what replaces what; not why, nor how well it was proved. */
function entryOfTags(effect: ActiveSubstitution): HistoryEntry {
  const { execution, registeredAt, former, revision, images, clusterArn } = effect;
  const name =
    effect.kind === "service"
      ? effect.service
      : effect.target.kind === "rule"
        ? effect.target.rule
        : effect.target.name;
  return {
    execution,
    ...(registeredAt === undefined ? {} : { at: registeredAt }),
    ...(isInteractive(execution)
      ? {
          ended: "by-hand",
          because: `made by ${isOrder(execution) ? "repull mirrors refresh --apply" : "repull fix"}; the repull:* tags of the new revision have the details`,
        }
      : {
          ended: "unknown",
          because: "Lambda no longer has the execution; the rest is from the tags of its revision",
        }),
    workload: `${clusterName(clusterArn)}/${name}`,
    former,
    revision,
    images: images.map(({ image, digest, substitute }) => ({
      image,
      substitute: substitute ?? digest ?? image,
    })),
    active: true,
  };
}

function clusterName(cluster: string): string {
  return cluster.slice(cluster.lastIndexOf("/") + 1);
}
