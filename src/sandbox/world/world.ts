/**
 * A closed world for the product to run in: an AWS region, the registries of the internet, and their time.
 *
 * Everything in it is decided by its description and one seed. The remediation runs in it unchanged, through
 * the same ports as in the world outside.
 */

import { getObject, getString } from "../../ecs/json-fields.ts";
import { ecrHost, partitionOf } from "../../image/ecr-hosts.ts";
import { repositoryName, tryParseReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import { basicCredentials, type FindCredentials } from "../../oci/auth/credentials.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { createCopier } from "../../oci/copy/copier.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { type Log, silentLog } from "../../runtime/log.ts";
import { DEFAULT_POLICY } from "../../substitution/policy/policy.ts";
import { type CacheRules, createCacheRules } from "../aws/cache-rules.ts";
import { createChangeCalendar } from "../aws/change-calendar.ts";
import { createExecutions, type SandboxExecutions } from "../aws/durable-executions.ts";
import { createEcrPort } from "../aws/ecr.ts";
import { createContainerInstances } from "../aws/ecs/container-instances.ts";
import { createEcsPort } from "../aws/ecs/ecs.ts";
import { createTasks, type SandboxTasks } from "../aws/ecs/run-task.ts";
import { createDeploymentReads, type DeploymentReads } from "../aws/ecs/service-deployments.ts";
import { createBus, type Delivery, type EventBus } from "../aws/event-bus.ts";
import { type AwsRates, createAwsRates } from "../aws/faults/api-throttling.ts";
import { type AwsFaults, createAwsFaults } from "../aws/faults/faults.ts";
import { createIamSimulator, isDeniedTo } from "../aws/iam-simulator.ts";
import { createNetworks } from "../aws/networks.ts";
import { createSandboxQuotas, type SandboxQuotas } from "../aws/quota-store.ts";
import { createSchedules, type SandboxSchedules } from "../aws/schedules.ts";
import { createCluster } from "../ecs/cluster.ts";
import type { Cluster } from "../ecs/cluster-api.ts";
import type { EcsEnvironment } from "../ecs/state.ts";
import { createTaskDefinitions, type TaskDefinitions } from "../ecs/task-definitions.ts";
import type { PullCredentials } from "../ecs/tasks/image-pull.ts";
import { type AwsLocation, EXAMPLE_LOCATION } from "../example-location.ts";
import { createInternet, type Internet } from "../network.ts";
import { createRandom } from "../random.ts";
import type { RegistryBehaviour, RegistryKind } from "../registry/behaviour.ts";
import { createVirtualClock, type VirtualClock } from "../virtual-clock.ts";
import { type Assumptions, DEFAULT_ASSUMPTIONS } from "./assumptions.ts";
import { type Addresses, createWorldRegistries, WINDOW_MS, type WorldRegistries } from "./registries.ts";
import { addService, addTask, scheduleOf } from "./workloads.ts";
import type { WorldFile } from "./world-file.ts";

export type WorldOptions = {
  /** Decides every id and every delivery: 1. Images are decided by their names, so that a recorded digest means them in every run. */
  readonly seed?: number | string;
  readonly log?: Log;
  readonly delivery?: Delivery;
  /** The assumptions to take the other way. */
  readonly unverified?: Partial<Assumptions>;
  readonly registryWays?: Partial<Record<RegistryKind, Partial<RegistryBehaviour>>>;
  /** The registries that Repull may ask, as its policy names them. Default: those of the default policy. */
  readonly allowed?: readonly string[];
};

export interface World {
  readonly ports: Ports;
  readonly home: AwsLocation;
  readonly clock: VirtualClock;
  readonly cluster: Cluster;
  readonly definitions: TaskDefinitions;
  /** What ECS reports about service deployments and service revisions. */
  readonly deployments: DeploymentReads;
  readonly registries: WorldRegistries;
  readonly internet: Internet;
  readonly bus: EventBus;
  readonly executions: SandboxExecutions;
  readonly quotas: SandboxQuotas;
  readonly tasks: SandboxTasks;
  readonly schedules: SandboxSchedules;
  /** The pull-through cache rules of its ECR, and the templates of repositories. */
  readonly cacheRules: CacheRules;
  readonly faults: AwsFaults;
  /** How often ECS lets itself be called. */
  readonly rates: AwsRates;
  /** Where the tasks and Repull call from: what anonymous pulls are counted by. */
  readonly addresses: Addresses;
  /** Lets the world go on for so many seconds. */
  run(seconds: number): Promise<void>;
  /** Lets it go on until the condition holds, at most so many seconds; answers whether it holds. */
  runUntil(condition: () => boolean, secondsMax: number): Promise<boolean>;
}

/** Documentation addresses: RFC 5737. */
const TASKS_ADDRESS = "203.0.113.10";
const REPULL_ADDRESS = "198.51.100.20";
const TIME_DEFAULT = "2026-01-20T10:00:00Z";

/** Makes the world that a file describes, at the moment at which its services begin to deploy. */
export async function createWorld(file: WorldFile, options: WorldOptions = {}): Promise<World> {
  const { seed = 1, log = silentLog } = options;
  const region = file.region ?? EXAMPLE_LOCATION.region;
  const home: AwsLocation = {
    account: file.account ?? EXAMPLE_LOCATION.account,
    region,
    partition: partitionOf(region),
  };
  const startsAt = Date.parse(file.time ?? TIME_DEFAULT);
  const unverified = { ...DEFAULT_ASSUMPTIONS, ...options.unverified };
  const random = createRandom(seed);
  // A quota that is gone was spent within the last six hours: the clock begins there.
  const clock = createVirtualClock(startsAt - WINDOW_MS);
  const addresses = {
    tasks: TASKS_ADDRESS,
    repull: file.repullAddress === "shared" ? TASKS_ADDRESS : REPULL_ADDRESS,
  };
  const registries = createWorldRegistries(file, home, clock, startsAt, addresses, options.registryWays);
  for (const { at, spend } of registries.quotasToSpend.toSorted((one, other) => one.at - other.at)) {
    await clock.advanceTo(at);
    spend();
  }
  await clock.advanceTo(startsAt);

  const internet = createInternet(registries.all, clock);
  const definitions = createTaskDefinitions(home, clock, unverified);
  const faults = createAwsFaults();
  const bus = createBus(home, clock, random.fork("bus"), options.delivery, faults.check);
  const machines = createContainerInstances(file, faults.check);
  const surroundings: EcsEnvironment = {
    home,
    clock,
    random: random.fork("cluster"),
    bus,
    definitions,
    send: internet.from(addresses.tasks),
    credentialsFor: pullCredentials(file, home, registries),
    place: machines.place,
    crashOf: (container, digest) => {
      const reference = tryParseReference(container.image);
      return reference && registries.crashes.get(`${repositoryName(reference)}@${digest}`);
    },
    unverified,
  };
  const cluster = createCluster(surroundings);
  const deployments = createDeploymentReads(cluster, definitions, unverified);
  for (const [host, { trouble, troubleFor }] of Object.entries(file.registries ?? {})) {
    const registry = registries.byHost.get(host === "ecr" ? ecrHost(home.account, home.region) : host);
    if (trouble === "silent" && registry !== undefined)
      internet.silence(registry, troubleFor === undefined ? undefined : addresses[troubleFor]);
  }
  const rates = createAwsRates(clock);
  const ecsFaults = (action: string): void => {
    rates.check(action);
    faults.check(action);
  };
  const tasks = createTasks(cluster, ecsFaults);
  const schedules = createSchedules(faults.check);
  const executions = createExecutions(clock, unverified, faults.check);
  const cacheRules = createCacheRules(file);
  const quotas = createSandboxQuotas(faults.check);
  const { allowed = DEFAULT_POLICY.registries.allowed } = options;
  const rules = { allowed: [...allowed, ecrHost(home.account, home.region)], mayReachPrivate: true };
  const clientsAs = (credentials: FindCredentials) =>
    createRegistries({ send: internet.from(addresses.repull), clock, credentials, rules });
  const clients = clientsAs(repullCredentials(file, home, registries));
  const anonymous = clientsAs(repullCredentials({}, home, registries));
  const hasAccount = file.registries?.[DOCKER_HUB_HOST]?.repullSignsInAs !== undefined;
  const world: World = {
    ports: {
      location: home,
      ecs: createEcsPort(cluster, definitions, ecsFaults, deployments),
      ecr: createEcrPort({
        registry: registries.ecr,
        file,
        internet,
        clock,
        cacheRules,
        faults: faults.check,
      }),
      registries: clients,
      copier: createCopier({ registries: clients, clock }),
      ...(hasAccount
        ? { anonymous: { registries: anonymous, copier: createCopier({ registries: anonymous, clock }) } }
        : {}),
      roles: createIamSimulator(file, faults.check),
      networks: createNetworks(file, home, addresses.tasks, faults.check),
      containerInstances: machines.port,
      tasks: tasks.port,
      schedules: schedules.port,
      executions: executions.port,
      quotaStore: quotas.port,
      changeCalendar: createChangeCalendar(file, clock, faults.check),
      bus: bus.port,
      clock,
      log,
    },
    home,
    clock,
    cluster,
    definitions,
    deployments,
    registries,
    internet,
    bus,
    executions,
    quotas: quotas,
    tasks,
    schedules,
    cacheRules,
    faults,
    rates,
    addresses,
    run: (seconds) => clock.advanceTo(clock.now() + seconds * 1000),
    runUntil: (condition, secondsMax) => clock.advanceUntil(condition, clock.now() + secondsMax * 1000),
  };
  for (const { action, kind, times } of file.refusals ?? []) faults.order(action, kind, times);
  for (const entry of file.schedules ?? []) schedules.add(scheduleOf(home, entry));
  for (const name of Object.keys(file.machines ?? {})) cluster.createCluster(name);
  for (const [name, { tags }] of Object.entries(file.clusters ?? {})) cluster.tagCluster(name, tags);
  for (const entry of file.services ?? []) await addService(world, entry);
  for (const entry of file.tasks ?? []) addTask(world, entry);
  return world;
}

/** What a task shows to registries: its secret where it names one; to ECR its role, on Fargate only if it has one. */
function pullCredentials(
  file: WorldFile,
  home: AwsLocation,
  registries: WorldRegistries,
): EcsEnvironment["credentialsFor"] {
  return (container, executionRole): PullCredentials | undefined => {
    const reference = tryParseReference(container.image);
    if (reference?.host === ecrHost(home.account, home.region)) {
      if (executionRole === undefined || isDeniedTo(file, executionRole, "ecr:BatchGetImage"))
        return undefined;
      return { user: "AWS", password: registries.ecr.issuePassword().password };
    }
    const parameter =
      getString(getObject(container, "repositoryCredentials") ?? {}, "credentialsParameter") ?? "";
    const mayRead =
      executionRole !== undefined && !isDeniedTo(file, executionRole, "secretsmanager:GetSecretValue");
    const secret = mayRead ? file.secrets?.[parameter] : undefined;
    return secret && { user: secret.username, password: secret.password };
  };
}

/** What Repull shows: ECR's token, and the account that the file gives it elsewhere. */
function repullCredentials(file: WorldFile, home: AwsLocation, registries: WorldRegistries): FindCredentials {
  return async (host) => {
    if (host === ecrHost(home.account, home.region)) {
      return basicCredentials("AWS", registries.ecr.issuePassword().password);
    }
    const entry = file.registries?.[host];
    const user = entry?.repullSignsInAs;
    const account = user === undefined ? undefined : entry?.accounts?.[user];
    return user === undefined || account === undefined ? undefined : basicCredentials(user, account.password);
  };
}
