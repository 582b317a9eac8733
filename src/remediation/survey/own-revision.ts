/**
 * Whether the failing revision is one of ours that its own execution still looks after.
 *
 * While an execution watches its rollout, tasks of its substitute may fail as well: it sees them, and tries the next
 * place or goes back. A second execution in parallel would write over its writes, and copy what it copies. It may end with
 * the failing revision in place, and a circuit breaker may have stopped ECS by then: so the failure is looked at again.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { getMoment } from "../../ecs/json-fields.ts";
import { parseTags, serviceTag } from "../../ecs/task-definition/provenance-tags.ts";
import type { DescribedTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import type { Ignored, PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Ports } from "../ports/ports.ts";

/** An execution that registered a revision so recently may be at work, though no list of executions shows it yet. */
const YOUNG_MINUTES = 15;

/**
 * Why the failure is left to the execution that made the revision; undefined where that has ended.
 * Throws AwsError where it cannot be read: then it is unknown, and nothing may be written.
 */
export async function isWatchedByItsExecution(
  { taskDefinition, tags }: DescribedTaskDefinition,
  { taskDefinitionArn, preemptive, owner, clusterArn }: PullFailure,
  execution: string,
  { executions, clock }: Pick<Ports, "executions" | "clock">,
): Promise<(Ignored & { readonly transient: true }) | undefined> {
  const { execution: maker, service } = parseTags(tags) ?? {};
  // A person who asks has seen what runs, and decides.
  if (maker === undefined || maker === execution || preemptive) return undefined;
  // The maker looks after the service that it made the revision for, and no other one that runs it.
  const own = owner.kind === "service" ? serviceTag(clusterArn, owner.service) : undefined;
  if (own !== undefined && service !== undefined && service !== own) return undefined;
  const revision = shortRevision(taskDefinitionArn);
  const found = await executions.status("remediate", maker);
  if (found?.status === "running")
    return {
      kind: "ignored",
      because: `${revision} is a substitute of ${maker}, which still runs`,
      transient: true,
    };
  if (found !== undefined) return undefined;
  const registeredAt = getMoment(taskDefinition, "registeredAt") ?? Number.NEGATIVE_INFINITY;
  return clock.now() - registeredAt < YOUNG_MINUTES * 60_000
    ? {
        kind: "ignored",
        because: `${revision} is a new substitute of ${maker}, which may still run`,
        transient: true,
      }
    : undefined;
}
