/** Faults that the product once had, put back by wrapping its ports: each has to be found by the worlds that it broke in. */

import type { Tag } from "../../../src/ecs/task-definition/tag.ts";
import { type DescribedTaskDefinition, familyOf } from "../../../src/ecs/task-definition/task-definition.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { Sabotage } from "../run-swarm.ts";
import { CLUSTERS } from "./random-world.ts";

const withEcs = (ports: Ports, ecs: Partial<Ports["ecs"]>): Ports => ({
  ...ports,
  ecs: { ...ports.ecs, ...ecs },
});

/** Nothing is pinned, so that a tag means what it means when it is asked for. */
export const trustsTheTagOfNow: Sabotage = (ports) =>
  withEcs(ports, {
    async describeServiceRevisions(arns) {
      const revisions = await ports.ecs.describeServiceRevisions(arns);
      return revisions.map((one) => ({ ...one, images: one.images.map(({ container }) => ({ container })) }));
    },
  });

/** What an earlier execution trusted is forgotten: the deployment that it put back is asked what it means. */
export const asksAnewAfterItsWayBack: Sabotage = (ports) => ({
  ...ports,
  executions: {
    ...ports.executions,
    async status(workflow, name) {
      const status = await ports.executions.status(workflow, name);
      if (status === undefined) return undefined;
      const { rolledBack: _, ...rest } = status;
      return rest;
    },
  },
});

/** Whatever has the tags of an execution is taken for what that execution would register. */
export function adoptsByTags(): Sabotage {
  const wanted = new Map<string, JsonObject>();
  const executionIn = (tags: readonly Tag[]): string | undefined =>
    tags.find(({ key }) => key === "repull:execution")?.value;
  return (ports) =>
    withEcs(ports, {
      async registerTaskDefinition(registrable) {
        wanted.set(executionIn(registrable.tags as readonly Tag[]) ?? "", registrable);
        return await ports.ecs.registerTaskDefinition(registrable);
      },
      async describeTaskDefinition(arn): Promise<DescribedTaskDefinition | undefined> {
        const described = await ports.ecs.describeTaskDefinition(arn);
        const same = wanted.get(executionIn(described?.tags ?? []) ?? "");
        if (described === undefined || same === undefined) return described;
        const { tags, ...members } = same;
        const { taskDefinitionArn = arn, revision = 1, status = "ACTIVE" } = described.taskDefinition;
        return {
          taskDefinition: { ...members, taskDefinitionArn, revision, status },
          tags: tags as readonly Tag[],
        };
      },
    });
}

/** The guard counts what was deployed to every service of the name, in whatever cluster. */
export function countsNeighbours(): Sabotage {
  return (ports) => {
    let asking = "";
    return withEcs(ports, {
      async listServiceDeployments(cluster, service) {
        asking = cluster;
        const own = await ports.ecs.listServiceDeployments(cluster, service);
        const others = CLUSTERS.filter((name) => !cluster.endsWith(`/${name}`));
        const theirs = await Promise.all(
          others.map((name) => ports.ecs.listServiceDeployments(name, service)),
        );
        return [...own, ...theirs.flat()];
      },
      async describeTaskDefinition(arn) {
        const described = await ports.ecs.describeTaskDefinition(arn);
        if (described === undefined || asking === "") return described;
        const here = asking.slice(asking.lastIndexOf("/") + 1);
        const tags = described.tags.map(({ key, value }) => ({
          key,
          value: key === "repull:service" ? value.replace(/^[^/]*\//, `${here}/`) : value,
        }));
        return { ...described, tags };
      },
    });
  };
}

/** The guard sees of our deployments only those of a family's ten newest revisions. */
export const seesTenRevisions: Sabotage = (ports) =>
  withEcs(ports, {
    async listServiceDeployments(cluster, service) {
      const all = await ports.ecs.listServiceDeployments(cluster, service);
      const revisions = await ports.ecs.describeServiceRevisions(
        all.flatMap(({ revision }) => revision ?? []),
      );
      const seen = await Promise.all(
        all.map(async (one) => {
          const arn = revisions.find((revision) => revision.arn === one.revision)?.taskDefinition;
          const described = arn === undefined ? undefined : await ports.ecs.describeTaskDefinition(arn);
          if (arn === undefined || described === undefined) return true;
          if (!described.tags.some(({ key }) => key === "repull:execution")) return true;
          const newest = await ports.ecs.newestRevisions(familyOf(described.taskDefinition) ?? "", 10);
          return newest.some((revision) => revision.arn === arn);
        }),
      );
      return all.filter((_, index) => seen[index]);
    },
  });

/** The execution that made the failing revision has ended long ago. */
export const leavesNothingToItsMaker: Sabotage = (ports, step) => ({
  ...ports,
  executions: {
    ...ports.executions,
    async status(workflow, name) {
      const status = await ports.executions.status(workflow, name);
      return step().startsWith("observe failure") && (status === undefined || status.status === "running")
        ? { status: "failed" }
        : status;
    },
  },
});

/** A history that cannot be read is one of success. */
export const takesTheUnreadForSuccess: Sabotage = (ports) => ({
  ...ports,
  executions: {
    ...ports.executions,
    async status(workflow, name) {
      const status = await ports.executions.status(workflow, name);
      if (status?.status !== "unknown") return status;
      return {
        status: "succeeded",
        ...(status.endedAt === undefined ? {} : { endedAt: status.endedAt }),
      };
    },
  },
});

/** No timer ends a survey's questions, and its time never runs out. */
export function waitsForEveryRegistry(): Sabotage {
  return (ports, step) => {
    let began: { readonly step: string; readonly at: number } | undefined;
    return {
      ...ports,
      clock: {
        ...ports.clock,
        after: () => () => {},
        now() {
          if (!step().startsWith("observe failure")) return ports.clock.now();
          if (began?.step !== step()) began = { step: step(), at: ports.clock.now() };
          return began.at;
        },
      },
    };
  };
}

/** ECS never reports that it has finished, so that what runs seems to be under way. */
export const seesNoEnd: Sabotage = (ports) =>
  withEcs(ports, {
    async describeService(cluster, name) {
      const service = await ports.ecs.describeService(cluster, name);
      const deployments = service?.deployments.map((one) =>
        one.rolloutState === "COMPLETED" ? { ...one, rolloutState: "IN_PROGRESS" } : one,
      );
      return service && deployments && { ...service, deployments };
    },
  });

/** No service seems to have opted out. */
export const seesNoTags: Sabotage = (ports) =>
  withEcs(ports, {
    clusterTags: async () => ({}),
    async describeService(cluster, name) {
      const service = await ports.ecs.describeService(cluster, name);
      return service && { ...service, tags: {} };
    },
  });
