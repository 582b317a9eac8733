/**
 * Everything that a remediation asks of the world, and nothing else.
 *
 * `aws/connect.ts` and `sandbox/world.ts` implement these; one contract suite holds both to the same
 * behaviour. Absence is `undefined`; refusals and failures of the world are AwsError or RegistryError.
 */

import type { EcrReads } from "../../assessment/ports.ts";
import type { Deployment, Service } from "../../ecs/service/service.ts";
import type { ServiceDeployment } from "../../ecs/service/service-deployment.ts";
import type { DeploymentSummary, EcsRollback, ServiceRevision } from "../../ecs/service/service-revision.ts";
import type { Task } from "../../ecs/task/task.ts";
import type { Tag } from "../../ecs/task-definition/tag.ts";
import type { DescribedTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import type { Digest } from "../../image/digest.ts";
import type { NetworkFacts, Read, Source } from "../../network/facts.ts";
import type { Registries } from "../../oci/client/registries.ts";
import type { Copier as OciCopier } from "../../oci/copy/copier.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import type { Log } from "../../runtime/log.ts";
import type { ChangeCalendar } from "./change-calendar.ts";
import type { ContainerInstances } from "./container-instances.ts";
import type { HeldBack } from "./held-back-record.ts";
import type { KillSwitch } from "./kill-switch.ts";
import type { QuotaExceeded } from "./quota-exceeded.ts";
import { quotaExceededSchema } from "./quota-exceeded.ts";
import type { QuotaStore } from "./quota-store.ts";
import type { RollbackRecord } from "./rollback-record.ts";
import type { Schedules } from "./schedules.ts";
import type { Tasks } from "./tasks.ts";

export interface Ports {
  readonly location: { readonly account: string; readonly region: string; readonly partition: string };
  readonly ecs: Ecs;
  readonly ecr: Ecr;
  readonly registries: Registries;
  readonly copier: Copier;
  /** Anonymous clients. Set only where `registries` and `copier` sign in to Docker Hub. */
  readonly anonymous?: { readonly registries: Registries; readonly copier: Copier };
  readonly roles: Roles;
  readonly networks: Networks;
  readonly containerInstances: ContainerInstances;
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly executions: Executions;
  readonly quotaStore: QuotaStore;
  readonly bus: OutcomePublisher;
  /** Asked where the policy names calendars. */
  readonly changeCalendar: ChangeCalendar;
  /** Read before anything is asked for or taken; every write reads it again by itself. */
  readonly killSwitch?: KillSwitch;
  readonly clock: Clock & Timer;
  readonly log: Log;
}

export interface Ecs {
  describeTask(clusterArn: string, taskArn: string): Promise<Task | undefined>;
  /** @param cluster name or ARN */
  describeService(cluster: string, service: string): Promise<Service | undefined>;
  /** A cluster's tags; none for a cluster that is not there. @param cluster name or ARN */
  clusterTags(cluster: string): Promise<Readonly<Record<string, string>>>;
  /** The tasks of one deployment or of a service, described; at most 100, newest not guaranteed first. */
  listTasks(query: {
    readonly cluster: string;
    readonly service: string;
    readonly desiredStatus: "RUNNING" | "STOPPED";
  }): Promise<readonly Task[]>;
  describeTaskDefinition(arn: string): Promise<DescribedTaskDefinition | undefined>;
  /** Registers exactly this JSON, unknown members included; answers the new revision's ARN. */
  registerTaskDefinition(registrable: JsonObject): Promise<string>;
  /**
   * The newest ACTIVE revisions of a family, newest first, with their tags; at most `count`, and only those that are younger
   * than the revision `after`, where one is given: the tags of each are a read of its own.
   */
  newestRevisions(
    family: string,
    count: number,
    after?: string,
  ): Promise<readonly { readonly arn: string; readonly tags: readonly Tag[] }[]>;
  /** ECS's record of the newest deployment of a revision to a service; undefined where it has none. */
  serviceDeployment(
    cluster: string,
    service: string,
    taskDefinitionArn: string,
  ): Promise<ServiceDeployment | undefined>;
  /** Every deployment of a service that ECS keeps (90 days), in no order; none where there is no such service. */
  listServiceDeployments(cluster: string, service: string): Promise<readonly DeploymentSummary[]>;
  /** Where ECS itself went back to at the end of these deployments; those that it did not roll back are left out. */
  ecsRollbacks(deploymentArns: readonly string[]): Promise<readonly EcsRollback[]>;
  /** What these service revisions run, and the digests that ECS pinned; those that ECS does not have are left out. */
  describeServiceRevisions(arns: readonly string[]): Promise<readonly ServiceRevision[]>;
  /** The tasks that run of those started by this text (`ecs-svc/…`, `events-rule/…`, a caller's own), described; at most 100. */
  listTasksStartedBy(clusterArn: string, startedBy: string): Promise<readonly Task[]>;
  /**
   * Has ECS stop a deployment that is in progress and go back by itself to the service revision before it. Asked again,
   * it goes on doing so. Throws AwsError, `conflict` where the deployment is not in progress.
   */
  rollBackDeployment(serviceDeploymentArn: string): Promise<void>;
  /**
   * Points the service at a revision: ECS starts a deployment. Nothing else of the service is sent.
   * Answers the service's deployments as ECS shows them in its answer, ours and what it replaces; none where it shows none.
   */
  updateService(cluster: string, service: string, taskDefinitionArn: string): Promise<readonly Deployment[]>;
}

type RepositorySettings = {
  readonly immutableTags: boolean;
  readonly kmsKey?: string;
  readonly tags: Readonly<Record<string, string>>;
};

export interface Ecr extends EcrReads {
  /** With `created` the copier does not need to ask for anything. An existing repository's settings are left alone. */
  ensureRepository(name: string, settings: RepositorySettings): Promise<"created" | "present">;
  /** Asks for an image by digest where a pull-through rule leads: what is not cached is fetched. */
  importImage(repository: string, digest: Digest): Promise<ImportResult>;
  /** Has ECR fetch a layer that a pull-through rule leads to; that it has begun to is all that is known. */
  fetchLayer(repository: string, digest: Digest): Promise<void>;
}

export type ImportResult =
  | { readonly kind: "imported"; readonly bytes: Uint8Array; readonly mediaType: string }
  /** `isTransient`: worth asking again in a while; a quota and a refusal are not. `code`: ECR's failure code. */
  | {
      readonly kind: "refused";
      readonly isTransient: boolean;
      readonly because: string;
      readonly code?: string;
    };

/** What the tasks' own roles may do, as far as we may know. */
export interface Roles {
  simulate(
    roleArn: string,
    actions: readonly string[],
    resourceArn: string,
    /** What the request itself would say: `kms:ViaService`. */
    context?: Readonly<Record<string, string>>,
  ): Promise<
    | { readonly kind: "allowed" }
    | { readonly kind: "refused"; readonly action: string }
    /** `context`: the keys of the request on which it depends. */
    | { readonly kind: "unknown"; readonly because: string; readonly context?: readonly string[] }
  >;
  /** The ARN of the role behind an instance profile; undefined where it has none. @param profile its ARN */
  ofInstanceProfile(
    profile: string,
  ): Promise<
    | { readonly kind: "known"; readonly role: string | undefined }
    | { readonly kind: "unknown"; readonly because: string }
  >;
  /** The ARN of the KMS key that a secret is encrypted with; undefined for Secrets Manager's own. @param secret its ARN */
  keyOfSecret(
    secret: string,
  ): Promise<
    | { readonly kind: "known"; readonly key: string | undefined }
    | { readonly kind: "unknown"; readonly because: string }
  >;
}

/** A container instance: who pulls the images of the tasks on it. */
export type ContainerInstance = {
  readonly source: Source;
  readonly publicAddress?: string;
  /** The ARN of its instance profile. */
  readonly profile?: string;
};

/** Networks as far as we may know. Never fails: what could not be read is named in the facts. */
export interface Networks {
  /** Everything between these interfaces and the internet. */
  describe(sources: Read<Source>): Promise<NetworkFacts>;
  /** Of these subnets, only their routes and what these lead to. */
  egress(subnets: readonly string[]): Promise<NetworkFacts>;
  /** The instances of a cluster that take tasks, where they are in EC2. */
  instances(clusterArn: string): Promise<Read<ContainerInstance>>;
}

/** What a workflow uses of the copier: a copy that was cut off continues from what the target has. */
export type Copier = Pick<OciCopier, "copy" | "readManifests">;

export type ExecutionStatus = {
  /** `unknown`: it has ended, and how could not be read. That is neither a success nor a denial. */
  readonly status: "running" | "succeeded" | "failed" | "timed-out" | "stopped" | "unknown";
  /** Why it failed, where the engine reports it; or why it is unknown. */
  readonly because?: string;
  /** The right whose lack makes it unknown, as IAM spells it. */
  readonly permission?: string;
  /** It is unknown for now: the engine was busy, or did not answer. */
  readonly transient?: true;
  /** It ended with a decision that says no: `{ kind: "refused", because }`. */
  readonly refused?: string;
  /** The decision's own code. */
  readonly refusalCode?: string;
  /** It was refused by a quota, and this is how far and until when. */
  readonly held?: QuotaExceeded;
  /** It was the source's limit: its window may end. */
  readonly limited?: true;
  /** It may not fill the repositories of a pull-through cache rule: what the stack has to allow. */
  readonly repositories?: string;
  /** It found nothing to do: the failure was over, or is not one that Repull handles. */
  readonly ignored?: true;
  /** The operator's own setting kept it from writing. */
  readonly heldBackBy?: HeldBack;
  /** The plan was denied, and why. */
  readonly denied?: string;
  /** It rolled its change back, and this is what it had trusted. */
  readonly rolledBack?: RollbackRecord;
  /** When it ended, in milliseconds since the epoch; absent while it runs. */
  readonly endedAt?: number;
};

/** The refusal in a workflow's result; empty where it has none. */
export function parseMirrorRejection(
  result: unknown,
): Pick<ExecutionStatus, "refused" | "refusalCode" | "held" | "limited" | "repositories"> {
  if (typeof result !== "object" || result === null || !("kind" in result) || result.kind !== "refused")
    return {};
  const held = quotaExceededSchema.safeParse("held" in result ? result.held : undefined);
  return {
    refused: "because" in result ? String(result.because) : "no reason",
    ...("code" in result ? { refusalCode: String(result.code) } : {}),
    ...(held.success ? { held: held.data } : {}),
    ...("limited" in result && result.limited === true ? { limited: true } : {}),
    ...("repositories" in result ? { repositories: String(result.repositories) } : {}),
  };
}

/** Whether a remediation's result says that there was nothing to do; false for one that cannot be read. */
export function ignoredIn(result: unknown): Pick<ExecutionStatus, "ignored"> {
  const isIgnored =
    typeof result === "object" && result !== null && "outcome" in result && result.outcome === "ignored";
  return isIgnored ? { ignored: true } : {};
}

/** Named durable executions: one name starts once. */
export interface Executions {
  /** The function that runs this workflow, by name: a part of the name of each of its executions. */
  functionName(workflow: "remediate" | "mirror"): string;
  /** `taken`: an execution of this name exists, whatever has become of it. */
  start(workflow: "remediate" | "mirror", name: string, input: Json): Promise<"started" | "taken">;
  status(workflow: "remediate" | "mirror", name: string): Promise<ExecutionStatus | undefined>;
}

export interface OutcomePublisher {
  /** Publishes one `Image Pull Remediation` event. */
  publish(detail: JsonObject): Promise<void>;
}
