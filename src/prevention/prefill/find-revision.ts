/**
 * What ECS says of a new revision: its task definition, and where its tasks will run; or why nothing is copied for it.
 *
 * A revision that no deployment names yet may be for any cluster and service: where the policy or the stack is for some of
 * them alone, only the deployment's own event says, and it comes later.
 */

import type { RequiredPlatforms } from "../../assessment/environment.ts";
import { getString, getStrings, optional } from "../../ecs/json-fields.ts";
import type { Service } from "../../ecs/service/service.ts";
import { type DescribedTaskDefinition, tagsOfDefinition } from "../../ecs/task-definition/task-definition.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { serviceExcluded } from "../../remediation/survey/excluded.ts";
import { modeFromTags } from "../../remediation/survey/mode-override.ts";
import { optedOut } from "../../remediation/survey/opt-out.ts";
import type { TaggedResource } from "../../remediation/survey/tagged-resource.ts";
import { platformsOf } from "../../remediation/survey/task-platforms.ts";
import { matchesGlob } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { NewRevision } from "./read-new-revision.ts";

export type FoundRevision = {
  readonly kind: "found";
  readonly arn: string;
  readonly described: DescribedTaskDefinition;
  readonly platforms: RequiredPlatforms;
};

export type NotFound = {
  readonly kind: "ignored";
  readonly code:
    | "scope-unknown"
    | "other-cluster"
    | "service-gone"
    | "deployment-over"
    | "revision-gone"
    | "excluded-by-policy"
    | "opted-out";
  readonly because: string;
};

export type RevisionPorts = Pick<Ports, "containerInstances"> & {
  readonly ecs: Pick<Ports["ecs"], "describeService" | "clusterTags" | "describeTaskDefinition">;
};

/** Throws AwsError where ECS cannot be read. @param clusterPattern the stack's own */
export async function findRevision(
  revision: NewRevision,
  policy: Policy,
  clusterPattern: string,
  ports: RevisionPorts,
): Promise<FoundRevision | NotFound> {
  return revision.kind === "registration"
    ? await ofRegistration(revision.taskDefinitionArn, policy, clusterPattern, ports)
    : await ofService(revision, policy, clusterPattern, ports);
}

async function ofService(
  revision: Exclude<NewRevision, { kind: "registration" }>,
  policy: Policy,
  clusterPattern: string,
  ports: RevisionPorts,
): Promise<FoundRevision | NotFound> {
  const { cluster, service: name } = revision;
  if (!matchesGlob(clusterPattern, cluster))
    return ignored("other-cluster", `the cluster ${cluster} is not one of this stack's`);
  const service = await ports.ecs.describeService(cluster, name);
  if (service === undefined || service.status !== "ACTIVE")
    return ignored("service-gone", `the service ${name} is gone`);
  const excluded = serviceExcluded(service, policy);
  if (excluded !== undefined) return ignored("excluded-by-policy", excluded.because);
  const arn =
    revision.kind === "service-revision"
      ? revision.taskDefinitionArn
      : service.deployments.find(({ id }) => id === revision.deployment)?.taskDefinition;
  if (arn === undefined) return ignored("deployment-over", `the service ${name} has another deployment now`);
  const bearers = [
    { name: `the service ${name}`, tags: service.tags },
    { name: `the cluster ${cluster}`, tags: await ports.ecs.clusterTags(service.clusterArn) },
  ];
  return await described(arn, service, bearers, policy, ports);
}

async function ofRegistration(
  arn: string,
  policy: Policy,
  clusterPattern: string,
  ports: RevisionPorts,
): Promise<FoundRevision | NotFound> {
  const { clusters, services } = policy.scope;
  const isForAll = [clusters, services].every(
    ({ include, exclude }) => exclude.length === 0 && include.length === 1 && include[0] === "*",
  );
  if (!isForAll || clusterPattern !== "*")
    return ignored("scope-unknown", "no deployment shows yet whether its service is one of the policy's");
  return await described(arn, undefined, [], policy, ports);
}

async function described(
  arn: string,
  service: Service | undefined,
  bearers: readonly TaggedResource[],
  policy: Policy,
  ports: RevisionPorts,
): Promise<FoundRevision | NotFound> {
  const found = await ports.ecs.describeTaskDefinition(arn);
  if (found === undefined || getString(found.taskDefinition, "status") === "INACTIVE")
    return ignored("revision-gone", "the revision was deleted");
  const all = [...bearers, { name: "the task definition", tags: tagsOfDefinition(found) }];
  const out = optedOut(all);
  if (out !== undefined) return ignored("opted-out", out.because);
  // A tag that makes the mode `observe` means: nothing is written for it.
  if (modeFromTags(policy, all).mode === "observe")
    return ignored("opted-out", "a tag repull:mode lets Repull observe alone");
  return { kind: "found", arn, described: found, platforms: await platformsIn(found, service, ports) };
}

const NOT_KNOWN = {
  kind: "unknown",
  because: "no cluster is known on whose machines it will run",
} as const;

async function platformsIn(
  found: DescribedTaskDefinition,
  service: Service | undefined,
  { containerInstances }: RevisionPorts,
): Promise<RequiredPlatforms> {
  const requires = getStrings(found.taskDefinition, "requiresCompatibilities");
  const launchType = service?.launchType ?? (requires.length === 1 ? requires[0] : undefined);
  const place = { clusterArn: service?.clusterArn ?? "", launchType, ...optional("service", service) };
  const machines = service === undefined ? { kinds: async () => NOT_KNOWN } : containerInstances;
  return await platformsOf(found, place, machines);
}

function ignored(code: NotFound["code"], because: string): NotFound {
  return { kind: "ignored", code, because };
}
