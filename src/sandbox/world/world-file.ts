/**
 * A world in twenty lines: which services there are, what the registries hold, whose quota is gone.
 *
 * A file of this shape is next to a sample event, so that a replay can end well or otherwise. Everything
 * has a default; an unknown key is refused with the one that was probably meant.
 */

import * as z from "zod";
import { InvalidInput } from "../../image/invalid-input.ts";
import { suggest } from "../../text/suggest.ts";
import { operatorEntry } from "./operator-entry.ts";
import { account, image, quota, registry } from "./registry-entry.ts";
import { alarms, hook, schedule, service, strategy, task } from "./workload-entry.ts";

const machine = z.strictObject({
  architecture: z.enum(["X86_64", "ARM64"]),
  /** Of the services' `capacityProvider`; absent: the instance is registered without one. */
  capacityProvider: z.string().optional(),
  /** Absent: Linux. A host of Windows reports its release only where `tellsRelease` is not false. */
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

const closedTime = z.strictObject({ from: z.iso.datetime().optional(), until: z.iso.datetime().optional() });

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
  secrets: z
    .record(
      z.string(),
      // kmsKey: the ARN of the operator's own key; absent: Secrets Manager's.
      z.strictObject({ username: z.string(), password: z.string(), kmsKey: z.string().optional() }),
    )
    .optional(),
  /** ECR's pull-through cache rules. */
  pullThrough: z.array(pullThroughRule).optional(),
  /** Role name → what it lacks. A service's execution role is `<family>-execution`. */
  roles: z.record(z.string(), role).optional(),
  /** Subnet id → where it leads. */
  subnets: z.record(z.string(), subnet).optional(),
  /** Cluster → the container instances that take its EC2 tasks, round robin; absent: one of x86_64. */
  machines: z.record(z.string(), z.array(machine)).optional(),
  /** Change Calendar → the times in which it is closed, ISO 8601; without an end: for good. */
  calendars: z.record(z.string(), z.array(closedTime)).optional(),
  /** What AWS refuses. */
  refusals: z.array(refusal).optional(),
  /** What runs images there without ECS: name → the image. */
  functions: z.record(z.string(), z.string()).optional(),
  jobDefinitions: z.record(z.string(), z.string()).optional(),
  buildProjects: z.record(z.string(), z.string()).optional(),
  /** Names of clusters of EKS. */
  eksClusters: z.array(z.string()).optional(),
  /** Repository of ECR → its policy, as AWS has it. */
  repositoryPolicies: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  /** Who operates Repull there. */
  operator: operatorEntry.optional(),
});

export type WorldFile = z.infer<typeof worldFile>;

/** Every key that some part of a world file has. */
const KNOWN_KEYS = [
  ...new Set(
    [
      worldFile,
      service,
      task,
      schedule,
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
      closedTime,
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
