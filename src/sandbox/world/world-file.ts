/**
 * A world in twenty lines: which services there are, what the registries hold, whose quota is gone.
 *
 * A file of this shape is next to a sample event, so that a replay can end well or otherwise. Everything
 * has a default; an unknown key is refused with the one that was probably meant.
 */

import * as z from "zod";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Json } from "../../runtime/json.ts";
import { suggest } from "../../text/suggest.ts";
import { operatorEntry } from "./operator-entry.ts";

const json: z.ZodType<Json> = z.json();
const jsonObject = z.record(z.string(), json);

const image = z.strictObject({
  /** `linux/amd64` and `linux/arm64` by default; one alone has no index. */
  platforms: z.array(z.string()).min(1).optional(),
  /** `os.version` of each Windows platform, in their order: an index of several builds names one for each. */
  osVersions: z.array(z.string()).optional(),
  /** An index that names no platform for its manifests: only their configs tell. */
  namesNoPlatforms: z.boolean().optional(),
  /** An index of indexes: one for each platform. */
  nested: z.boolean().optional(),
  /** The size of its layers together, for each platform: 64 by default. */
  kilobytes: z.number().int().positive().max(16_384).optional(),
  /** Without a layer: what a broken push leaves. */
  empty: z.boolean().optional(),
  /** The very bytes of another image of this file, named whole: `docker.io/library/nginx:1.25`. Absent: bytes of its own. */
  sameAs: z.string().optional(),
  /** With `sameAs`: only this platform's manifest, as an emergency copy has it. */
  onlyPlatform: z.string().optional(),
  /** Containers of it exit with this code, this long after they start (5 seconds). */
  exits: z.number().int().optional(),
  exitsAfterSeconds: z.number().positive().optional(),
  /** In ECR: archived, so that it is there and cannot be pulled. */
  archived: z.boolean().optional(),
});

const quota = z.strictObject({
  /** Anonymous pulls of one address in six hours: 100. */
  limit: z.number().int().nonnegative().optional(),
  /** What is left of them to the tasks' address: all. */
  remaining: z.number().int().nonnegative().optional(),
  /** What is left to Repull's own address, where that is another (`repullAddress`): all. */
  remainingForRepull: z.number().int().nonnegative().optional(),
  /** When what was used comes back: in 6 hours. */
  resetsInSeconds: z.number().int().positive().max(21_600).optional(),
});

const account = z.strictObject({
  password: z.string(),
  /** Pulls in six hours; absent: 200. */
  limit: z.union([z.number().int().nonnegative(), z.literal("unlimited")]).optional(),
  remaining: z.number().int().nonnegative().optional(),
});

const registry = z.strictObject({
  /** `path:tag` → the image. */
  images: z.record(z.string(), image).optional(),
  /** Repositories without images. */
  repositories: z.array(z.string()).optional(),
  /** Repositories that only a login can read. */
  privateRepositories: z.array(z.string()).optional(),
  /** Docker Hub only. */
  quota: quota.optional(),
  /** User → account. At Docker Hub a user sees the private repositories of the namespace that has its name. */
  accounts: z.record(z.string(), account).optional(),
  /** The user of `accounts` as whom Repull pulls there; absent: anonymously. */
  repullSignsInAs: z.string().optional(),
  /** What every request to it gets. */
  trouble: z.enum(["abuse-limit", "unreachable", "silent", "server-error"]).optional(),
  /** Of `silent` alone: whose packets are dropped; those of all clients if absent. */
  troubleFor: z.enum(["tasks", "repull"]).optional(),
});

const stage = z.enum([
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
]);

const strategy = z.strictObject({
  kind: z.enum(["ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"]),
  stepPercent: z.number().positive().max(100).exactOptional(),
  /** The wait after a canary, or after each linear step: 10. */
  stepMinutes: z.number().int().nonnegative().exactOptional(),
});

const hook = z.strictObject({
  name: z.string(),
  stage,
  /** Nothing runs: a person has to let the deployment go on. */
  isPause: z.boolean().exactOptional(),
  ends: z.enum(["succeeds", "fails", "times-out"]),
  takesSeconds: z.number().nonnegative().exactOptional(),
  /** 24 hours. */
  timeoutMinutes: z.number().int().positive().exactOptional(),
});

const alarms = z.strictObject({
  names: z.array(z.string()).min(1),
  rollback: z.boolean(),
  /** The stage at which they fire; of a rolling deployment, BAKE_TIME. Absent: they do not. */
  fires: stage.exactOptional(),
});

const service = z.strictObject({
  /** `default` if absent. */
  cluster: z.string().optional(),
  name: z.string(),
  /** The family of its task definition: the service's name. */
  family: z.string().optional(),
  /** The image of its one container, named like the family; or `images`, container → image; or `taskDefinition`. */
  image: z.string().optional(),
  images: z.record(z.string(), z.string()).optional(),
  /** The whole task definition, as RegisterTaskDefinition takes it. `image` and `images` are ignored beside it. */
  taskDefinition: jsonObject.optional(),
  /** `cluster/name` of a service above: both point at its very revisions. `image`, `images`, `taskDefinition` and `revision` are ignored beside it. */
  sharesRevisionWith: z.string().optional(),
  /** The number that its revision gets: 1. */
  revision: z.number().int().positive().optional(),
  /** What ran before and still does: an image, or container → image. Absent: this is the service's first deployment. */
  formerly: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  /** No deployment under way: the revision itself has long been running. Ignored beside `formerly`. */
  settled: z.boolean().optional(),
  deploymentId: z.string().optional(),
  desiredCount: z.number().int().nonnegative().max(100).optional(),
  launchType: z.enum(["FARGATE", "EC2"]).optional(),
  /** In place of a launch type: EC2 tasks on the `machines` that this provider brought. */
  capacityProvider: z.string().optional(),
  platformVersion: z.string().optional(),
  controller: z.enum(["ECS", "CODE_DEPLOY", "EXTERNAL"]).optional(),
  schedulingStrategy: z.enum(["REPLICA", "DAEMON"]).optional(),
  minimumHealthyPercent: z.number().int().nonnegative().optional(),
  maximumPercent: z.number().int().nonnegative().optional(),
  circuitBreaker: z.enum(["off", "on", "rollback"]).optional(),
  healthCheckGracePeriodSeconds: z.number().int().nonnegative().optional(),
  bakeTimeMinutes: z.number().int().nonnegative().optional(),
  /** How its deployments go, what may stop them, and when that happens. Absent: rolling, and nothing. */
  strategy: strategy.optional(),
  hooks: z.array(hook).optional(),
  alarms: alarms.optional(),
  /** Without an execution role a Fargate task cannot pull from private ECR. True if absent. */
  executionRole: z.boolean().optional(),
  architecture: z.enum(["X86_64", "ARM64"]).optional(),
  /** ECS where ECS writes its revisions itself: an Express service, a managed daemon. */
  resourceManagementType: z.enum(["CUSTOMER", "ECS"]).optional(),
  /** The `subnets` of its tasks, by id. Absent: nothing is known of its network. */
  subnets: z.array(z.string()).optional(),
  assignPublicIp: z.boolean().optional(),
  /** Behind a Classic Load Balancer, of whose services ECS shows no rollout state. */
  behindClassicLoadBalancer: z.boolean().optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

const task = z.strictObject({
  cluster: z.string().optional(),
  family: z.string(),
  image: z.string().optional(),
  images: z.record(z.string(), z.string()).optional(),
  taskDefinition: jsonObject.optional(),
  revision: z.number().int().positive().optional(),
  launchType: z.enum(["FARGATE", "EC2"]).optional(),
  startedBy: z.string().optional(),
  group: z.string().optional(),
  /** As given to RunTask; values may be secrets, which no record may show. */
  overrides: jsonObject.optional(),
  tags: z.record(z.string(), z.string()).optional(),
  executionRole: z.boolean().optional(),
  architecture: z.enum(["X86_64", "ARM64"]).optional(),
});

const schedule = z.strictObject({
  kind: z.enum(["rule", "schedule"]),
  name: z.string(),
  cluster: z.string().optional(),
  /** `family:revision`, or a family alone. */
  taskDefinition: z.string(),
  /** Other members of its target, which must survive a change. */
  target: jsonObject.optional(),
  /** `rate(5 minutes)`, as AWS writes it: told to a scan; nothing fires by itself. */
  expression: z.string().optional(),
  /** Of a rule; of a schedule, its group's. */
  tags: z.record(z.string(), z.string()).optional(),
});

const machine = z.strictObject({
  architecture: z.enum(["X86_64", "ARM64"]),
  /** Of the services' `capacityProvider`; absent: the instance is registered without one. */
  capacityProvider: z.string().optional(),
  /** Absent: Linux. A machine of Windows tells its release only where `tellsRelease` is not false. */
  operatingSystemFamily: z.string().optional(),
  tellsRelease: z.boolean().optional(),
  /** Where it is: an id of `subnets`. Absent: in one that leads to the internet. */
  subnet: z.string().optional(),
  /** The role of its instance profile; absent: it has none. */
  role: z.string().optional(),
});

const refusal = z.strictObject({
  /** As IAM names it: `ecs:UpdateService`. */
  action: z.string(),
  kind: z.enum(["throttled", "denied", "absent", "conflict", "invalid", "unavailable"]),
  /** How many calls are refused; absent: all. */
  times: z.number().int().positive().optional(),
});

const pullThroughRule = z.strictObject({
  /** The first part of its repositories in ECR, or ROOT. */
  prefix: z.string(),
  /** The host of `registries` that it leads to. */
  upstream: z.string(),
  upstreamPrefix: z.string().optional(),
  /** The user of that registry's `accounts` whose password is in its secret; absent: anonymous. */
  account: z.string().optional(),
  secretIsWrong: z.boolean().optional(),
});

const role = z.strictObject({
  /** Actions that it may not do, as IAM names them; all others it may. */
  denied: z.array(z.string()),
});

const subnet = z.strictObject({
  /** Where its default route leads: `other` is a NAT gateway, for example, and the default. */
  route: z.enum(["internet-gateway", "other", "none"]).optional(),
  /** `ecr.api`, `ecr.dkr`, `s3`. */
  endpoints: z.array(z.string()).optional(),
});

const worldFile = z.strictObject({
  /** For the reader. */
  about: z.string().optional(),
  account: z
    .string()
    .regex(/^[0-9]{12}$/)
    .optional(),
  region: z.string().optional(),
  /** When the story begins, ISO 8601. */
  time: z.iso.datetime().optional(),
  services: z.array(service).optional(),
  /** Cluster's name → its tags; clusters without any need not be named. */
  clusters: z.record(z.string(), z.strictObject({ tags: z.record(z.string(), z.string()) })).optional(),
  /** Tasks that belong to no service; they start with the story. */
  tasks: z.array(task).optional(),
  /** What starts tasks by the clock or by an event; the tasks that they have started are in `tasks`. */
  schedules: z.array(schedule).optional(),
  /** Host → its contents. `ecr` means the account's own; Docker Hub, ECR Public and ECR are always there. */
  registries: z.record(z.string(), registry).optional(),
  /** Whether Repull calls from the tasks' NAT address, and shares its quota, or from its own (the default). */
  repullAddress: z.enum(["own", "shared"]).optional(),
  /** ARN → the secret behind a container's `repositoryCredentials`. */
  secrets: z.record(z.string(), z.strictObject({ username: z.string(), password: z.string() })).optional(),
  /** ECR's pull-through cache rules. */
  pullThrough: z.array(pullThroughRule).optional(),
  /** Role name → what it lacks. A service's execution role is `<family>-execution`. */
  roles: z.record(z.string(), role).optional(),
  /** Subnet id → where it leads. */
  subnets: z.record(z.string(), subnet).optional(),
  /** Cluster → the container instances that take its EC2 tasks, round robin; absent: one of x86_64. */
  machines: z.record(z.string(), z.array(machine)).optional(),
  /** What AWS refuses. */
  refusals: z.array(refusal).optional(),
  /** Who operates Repull there. */
  operator: operatorEntry.optional(),
});

export type WorldFile = z.infer<typeof worldFile>;
export type ServiceEntry = z.infer<typeof service>;
export type ScheduleEntry = z.infer<typeof schedule>;
export type TaskEntry = z.infer<typeof task>;
export type RegistryEntry = z.infer<typeof registry>;
export type ImageEntry = z.infer<typeof image>;

/** Every key that some part of a world file has. */
const KNOWN_KEYS = [
  ...new Set(
    [
      worldFile,
      service,
      task,
      strategy,
      hook,
      alarms,
      registry,
      quota,
      account,
      image,
      machine,
      refusal,
      pullThroughRule,
      role,
      subnet,
      operatorEntry,
    ].flatMap(({ shape }) => Object.keys(shape)),
  ),
];

/** Reads a world file's JSON. Throws InvalidInput that names the place, and for an unknown key the likely one. */
export function readWorldFile(value: unknown): WorldFile {
  const read = worldFile.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  if (issue === undefined) throw new InvalidInput("", "a world file");
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const likely = suggest(key, KNOWN_KEYS);
    throw new InvalidInput(
      path === "" ? key : `${path}.${key}`,
      likely === undefined ? "no such key" : `no such key; perhaps ${likely}`,
    );
  }
  throw new InvalidInput(path, issue.message.replace(/^Invalid (?:input|option): expected /, ""));
}
