/**
 * Ports for one survey, whose every question ends in time: a service that does not answer must not cost the whole
 * invocation.
 *
 * Registries end before the survey does (`registries-in-time.ts`), so that AWS can still be asked. What did not come in
 * time is unknown: the survey returns, and a later one asks again.
 */

import { type RegistryTimeLimits, registriesInTime } from "../../../assessment/registries-in-time.ts";
import { nothingRead, type Unread } from "../../../network/facts.ts";
import { withinTime } from "../../../runtime/time-limit.ts";
import { AwsError } from "../../ports/aws-error.ts";
import type { Ecr, Ecs, Ports } from "../../ports/ports.ts";
import { readAgain } from "../../ports/read-again.ts";

/** In seconds. */
export type TimeLimits = RegistryTimeLimits & {
  /** For one read of AWS, with the SDK's own retries. */
  readonly awsRead: number;
};

/** A fifth of an invocation of `remediate` (300 s); who answers at all answers a HEAD within one second. */
export const SURVEY_LIMITS: TimeLimits = { all: 60, otherRegistries: 40, head: 5, get: 10, awsRead: 20 };

/** Reads of ECS, with the names that IAM has for them. A read that is missing here does not compile. */
const ECS_READS = {
  describeTask: "ecs:DescribeTasks",
  describeService: "ecs:DescribeServices",
  clusterTags: "ecs:DescribeClusters",
  listTasks: "ecs:ListTasks",
  describeTaskDefinition: "ecs:DescribeTaskDefinition",
  newestRevisions: "ecs:ListTaskDefinitions",
  serviceDeployment: "ecs:DescribeServiceDeployments",
  listServiceDeployments: "ecs:ListServiceDeployments",
  ecsRollbacks: "ecs:DescribeServiceDeployments",
  describeServiceRevisions: "ecs:DescribeServiceRevisions",
  listTasksStartedBy: "ecs:ListTasks",
} as const satisfies Record<Exclude<keyof Ecs, EcsWrite>, string>;

type EcsWrite = "registerTaskDefinition" | "updateService" | "rollBackDeployment";

const ECR_READS = {
  imageStatus: "ecr:DescribeImages",
  pullThroughRules: "ecr:DescribePullThroughCacheRules",
  validateRule: "ecr:ValidatePullThroughCacheRule",
} as const satisfies Partial<Record<keyof Ecr, string>>;

/** The same ports, for a survey that begins now. */
export function withTimeLimits(ports: Ports, limits: TimeLimits = SURVEY_LIMITS): Ports {
  const { clock, roles, networks, containerInstances, registries, anonymous } = ports;
  const begins = clock.now();
  const read: Read = (action, ask) => {
    const left = Math.min(limits.awsRead * 1000, begins + limits.all * 1000 - clock.now());
    const late = (): AwsError =>
      new AwsError("unavailable", action, `${action}: no answer within ${Math.max(0, left) / 1000} s`);
    if (left <= 0) return Promise.reject(late());
    return withinTime(clock, left, late, (ended) => readAgain(ask, clock, ended));
  };
  const timed = registriesInTime(clock, limits);
  return {
    ...ports,
    ecs: timedReads(ports.ecs, ECS_READS, read),
    ecr: timedReads(ports.ecr, ECR_READS, read),
    roles: {
      simulate: (...args) =>
        read("iam:SimulatePrincipalPolicy", () => roles.simulate(...args)).catch(unknown),
      ofInstanceProfile: (profile) =>
        read("iam:GetInstanceProfile", () => roles.ofInstanceProfile(profile)).catch(unknown),
      keyOfSecret: (secret) =>
        read("secretsmanager:DescribeSecret", () => roles.keyOfSecret(secret)).catch(unknown),
    },
    networks: {
      describe: (sources) =>
        read("ec2:DescribeSubnets", () => networks.describe(sources)).catch((error) =>
          nothingRead(ports.location, unread(error)),
        ),
      egress: (subnets) =>
        read("ec2:DescribeSubnets", () => networks.egress(subnets)).catch((error) =>
          nothingRead(ports.location, unread(error)),
        ),
      instances: (cluster) =>
        read("ecs:ListContainerInstances", () => networks.instances(cluster)).catch(unread),
    },
    containerInstances: {
      kinds: (cluster) =>
        read("ecs:DescribeContainerInstances", () => containerInstances.kinds(cluster)).catch(unknown),
    },
    tasks: timedReads(
      ports.tasks,
      {
        describe: "ecs:DescribeTasks",
        networkOf: "ec2:DescribeNetworkInterfaces",
        instanceIdOf: "ecs:DescribeContainerInstances",
      },
      read,
    ),
    schedules: timedReads(ports.schedules, { targetsOf: "scheduler:ListSchedules" }, read),
    registries: timed(registries),
    ...(anonymous === undefined
      ? {}
      : { anonymous: { ...anonymous, registries: timed(anonymous.registries) } }),
  };
}

type Read = <T>(action: string, ask: () => Promise<T>) => Promise<T>;

function timedReads<Port extends object>(
  port: Port,
  actions: Readonly<Partial<Record<keyof Port, string>>>,
  read: Read,
): Port {
  const timed = Object.entries<string | undefined>(actions).map(([name, action = name]) => {
    const ask = port[name as keyof Port] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => read(action, () => ask.apply(port, args))] as const;
  });
  return { ...port, ...Object.fromEntries(timed) };
}

/** What may not be known is said, and holds nothing up. */
function unknown(error: unknown): { readonly kind: "unknown"; readonly because: string } {
  if (error instanceof AwsError && error.kind === "unavailable")
    return { kind: "unknown", because: error.message };
  throw error;
}

function unread(error: unknown): Unread {
  const { because } = unknown(error);
  return { unread: error instanceof AwsError ? error.action : "", because };
}
