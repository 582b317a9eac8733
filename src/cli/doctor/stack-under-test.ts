/** Everything that the doctor asks of an account; nothing here writes, and nothing here knows AWS. */

import type { IamSimulator } from "../../aws/adapters/iam-simulator.ts";
import type { OtherRepositories } from "../../aws/registry/other-repositories.ts";
import type { DeployedExecutions } from "../../aws/stack/deployed-executions.ts";
import type { DeployedFunction, DeployedStack, ReadResult } from "../../aws/stack/deployed-stack.ts";
import type { RateLimit } from "../../oci/client/rate-limit.ts";
import type { ChangeCalendar } from "../../remediation/ports/change-calendar.ts";
import type { Ecr, Ecs } from "../../remediation/ports/ports.ts";

export type StackUnderTest = {
  readonly stackName: string;
  readonly home: { readonly account: string; readonly region: string; readonly partition: string };
  readonly stack: DeployedStack;
  readonly executions: DeployedExecutions;
  readonly services: Pick<Ecs, "describeService">;
  readonly roles: IamSimulator;
  readonly cache: Pick<Ecr, "pullThroughRules" | "validateRule">;
  /** The value of the kill switch. Throws AwsError. */
  killSwitch(parameter: string): Promise<string>;
  /** The text of the policy document. Throws AwsError. */
  policyDocument(parameter: string): Promise<string>;
  readonly calendar: ChangeCalendar;
  /** Which of the keys that it may have a secret has; never what is in them. Throws AwsError. */
  secretKeys(secretArn: string): Promise<readonly string[]>;
  /** What Docker Hub says of the address that asks, or of the secret's account. Undefined: it names no limit. */
  quota(secretArn: string | undefined): Promise<RateLimit | undefined>;
  /** The roles of the services that depend on Docker Hub. Throws AwsError. */
  rolesInUse(): Promise<readonly string[]>;
  /** Their images, each with the execution role that pulls it; the most pulled first. Throws AwsError. */
  pullsInUse(): Promise<readonly { readonly image: string; readonly role: string }[]>;
  /** Repositories of other accounts. */
  readonly repositories: OtherRepositories;
  /** Whether a key of KMS can be used, as KMS names it. Throws AwsError. */
  keyState(key: string): Promise<string | undefined>;
  now(): number;
};

export const FUNCTIONS = ["detect", "remediate", "mirror"] as const;
export type Name = (typeof FUNCTIONS)[number];
export type Functions = Readonly<Record<Name, ReadResult<DeployedFunction>>>;

/** The function as it is deployed; undefined where it is not, or could not be read. */
export function deployedFunction(functions: Functions, name: Name): DeployedFunction | undefined {
  const part = functions[name];
  return part.kind === "read" ? part.value : undefined;
}

/** Whether the stack was deployed to observe: it holds no right to write then. */
export function observes(functions: Functions): boolean {
  return deployedFunction(functions, "remediate")?.environment.REPULL_MODE === "observe";
}
