/**
 * What the operator decided once, so that no decision is needed at 3 a.m.
 *
 * It comes from the stack's parameters through the environment, and from one document that may say more: what the
 * document says goes before. docs/policy.md explains each key; a test holds the two together.
 */

import * as z from "zod";
import { InvalidInput } from "../../image/invalid-input.ts";
import { suggest } from "../../text/suggest.ts";
import { PROOFS } from "../proof.ts";
import type { StrategyName } from "../strategy-name.ts";
import { STRATEGY_NAMES } from "../strategy-name.ts";
import { registriesSchema } from "./registries.ts";

const PATTERNS_MAX = 200;
const patterns = z.array(z.string().min(1).max(300)).max(PATTERNS_MAX);
const scope = z.strictObject({
  include: patterns.default(["*"]),
  exclude: patterns.default([]),
});

const imageMapping = z
  .strictObject({
    image: z.string().min(1).max(300),
    use: z.string().min(1).max(400),
    allowDifferentContent: z.boolean().default(false),
  })
  .refine(({ image, allowDifferentContent }) => !allowDifferentContent || !image.includes("*"), {
    message: "an image without *: other bytes are allowed for one image at a time",
    path: ["image"],
  });

const repository = z.strictObject({
  immutableTags: z.boolean().default(true),
  scanOnPush: z.boolean().default(false),
  kmsKey: z.string().min(1).max(2048).optional(),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
});

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,512}$/;
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]+$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]{1,576}$/;

/** Each claim on a window is a name in one item of a table, of 400 kB at most: docs/decisions/quotas.md. */
export const CLAIMS_MAX = 2000;
const count = z.int().min(1).max(CLAIMS_MAX);

const quotas = z.strictObject({
  remediationsPerHour: count.default(500),
  bytesPerDay: z
    .string()
    .regex(/^[1-9][0-9]{0,5}(?:MB|GB|TB)$/, "a size such as 500MB, 200GB or 1TB")
    .default("200GB"),
});

const BYTES_OF = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `200GB` as bytes, of a size that the policy takes. */
export function parseSize(size: string): number {
  const unit = size.slice(-2) as keyof typeof BYTES_OF;
  return Number(size.slice(0, -2)) * BYTES_OF[unit];
}
/** From the freest to the strictest. */
export const MODES = ["remediate", "approve", "observe"] as const;
export type Mode = (typeof MODES)[number];

/** What takes rights of its own, from the least: the stack's parameter gives them, and is the most that a document gets. */
const LEVELS = {
  standaloneTasks: ["report", "register", "run"],
  schedules: ["report", "move", "move-and-run"],
} as const;

/** How long one question to the owner may stay open; and all questions of one remediation together. */
export const APPROVAL_HOURS_MAX = 72;

export const policySchema = z.strictObject({
  mode: z.enum(MODES).default("remediate"),
  approvalHours: z.int().min(1).max(APPROVAL_HOURS_MAX).default(12),
  onActiveDeployment: z.enum(["act", "wait", "report"]).default("act"),
  strategies: z
    .array(z.enum(STRATEGY_NAMES))
    .min(1)
    .default([...STRATEGY_NAMES]),
  minimumProof: z.enum(PROOFS).default("same-platform"),
  pinning: z.enum(["digest", "tag"]).default("digest"),
  platforms: z.enum(["task", "all"]).default("task"),
  mirrorPrefix: z
    .string()
    .regex(/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/, "an ECR repository prefix such as repull")
    .max(80)
    .default("repull"),
  clusters: scope.prefault({}),
  services: scope.prefault({}),
  images: scope.prefault({}),
  additionalCopyRepositories: z
    .array(
      z
        .string()
        .max(400)
        .regex(
          /\{(?:path|name)\}/,
          "a repository with {path} or {name} in it, such as dockerhub/{path}: one repository cannot hold the copies of every image",
        ),
    )
    .max(20)
    .default([]),
  imageMappings: z.array(imageMapping).max(PATTERNS_MAX).default([]),
  repository: repository.prefault({}),
  registries: registriesSchema.prefault({}),
  dockerHubSecret: z.string().regex(SECRET_ARN, "the ARN of a secret in Secrets Manager").optional(),
  dockerHubSecretKey: z.string().regex(KEY_ARN, "the ARN of a KMS key").optional(),
  allowUnverifiedSecretAccess: z.boolean().default(false),
  waitForLimit: z.boolean().default(true),
  executionRole: z.string().regex(ROLE_ARN, "the ARN of a role").optional(),
  standaloneTasks: z.enum(LEVELS.standaloneTasks).default("report"),
  schedules: z.enum(LEVELS.schedules).default("report"),
  quotas: quotas.prefault({}),
});

export type Policy = z.infer<typeof policySchema>;

export const DEFAULT_POLICY: Policy = policySchema.parse({});

/** Members that a stack parameter sets, by the environment variable that it becomes. */
const SETTINGS: Readonly<Partial<Record<keyof Policy, string>>> = {
  mode: "REPULL_MODE",
  strategies: "REPULL_STRATEGIES",
  minimumProof: "REPULL_LEAST_PROOF",
  pinning: "REPULL_PINNING",
  platforms: "REPULL_PLATFORMS",
  mirrorPrefix: "REPULL_MIRROR_PREFIX",
  dockerHubSecret: "REPULL_DOCKER_HUB_SECRET",
  dockerHubSecretKey: "REPULL_DOCKER_HUB_SECRET_KEY",
  standaloneTasks: "REPULL_STANDALONE_TASKS",
  schedules: "REPULL_SCHEDULES",
};

/** Reads a policy. Throws InvalidInput that names the key and what it may be, and for an unknown key the likely one. */
export function readPolicy(value: unknown, keyName: (key: string) => string = (key) => key): Policy {
  const read = policySchema.safeParse(value);
  if (read.success) return { ...read.data, strategies: requireEcrCopy(read.data.strategies) };
  const [first] = policyErrors(read.error, keyName);
  throw new InvalidInput(first?.path ?? "policy", first?.expected ?? "a policy", { cause: read.error });
}

/** What is wrong with a key, and what it may be. */
export type PolicyError = { readonly path: string; readonly expected: string };

/** Everything that is wrong with a policy; nothing where it is one. */
export function validatePolicy(value: unknown): readonly PolicyError[] {
  const read = policySchema.safeParse(value);
  return read.success ? [] : policyErrors(read.error, (key) => key);
}

/**
 * Reads the policy from `REPULL_*` settings and, where there is one, from the text of the policy document; what neither
 * says has its default. Throws InvalidInput.
 */
export function policyFrom(env: Readonly<Record<string, string | undefined>>, document?: string): Policy {
  const said = document === undefined ? {} : parseDocument(document);
  const given = Object.entries(SETTINGS).flatMap(([member, setting]) => {
    const value = env[setting]?.trim();
    if (value === undefined || value === "" || member in said) return [];
    return [[member, member === "strategies" ? value.split(",").map((name) => name.trim()) : value]];
  });
  const settingOf = (key: string): string => (key in said ? key : (SETTINGS[key as keyof Policy] ?? key));
  return capToStackParameters(readPolicy({ ...Object.fromEntries(given), ...said }, settingOf), env);
}

/** What the stack's parameters give rights to, in the words of the policy: the most that a document gets. */
export type Rights = {
  readonly mode?: Mode;
  readonly standaloneTasks?: Policy["standaloneTasks"];
  readonly schedules?: Policy["schedules"];
};

/** The rights in the environment of a stack's function; none that it does not say. */
export function rightsIn(env: Readonly<Record<string, string | undefined>>): Rights {
  const said = <Level extends string>(member: keyof Rights, levels: readonly Level[]) => {
    const level = levels.find((one) => one === env[SETTINGS[member] ?? ""]?.trim());
    return level === undefined ? {} : { [member]: level };
  };
  return {
    ...said("mode", MODES),
    ...said("standaloneTasks", LEVELS.standaloneTasks),
    ...said("schedules", LEVELS.schedules),
  };
}

/** The policy without what the stack has no right to do: a document that says more would end in refusals of AWS. */
function capToStackParameters(policy: Policy, env: Readonly<Record<string, string | undefined>>): Policy {
  const most = <Level extends string>(member: keyof Policy, levels: readonly Level[], said: Level): Level => {
    const right = levels.indexOf(env[SETTINGS[member] ?? ""]?.trim() as Level);
    return right === -1 ? said : (levels[Math.min(right, levels.indexOf(said))] ?? said);
  };
  // The strictest comes last. A stack that observes holds no right to write, so nothing can open it.
  const given = MODES.indexOf(env[SETTINGS.mode ?? ""]?.trim() as Policy["mode"]);
  const mode = MODES[Math.max(given, MODES.indexOf(policy.mode))] ?? policy.mode;
  return {
    ...policy,
    mode,
    standaloneTasks: most("standaloneTasks", LEVELS.standaloneTasks, policy.standaloneTasks),
    schedules: most("schedules", LEVELS.schedules, policy.schedules),
  };
}

/** The object in a policy document. Throws InvalidInput. */
export function parseDocument(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    // Editors on Windows put a byte order mark before it.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new InvalidInput("policy", `JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInput("policy", "one JSON object");
  }
  return { ...value };
}

/** What mirror has made is found again as an own copy: the one cannot do without the other. */
function requireEcrCopy(strategies: readonly StrategyName[]): StrategyName[] {
  const once = [...new Set(strategies)];
  if (once.includes("ecr-copy")) return once;
  return once.flatMap((name) => (name === "mirror" ? ["ecr-copy", name] : [name]));
}

/** What Zod says before what it expected: we say that it was expected ourselves. */
const LEAD_OF_A_MESSAGE = /^(?:Invalid input|Too small|Too big): expected /;

function policyErrors(error: z.ZodError, keyName: (key: string) => string): readonly PolicyError[] {
  return error.issues.flatMap((issue) => {
    const [first, ...rest] = issue.path;
    const parts = [...(first === undefined ? [] : [keyName(String(first))]), ...rest.map(String)];
    if (issue.code !== "unrecognized_keys") {
      const path = parts.length === 0 ? "policy" : parts.join(".");
      const { message } = issue;
      if (issue.code === "invalid_value") return [{ path, expected: `one of ${issue.values.join(", ")}` }];
      return [{ path, expected: message.replace(LEAD_OF_A_MESSAGE, "") }];
    }
    const known = keysAt(first);
    return issue.keys.map((key) => {
      const moved = parts.length === 0 ? MOVED[key] : undefined;
      if (moved !== undefined) return { path: key, expected: `the key ${moved}` };
      const likely = suggest(key, known);
      const expected =
        likely === undefined ? `one of the keys ${known.join(", ")}` : `a known key, perhaps ${likely}`;
      return { path: [...parts, key].join("."), expected };
    });
  });
}

/** Keys that were named otherwise. */
const MOVED: Readonly<Record<string, string>> = { privateImages: "registries.privateImages" };

const NESTED = {
  registries: registriesSchema,
  clusters: scope,
  services: scope,
  images: scope,
  repository,
  imageMappings: imageMapping,
  quotas: quotas,
};

function keysAt(member: PropertyKey | undefined): readonly string[] {
  const nested = NESTED[String(member) as keyof typeof NESTED];
  return Object.keys((nested ?? policySchema).shape);
}
