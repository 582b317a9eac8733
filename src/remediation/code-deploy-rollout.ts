/**
 * A revision brought by CodeDeploy: one deployment with the service's own AppSpec, followed to its end.
 *
 * CodeDeploy judges it by the owner's settings, and goes back by them. One thing it does not see: that tasks which
 * cannot start will not start within the hour either. Then ours is stopped, for it alone is ours to stop.
 */

import type { ImagePlan } from "../substitution/planner.ts";
import { withTaskDefinition } from "../workload/app-spec.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { present } from "../workload/members.ts";
import { primaryTaskSet } from "../workload/service.ts";
import { AwsError } from "./aws-error.ts";
import { isUnderWay } from "./code-deploy-port.ts";
import { type Course, persistent } from "./course.ts";
import { failedOf, reasonsOf } from "./failed-tasks.ts";
import { inTurn } from "./pacing.ts";
import type { Ports } from "./ports.ts";
import type { Ending } from "./report.ts";
import type { Superseded, Survey } from "./survey.ts";
import { brings, type CodeDeployRoad, SEEN_MS } from "./survey-code-deploy.ts";

/** An hour for the tasks, and as long as AWS's own configurations take to move the traffic, and more than twice. */
const WATCHED_SECONDS_MAX = 4 * 3600;
const LOOK_SECONDS_FIRST = 15;
const LOOK_SECONDS_MAX = 120;
/** `The Deployment Group 'web' already has an active Deployment 'd-ABCDEF123'` */
const ACTIVE = /\bd-[A-Z0-9]+\b/;
/** One failed task can be anybody's. */
const FAILURES_TOLERATED = 1;

type Made = { readonly former: string; readonly ours: string };
export type ByCodeDeploy = Survey & { readonly codeDeploy: CodeDeployRoad };

/** Deploys our revision, watches it, and says how it ended. */
export async function rollOutByCodeDeploy(
  surveyed: ByCodeDeploy,
  made: Made,
  images: readonly ImagePlan[],
  look: number,
  { ports, options, steps, progress }: Course,
): Promise<Ending> {
  const { execution } = options;
  const begun = await inTurn(
    `deploy ${look}`,
    () => begin(surveyed, made.ours, execution, ports),
    { execution, isServing: surveyed.runningCount > 0 },
    steps,
  );
  if (begun.kind === "superseded") return { ...begun, images };
  progress.made = made;
  const ended = { images, made };
  if (options.settle === false) {
    const because = `CodeDeploy's deployment ${begun.id} brings the service ${surveyed.service} from ${revisionName(made.former)} to ${revisionName(made.ours)}`;
    return { kind: "applied", because, ...ended };
  }
  let stoppedBecause: string | undefined;
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, round = 1; ; round++) {
    await steps.wait(`deployment ${look}.${round}`, pause);
    waited += pause;
    pause = Math.min(LOOK_SECONDS_MAX, pause + 15);
    const seen = await steps.step(
      `follow ${look}.${round}`,
      () => lookAtDeployment(surveyed, begun.id, made.ours, ports),
      persistent,
    );
    if (seen.kind === "over") {
      const because = stoppedBecause === undefined ? seen.because : `${stoppedBecause}; ${seen.because}`;
      return { ...seen, kind: seen.ending, because, ...ended };
    }
    if (seen.kind === "failing" && stoppedBecause === undefined) {
      stoppedBecause = seen.because;
      await steps.step(`stop ${look}`, () => ports.codeDeploy.stop(begun.id), persistent);
    }
    if (waited < WATCHED_SECONDS_MAX) continue;
    const because = `after ${Math.round(waited / 60)} minutes ${seen.because}`;
    // A healthy deployment may keep the former tasks for days before it counts as done.
    return { kind: seen.kind === "moving" && seen.isServing ? "settled" : "unsettled", because, ...ended };
  }
}

type Begun = { readonly kind: "begun"; readonly id: string } | Superseded;

/** Begins the deployment, or finds the one that an earlier run of this step has begun. */
async function begin(
  { codeDeploy: road, service }: ByCodeDeploy,
  ours: string,
  execution: string,
  ports: Ports,
): Promise<Begun> {
  const recent = await ports.codeDeploy.deployments(road, ports.clock.now() - SEEN_MS);
  // It may have failed since: then it has been tried.
  const own = recent.find((one) => !one.isRollback && brings(one, ours));
  if (own !== undefined) return { kind: "begun", id: own.id };
  const busy = recent.find(isUnderWay);
  if (busy !== undefined) return taken(`CodeDeploy brings the service ${service} ${busy.id} now`);
  if (recent[0] !== undefined && recent[0].id !== road.newest)
    return taken(`${recent[0].id} was deployed to the service ${service} meanwhile`);
  const pattern = await ports.codeDeploy.deployment(road.pattern);
  const appSpec = pattern?.appSpec === undefined ? undefined : withTaskDefinition(pattern.appSpec, ours);
  if (pattern === undefined || appSpec === undefined) return taken(`${road.pattern} is gone`);
  try {
    const id = await ports.codeDeploy.create({
      application: road.application,
      group: road.group,
      appSpec,
      ...present("configuration", pattern.configuration),
      description: `Repull ${execution}: the same images from another place`,
    });
    ports.log.info("deployment begun", { deployment: id, revision: ours, execution });
    return { kind: "begun", id };
  } catch (error) {
    if (!(error instanceof AwsError && error.kind === "conflict")) throw error;
    // The group is busy: with somebody else's, or with ours, whose answer was lost and which no list shows yet.
    const id = ACTIVE.exec(error.message)?.[0];
    const active = id === undefined ? undefined : await ports.codeDeploy.deployment(id);
    if (active !== undefined && brings(active, ours)) return { kind: "begun", id: active.id };
    return taken(error.message);
  }
}

/** Worth another look: what is under way may be ours, or end in a while. */
function taken(because: string): Superseded {
  return { kind: "superseded", because, passing: true };
}

type Seen =
  | { readonly kind: "moving"; readonly because: string; readonly isServing: boolean }
  | { readonly kind: "failing"; readonly because: string }
  | {
      readonly kind: "over";
      readonly ending: "settled" | "restored" | "unsettled";
      readonly because: string;
      readonly nextSteps?: readonly string[];
    };

async function lookAtDeployment(
  { clusterArn, service: name }: Survey,
  id: string,
  ours: string,
  ports: Ports,
): Promise<Seen> {
  const deployment = await ports.codeDeploy.deployment(id);
  const service = await ports.ecs.describeService(clusterArn, name);
  const primary = service === undefined ? undefined : primaryTaskSet(service);
  const set = service?.taskSets.find(({ taskDefinition }) => sameRevision(taskDefinition, ours));
  const isServing =
    set !== undefined && set === primary && set.desiredCount > 0 && set.runningCount >= set.desiredCount;
  const status = deployment?.status ?? "Created";
  const counted = `${set?.runningCount ?? 0} of ${set?.desiredCount ?? 0} tasks run ${revisionName(ours)}`;
  const why = deployment?.because === undefined ? "" : ` (${deployment.because})`;
  if (status === "Succeeded")
    return {
      kind: "over",
      ending: "settled",
      because: `CodeDeploy's deployment ${id} succeeded; ${counted}`,
    };
  if (status === "Failed" || status === "Stopped") {
    const isOurs = primary !== undefined && sameRevision(primary.taskDefinition, ours);
    const where = primary === undefined ? "" : `; ${revisionName(primary.taskDefinition)} serves`;
    return {
      kind: "over",
      ending: isOurs ? "unsettled" : "restored",
      because: `CodeDeploy's deployment ${id} ended as ${status}${why}${where}`,
      nextSteps: [`find out why: aws deploy get-deployment --deployment-id ${id}`],
    };
  }
  const failures = failedOf(
    await ports.ecs.listTasks({ cluster: clusterArn, service: name, desiredStatus: "STOPPED" }),
  ).filter((task) => sameRevision(task.taskDefinitionArn, ours));
  if (failures.length > FAILURES_TOLERATED && (set?.runningCount ?? 0) === 0) {
    const [reason] = failures.flatMap(reasonsOf);
    const because = `${failures.length} tasks of ${revisionName(ours)} failed: ${reason?.text ?? "ECS gives no reason"}`;
    return { kind: "failing", because };
  }
  return { kind: "moving", because: `CodeDeploy's deployment ${id} is ${status}; ${counted}`, isServing };
}
