/**
 * What an earlier execution trusted, where the failing deployment is its rollback from a substitute of its own.
 *
 * The tags of the substitute's revision only lead to the execution: what it found is read from its result. Another's
 * deployment may come between the two, when it came at the very moment of the rollback. Then that deployer may also have
 * gone back, and only digests that agree show what was meant.
 */

import type { Testimony } from "../../../assessment/trust/testimony.ts";
import { sameRevision } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import { type ProvenanceTags, parseTags, serviceTag } from "../../../ecs/task-definition/provenance-tags.ts";
import { isInteractive } from "../../detect/execution-names.ts";
import type { Ports } from "../../ports/ports.ts";
import type { FailingDeployment, PinnedRevision } from "./pinned-revision.ts";

/** Deployments before the failing one that are looked at: each further one costs a DescribeTaskDefinition. */
const EARLIER_MAX = 3;
/** A rollout is watched for 18 hours at most, and its rollback written for one: a later one is another's. */
const WAY_BACK_MS = 20 * 3_600_000;

type Failing = {
  readonly deployment: FailingDeployment;
  readonly pinned: PinnedRevision;
  /** What the service revision pinned for the image. */
  readonly since: Testimony;
};
type Substitute = {
  readonly marker: ProvenanceTags;
  /** No other deployment came between it and the failing one. */
  readonly isNext: boolean;
};

export async function earlierExecutionSays(
  image: string,
  { deployment, pinned, since }: Failing,
  { ecs, executions }: Pick<Ports, "ecs" | "executions">,
): Promise<Testimony> {
  const found = await substituteBefore(deployment, pinned, ecs);
  if (found === undefined) return { kind: "none" };
  const { marker, isNext } = found;
  const status = isInteractive(marker.execution)
    ? undefined
    : await executions.status("remediate", marker.execution);
  if (status?.status !== "unknown" && status?.status !== "running" && status?.status !== "succeeded")
    return unrecorded(image, marker, pinned);
  if (status.status !== "succeeded") {
    const because = `the remediation ${marker.execution}, which rolled the service back, cannot be read: ${status.because ?? "it has not ended"}`;
    const isTransient = status.status === "running" || status.transient === true;
    return {
      kind: "unknown",
      because,
      ...optional("permission", status.permission),
      ...(isTransient ? { transient: true } : {}),
    };
  }
  const { rolledBack: record, endedAt } = status;
  const { clusterArn, service, taskDefinition } = deployment;
  const isOurs =
    record?.clusterArn === clusterArn &&
    record.service === service &&
    record.revisions.some((one) => sameRevision(one, taskDefinition));
  const digest = isOurs ? record.trusted[image] : undefined;
  const isLater = !isNext && pinned.kind === "found" && endedAt !== undefined && pinned.at > endedAt;
  if (digest === undefined || isLater) return { kind: "none" };
  const pinnedSince = since.kind === "digest" ? since.digest : undefined;
  if (!isNext && pinnedSince !== digest) {
    const because = `${marker.execution} rolled the service back, another deployment came at the same time, and which of the two went back to this revision is not known`;
    return { kind: "unknown", because };
  }
  // What ECS pinned for the deployment by which that execution rolled back: its failing texts name this manifest.
  return { kind: "digest", digest, ...optional("pinnedSince", pinnedSince) };
}

/** The newest substitute of ours whose rollback leads to the failing revision. */
async function substituteBefore(
  { clusterArn, service, taskDefinition }: FailingDeployment,
  pinned: PinnedRevision,
  ecs: Ports["ecs"],
): Promise<Substitute | undefined> {
  if (pinned.kind !== "found") return undefined;
  const earlier = pinned.earlier
    .filter(({ createdAt }, index) => index === 0 || createdAt > pinned.at - WAY_BACK_MS)
    .slice(0, EARLIER_MAX);
  const arns = [...new Set(earlier.flatMap(({ revision }) => revision ?? []))];
  if (arns.length === 0) return undefined;
  const revisions = await ecs.describeServiceRevisions(arns);
  const markerOf = async (arn: string): Promise<ProvenanceTags | undefined> =>
    parseTags((await ecs.describeTaskDefinition(arn))?.tags ?? []);
  for (const [index, { revision }] of earlier.entries()) {
    const brought = revisions.find(({ arn }) => arn === revision)?.taskDefinition;
    // The service was on the failing revision in between: a rollback of ours led there.
    if (brought === undefined || (index > 0 && sameRevision(brought, taskDefinition))) return undefined;
    const marker = await markerOf(brought);
    if (marker?.previousRevision === undefined || marker.service !== serviceTag(clusterArn, service))
      continue;
    const isNext = index === 0;
    if (sameRevision(marker.previousRevision, taskDefinition)) return { marker, isNext };
    // A rollback may lead to a copy of the revision that ours replaced. Anything else is a new deployment.
    const failing = await markerOf(taskDefinition);
    if (failing?.images.length === 0 && failing.previousRevision === marker.previousRevision)
      return { marker, isNext };
  }
  return undefined;
}

/**
 * A remediation by hand, or one that died, has left no record. Its tag says what it had found: that is not proof, but where
 * ECS has pinned another digest since, it is not known which of the two was meant.
 */
function unrecorded(image: string, { execution, images }: ProvenanceTags, pinned: PinnedRevision): Testimony {
  const found = images.find((one) => one.image === image)?.trusted;
  const pins = pinned.kind === "found" ? pinned.revision.images : [];
  if (found === undefined || pins.every(({ digest }) => digest === undefined)) return { kind: "none" };
  if (pins.some(({ digest }) => digest === found)) return { kind: "none" };
  return {
    kind: "unknown",
    because: `${execution}, which left no record, had found another digest before the service came back`,
  };
}
