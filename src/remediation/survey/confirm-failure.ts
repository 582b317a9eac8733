/**
 * Reads a failure again where it cannot have been cut or forged: from the task itself, as ECS describes it.
 *
 * The event is a hint. Where the task is still there, its own words count; where it is gone, only an event whose words
 * are whole is enough to act on.
 */

import type { Task } from "../../ecs/task/task.ts";
import type { TaskOwner } from "../../ecs/task/task-owner.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { taskEvent } from "../../ecs-events/task-event.ts";
import type { NamedManifest } from "../../pull-failure/extract-manifests.ts";
import { unsupportedReason } from "../../substitution/applicable-limits.ts";
import type { Ports } from "../ports/ports.ts";
import { nextFailure } from "../report/remedies-of-refusal.ts";
import type { NotEligible } from "./types.ts";

export type ConfirmedFailure = {
  readonly kind: "confirmed";
  readonly failure: PullFailure;
  readonly task?: Task;
};

/** The failure in ECS's own words, reduced to the limits that have a cure, the certain ones; or why it is none of ours. */
export async function confirmFailure(
  failure: PullFailure,
  ports: Ports,
): Promise<ConfirmedFailure | Ignored | NotEligible> {
  if (failure.preemptive) return { kind: "confirmed", failure };
  const task = await ports.ecs.describeTask(failure.clusterArn, failure.taskArn);
  const told = task === undefined ? failure : readEvent(taskEvent(task, failure), ports.location);
  if (told.kind === "ignored") return unconfirmed(told.because);
  if (!isSameOwner(told.owner, failure.owner)) return unconfirmed("another caller started the task");
  const limits = told.failures.filter(
    ({ classification }) => unsupportedReason(classification) === undefined,
  );
  const [first, ...others] = limits.filter(({ classification }) => classification.confidence === "certain");
  if (first !== undefined) {
    // One limit at a time: another registry's has candidates of its own.
    const { kind, registry } = first.classification;
    const same = others.filter(
      ({ classification }) => classification.kind === kind && classification.registry === registry,
    );
    const manifests = [...manifestsIn(failure), ...manifestsIn(told)];
    const certain: PullFailure = {
      ...told,
      failures: [first, ...same],
      ...(manifests.length === 0 ? {} : { manifests }),
    };
    return { kind: "confirmed", failure: certain, ...(task === undefined ? {} : { task }) };
  }
  if (limits[0] === undefined) {
    const { classification } = told.failures[0];
    return { kind: "ignored", because: `${unsupportedReason(classification)}. ${classification.because}` };
  }
  const where = task === undefined ? "the task can no longer be described" : "ECS keeps no more of it";
  return {
    kind: "not-eligible",
    reason: "ambiguous-failure",
    because: `the error text is cut off, and ${where}. ${limits[0].classification.because}`,
    remedies: [nextFailure("the service's events in ECS have the whole text")],
  };
}

function unconfirmed(because: string): Ignored {
  return { kind: "ignored", because: `ECS does not confirm the event: ${because}` };
}

/** An event that names another service than the task's own would be recorded, and counted, as that one's. */
function isSameOwner(told: TaskOwner, named: TaskOwner): boolean {
  if (told.kind !== "service" || named.kind !== "service") return told.kind === named.kind;
  return told.service === named.service;
}

/** Those of the event count too: a text that was made up may keep Repull from writing, and ECS forgets its own in an hour. */
function manifestsIn({ failures }: PullFailure): readonly NamedManifest[] {
  return failures.flatMap(({ classification }) => classification.manifests ?? []);
}
