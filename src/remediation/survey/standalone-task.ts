/**
 * Reads the world around a task that no service started: nothing brings it back, so more has to be known of it.
 *
 * Who waits for the task decides what may be done. A workflow engine that started it keeps an account of its own, and
 * is reported; a schedule is looked up with the targets that pin the revision; a task of RunTask is left as it is,
 * or run again, as the policy says.
 */

import { parseArn, parseRevision, sameRevision, shortRevision } from "../../ecs/arn.ts";
import { getTags } from "../../ecs/json-fields.ts";
import { parseTags } from "../../ecs/task-definition/provenance-tags.ts";
import type { Tag } from "../../ecs/task-definition/tag.ts";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import type { Ports } from "../ports/ports.ts";
import { type ScheduledTarget, targetName } from "../ports/schedules.ts";
import { deployYourself, undoSubstitute } from "../report/remedies-of-refusal.ts";
import type { TaggedResource } from "./tagged-resource.ts";
import type { NotEligible, Superseded, TaskFacts } from "./types.ts";

const REVISIONS_SEEN = 10;

/** AWS Batch names its clusters so, and Step Functions signs so: seen in accounts, 2019 to 2026. */
const BATCH_CLUSTER = /:cluster\/AWSBatch-/;
const STEP_FUNCTIONS = "AWS Step Functions";

/** The workflow engine that tracks the task and has to run it again. @param startedBy as ECS reports it */
export function managedByWorkflowEngine(
  { clusterArn, taskDefinitionArn }: PullFailure,
  startedBy: string | undefined,
): NotEligible | undefined {
  const family = parseRevision(taskDefinitionArn)?.family ?? shortRevision(taskDefinitionArn);
  if (BATCH_CLUSTER.test(clusterArn)) {
    return {
      kind: "not-eligible",
      reason: "deployed-by-others",
      because: `AWS Batch started the task ${family} on a cluster of its own, from a job definition that it turns into task definitions by itself: a revision of Repull's would not be used`,
      remedies: [
        deployYourself(
          "register a revision of the job definition with an image from ECR, and submit the job again; its retryStrategy may retry on CannotPullContainerError",
          "the job was submitted again, with an image from ECR in its definition",
        ),
      ],
    };
  }
  if (startedBy === STEP_FUNCTIONS) {
    return {
      kind: "not-eligible",
      reason: "deployed-by-others",
      because: `a state machine of Step Functions started the task of ${shortRevision(taskDefinitionArn)} and watches it: a task that another caller starts would not count`,
      remedies: [
        deployYourself(
          `register a revision of ${shortRevision(taskDefinitionArn)} with an image from ECR, name the family without a revision in the state machine's task, or that revision, and redrive the execution`,
          "the execution was redriven, with an image from ECR in its task",
        ),
      ],
    };
  }
  return undefined;
}

/** Whether every task that fails is a matter of its own: it is, where something is done for each. */
export function isPerTask({ owner }: PullFailure, { standaloneTasks, schedules }: Policy): boolean {
  if (owner.kind === "standalone") return standaloneTasks === "run";
  return owner.kind === "scheduled" && schedules !== "report";
}

/** What the policy wants done for the task, and what it takes; or why nothing may be done. */
export async function surveyTask(
  failure: PullFailure,
  tags: readonly Tag[],
  policy: Policy,
  ports: Ports,
): Promise<TaskFacts | NotEligible | Superseded> {
  const { owner, clusterArn, taskArn, taskDefinitionArn: former } = failure;
  const family = parseRevision(former)?.family ?? shortRevision(former);
  const { execution: maker, previousRevision: replaced } = parseTags(tags) ?? {};
  if (maker !== undefined) {
    return {
      kind: "not-eligible",
      reason: "substitute-failed",
      because: `${shortRevision(former)} is a substitute that ${maker} registered, and it cannot be pulled either`,
      remedies: [backTo(replaced === undefined ? undefined : shortRevision(replaced), failure, family)],
    };
  }
  const newer = await newerThan(former, family, ports);
  if (newer !== undefined) {
    return {
      kind: "superseded",
      because: `${shortRevision(newer)} is newer than the failing ${shortRevision(former)}: a revision made from the old one would become the newest, for every caller that names the family alone`,
    };
  }
  if (owner.kind !== "scheduled") return { taskArn, action: policy.standaloneTasks, targets: [] };
  if (policy.schedules === "report")
    return { taskArn, action: "report", schedule: owner.schedule, targets: [] };

  const targets = await ports.schedules.targetsOf({ clusterArn, family, schedule: owner.schedule });
  if (targets.length === 0) {
    return {
      kind: "not-eligible",
      reason: "ambiguous-failure",
      because: `no rule and no schedule of this account and region that is called ${owner.schedule} runs ${family} on this cluster`,
      remedies: [
        deployYourself(
          `find what starts ${shortRevision(former)}, and point it at a revision with an image from ECR`,
          "what starts the task names a revision with an image from ECR",
        ),
      ],
    };
  }
  return { taskArn, action: policy.schedules, schedule: owner.schedule, targets };
}

/** A schedule is put back by us; what else starts the task has to be pointed at the previous revision by its operator. */
function backTo(former: string | undefined, { owner, clusterArn }: PullFailure, family: string): Remedy {
  if (owner.kind === "scheduled")
    return undoSubstitute(family, clusterArn.slice(clusterArn.lastIndexOf("/") + 1));
  const revision = former ?? "the revision that its tags name (repull:previous-revision)";
  return deployYourself(
    `start the task on ${revision} again; if that fails, Repull looks for another substitute`,
    `the task was started on ${revision}`,
  );
}

/** The newest revision that is newer than the failing one and that no remediation of it has made. */
async function newerThan(former: string, family: string, ports: Ports): Promise<string | undefined> {
  const failing = parseRevision(former)?.revision ?? 0;
  const revisions = await ports.ecs.newestRevisions(family, REVISIONS_SEEN);
  return revisions.find(({ arn, tags }) => {
    const made = parseTags(tags)?.previousRevision;
    return (
      (parseRevision(arn)?.revision ?? 0) > failing && !(made !== undefined && sameRevision(made, former))
    );
  })?.arn;
}

/** The task itself, while ECS still shows it, and what starts it: where else a tag may be. */
export async function taggedResourcesOf(
  { clusterArn, taskArn }: PullFailure,
  targets: readonly ScheduledTarget[],
  { tasks, schedules }: Pick<Ports, "tasks" | "schedules">,
): Promise<readonly TaggedResource[]> {
  const task = await tasks.describe(clusterArn, taskArn);
  const name = `the task ${taskArn.slice(taskArn.lastIndexOf("/") + 1)}`;
  const { partition, region, account } = parseArn(clusterArn) ?? {};
  const arnOf = (resource: string): string =>
    `arn:${partition}:${resource.replace(":", `:${region}:${account}:`)}`;
  const starters = targets.map(async (target) => ({
    name: target.kind === "rule" ? targetName(target) : `the schedule group ${target.group}`,
    arn:
      target.kind === "rule"
        ? arnOf(`events:rule/${target.bus === "default" ? "" : `${target.bus}/`}${target.rule}`)
        : arnOf(`scheduler:schedule-group/${target.group}`),
    tags: await schedules.tagsOf(target, clusterArn),
  }));
  return [
    ...(task === undefined ? [] : [{ name, arn: taskArn, tags: getTags(task) }]),
    ...(await Promise.all(starters)),
  ];
}
