/**
 * Whether a write has landed, where a later attempt of its step says that somebody else's deployment stands.
 *
 * The first attempt may have written and died, and the second may have read an answer from before that write: then
 * ours stands over theirs, and an execution that ended as superseded would never give it back.
 */

import { revisionName, sameRevision } from "../workload/arn.ts";
import type { Redeployed } from "./apply.ts";
import { type Course, persistent } from "./course.ts";
import type { Superseded } from "./survey.ts";

/** Longer than ECS has been seen to tell of the past. */
const PAUSE_SECONDS = 60;

/** Looks once more, a minute later, before it is believed that somebody else's revision stands in place of `ours`. */
export async function lookAgain(
  displaced: Superseded,
  { clusterArn, service, ours }: { clusterArn: string; service: string; ours: string },
  label: number | string,
  { ports, steps }: Course,
): Promise<Redeployed> {
  const { revision } = displaced;
  if (revision === undefined) return displaced;
  await steps.wait(`second look ${label}`, PAUSE_SECONDS);
  return await steps.step(
    `whose stands ${label}`,
    async () => {
      const now = await ports.ecs.describeService(clusterArn, service);
      if (now === undefined || !sameRevision(now.taskDefinition, ours)) return displaced;
      ports.log.warn("ours replaced a deployment", { serviceName: service, foreign: revisionName(revision) });
      return { kind: "already" as const, deployments: now.deployments, foreign: revision };
    },
    persistent,
  );
}
