/**
 * Watches a reverted service until the previous revision is running or has failed.
 *
 * The operator asked for the undo, so nothing is written here: a failure is reported, and the operator decides.
 */

import { sameRevision, shortRevision } from "../ecs/arn.ts";
import { primaryDeployment, type Service } from "../ecs/service/service.ts";
import type { Task } from "../ecs/task/task.ts";
import { judgeRollout, rolloutTimeoutSeconds } from "../remediation/deploy/rollout-verdict.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ActiveSubstitution } from "./active-substitutions.ts";

export type UndoStatus = {
  readonly kind: "running" | "cannot-start" | "superseded" | "in-progress";
  readonly because: string;
};

const POLL_SECONDS = 15;

/** Looks until it is decided, or as long as the service's own settings may take. @param tell gets each change */
export async function watchUndo(
  { clusterArn, service: name, revision }: ActiveSubstitution & { readonly kind: "service" },
  ports: Pick<Ports, "ecs">,
  clock: Pick<Clock, "sleep">,
  tell: (line: string) => void,
): Promise<UndoStatus> {
  let said = "";
  for (let waited = 0; ; waited += POLL_SECONDS) {
    const service = await ports.ecs.describeService(clusterArn, name);
    if (service === undefined) return { kind: "superseded", because: `the service ${name} was deleted` };
    const to = service.taskDefinition;
    // Right after the write ECS may still show the time before it.
    const verdict = sameRevision(to, revision)
      ? {
          kind: "in-progress" as const,
          because: `ECS does not show the rollback from ${shortRevision(to)} yet`,
        }
      : judgeRollout(service, await stoppedSince(service, ports), {
          newRevision: to,
          previousRevision: revision,
        });
    const { because } = verdict;
    switch (verdict.kind) {
      case "succeeded":
        return { kind: "running", because };
      case "cannot-pull":
      case "unhealthy":
        return { kind: "cannot-start", because };
      case "in-progress":
        break;
      default:
        return { kind: "superseded", because };
    }
    if (waited >= rolloutTimeoutSeconds(service)) return { kind: "in-progress", because };
    if (because !== said) tell(because);
    said = because;
    await clock.sleep(POLL_SECONDS * 1000);
  }
}

/** The tasks of this very deployment: ECS shows those of the one that was healed for an hour, under the same revision. */
async function stoppedSince(service: Service, { ecs }: Pick<Ports, "ecs">): Promise<readonly Task[]> {
  const id = primaryDeployment(service)?.id;
  const { clusterArn: cluster, name } = service;
  const stopped = await ecs.listTasks({ cluster, service: name, desiredStatus: "STOPPED" });
  return stopped.filter(({ startedBy }) => startedBy === id);
}
