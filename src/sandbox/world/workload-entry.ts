/** What runs in a world file: services, standalone tasks, and what starts tasks by a schedule. */

import * as z from "zod";
import type { Json } from "../../runtime/json.ts";

const json: z.ZodType<Json> = z.json();
const jsonObject = z.record(z.string(), json);

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

export const strategy = z.strictObject({
  kind: z.enum(["ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"]),
  stepPercent: z.number().positive().max(100).exactOptional(),
  /** The wait after a canary, or after each linear step: 10. */
  stepMinutes: z.number().int().nonnegative().exactOptional(),
});

export const hook = z.strictObject({
  name: z.string(),
  stage,
  /** Nothing runs: a person has to let the deployment go on. */
  isPause: z.boolean().exactOptional(),
  ends: z.enum(["succeeds", "fails", "times-out"]),
  takesSeconds: z.number().nonnegative().exactOptional(),
  /** 24 hours. */
  timeoutMinutes: z.number().int().positive().exactOptional(),
});

export const alarms = z.strictObject({
  names: z.array(z.string()).min(1),
  rollback: z.boolean(),
  /** The stage at which they fire; of a rolling deployment, BAKE_TIME. Absent: they do not. */
  fires: stage.exactOptional(),
});

export const service = z.strictObject({
  /** `default` if absent. */
  cluster: z.string().optional(),
  name: z.string(),
  /** The family of its task definition: the service's name. */
  family: z.string().optional(),
  /** The image of its one container, named like the family; or `images`, container → image; or `taskDefinition`. */
  image: z.string().optional(),
  images: z.record(z.string(), z.string()).optional(),
  /** The whole task definition, as RegisterTaskDefinition takes it. `image` and `images` are then ignored. */
  taskDefinition: jsonObject.optional(),
  /** `cluster/name` of a service above: both point at its very revisions. `image`, `images`, `taskDefinition` and `revision` are then ignored. */
  sharesRevisionWith: z.string().optional(),
  /** The number that its revision gets: 1. */
  revision: z.number().int().positive().optional(),
  /** What ran before and still does: an image, or container → image. Absent: this is the service's first deployment. */
  formerly: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  /** No deployment under way: the revision itself has long been running. Ignored with `formerly`. */
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

export const task = z.strictObject({
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

export const schedule = z.strictObject({
  kind: z.enum(["rule", "schedule"]),
  name: z.string(),
  cluster: z.string().optional(),
  /** `family:revision`, or a family alone. */
  taskDefinition: z.string(),
  /** Other members of its target, which must survive a change. */
  target: jsonObject.optional(),
  /** `rate(5 minutes)`, as AWS writes it: a scan reads it; nothing fires by itself. */
  expression: z.string().optional(),
  /** Of a rule; of a schedule, its group's. */
  tags: z.record(z.string(), z.string()).optional(),
});

export type ServiceEntry = z.infer<typeof service>;
export type ScheduleEntry = z.infer<typeof schedule>;
export type TaskEntry = z.infer<typeof task>;
