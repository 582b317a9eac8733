/**
 * Finds a deployment that came between our comparison and our write, where no answer to the write has shown it.
 *
 * An answer may be lost, and DescribeServices shows what was replaced only until its tasks are gone.
 * ListServiceDeployments shows it for 90 days, and the service revision names its task definition.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html (read 2026-11)
 */

import { sameRevision } from "../../ecs/arn.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { readAgain } from "../ports/read-again.ts";

/** DescribeServiceRevisions takes so many at once. */
const DEPLOYMENTS_MAX = 20;

type Write = {
  readonly clusterArn: string;
  readonly service: string;
  /** What we deployed. */
  readonly to: string;
  /** What the service ran when it was surveyed. */
  readonly from: string;
  /** When the youngest deployment was created that the survey saw. */
  readonly deployedAt: number;
};

/**
 * The revision of that deployment; undefined where there is none, and where ECS does not report it: then the write remains.
 *
 * @param own revisions that this execution registered
 */
export async function findUnseenDeployment(
  write: Write,
  own: readonly string[],
  ports: Pick<Ports, "ecs" | "clock" | "log">,
): Promise<string | undefined> {
  try {
    const deployed = await readAgain(() => deployedRevisions(write, ports), ports.clock);
    return replacedUnseen(deployed, write, own);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ports.log.warn("what our deployment replaced cannot be read", { because: error.message });
    return undefined;
  }
}

/** The task definitions that deployments brought since the survey, the newest first; undefined for one that ECS does not describe. */
async function deployedRevisions(
  { clusterArn, service, deployedAt }: Write,
  { ecs }: Pick<Ports, "ecs">,
): Promise<readonly (string | undefined)[]> {
  const newest = (await ecs.listServiceDeployments(clusterArn, service))
    // A deployment that ECS itself rolled back is not restored.
    .filter(({ createdAt, status }) => createdAt > deployedAt && !status.startsWith("ROLLBACK_"))
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .slice(0, DEPLOYMENTS_MAX);
  const arns = [...new Set(newest.flatMap(({ revision }) => revision ?? []))];
  const revisions = arns.length === 0 ? [] : await ecs.describeServiceRevisions(arns);
  return newest.map(({ revision }) => revisions.find(({ arn }) => arn === revision)?.taskDefinition);
}

function replacedUnseen(
  deployed: readonly (string | undefined)[],
  { to, from }: Write,
  own: readonly string[],
): string | undefined {
  const isOurs = (one: string | undefined): boolean => one !== undefined && sameRevision(one, to);
  const others = deployed.findIndex((one) => !isOurs(one));
  const [replaced, ...older] = others <= 0 ? [] : deployed.slice(others);
  // Ours once more, behind another's: that one may itself be a rollback to it.
  if (replaced === undefined || older.some(isOurs)) return undefined;
  return [from, ...own].some((one) => sameRevision(one, replaced)) ? undefined : replaced;
}
