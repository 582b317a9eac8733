/** The functions' settings: what the stack's parameters became in the environment. The only reader of it. */

import type { DurableFunctions } from "../src/aws/adapters/durable-executions.ts";
import type { AwsSettings } from "../src/aws/client/client-config.ts";
import { InvalidInput } from "../src/image/invalid-input.ts";
import {
  DEFAULT_DOCUMENT,
  type Policy,
  type PolicyDocument,
  policyOf,
} from "../src/substitution/policy/policy-in-force.ts";
import { type Rights, rightsIn, stackSettingsFrom } from "../src/substitution/policy/stack-settings.ts";

export type Settings = {
  readonly aws: AwsSettings;
  /** What the stack's parameters say, and what the policy document adds to it, where there is one. */
  readonly policyWith: (document?: PolicyDocument) => Policy;
  /** What the stack's parameters allow at the most. */
  readonly rights: Rights;
  /** The SSM parameter that holds the policy document. */
  readonly policyParameter?: string;
  /** The SSM parameter that is the kill switch. */
  readonly killSwitchParameter?: string;
  /** The clusters that the stack is for, by name; `*` matches any text. */
  readonly clusterPattern: string;
  /** Read when used: not every function starts others. */
  readonly functions: DurableFunctions;
  /** The table that counts what is used of the quotas. */
  readonly quotaTable: string;
  readonly deadLetterQueueUrl: string;
  readonly registryEndpoints: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings; one that a function needs and that is missing is an InvalidInput when it is read. */
export function settingsFrom(env: Environment): Settings {
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === "")
      throw new InvalidInput(name, "a value in the function's environment");
    return value;
  };
  const endpoint = env.AWS_ENDPOINT_URL;
  const aws = {
    region: needed("AWS_REGION"),
    ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }),
  };
  const parameter = env.REPULL_POLICY_PARAMETER;
  const killSwitch = env.REPULL_WRITES_PARAMETER;
  // A setting that is none should not wait for the first event to say so.
  const stack = stackSettingsFrom(env);
  const rights = rightsIn(env);
  return {
    aws,
    policyWith: (document = DEFAULT_DOCUMENT) => policyOf(document, stack, rights),
    rights,
    ...(parameter === undefined || parameter === "" ? {} : { policyParameter: parameter }),
    ...(killSwitch === undefined || killSwitch === "" ? {} : { killSwitchParameter: killSwitch }),
    clusterPattern: env.REPULL_CLUSTER_PATTERN || "*",
    functions: {
      get remediate() {
        return needed("REPULL_REMEDIATE_FUNCTION");
      },
      get mirror() {
        return needed("REPULL_MIRROR_FUNCTION");
      },
    },
    get quotaTable() {
      return needed("REPULL_QUOTA_TABLE");
    },
    get deadLetterQueueUrl() {
      return needed("REPULL_DEAD_LETTER_QUEUE_URL");
    },
    registryEndpoints: env.REPULL_REGISTRY_ENDPOINTS ?? "",
  };
}

export type DiagnoseSettings = Pick<Settings, "aws" | "clusterPattern"> & {
  /** Where diagnoses are published: the parameter of that template. */
  readonly busName: string;
  /** The table that remembers which deployment and cause was reported. */
  readonly claimTable: string;
};

/** Of the function that diagnoses, which has no policy: it writes nothing. */
export function diagnoseSettingsFrom(env: Environment): DiagnoseSettings {
  const [region, claimTable] = [env.AWS_REGION, env.REPULL_CLAIM_TABLE];
  if (!region) throw new InvalidInput("AWS_REGION", "a value in the function's environment");
  if (!claimTable) throw new InvalidInput("REPULL_CLAIM_TABLE", "a value in the function's environment");
  const endpoint = env.AWS_ENDPOINT_URL;
  return {
    aws: { region, ...(endpoint ? { endpoint } : {}) },
    clusterPattern: env.REPULL_CLUSTER_PATTERN || "*",
    busName: env.REPULL_BUS_NAME || "default",
    claimTable,
  };
}

export type MirrorsSettings = {
  readonly aws: AwsSettings;
  readonly table: string;
  /** Where clusters report the images that they use. */
  readonly reportTable: string;
  readonly functions: readonly string[];
  readonly writesParameter: string;
  readonly busName: string;
  /** The repositories of copies begin with it. */
  readonly prefix: string;
  readonly ownRole: string;
  /** Whether the template gives the right to delete. */
  readonly mayDelete: boolean;
};

/** Of the function that cleans up, which has no policy: each of its settings must be there. */
export function mirrorsSettingsFrom(env: Environment): MirrorsSettings {
  const needed = (name: string): string => {
    const value = env[name];
    if (!value) throw new InvalidInput(name, "a value in the function's environment");
    return value;
  };
  const endpoint = env.AWS_ENDPOINT_URL;
  const stack = needed("REPULL_MAIN_STACK");
  return {
    aws: { region: needed("AWS_REGION"), ...(endpoint ? { endpoint } : {}) },
    table: needed("REPULL_PRUNE_TABLE"),
    reportTable: needed("REPULL_REPORT_TABLE"),
    functions: [`${stack}-remediate`, `${stack}-mirror`],
    writesParameter: `/${stack}/writes`,
    busName: env.REPULL_BUS_NAME || "default",
    prefix: needed("REPULL_MIRROR_PREFIX"),
    ownRole: needed("REPULL_ROLE_ARN"),
    mayDelete: env.REPULL_MIRRORS === "prune",
  };
}

export type RefreshSettings = {
  readonly table: string;
  readonly reportTable: string;
  readonly writesParameter: string;
  readonly busName: string;
};

/** Of the function that refreshes copies, in addition to `settingsFrom`. */
export function refreshSettingsFrom(env: Environment): RefreshSettings {
  const needed = (name: string): string => {
    const value = env[name];
    if (!value) throw new InvalidInput(name, "a value in the function's environment");
    return value;
  };
  return {
    table: needed("REPULL_PRUNE_TABLE"),
    reportTable: needed("REPULL_REPORT_TABLE"),
    writesParameter: needed("REPULL_WRITES_PARAMETER"),
    busName: env.REPULL_REFRESH_BUS_NAME || "default",
  };
}

/** The account that a function runs in: the fifth part of its own ARN. */
export function accountOf(invokedFunctionArn: string): string {
  const account = invokedFunctionArn.split(":")[4];
  if (account === undefined || !/^[0-9]{12}$/.test(account)) {
    throw new InvalidInput("invokedFunctionArn", `a Lambda function's ARN, got ${invokedFunctionArn}`);
  }
  return account;
}
