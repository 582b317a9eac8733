/**
 * Everything that a remediation asks of the world, and nothing else.
 *
 * `aws/connect.ts` and `sandbox/world.ts` implement these; one contract suite holds both to the same
 * behaviour. Absence is `undefined`; refusals and failures of the world are AwsError or RegistryError.
 */

import type { Digest } from "../image/digest.ts";
import type { CopyProgress, CopyRequest, CopyResult } from "../oci/copy.ts";
import type { Registries } from "../oci/registry.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Json, JsonObject } from "../runtime/json.ts";
import type { Log } from "../runtime/log.ts";
import type { Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import type { DescribedTaskDefinition, Tag } from "../workload/task-definition.ts";

export interface Ports {
  readonly home: { readonly account: string; readonly region: string; readonly partition: string };
  readonly ecs: Ecs;
  readonly ecr: Ecr;
  readonly registries: Registries;
  readonly copier: Copier;
  readonly executions: Executions;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Ecs {
  describeTask(clusterArn: string, taskArn: string): Promise<Task | undefined>;
  /** @param cluster name or ARN */
  describeService(cluster: string, service: string): Promise<Service | undefined>;
  /** The tasks of one deployment or of a service, described; at most 100, newest not guaranteed first. */
  listTasks(query: {
    readonly cluster: string;
    readonly service: string;
    readonly desiredStatus: "RUNNING" | "STOPPED";
  }): Promise<readonly Task[]>;
  describeTaskDefinition(arn: string): Promise<DescribedTaskDefinition | undefined>;
  /** Registers exactly this JSON, unknown members included; answers the new revision's ARN. */
  registerTaskDefinition(registrable: JsonObject): Promise<string>;
  /** The newest ACTIVE revisions of a family, newest first, with their tags; at most `count`. */
  newestRevisions(
    family: string,
    count: number,
  ): Promise<readonly { readonly arn: string; readonly tags: readonly Tag[] }[]>;
  /** Points the service at a revision: ECS starts a deployment. Nothing else of the service is sent. */
  updateService(cluster: string, service: string, taskDefinitionArn: string): Promise<void>;
}

export type RepositorySettings = {
  readonly immutableTags: boolean;
  readonly scanOnPush: boolean;
  readonly kmsKey?: string;
  readonly tags: Readonly<Record<string, string>>;
};

export interface Ecr {
  /** `created` tells the copier that nothing needs to be asked for. An existing repository's settings are left alone. */
  ensureRepository(name: string, settings: RepositorySettings): Promise<"created" | "present">;
  /** Can only veto: that an image exists is what the registry answers to a HEAD by digest. */
  imageStatus(repository: string, digest: Digest): Promise<"active" | "archived" | "absent" | "unknown">;
}

export interface Copier {
  copy(
    request: CopyRequest,
    options?: { readonly onProgress?: (progress: CopyProgress) => void; readonly signal?: AbortSignal },
  ): Promise<CopyResult>;
}

export type ExecutionStatus = {
  readonly status: "running" | "succeeded" | "failed" | "timed-out" | "stopped";
  /** Why it failed, where the engine tells. */
  readonly because?: string;
};

/** Named durable executions: one name starts once. */
export interface Executions {
  /** `taken`: an execution of this name exists, whatever has become of it. */
  start(workflow: "remediate" | "mirror", name: string, input: Json): Promise<"started" | "taken">;
  status(workflow: "remediate" | "mirror", name: string): Promise<ExecutionStatus | undefined>;
}

export interface Bus {
  /** Publishes one `Image Pull Remediation` event. */
  publish(detail: JsonObject): Promise<void>;
}
