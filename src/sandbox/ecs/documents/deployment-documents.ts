/** Service deployments and service revisions, as ECS lists and describes them. */

import type { JsonObject } from "../../../runtime/json.ts";
import { type DeploymentRecord, jsonOf, type ServiceRecord } from "../state.ts";
import { deploymentArn, hookArn, revisionArn } from "./resource-names.ts";

/** A deployment as DescribeServiceDeployments answers it. */
export function describedServiceDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  idNamesRevision: boolean,
): JsonObject {
  const { ended, stage, hooks, firedAlarms } = deployment;
  const revision = (of: DeploymentRecord) => revisionArn(service, of, idNamesRevision);
  return jsonOf({
    serviceDeploymentArn: deploymentArn(service, deployment),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    createdAt: deployment.createdAt / 1000,
    sourceServiceRevisions: deployment.sources.map((one) => ({ arn: revision(one) })),
    targetServiceRevision: { arn: revision(deployment) },
    status: statusOf(deployment),
    statusReason: ended?.because,
    lifecycleStage: stage,
    lifecycleHookDetails: [...hooks].map(([name, status]) =>
      service.hooks.some((hook) => hook.name === name && hook.isPause)
        ? { targetType: "PAUSE", status }
        : { targetType: "AWS_LAMBDA", targetArn: hookArn(service, name), status },
    ),
    ...(ended?.to === undefined
      ? {}
      : {
          rollback: {
            reason: ended.because,
            startedAt: (ended.at ?? ended.to.createdAt) / 1000,
            serviceRevisionArn: revision(ended.to),
          },
        }),
    ...(service.alarms === undefined
      ? {}
      : {
          alarms: {
            status: firedAlarms === undefined ? "MONITORING" : "TRIGGERED",
            alarmNames: [...service.alarms.names],
            triggeredAlarmNames: [...(firedAlarms ?? [])],
          },
        }),
  });
}

/** One of ListServiceDeployments. */
export function listedServiceDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  idNamesRevision: boolean,
): JsonObject {
  return {
    serviceDeploymentArn: deploymentArn(service, deployment),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    createdAt: deployment.createdAt / 1000,
    targetServiceRevisionArn: revisionArn(service, deployment, idNamesRevision),
    status: statusOf(deployment),
  };
}

/** A service revision as DescribeServiceRevisions answers it: with the digests that ECS has pinned by now. */
export function describedServiceRevision(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  containers: readonly JsonObject[],
  idNamesRevision: boolean,
): JsonObject {
  return jsonOf({
    serviceRevisionArn: revisionArn(service, deployment, idNamesRevision),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    taskDefinition: deployment.taskDefinition,
    createdAt: deployment.createdAt / 1000,
    containerImages: containers.map((container) =>
      jsonOf({
        containerName: container.name,
        image: container.image,
        imageDigest: deployment.resolved.get(String(container.name)),
      }),
    ),
  });
}

function statusOf({ ended, rolloutState, status, completedAt, isStopRequested }: DeploymentRecord): string {
  if (ended?.to !== undefined)
    return ended.to.rolloutState === "COMPLETED" ? "ROLLBACK_SUCCESSFUL" : "ROLLBACK_IN_PROGRESS";
  if (ended === undefined && (rolloutState === "COMPLETED" || completedAt !== undefined)) return "SUCCESSFUL";
  if (ended !== undefined || status !== "PRIMARY") return "STOPPED";
  return isStopRequested ? "ROLLBACK_REQUESTED" : "IN_PROGRESS";
}
