/**
 * What the stack's parameters say, as the environment of its functions hands it on: rights, and the names of what they are
 * for. None of them is a key of the policy document, but for the mode, of which a parameter is the most.
 */

import { InvalidInput } from "../../image/invalid-input.ts";

/** From the freest to the strictest. */
export const MODES = ["remediate", "approve", "observe"] as const;
export type Mode = (typeof MODES)[number];

export type StackSettings = {
  /** Copies live in ECR under it. Absent: nothing is copied. */
  readonly mirrorPrefix?: string;
  /** The ARN of the secret with the Docker Hub account. */
  readonly dockerHubSecret?: string;
  /** What is done for a task that was run by hand. */
  readonly standaloneTasks: "report" | "register" | "run";
  /** What is done for a task that a rule or a schedule started. */
  readonly schedules: "report" | "move" | "move-and-run";
};

/** The most that a document gets. */
export type Rights = { readonly mode?: Mode };

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,512}$/;

/** By hand, without a stack, copies go where the stack's own default has them. */
export const DEFAULT_STACK_SETTINGS: StackSettings = {
  mirrorPrefix: "repull",
  standaloneTasks: "report",
  schedules: "report",
};

const PREFIX = /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/;
const PREFIX_LENGTH_MAX = 80;
const STANDALONE_TASKS = ["report", "register", "run"] as const;
const SCHEDULES = ["report", "move", "move-and-run"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws InvalidInput that names the variable, and for one of an older version its place now. */
export function stackSettingsFrom(env: Environment): StackSettings {
  refuseOldVariables(env);
  const prefix = env.REPULL_MIRROR_PREFIX?.trim() ?? DEFAULT_STACK_SETTINGS.mirrorPrefix ?? "";
  if (prefix !== "" && !PREFIX.test(prefix))
    throw new InvalidInput("REPULL_MIRROR_PREFIX", "an ECR repository prefix such as repull");
  if (prefix.length > PREFIX_LENGTH_MAX)
    throw new InvalidInput("REPULL_MIRROR_PREFIX", `${PREFIX_LENGTH_MAX} characters at the most`);
  const secret = env.REPULL_DOCKER_HUB_SECRET?.trim() ?? "";
  if (secret !== "" && !SECRET_ARN.test(secret))
    throw new InvalidInput("REPULL_DOCKER_HUB_SECRET", "the ARN of a secret in Secrets Manager");
  return {
    ...(prefix === "" ? {} : { mirrorPrefix: prefix }),
    ...(secret === "" ? {} : { dockerHubSecret: secret }),
    standaloneTasks: oneOf(
      STANDALONE_TASKS,
      "REPULL_STANDALONE_TASKS",
      env.REPULL_STANDALONE_TASKS?.trim() || DEFAULT_STACK_SETTINGS.standaloneTasks,
    ),
    schedules: oneOf(
      SCHEDULES,
      "REPULL_SCHEDULES",
      env.REPULL_SCHEDULES?.trim() || DEFAULT_STACK_SETTINGS.schedules,
    ),
  };
}

/** The ceiling in the environment of a stack's function; none where there is no stack. */
export function rightsIn(env: Environment): Rights {
  const mode = env.REPULL_MODE?.trim() ?? "";
  return mode === "" ? {} : { mode: oneOf(MODES, "REPULL_MODE", mode) };
}

function oneOf<T extends string>(words: readonly T[], name: string, text: string): T {
  const word = words.find((one) => one === text);
  if (word === undefined) throw new InvalidInput(name, `one of ${words.join(", ")}`);
  return word;
}

/** Where what a variable said is said now. */
const OLD_VARIABLES: Readonly<Record<string, string>> = {
  REPULL_STRATEGIES: "the policy's key strategies",
  REPULL_LEAST_PROOF: "the policy's key minimumProof",
  REPULL_PLATFORMS: "the policy's key mirrors.platforms",
  REPULL_PINNING: "nothing in its place: a substitute is always written by its digest",
  REPULL_DOCKER_HUB_SECRET_KEY: "nothing in its place: the secret itself names its key",
  REPULL_BUS_NAME:
    "nothing in its place: outcomes go to the default bus, and a rule there takes them further",
  REPULL_BRAKE_PARAMETER: "REPULL_WRITES_PARAMETER",
};

function refuseOldVariables(env: Environment): void {
  for (const [name, now] of Object.entries(OLD_VARIABLES))
    if (env[name] !== undefined && env[name] !== "") throw new InvalidInput(name, now);
}
