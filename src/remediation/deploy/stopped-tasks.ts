/** Why tasks of a revision stopped, in ECS's words, and whether it was a pull. */

import type { Task } from "../../ecs/task/task.ts";
import { repositoryName, tryParseReference } from "../../image/reference.ts";
import { classify } from "../../pull-failure/classify.ts";
import type { PullFailureKind } from "../../pull-failure/types.ts";
import { redact } from "../../text/redact.ts";

export type StopReason = { readonly text: string; readonly kind: PullFailureKind; readonly image?: string };

/** Those that ended by themselves: what was scaled in, or stopped by a person, has not failed. */
export function failedTasksOf(stopped: readonly Task[]): readonly Task[] {
  return stopped.filter(
    ({ stopCode }) => stopCode === "TaskFailedToStart" || stopCode === "EssentialContainerExited",
  );
}

/** Why a task stopped: each container's own reason, or the task's where no container has one; redacted. */
export function stopReasons({ containers, stoppedReason }: Task): readonly StopReason[] {
  const inContainers = containers.flatMap(({ reason, image }) =>
    reason === undefined ? [] : [{ reason, image }],
  );
  const told =
    inContainers.length > 0
      ? inContainers
      : stoppedReason === undefined
        ? []
        : [{ reason: stoppedReason, image: undefined }];
  return told.map(({ reason, image }) => {
    const { kind, image: named } = classify(reason, image);
    const repository = tryParseReference(named);
    return {
      text: redact(reason),
      kind,
      ...(repository === undefined ? {} : { image: repositoryName(repository) }),
    };
  });
}

export function isPullFailure({ kind, text }: StopReason): boolean {
  return kind !== "other" || /CannotPull/.test(text);
}
