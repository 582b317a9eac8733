/**
 * AWS on a bad day: the same ports, between whose calls and answers a seed puts what goes wrong out there.
 *
 * A call may be throttled, lost on the way there, slow, or done without its answer coming back; and what was just
 * written may be read in its previous state for a while, by all callers alike. Nothing is made up: every answer once was true.
 */

import type { Service } from "../../../src/ecs/service/service.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { targetName } from "../../../src/remediation/ports/schedules.ts";
import { awsRefusal } from "../../../src/sandbox/aws/faults/aws-error.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import type { VirtualClock } from "../../../src/sandbox/virtual-clock.ts";

export const ANSWER_FAULTS = [
  "throttled",
  "lost-call",
  "lost-answer",
  "slow",
  "stale-read",
  "clock-jump",
] as const;
export type AnswerFaultKind = (typeof ANSWER_FAULTS)[number];

export type FaultRates = {
  /** How likely each is for one call, 0 to 1. */
  readonly chances: Readonly<Record<AnswerFaultKind, number>>;
  /** How long a former state may be read. */
  readonly staleSecondsMax: number;
  /** How long a slow call may take. */
  readonly slowSecondsMax: number;
};

export type FaultInjector = {
  /** The ports, with untrue answers. */
  wrap(ports: Ports): Ports;
  /** A foreign writer is about to change this service: a read may show the previous state for a while. */
  aboutToChange(cluster: string, service: string, truth: Ports): Promise<void>;
  /** From now on every answer is true, and comes at once. */
  stop(): void;
};

type Memory = { readonly answer: unknown; readonly until: number };

/** A liar: the seed decides when it lies, and `onLie` gets each lie. */
export function createFaultInjector(
  clock: VirtualClock,
  random: Random,
  lies: FaultRates,
  onLie: (kind: AnswerFaultKind, action: string) => void,
): FaultInjector {
  const former = new Map<string, Memory>();
  /** Of rules and schedules, as they were last seen. */
  const targetsToldOf = new Map<string, unknown>();
  let isCalm = false;
  let clockOffsetMs = 0;

  const tells = (kind: AnswerFaultKind, action: string): boolean => {
    if (isCalm || random.next() >= lies.chances[kind]) return false;
    onLie(kind, action);
    return true;
  };

  /** What happens on the way there. */
  const set = async (action: string): Promise<void> => {
    if (tells("throttled", action))
      throw awsRefusal("throttled", action, "ThrottlingException", "Rate exceeded");
    if (tells("slow", action)) await clock.sleep(random.integer(1, lies.slowSecondsMax) * 1000);
    if (tells("lost-call", action)) throw timedOut(action);
    if (tells("clock-jump", action)) clockOffsetMs += random.integer(-600, 600) * 1000;
  };

  const read = async <T>(action: string, key: string, ask: () => Promise<T>): Promise<T> => {
    await set(action);
    const memory = former.get(key);
    if (!isCalm && memory !== undefined && clock.now() < memory.until) {
      onLie("stale-read", action);
      return structuredClone(memory.answer) as T;
    }
    return await ask();
  };

  const write = async <T>(action: string, run: () => Promise<T>): Promise<T> => {
    await set(action);
    const answer = await run();
    if (tells("lost-answer", action)) throw timedOut(action);
    return answer;
  };

  /** Before a change: from then on, for a while, what is true now is what is read. */
  const remember = (key: string, answer: unknown): void => {
    if (isCalm || random.next() >= lies.chances["stale-read"]) return;
    former.set(key, { answer, until: clock.now() + random.integer(1, lies.staleSecondsMax) * 1000 });
  };

  const rememberService = async (cluster: string, name: string, { ecs }: Ports): Promise<void> => {
    const truth = await ecs.describeService(cluster, name);
    if (truth !== undefined) remember(serviceKey(truth), truth);
  };

  const wrap = (truth: Ports): Ports => {
    const { ecs, ecr, executions, bus, quotaStore, tasks, schedules } = truth;
    const keyOf = async (cluster: string, name: string): Promise<string> => {
      const service = await ecs.describeService(cluster, name);
      return service === undefined ? `service ${cluster} ${name}` : serviceKey(service);
    };
    return {
      ...truth,
      clock: { ...truth.clock, now: () => truth.clock.now() + (isCalm ? 0 : clockOffsetMs) },
      ecs: {
        describeTask: (cluster, task) =>
          read("ecs:DescribeTasks", `task ${task}`, () => ecs.describeTask(cluster, task)),
        describeService: async (cluster, name) =>
          read("ecs:DescribeServices", await keyOf(cluster, name), () => ecs.describeService(cluster, name)),
        serviceDeployment: (cluster, name, revision) =>
          read("ecs:DescribeServiceDeployments", `story ${cluster} ${name} ${revision}`, () =>
            ecs.serviceDeployment(cluster, name, revision),
          ),
        listServiceDeployments: (cluster, name) =>
          read("ecs:ListServiceDeployments", `deployments ${cluster} ${name}`, () =>
            ecs.listServiceDeployments(cluster, name),
          ),
        ecsRollbacks: (arns) =>
          read("ecs:DescribeServiceDeployments", `rollbacks ${arns}`, () => ecs.ecsRollbacks(arns)),
        describeServiceRevisions: (arns) =>
          read("ecs:DescribeServiceRevisions", `revisions ${arns}`, () => ecs.describeServiceRevisions(arns)),
        listTasksStartedBy: (cluster, startedBy) =>
          read("ecs:ListTasks", `tasks by ${startedBy}`, () => ecs.listTasksStartedBy(cluster, startedBy)),
        clusterTags: (cluster) =>
          read("ecs:DescribeClusters", `cluster ${cluster}`, () => ecs.clusterTags(cluster)),
        listTasks: (query) => read("ecs:ListTasks", `tasks of ${query.service}`, () => ecs.listTasks(query)),
        describeTaskDefinition: (arn) =>
          read("ecs:DescribeTaskDefinition", `definition ${arn}`, () => ecs.describeTaskDefinition(arn)),
        newestRevisions: (family, count, after) =>
          read("ecs:ListTaskDefinitions", `family ${family}`, () =>
            ecs.newestRevisions(family, count, after),
          ),
        registerTaskDefinition: (registrable) =>
          write("ecs:RegisterTaskDefinition", async () => {
            const family = String(registrable.family);
            remember(`family ${family}`, await ecs.newestRevisions(family, 10));
            return await ecs.registerTaskDefinition(registrable);
          }),
        rollBackDeployment: (arn) => write("ecs:StopServiceDeployment", () => ecs.rollBackDeployment(arn)),
        updateService: (cluster, name, revision) =>
          write("ecs:UpdateService", async () => {
            await rememberService(cluster, name, truth);
            return await ecs.updateService(cluster, name, revision);
          }),
      },
      ecr: {
        ensureRepository: (name, settings) =>
          write("ecr:CreateRepository", () => ecr.ensureRepository(name, settings)),
        imageStatus: (repository, digest) =>
          read("ecr:DescribeImages", `image ${repository} ${digest}`, () =>
            ecr.imageStatus(repository, digest),
          ),
        pullThroughRules: () =>
          read("ecr:DescribePullThroughCacheRules", "rules", () => ecr.pullThroughRules()),
        validateRule: (prefix) =>
          read("ecr:ValidatePullThroughCacheRule", `rule ${prefix}`, () => ecr.validateRule(prefix)),
        importImage: (repository, digest) =>
          write("ecr:BatchGetImage", () => ecr.importImage(repository, digest)),
        missingLayers: (repository, digests) =>
          read("ecr:BatchCheckLayerAvailability", `layers of ${repository}`, () =>
            ecr.missingLayers(repository, digests),
          ),
        fetchLayer: (repository, digest) =>
          write("ecr:GetDownloadUrlForLayer", () => ecr.fetchLayer(repository, digest)),
      },
      executions: {
        functionName: (workflow) => executions.functionName(workflow),
        start: (workflow, name, input) =>
          write("lambda:InvokeFunction", async () => {
            const started = await executions.start(workflow, name, input);
            // Asked too early, Lambda knows nothing yet.
            if (started === "started") remember(`execution ${workflow} ${name}`, undefined);
            return started;
          }),
        status: (workflow, name) =>
          read("lambda:ListDurableExecutionsByFunction", `execution ${workflow} ${name}`, () =>
            executions.status(workflow, name),
          ),
      },
      bus: { publish: (detail) => write("events:PutEvents", () => bus.publish(detail)) },
      quotaStore: {
        acquire: (request) => write("dynamodb:UpdateItem", () => quotaStore.acquire(request)),
        claimNotification: (window, claimant) =>
          write("dynamodb:UpdateItem", () => quotaStore.claimNotification(window, claimant)),
        used: (window) => read("dynamodb:GetItem", `window ${window.name}`, () => quotaStore.used(window)),
      },
      tasks: {
        describe: (cluster, task) =>
          read("ecs:DescribeTasks", `whole task ${task}`, () => tasks.describe(cluster, task)),
        networkOf: (id) =>
          read("ec2:DescribeNetworkInterfaces", `interface ${id}`, () => tasks.networkOf(id)),
        instanceIdOf: (cluster, instance) =>
          read("ecs:DescribeContainerInstances", `instance ${instance}`, () =>
            tasks.instanceIdOf(cluster, instance),
          ),
        run: (request) => write("ecs:RunTask", () => tasks.run(request)),
      },
      schedules: {
        targetsOf: (query) => {
          const key = `targets of ${query.schedule}`;
          return read("events:ListTargetsByRule", key, async () => {
            const targets = await schedules.targetsOf(query);
            targetsToldOf.set(key, targets);
            return targets;
          });
        },
        tagsOf: (target, clusterArn) =>
          read(
            target.kind === "rule" ? "events:ListTagsForResource" : "scheduler:ListTagsForResource",
            `tags of ${targetName(target)}`,
            () => schedules.tagsOf(target, clusterArn),
          ),
        move: (target, to) =>
          write(target.kind === "rule" ? "events:PutTargets" : "scheduler:UpdateSchedule", async () => {
            for (const [key, targets] of targetsToldOf) remember(key, targets);
            return await schedules.move(target, to);
          }),
      },
    };
  };

  return {
    wrap,
    aboutToChange: rememberService,
    stop() {
      isCalm = true;
    },
  };
}

function serviceKey({ clusterArn, name }: Service): string {
  return `service ${clusterArn} ${name}`;
}

function timedOut(action: string): Error {
  return awsRefusal("unavailable", action, "TimeoutError", "the connection timed out");
}
