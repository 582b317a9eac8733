/**
 * Has ECS itself go back from a deployment of ours that is in progress.
 *
 * StopServiceDeployment names our deployment, so it can take back no other one, and what ECS goes back to is a service
 * revision that was there before: with the digests that it had, as far as is known, where UpdateService would have
 * each tag resolved again. It goes back to the service revision before ours; so it is asked only where that one ran the
 * previous revision and nothing else, and had been deployed to its end.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html (read 2026-11)
 */

import { sameRevision } from "../../ecs/arn.ts";
import type { ServiceDeployment } from "../../ecs/service/service-deployment.ts";
import { AwsError } from "../ports/aws-error.ts";
import { Stopped } from "../ports/kill-switch.ts";
import type { Ports } from "../ports/ports.ts";
import type { Survey } from "../survey/types.ts";

type Place = Pick<Survey, "clusterArn" | "service" | "failingRevision">;

const IN_PROGRESS = ["PENDING", "IN_PROGRESS"];
/** An earlier run of this step has asked for it. */
const IS_ASKED = ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"];

/** Whether ECS goes back by itself. Where it does not, for whatever reason, the caller deploys the previous revision. */
export async function rollBackByEcs(
  place: Place,
  newRevision: string,
  ports: Pick<Ports, "ecs" | "log">,
): Promise<boolean> {
  const { clusterArn, service } = place;
  try {
    const ours = await ports.ecs.serviceDeployment(clusterArn, service, newRevision);
    if (ours === undefined || !(await goesBackTo(place, ours, ports))) return false;
    if (IS_ASKED.includes(ours.status)) return true;
    if (!IN_PROGRESS.includes(ours.status)) return false;
    await requestRollback(place, newRevision, ours.arn, ports);
    ports.log.info("deployment stopped, and ECS rolls it back", {
      serviceName: service,
      deployment: ours.arn,
    });
    return true;
  } catch (error) {
    if (!(error instanceof AwsError) || error instanceof Stopped) throw error;
    ports.log.warn("ECS does not roll our deployment back", { serviceName: service, because: error.message });
    return false;
  }
}

/** Without an answer it may have been done all the same: the deployment itself shows it. */
async function requestRollback(
  { clusterArn, service }: Place,
  newRevision: string,
  arn: string,
  { ecs }: Pick<Ports, "ecs">,
): Promise<void> {
  try {
    await ecs.rollBackDeployment(arn);
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== "unavailable") throw error;
    const now = await ecs.serviceDeployment(clusterArn, service, newRevision);
    if (now === undefined || !IS_ASKED.includes(now.status)) throw error;
  }
}

/** Whether what ran before ours was the previous revision alone, deployed to its end. */
async function goesBackTo(
  { clusterArn, service, failingRevision }: Place,
  { sources }: ServiceDeployment,
  { ecs }: Pick<Ports, "ecs">,
): Promise<boolean> {
  if (sources.length === 0) return false;
  const revisions = await ecs.describeServiceRevisions(sources);
  const isPrevious = sources.every((source) =>
    revisions.some(
      ({ arn, taskDefinition }) => arn === source && sameRevision(taskDefinition, failingRevision),
    ),
  );
  if (!isPrevious) return false;
  const deployed = await ecs.listServiceDeployments(clusterArn, service);
  return sources.every((source) =>
    deployed.some(({ revision, status }) => revision === source && status === "SUCCESSFUL"),
  );
}
