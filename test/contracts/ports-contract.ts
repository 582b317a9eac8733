/**
 * What AWS and the sandbox have in common, as one suite that both must pass.
 *
 * Each assertion is marked by what backs it: an emulator that answers it too (moto), a recorded answer of
 * AWS with its source, or nothing but the sandbox. The counts are printed, so that one is not taken for another.
 */

import { afterAll, describe, expect, test } from "vitest";
import { shortRevision } from "../../src/ecs/arn.ts";
import { type Digest, digestOf } from "../../src/image/digest.ts";
import type { Ports } from "../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../src/runtime/json.ts";

export type Backing = "moto" | `recorded: ${string}` | "sandbox only";
export type BackingKind = "moto" | "recorded" | "sandbox only";

/** An account to try the ports in, empty but for a cluster named `shop` with the tag `repull:mode` = `approve`. */
export type Stage = Pick<Ports, "ecs" | "ecr" | "bus" | "containerInstances"> &
  Partial<Pick<Ports, "executions">> & {
    createService(settings: {
      readonly name: string;
      readonly taskDefinition: string;
      readonly desiredCount: number;
      readonly controller?: "CODE_DEPLOY";
      readonly launchType?: "EC2" | "FARGATE";
      readonly tags?: Readonly<Record<string, string>>;
    }): Promise<void>;
    /** Answers the task's ARN. */
    runTask(taskDefinition: string, startedBy: string): Promise<string>;
    /** A cluster with one machine, of x86_64; answers its ARN. */
    readonly clusterOfOne: () => Promise<string>;
    /** Lets so many seconds go by; absent where nothing happens by itself. */
    readonly go?: (seconds: number) => Promise<void>;
    /** Has the next call of an action refused. */
    readonly refuse?: (action: string, kind: "throttled" | "denied") => void;
    /** Results of executions can no longer be read: refused for good, or for now. */
    readonly hideResults?: (as: "denied" | "throttled") => void;
    /** A pull-through cache rule `hub` for Docker Hub, and images that it leads to. */
    readonly cache?: {
      readonly repository: string;
      readonly digest: Digest;
      readonly layer: Digest;
      /** The limit of the rule's account is reached for this one. */
      readonly limited: { readonly repository: string; readonly digest: Digest };
    };
    /** Docker Hub lets the tasks pull no more. */
    readonly exhaustDockerHub?: () => void;
  };

export type Clause = {
  readonly says: string;
  readonly backedBy: Backing;
  readonly holds: (stage: Stage) => Promise<void>;
};

/** Holds an implementation to the clauses that these backings can vouch for there. */
export function describePortsContract(
  name: string,
  clauses: readonly Clause[],
  makeStage: () => Promise<Stage>,
  backings: readonly BackingKind[],
): void {
  describe(`${name} keeps the contract of the ports`, () => {
    const assertionsBy = new Map<BackingKind, number>();
    for (const { says, backedBy, holds } of clauses) {
      const kind = kindOf(backedBy);
      if (!backings.includes(kind)) continue;
      test(`${says} [${backedBy}]`, async () => {
        await holds(await makeStage());
        assertionsBy.set(kind, (assertionsBy.get(kind) ?? 0) + 1);
      });
    }
    afterAll(() => {
      const counts = backings.map((kind) => `${assertionsBy.get(kind) ?? 0} backed by ${kind}`);
      const elsewhere = clauses.filter(({ backedBy }) => !backings.includes(kindOf(backedBy))).length;
      console.log(`contract of the ports, ${name}: ${counts.join(", ")}; ${elsewhere} not asked here`);
    });
  });
}

function kindOf(backing: Backing): BackingKind {
  return backing === "moto" || backing === "sandbox only" ? backing : "recorded";
}

/** A task definition that both sides take; each clause has a family of its own, for moto forgets nothing. */
export function webDefinition(family: string, image = "nginx:1.25"): JsonObject {
  return {
    family,
    networkMode: "bridge",
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      {
        name: "web",
        image,
        memory: 256,
        essential: true,
        environment: [{ name: "MODE", value: "live" }],
        portMappings: [{ containerPort: 80, hostPort: 0, protocol: "tcp" }],
      },
      { name: "log", image: "fluent/fluent-bit:3.0", essential: false, memory: 64 },
    ],
    tags: [{ key: "team", value: "shop" }],
  };
}

let counter = 0;
/** A name that no other clause uses. */
export function fresh(prefix: string): string {
  counter += 1;
  return `${prefix}-${counter}`;
}

/** A service on a revision of its own; answers its name and that revision's ARN. */
export async function given(
  stage: Stage,
  settings: Partial<Parameters<Stage["createService"]>[0]> = {},
): Promise<{ name: string; arn: string; family: string }> {
  const family = fresh("web");
  const arn = await stage.ecs.registerTaskDefinition(webDefinition(family));
  await stage.createService({ name: family, taskDefinition: arn, desiredCount: 2, ...settings });
  return { name: family, arn, family };
}

const DIGEST = `sha256:${"5c".repeat(32)}` as const;
const REPOSITORY = { immutableTags: true, tags: { "repull:mirror": "docker.io" } };

const PULL_THROUGH = "recorded: API model of ECR, read 2026-11";

export const CLAUSES: readonly Clause[] = [
  {
    says: "a pull-through cache rule is listed with what it leads to, and ECR finds it good",
    backedBy: PULL_THROUGH,
    holds: async ({ ecr }) => {
      expect(await ecr.pullThroughRules()).toContainEqual({
        prefix: "hub",
        upstreamHost: "registry-1.docker.io",
      });
      expect(await ecr.validateRule("hub")).toMatchObject({ isValid: true });
    },
  },
  {
    says: "what a rule leads to comes by its digest, and its bytes are that digest's",
    backedBy: PULL_THROUGH,
    holds: async ({ ecr, cache }) => {
      const imported = await ecr.importImage(cache?.repository ?? "", cache?.digest ?? DIGEST);
      expect(imported.kind === "imported" && digestOf(imported.bytes)).toBe(cache?.digest);
    },
  },
  {
    says: "the limit of the rule's account is an answer, and not a transient one",
    backedBy: PULL_THROUGH,
    holds: async ({ ecr, cache }) => {
      const { repository, digest } = cache?.limited ?? { repository: "", digest: DIGEST };
      expect(await ecr.importImage(repository, digest)).toEqual({
        kind: "refused",
        isTransient: false,
        code: "UpstreamTooManyRequests",
        because: "the rule's own account has no pulls left there (UpstreamTooManyRequests)",
      });
    },
  },
  {
    says: "a layer that has not come is missing; it may be asked for",
    backedBy: PULL_THROUGH,
    holds: async ({ ecr, cache, go }) => {
      const { repository = "", digest = DIGEST, layer = DIGEST } = cache ?? {};
      await ecr.importImage(repository, digest);
      expect(await ecr.missingLayers(repository, [layer])).toEqual([layer]);
      await ecr.fetchLayer(repository, layer);
      await go?.(60);
      if (go !== undefined) expect(await ecr.missingLayers(repository, [layer])).toEqual([]);
    },
  },
  {
    says: "a revision that was never registered is undefined",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      expect(await ecs.describeTaskDefinition("absent:1")).toBeUndefined();
      const family = fresh("web");
      await ecs.registerTaskDefinition(webDefinition(family));
      expect(await ecs.describeTaskDefinition(`${family}:99`)).toBeUndefined();
    },
  },
  {
    says: "what is registered comes back as it was sent, with its tags",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      const sent = webDefinition(fresh("web"));
      const arn = await ecs.registerTaskDefinition(sent);
      const described = await ecs.describeTaskDefinition(arn);
      const { tags, ...members } = sent;
      expect(described?.taskDefinition).toMatchObject(members);
      expect(described?.taskDefinition).toMatchObject({
        taskDefinitionArn: arn,
        revision: 1,
        status: "ACTIVE",
      });
      expect(described?.taskDefinition).not.toHaveProperty("tags");
      expect(described?.tags).toEqual(tags);
    },
  },
  {
    says: "a revision can be asked for by family and number",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      const family = fresh("web");
      const arn = await ecs.registerTaskDefinition(webDefinition(family));
      expect((await ecs.describeTaskDefinition(`${family}:1`))?.taskDefinition.taskDefinitionArn).toBe(arn);
    },
  },
  {
    says: "revisions of a family count up, and the newest come first with their tags",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      const family = fresh("web");
      for (let count = 1; count <= 11; count++) await ecs.registerTaskDefinition(webDefinition(family));
      await ecs.registerTaskDefinition(webDefinition(`${family}-admin`));
      const newest = await ecs.newestRevisions(family, 3);
      expect(newest.map(({ arn }) => shortRevision(arn))).toEqual([
        `${family}:11`,
        `${family}:10`,
        `${family}:9`,
      ]);
      expect(newest[0]?.tags).toEqual([{ key: "team", value: "shop" }]);
    },
  },
  {
    says: "a family that does not exist has no revisions",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      expect(await ecs.newestRevisions("absent", 3)).toEqual([]);
    },
  },
  {
    says: "a service is described with its tags, by the cluster's name and by its ARN",
    backedBy: "moto",
    holds: async (stage) => {
      const { name, arn } = await given(stage, { tags: { repull: "off" } });
      const service = await stage.ecs.describeService("shop", name);
      expect(service).toMatchObject({
        name,
        status: "ACTIVE",
        controller: "ECS",
        schedulingStrategy: "REPLICA",
        taskDefinition: arn,
        desiredCount: 2,
        tags: { repull: "off" },
      });
      expect(service?.clusterArn).toMatch(/^arn:aws:ecs:us-east-1:[0-9]{12}:cluster\/shop$/);
      expect(service?.arn).toMatch(/^arn:aws:ecs:us-east-1:[0-9]{12}:service\/shop\//);
      expect((await stage.ecs.describeService(service?.clusterArn ?? "", name))?.arn).toBe(service?.arn);
    },
  },
  {
    says: "a cluster has its tags, by its name and by its ARN; one that is not there has none",
    backedBy: "moto",
    holds: async (stage) => {
      const { name } = await given(stage);
      const { clusterArn = "" } = (await stage.ecs.describeService("shop", name)) ?? {};
      expect(await stage.ecs.clusterTags("shop")).toEqual({ "repull:mode": "approve" });
      expect(await stage.ecs.clusterTags(clusterArn)).toEqual({ "repull:mode": "approve" });
      expect(await stage.ecs.clusterTags("nowhere")).toEqual({});
    },
  },
  {
    says: "a service is on a primary deployment of its revision",
    backedBy: "moto",
    holds: async (stage) => {
      const { name, arn } = await given(stage);
      const service = await stage.ecs.describeService("shop", name);
      const [primary] = service?.deployments ?? [];
      expect(primary).toMatchObject({ status: "PRIMARY", taskDefinition: arn, rolloutState: "IN_PROGRESS" });
      expect(primary?.id).toMatch(/^ecs-svc\/[0-9]+$/);
    },
  },
  {
    says: "a service that does not exist is undefined, and so is one in a cluster that does not",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      expect(await ecs.describeService("shop", "absent")).toBeUndefined();
      expect(await ecs.describeService("nowhere", "web")).toBeUndefined();
    },
  },
  {
    says: "an update points the service at the revision and changes nothing else of it",
    backedBy: "moto",
    holds: async (stage) => {
      const { name, family } = await given(stage, { tags: { team: "shop" } });
      const before = await stage.ecs.describeService("shop", name);
      const second = await stage.ecs.registerTaskDefinition(webDefinition(family, "nginx:1.26"));
      await stage.ecs.updateService("shop", name, second);
      const {
        deployments: _,
        runningCount: __,
        ...after
      } = (await stage.ecs.describeService("shop", name)) ?? {};
      const { deployments: ___, runningCount: ____, ...expected } = { ...before, taskDefinition: second };
      expect(after).toEqual(expected);
    },
  },
  {
    says: "an update of a service that does not exist is refused as absent",
    backedBy: "moto",
    holds: async (stage) => {
      const { arn } = await given(stage);
      await expect(stage.ecs.updateService("shop", "absent", arn)).rejects.toMatchObject({
        name: "AwsError",
        kind: "absent",
        action: "ecs:UpdateService",
        message: expect.stringMatching(/^ecs:UpdateService: ServiceNotFoundException: /),
      });
    },
  },
  {
    says: "an update to a revision that does not exist is refused as invalid",
    backedBy: "moto",
    holds: async (stage) => {
      const { name, family } = await given(stage);
      await expect(stage.ecs.updateService("shop", name, `${family}:99`)).rejects.toMatchObject({
        name: "AwsError",
        kind: "invalid",
        action: "ecs:UpdateService",
      });
    },
  },
  {
    says: "a task that does not exist is undefined, and so is one in a cluster that does not",
    backedBy: "moto",
    holds: async ({ ecs }) => {
      const id = "0123456789abcdef0123456789abcdef";
      expect(
        await ecs.describeTask("shop", `arn:aws:ecs:us-east-1:123456789012:task/shop/${id}`),
      ).toBeUndefined();
      expect(await ecs.describeTask("nowhere", id)).toBeUndefined();
    },
  },
  {
    says: "a task of no service has its revision and who started it",
    backedBy: "moto",
    holds: async (stage) => {
      const family = fresh("job");
      const definition = await stage.ecs.registerTaskDefinition(webDefinition(family));
      const arn = await stage.runTask(definition, "by-hand");
      expect(await stage.ecs.describeTask("shop", arn)).toMatchObject({
        arn,
        taskDefinitionArn: definition,
        startedBy: "by-hand",
        lastStatus: expect.any(String),
      });
    },
  },
  {
    says: "a service without tasks has none, and so has one that does not exist",
    backedBy: "moto",
    holds: async (stage) => {
      const { name } = await given(stage, { desiredCount: 0 });
      for (const service of [name, "absent"]) {
        expect(await stage.ecs.listTasks({ cluster: "shop", service, desiredStatus: "STOPPED" })).toEqual([]);
      }
    },
  },
  {
    says: "a cluster's container instances report their platform",
    backedBy: "moto",
    holds: async (stage) => {
      expect(await stage.containerInstances.kinds(await stage.clusterOfOne())).toEqual({
        kind: "known",
        machines: [{ platform: { os: "linux", architecture: "amd64" } }],
      });
    },
  },
  {
    says: "machines of two architectures and of a release of Windows are three kinds, each with what brought it",
    backedBy: "recorded: API model of ECS, read 2026-11",
    holds: async ({ containerInstances }) => {
      const arm64 = { os: "linux", architecture: "arm64" };
      const found = await containerInstances.kinds("arn:aws:ecs:us-east-1:123456789012:cluster/mixed");
      expect(found).toEqual({
        kind: "known",
        machines: [
          { platform: { os: "linux", architecture: "amd64" } },
          { platform: arm64, capacityProvider: "graviton" },
          { platform: { os: "windows", architecture: "amd64", osVersion: "10.0.20348" } },
        ],
      });
    },
  },
  {
    says: "a repository is created once, then present",
    backedBy: "moto",
    holds: async ({ ecr }) => {
      const name = fresh("repull/docker.io/library/nginx");
      expect(await ecr.ensureRepository(name, REPOSITORY)).toBe("created");
      expect(await ecr.ensureRepository(name, REPOSITORY)).toBe("present");
    },
  },
  {
    says: "an image that was not pushed is absent, in a repository and in none",
    backedBy: "moto",
    holds: async ({ ecr }) => {
      const name = fresh("repull/docker.io/library/nginx");
      await ecr.ensureRepository(name, REPOSITORY);
      expect(await ecr.imageStatus(name, DIGEST)).toBe("absent");
      expect(await ecr.imageStatus("absent/nothing", DIGEST)).toBe("absent");
    },
  },
  {
    says: "an outcome can be published",
    backedBy: "moto",
    holds: async ({ bus }) => {
      await expect(bus.publish({ outcome: "succeeded" })).resolves.toBeUndefined();
    },
  },
  {
    says: "unknown members survive a registration, at every level",
    backedBy: "recorded: the JSON that SDK clients send and get, with members added",
    holds: async ({ ecs }) => {
      const sent = {
        ...webDefinition(fresh("web")),
        ofTomorrow: { nested: [1, "two", null] },
        containerDefinitions: [{ name: "web", image: "nginx:1.25", memory: 128, ofTomorrow: true }],
      };
      const described = await ecs.describeTaskDefinition(await ecs.registerTaskDefinition(sent));
      expect(described?.taskDefinition).toMatchObject({
        ofTomorrow: sent.ofTomorrow,
        containerDefinitions: sent.containerDefinitions,
      });
    },
  },
  {
    says: "CodeDeploy's services refuse another revision, in these words",
    backedBy: "recorded: https://github.com/boto/boto3/issues/1936",
    holds: async (stage) => {
      const { name, family } = await given(stage, { controller: "CODE_DEPLOY" });
      expect((await stage.ecs.describeService("shop", name))?.controller).toBe("CODE_DEPLOY");
      const second = await stage.ecs.registerTaskDefinition(webDefinition(family, "nginx:1.26"));
      await expect(stage.ecs.updateService("shop", name, second)).rejects.toMatchObject({
        kind: "invalid",
        message:
          "ecs:UpdateService: InvalidParameterException: Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
      });
    },
  },
  {
    says: "ECS reports the newest deployment that brings a revision, and no other",
    backedBy: "recorded: API model of ECS, read 2026-11",
    holds: async (stage) => {
      const { name, arn: taskDefinition } = await given(stage);
      expect(await stage.ecs.serviceDeployment("shop", name, taskDefinition)).toMatchObject({
        arn: expect.stringMatching(`:service-deployment/shop/${name}/`),
        status: "IN_PROGRESS",
        firedAlarms: [],
        hooks: [],
      });
      const other = taskDefinition.replace(/:\d+$/, ":99");
      expect(await stage.ecs.serviceDeployment("shop", name, other)).toBeUndefined();
      expect(await stage.ecs.serviceDeployment("shop", "absent", taskDefinition)).toBeUndefined();
    },
  },
  {
    says: "a Fargate task that hit Docker Hub's limit has it in its stoppedReason",
    backedBy: "recorded: https://github.com/PrefectHQ/prefect/issues/12003",
    holds: async (stage) => {
      stage.exhaustDockerHub?.();
      const { name } = await given(stage, { launchType: "FARGATE" });
      await stage.go?.(60);
      const [task] = await stage.ecs.listTasks({ cluster: "shop", service: name, desiredStatus: "STOPPED" });
      expect(task).toMatchObject({
        stopCode: "TaskFailedToStart",
        launchType: "FARGATE",
        group: `service:${name}`,
      });
      expect(task?.startedBy).toMatch(/^ecs-svc\/[0-9]+$/);
      expect(task?.stoppedReason).toMatch(
        /^CannotPullContainerError: ref pull has been retried 1 time\(s\): failed to copy: httpReadSeeker: failed open: unexpected status code https:\/\/registry-1\.docker\.io\/v2\/library\/nginx\/manifests\/sha256:[0-9a-f]{64}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your /,
      );
    },
  },
  {
    says: "a task on an EC2 instance has it in the reason of the container alone",
    backedBy: "recorded: https://github.com/aws-samples/aws-genomics-workflows/issues/122",
    holds: async (stage) => {
      stage.exhaustDockerHub?.();
      const { name } = await given(stage, { launchType: "EC2" });
      await stage.go?.(60);
      const [task] = await stage.ecs.listTasks({ cluster: "shop", service: name, desiredStatus: "STOPPED" });
      expect(task).toMatchObject({ stopCode: "TaskFailedToStart", stoppedReason: "Task failed to start" });
      const [web, log] = task?.containers ?? [];
      expect(web?.reason).toMatch(
        /^CannotPullContainerError: Error response from daemon: toomanyrequests: You have/,
      );
      expect(log?.reason).toBeUndefined();
    },
  },
  {
    says: "a container that never ran has neither exit code nor digest",
    backedBy: "recorded: ECS event of 2019 (ap-northeast-1, Fargate 1.3), as its author quoted it",
    holds: async (stage) => {
      stage.exhaustDockerHub?.();
      const { name } = await given(stage);
      await stage.go?.(60);
      const [task] = await stage.ecs.listTasks({ cluster: "shop", service: name, desiredStatus: "STOPPED" });
      expect(task?.containers.map((container) => Object.keys(container).sort())).toEqual([
        ["image", "lastStatus", "name"],
        ["image", "lastStatus", "name"],
      ]);
    },
  },
  {
    says: "a deployment that is over, or was never there, cannot be stopped",
    backedBy: "sandbox only",
    holds: async (stage) => {
      const { name, arn } = await given(stage);
      await stage.go?.(120);
      const story = await stage.ecs.serviceDeployment("shop", name, arn);
      await expect(stage.ecs.rollBackDeployment(story?.arn ?? "")).rejects.toMatchObject({
        kind: "conflict",
      });
      await expect(stage.ecs.rollBackDeployment(`${story?.arn}0`)).rejects.toMatchObject({ kind: "absent" });
    },
  },
  {
    says: "a deployment that is stopped with a rollback goes back to the service revision before it",
    backedBy: "sandbox only",
    holds: async (stage) => {
      const { name, arn, family } = await given(stage);
      await stage.go?.(120);
      const second = await stage.ecs.registerTaskDefinition(webDefinition(family, "nginx:absent"));
      await stage.ecs.updateService("shop", name, second);
      await stage.go?.(30);
      const story = await stage.ecs.serviceDeployment("shop", name, second);
      const [source] = await stage.ecs.describeServiceRevisions(story?.sources ?? []);
      expect(source?.taskDefinition).toBe(arn);
      await stage.ecs.rollBackDeployment(story?.arn ?? "");
      expect((await stage.ecs.serviceDeployment("shop", name, second))?.status).toBe("ROLLBACK_REQUESTED");
      await stage.go?.(120);
      expect((await stage.ecs.describeService("shop", name))?.taskDefinition).toBe(arn);
      expect(await stage.ecs.ecsRollbacks([story?.arn ?? ""])).toMatchObject([{ revision: source?.arn }]);
      // Asked again, it is not an error.
      await stage.ecs.rollBackDeployment(story?.arn ?? "");
    },
  },
  {
    says: "an update makes a new primary deployment while the former one still serves",
    backedBy: "sandbox only",
    holds: async (stage) => {
      const { name, arn, family } = await given(stage);
      await stage.go?.(120);
      const second = await stage.ecs.registerTaskDefinition(webDefinition(family));
      await stage.ecs.updateService("shop", name, second);
      const service = await stage.ecs.describeService("shop", name);
      expect(service?.deployments).toMatchObject([
        { status: "PRIMARY", taskDefinition: second, rolloutState: "IN_PROGRESS", runningCount: 0 },
        { status: "ACTIVE", taskDefinition: arn, rolloutState: "COMPLETED", runningCount: 2 },
      ]);
    },
  },
  {
    says: "a deployment whose tasks all run is COMPLETED, and alone",
    backedBy: "sandbox only",
    holds: async (stage) => {
      const { name, arn } = await given(stage);
      await stage.go?.(120);
      const service = await stage.ecs.describeService("shop", name);
      expect(service?.deployments).toMatchObject([
        {
          status: "PRIMARY",
          taskDefinition: arn,
          rolloutState: "COMPLETED",
          runningCount: 2,
          failedTasks: 0,
        },
      ]);
      const tasks = await stage.ecs.listTasks({ cluster: "shop", service: name, desiredStatus: "RUNNING" });
      expect(tasks.map(({ lastStatus }) => lastStatus)).toEqual(["RUNNING", "RUNNING"]);
      expect(tasks[0]?.containers.map(({ imageDigest }) => imageDigest)).toEqual([
        expect.stringMatching(/^sha256:/),
        expect.stringMatching(/^sha256:/),
      ]);
    },
  },
  ...(["throttled", "denied"] as const).map(
    (kind): Clause => ({
      says: `a ${kind} call is an AwsError of that kind that names the action`,
      backedBy: "sandbox only",
      holds: async (stage) => {
        const { name, arn } = await given(stage);
        stage.refuse?.("ecs:UpdateService", kind);
        await expect(stage.ecs.updateService("shop", name, arn)).rejects.toMatchObject({
          name: "AwsError",
          kind,
          action: "ecs:UpdateService",
        });
      },
    }),
  ),
];
