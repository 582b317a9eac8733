/**
 * What a deployment brought to a service, as ECS keeps it: which task definition, and the digest of each image.
 *
 * With version consistency ECS resolves a tag once for each deployment. The digest that it found is written down here
 * and nowhere else, so it is the only lasting witness of what a tag meant when the deployment began.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html and API_ContainerImage.html (read 2026-11)
 */

import { type Digest, isDigest } from "../../image/digest.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { getMoment, getObject, getObjects, getString, optional } from "../json-fields.ts";

export type ServiceRevision = {
  readonly arn: string;
  readonly taskDefinition: string;
  readonly images: readonly {
    readonly container: string;
    /** Absent where ECS has not resolved the tag, or version consistency is disabled. */
    readonly digest?: Digest;
  }[];
};

/** One of ListServiceDeployments. */
export type DeploymentSummary = {
  readonly arn: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** PENDING, IN_PROGRESS, SUCCESSFUL, STOP_REQUESTED, STOPPED, or one of ROLLBACK_…. */
  readonly status: string;
  /** The ARN of the service revision that it brings. */
  readonly revision?: string;
};

/** Where ECS itself went back to, and when. */
export type EcsRollback = { readonly revision: string; readonly startedAt: number };

/** Reads one of a DescribeServiceRevisions answer. */
export function readServiceRevision(json: JsonObject): ServiceRevision {
  return {
    arn: getString(json, "serviceRevisionArn") ?? "",
    taskDefinition: getString(json, "taskDefinition") ?? "",
    images: getObjects(json, "containerImages").map((one) => {
      const digest = getString(one, "imageDigest");
      return {
        container: getString(one, "containerName") ?? "",
        ...(isDigest(digest) ? { digest } : {}),
      };
    }),
  };
}

/** Reads one of a ListServiceDeployments answer. */
export function readDeploymentSummary(json: JsonObject): DeploymentSummary {
  return {
    arn: getString(json, "serviceDeploymentArn") ?? "",
    createdAt: getMoment(json, "createdAt") ?? 0,
    status: getString(json, "status") ?? "",
    ...optional("revision", getString(json, "targetServiceRevisionArn")),
  };
}

/** The rollback of one of a DescribeServiceDeployments answer. */
export function readEcsRollback(json: JsonObject): EcsRollback | undefined {
  const rollback = getObject(json, "rollback") ?? {};
  const revision = getString(rollback, "serviceRevisionArn");
  return revision === undefined ? undefined : { revision, startedAt: getMoment(rollback, "startedAt") ?? 0 };
}
