/**
 * What ECS and Repull itself know of the bytes that a failing deployment meant: witnesses that are heard before the origin.
 *
 *     deployment of ECS's own          execution (only after a rollback of ours), service revision, tasks
 *     CodeDeploy, external controller  tasks of the same task set
 *     standalone, scheduled            running tasks of the same startedBy and revision
 *
 * What it means when one of them has none, or cannot be read, is in `assessment/trust/trusted-digest.ts`.
 */

import type { AskedWitness, Testimony } from "../../../assessment/trust/testimony.ts";
import { sameRevision } from "../../../ecs/arn.ts";
import type { Service } from "../../../ecs/service/service.ts";
import type { Task } from "../../../ecs/task/task.ts";
import { type Digest, isDigest } from "../../../image/digest.ts";
import { AwsError, isTransient } from "../../ports/aws-error.ts";
import type { Ports } from "../../ports/ports.ts";
import { earlierExecutionSays } from "./earlier-execution.ts";
import { type FailingDeployment, type PinnedRevision, pinnedRevision } from "./pinned-revision.ts";

/** The image whose digest is looked for, as the task definition names it. */
export type Meant = {
  readonly image: string;
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
  readonly running: () => Promise<readonly Task[]>;
};

/** The witnesses of one survey: what its images share is asked once. */
export function witnessesOf(failing: Failing, ports: Ports): (image: Meant) => readonly AskedWitness[] {
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
  return (image) => askWitnesses(image, failing, once, ports);
}

type Once = {
  readonly revision: (deployment: FailingDeployment) => Promise<PinnedRevision>;
  readonly tasks: () => Promise<readonly Task[]>;
};

/** In their order. */
function askWitnesses(meant: Meant, failing: Failing, once: Once, ports: Ports): readonly AskedWitness[] {
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
      ask: () =>
        heard(async () => {
          const pinned = await once.revision(deployment);
          const since = revisionSays(meant, pinned);
          return await earlierExecutionSays(meant.image, { deployment, pinned, since }, ports);
        }),
    },
    {
      from: "service-revision",
      ask: () => heard(async () => revisionSays(meant, await once.revision(deployment))),
    },
    tasks,
  ];
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
      ? await running()
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
