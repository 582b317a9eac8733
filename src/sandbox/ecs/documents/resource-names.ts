/** The ARNs and ids by which ECS, Lambda and CodeDeploy name the parts of a deployment. */

import type { DeploymentRecord, ServiceRecord } from "../state.ts";

export function deploymentArn(service: ServiceRecord, { id }: DeploymentRecord): string {
  return `${service.arn.replace(":service/", ":service-deployment/")}/${id.replace("ecs-svc/", "")}`;
}

/** `service-revision/<cluster>/<service>/<id>`. @param idNamesRevision the id is the number of the deployment's own id */
export function revisionArn(
  service: ServiceRecord,
  { revisionId }: DeploymentRecord,
  idNamesRevision: boolean,
): string {
  const own = idNamesRevision ? revisionId : [...revisionId].reverse().join("");
  return `${service.arn.replace(":service/", ":service-revision/")}/${own}`;
}

/** As DescribeServices names it. */
export function hookArn({ arn }: ServiceRecord, name: string): string {
  const [, partition, , region, account] = arn.split(":");
  return `arn:${partition}:lambda:${region}:${account}:function:${name}`;
}

/** As CodeDeploy names its deployments: `d-` and nine letters or digits, the same for the same deployment. */
export function codeDeploymentId({ id }: Pick<DeploymentRecord, "id">): string {
  return `d-${id.replace(/\D/g, "").slice(-9).padStart(9, "0")}`;
}
