/**
 * Puts the former revision back where ours did worse.
 *
 * Terraform deregisters what it replaces, and ECS takes no INACTIVE revision: then a copy of it is registered. A step
 * may run more than once, so the copy that an earlier run made is looked for first.
 */

import { shortRevision } from "../../ecs/arn.ts";
import { parseTags, serviceTag, toTags } from "../../ecs/task-definition/provenance-tags.ts";
import { isSameDefinition } from "../../ecs/task-definition/same-definition.ts";
import {
  type DescribedTaskDefinition,
  familyOf,
  reviseTaskDefinition,
} from "../../ecs/task-definition/task-definition.ts";
import type { Ports } from "../ports/ports.ts";
import type { Superseded, Survey } from "../survey/types.ts";
import { rollBackByEcs } from "./ecs-rollback.ts";
import { compareService, redeployRevision, type Written } from "./redeploy-service.ts";

/** A copy is as young as the rollback; other services of its family register revisions too. */
const REVISIONS_SEEN = 10;

/** `to`: what the service is back on, the former revision or its copy. */
export type Restored =
  | (Written & {
      readonly to: string;
      /** ECS goes back by itself, to the service revision that it had. */
      readonly byEcs?: true;
    })
  | Superseded;

type Place = Pick<Survey, "clusterArn" | "service" | "failingRevision">;

/** Redeploys the previous revision, unless another deployment came meanwhile. */
export async function redeployPreviousRevision(
  place: Place,
  ours: string,
  execution: string,
  ports: Pick<Ports, "ecs" | "log">,
  {
    byEcs = true,
    ...conditions
  }: {
    /** The deployment of ours that is to be replaced, where another one of the same revision is not. */
    readonly deploymentId?: string;
    /** The same, and ECS's own way back to our revision is replaced too. */
    readonly ourDeploymentId?: string;
    /** Where ours runs whole by the time of the write, it stays: the former revision cannot start. */
    readonly heals?: boolean;
    /** Another revision in place of ours is looked at a second time, before it is believed. */
    readonly isSeenTwice?: boolean;
    /** False: ECS was asked to go back by itself, and has not. */
    readonly byEcs?: boolean;
  } = {},
): Promise<Restored> {
  const { clusterArn, service, failingRevision } = place;
  const described = await ports.ecs.describeTaskDefinition(failingRevision);
  if (described === undefined)
    return { kind: "superseded", because: { code: "revision-deleted", revision: failingRevision } };
  const isInactive = described.taskDefinition.status === "INACTIVE";
  const to = isInactive ? await copyOf(described, place, execution, ports) : failingRevision;
  const change = { clusterArn, service, to, from: ours, ...conditions };
  ports.log.warn("restoring the former revision", { serviceName: service, ours, to });
  // A revision that is INACTIVE may have nothing left that ECS could go back to.
  if (
    !isInactive &&
    byEcs &&
    (await compareService(change, ports)).kind === "same" &&
    (await rollBackByEcs(place, ours, ports))
  )
    return { kind: "redeployed", deployments: [], to, byEcs: true };
  const written = await redeployRevision(change, ports);
  return written.kind === "superseded" ? written : { ...written, to };
}

/** The copy that the service or the family has already, or else a new one. */
async function copyOf(
  described: DescribedTaskDefinition,
  { clusterArn, service, failingRevision }: Place,
  execution: string,
  { ecs }: Pick<Ports, "ecs">,
): Promise<string> {
  const marker = toTags({
    execution,
    previousRevision: shortRevision(failingRevision),
    service: serviceTag(clusterArn, service),
    images: [],
  });
  const wanted = reviseTaskDefinition(described, { images: new Map(), provenance: marker });
  // Tags only find it. A revision that differs from the previous one in any member is not used.
  const isCopy = async (arn: string): Promise<boolean> => {
    const one = await ecs.describeTaskDefinition(arn);
    return one !== undefined && one.taskDefinition.status !== "INACTIVE" && isSameDefinition(one, wanted);
  };
  // A service that runs it shows it for certain; a list of revisions may be of a moment ago.
  const inPlace = await ecs.describeService(clusterArn, service);
  if (inPlace !== undefined && (await isCopy(inPlace.taskDefinition))) return inPlace.taskDefinition;
  const family = familyOf(described.taskDefinition) ?? "";
  for (const { arn, tags } of await ecs.newestRevisions(family, REVISIONS_SEEN)) {
    if (parseTags(tags)?.execution === execution && (await isCopy(arn))) return arn;
  }
  return await ecs.registerTaskDefinition(wanted);
}
