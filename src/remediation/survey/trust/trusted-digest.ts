/**
 * Decides which bytes were meant: the digest that a tag stood for when the failing deployment began.
 *
 * A tag moves, so what it means now proves nothing of then. Witnesses are heard in a fixed order; each answers *a
 * digest*, *none*, or *unknown*. `none` lets the next one speak. `unknown` ends the search: an answer that was refused,
 * cut off or contradictory may hide other bytes, and a weaker witness must not speak in its place.
 *
 *     reference with a digest          the reference
 *     deployment of ECS's own          execution (only after a rollback of ours), service revision, tasks, origin
 *     CodeDeploy, external controller  tasks of the same task set, origin
 *     standalone, scheduled            running tasks of the same startedBy and revision, origin
 *
 * The failing text is no witness. It may veto (`text-veto.ts`).
 */

import { sameRevision } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import type { Service } from "../../../ecs/service/service.ts";
import type { Task } from "../../../ecs/task/task.ts";
import { type ProvenanceTags, parseTags, serviceTag } from "../../../ecs/task-definition/provenance-tags.ts";
import { type Digest, isDigest } from "../../../image/digest.ts";
import { canonicalName, type ImageReference } from "../../../image/reference.ts";
import { RegistryError } from "../../../oci/client/registry-error.ts";
import type { Trusted, Untrusted, Witness } from "../../../substitution/candidate.ts";
import { isInteractive } from "../../detect/execution-names.ts";
import { AwsError, findAwsError, isTransient } from "../../ports/aws-error.ts";
import type { Ports } from "../../ports/ports.ts";
import { type FailingDeployment, type PinnedRevision, pinnedRevision } from "./pinned-revision.ts";

/** The image whose digest is looked for, as the task definition names it. */
export type Meant = {
  readonly image: string;
  readonly reference: ImageReference;
  /** What its name in a pull-through cache stands for. */
  readonly upstream?: ImageReference;
  /** The containers that run it. */
  readonly containers: readonly string[];
};

/** Who started the task that failed, and what is known of it. */
export type Failing = {
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  /** Absent for a task that no service started. */
  readonly service?: Service;
  /** `ecs-svc/…` of the deployment or the task set; for other tasks, whatever started them. */
  readonly startedBy?: string;
  /** The task that failed, where ECS still has it. */
  readonly task?: Task;
  /** The running tasks of the service. */
  readonly running: readonly Task[];
};

export type Testimony =
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "none" }
  | {
      readonly kind: "unknown";
      readonly because: string;
      readonly permission?: string;
      readonly transient?: boolean;
    };

export type Belief = { readonly trusted: Trusted } | { readonly untrusted: Untrusted };

/** Hears the witnesses of one survey: what they share is asked once. */
export function witnessesOf(
  failing: Failing,
  ports: Ports,
): { readonly meant: (image: Meant) => Promise<Belief> } {
  let revision: Promise<PinnedRevision> | undefined;
  let tasks: Promise<readonly Task[]> | undefined;
  const once = {
    revision: (deployment: FailingDeployment) => {
      revision ??= pinnedRevision(deployment, ports);
      return revision;
    },
    tasks: () => {
      tasks ??= tasksOf(failing, ports);
      return tasks;
    },
  };
  return {
    async meant(image) {
      const askedAt = new Date(ports.clock.now()).toISOString();
      for (const { from, ask } of askWitnesses(image, failing, once, ports)) {
        const said = await ask();
        if (said.kind === "digest") {
          const pinned = from === "execution" ? await pinnedFor(image, revision) : undefined;
          return { trusted: { digest: said.digest, from, askedAt, ...optional("pinnedSince", pinned) } };
        }
        if (said.kind === "unknown") {
          const { kind: _, ...why } = said;
          return { untrusted: { code: "trust-unreadable", ...why } };
        }
      }
      return await askOrigin(image, askedAt, ports);
    },
  };
}

type Once = {
  readonly revision: (deployment: FailingDeployment) => Promise<PinnedRevision>;
  readonly tasks: () => Promise<readonly Task[]>;
};

/** The witnesses before the origin, in their order. */
function askWitnesses(
  meant: Meant,
  failing: Failing,
  once: Once,
  ports: Ports,
): readonly { readonly from: Witness; readonly ask: () => Promise<Testimony> }[] {
  const { digest } = meant.reference;
  if (digest !== undefined) return [{ from: "reference", ask: async () => ({ kind: "digest", digest }) }];
  const { service, startedBy } = failing;
  const tasks = { from: "task" as const, ask: () => heard(() => tasksSay(meant, failing, once)) };
  if (service?.controller !== "ECS") return [tasks];
  if (startedBy === undefined)
    return [
      {
        from: "service-revision",
        ask: async () => ({
          kind: "unknown",
          because: `no deployment of ${service.name} is known to have started the task`,
        }),
      },
    ];
  const deployment: FailingDeployment = {
    clusterArn: failing.clusterArn,
    service: service.name,
    id: startedBy,
    taskDefinition: failing.taskDefinitionArn,
    shown: service.deployments,
    ...(failing.task?.createdAt === undefined ? {} : { taskCreatedAt: failing.task.createdAt }),
  };
  return [
    {
      from: "execution",
      ask: () => heard(async () => executionSays(meant, failing, await once.revision(deployment), ports)),
    },
    {
      from: "service-revision",
      ask: () => heard(async () => revisionSays(meant, await once.revision(deployment))),
    },
    tasks,
  ];
}

/**
 * What an earlier execution trusted, where the deployment just before the failing one was its own, and it rolled back. The
 * tags of that revision only lead to the execution: what it found is read from its result.
 */
async function executionSays(
  { image }: Meant,
  { clusterArn, service, taskDefinitionArn }: Failing,
  pinned: PinnedRevision,
  { ecs, executions }: Ports,
): Promise<Testimony> {
  const before = pinned.kind === "found" ? pinned.earlier[0]?.revision : undefined;
  if (before === undefined || service === undefined) return { kind: "none" };
  const [earlier] = await ecs.describeServiceRevisions([before]);
  const described = await ecs.describeTaskDefinition(earlier?.taskDefinition ?? before);
  const marker = parseTags(described?.tags ?? []);
  if (marker?.service !== serviceTag(clusterArn, service.name)) return { kind: "none" };
  // A way back of ours leads to the revision in whose place ours stood, or to a copy of it: anything else is a new deploy.
  const failing = parseTags((await ecs.describeTaskDefinition(taskDefinitionArn))?.tags ?? []);
  const [former, copied] = [
    marker.previousRevision,
    failing?.images.length === 0 ? failing.previousRevision : undefined,
  ];
  const isWayBack = former !== undefined && (sameRevision(former, taskDefinitionArn) || former === copied);
  if (!isWayBack) return { kind: "none" };
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
  const record = status.rolledBack;
  const isOurs =
    record?.clusterArn === clusterArn &&
    record.service === service.name &&
    record.revisions.some((one) => sameRevision(one, taskDefinitionArn));
  const digest = isOurs ? record.trusted[image] : undefined;
  return digest === undefined ? { kind: "none" } : { kind: "digest", digest };
}

/**
 * A remediation by hand, or one that died, has left no record. Its tag says what it had found: that is no proof, but where
 * ECS has pinned another digest since, it cannot be told which of the two was meant.
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

/** What ECS pinned for the deployment by which an earlier execution rolled back: its failing texts name this manifest. */
async function pinnedFor(
  image: Meant,
  revision: Promise<PinnedRevision> | undefined,
): Promise<Digest | undefined> {
  const said = revision === undefined ? undefined : revisionSays(image, await revision);
  return said?.kind === "digest" ? said.digest : undefined;
}

/** What the service revision pinned for the containers that run the image. */
function revisionSays({ image, containers }: Meant, pinned: PinnedRevision): Testimony {
  if (pinned.kind === "none") return { kind: "none" };
  // A list that is a moment old may not have the deployment yet.
  if (pinned.kind === "unknown") return { kind: "unknown", because: pinned.because, transient: true };
  const { images } = pinned.revision;
  return oneOf(
    images.flatMap(({ container, digest }) => (containers.includes(container) ? (digest ?? []) : [])),
    `the service revision pins several digests for ${image}`,
  );
}

/** What the tasks run that the same deployment, task set or starter brought, of the same revision. */
async function tasksSay(meant: Meant, failing: Failing, once: Once): Promise<Testimony> {
  const { startedBy, taskDefinitionArn } = failing;
  if (startedBy === undefined || startedBy === "") return { kind: "none" };
  const same = (await once.tasks()).filter(
    (task) => task.startedBy === startedBy && sameRevision(task.taskDefinitionArn, taskDefinitionArn),
  );
  return oneOf(digestsIn(same, meant), `tasks of ${startedBy} run several digests of ${meant.image}`);
}

/** The digests that tasks run under this very reference. */
export function digestsIn(tasks: readonly Task[], { image, containers }: Meant): readonly Digest[] {
  const name = image.split("@")[0];
  return tasks
    .flatMap((task) => task.containers)
    .filter((container) => containers.includes(container.name) && container.image?.split("@")[0] === name)
    .map(({ imageDigest }) => imageDigest)
    .filter(isDigest);
}

async function tasksOf(
  { service, clusterArn, startedBy, running, task }: Failing,
  { ecs }: Ports,
): Promise<readonly Task[]> {
  const others =
    service !== undefined || startedBy === undefined
      ? running
      : await ecs.listTasksStartedBy(clusterArn, startedBy);
  return task === undefined ? others : [...others, task];
}

function oneOf(digests: readonly Digest[], several: string): Testimony {
  const [digest, ...others] = new Set(digests);
  if (digest === undefined) return { kind: "none" };
  return others.length === 0 ? { kind: "digest", digest } : { kind: "unknown", because: several };
}

/** A witness that AWS keeps from us is one that cannot be read, whatever kept it. */
async function heard(ask: () => Promise<Testimony>): Promise<Testimony> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      kind: "unknown",
      because: error.message,
      ...(error.kind === "denied" ? { permission: error.action } : {}),
      ...(isTransient(error) ? { transient: true } : {}),
    };
  }
}

/** The last witness: what the image's own registry says now. It costs no pull. */
/** What a cache does not have, it would have fetched: only then its upstream says what the name means. */
async function askOrigin({ reference, upstream }: Meant, askedAt: string, ports: Ports): Promise<Belief> {
  const said = await askRegistry(reference, askedAt, ports);
  const isNotCached = "untrusted" in said && said.untrusted.code === "origin-has-no-tag";
  return upstream !== undefined && isNotCached ? await askRegistry(upstream, askedAt, ports) : said;
}

async function askRegistry(reference: ImageReference, askedAt: string, ports: Ports): Promise<Belief> {
  const asked = await askAs(reference, askedAt, ports.registries);
  if ("trusted" in asked || ports.anonymous === undefined) return asked;
  // A registry that refuses an account may answer without one.
  const again = await askAs(reference, askedAt, ports.anonymous.registries);
  return "trusted" in again ? again : asked;
}

async function askAs(
  reference: ImageReference,
  askedAt: string,
  registries: Ports["registries"],
): Promise<Belief> {
  try {
    const head = await registries.headManifest(reference);
    if (head !== undefined) return { trusted: { digest: head.digest, from: "origin", askedAt } };
    const because = `${reference.host} has no ${canonicalName(reference)}`;
    return { untrusted: { code: "origin-has-no-tag", because } };
  } catch (error) {
    const told = findAwsError(error) ?? error;
    if (told instanceof AwsError && told.kind === "throttled") throw told;
    if (!(told instanceof AwsError || told instanceof RegistryError)) throw told;
    const because = `no task of this deployment runs it, and ${reference.host} does not tell: ${told.message}`;
    // Another try would meet the same policy.
    if (told.kind === "not-allowed") return { untrusted: { code: "origin-not-allowed", because } };
    return { untrusted: { code: "origin-unreadable", because, transient: true } };
  }
}
