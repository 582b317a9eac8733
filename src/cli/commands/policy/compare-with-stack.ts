/**
 * What a policy document needs, compared with what a deployed stack gives.
 *
 * Most of it the environment of `remediate` says, as the stack's parameters made it. What a role may read or pass on, only
 * its policies say, so IAM's simulator is asked.
 */

import { createIamSimulator } from "../../../aws/adapters/iam-simulator.ts";
import { type DeployedFunction, readDeployedStack } from "../../../aws/stack/deployed-stack.ts";
import { parseArn } from "../../../ecs/arn.ts";
import { registryOf } from "../../../image/registry-hosts.ts";
import type { NeededRight } from "../../../substitution/policy/needed-rights.ts";
import { awsSettingsFrom } from "../../account/aws-settings.ts";
import type { CommandIo } from "../../io.ts";
import { RefusedCommand } from "../../refused-command.ts";

export type ComparedRight = NeededRight & {
  readonly given: "yes" | "no" | "not-checked";
  /** What the stack says instead, or why it could not be checked. */
  readonly found: string;
};

type Answer = Pick<ComparedRight, "given" | "found">;

/** Throws InvalidInput where no region is known, RefusedCommand where the stack is absent or cannot be read. */
export async function compareWithStack(
  rights: readonly NeededRight[],
  stack: string,
  io: CommandIo,
): Promise<readonly ComparedRight[]> {
  const aws = await awsSettingsFrom(io);
  const read = await readDeployedStack(aws, stack).functionNamed("remediate");
  if (read.kind === "unread") {
    const { error } = read;
    if (error.kind === "absent")
      throw new RefusedCommand("no-stack", `no stack ${stack} is deployed in ${aws.region}`);
    throw new RefusedCommand("stack-unreadable", `the stack ${stack} cannot be read: ${error.message}`);
  }
  const { simulate } = createIamSimulator(aws);
  const compared: ComparedRight[] = [];
  for (const right of rights)
    compared.push({ ...right, ...(fromEnvironment(right, read.value) ?? (await simulated(right))) });
  return compared;

  async function simulated({ resources = [] }: NeededRight): Promise<Answer> {
    const { roleArn, arn } = (read as { readonly value: DeployedFunction }).value;
    for (const resource of resources) {
      const { actions, on, context } = resource.startsWith("arn:")
        ? { actions: ["iam:PassRole"], on: resource, context: PASSED_TO_TASKS }
        : { actions: ["ecr:DescribeImages"], on: repositoryArn(resource, arn), context: {} };
      const answer = await simulate(roleArn, actions, on, context);
      if (answer.kind === "refused") return { given: "no", found: `the stack may not use ${resource}` };
      if (answer.kind === "unknown") return { given: "not-checked", found: answer.because };
    }
    return { given: "yes", found: resources.join(", ") };
  }
}

const PASSED_TO_TASKS = { "iam:PassedToService": "ecs-tasks.amazonaws.com" };

/** What the environment says of a parameter; undefined for one that it does not hold. */
function fromEnvironment({ parameter }: NeededRight, { environment }: DeployedFunction): Answer | undefined {
  const mode = environment.REPULL_MODE || "remediate";
  const isOf = (variable: string): Answer => {
    const value = environment[variable] ?? "";
    return value === "" ? { given: "no", found: "empty" } : { given: "yes", found: value };
  };
  switch (parameter) {
    case "Mode=remediate":
    case "Mode=approve": {
      const isEnough = mode === "remediate" || `Mode=${mode}` === parameter;
      return { given: isEnough ? "yes" : "no", found: mode };
    }
    case "PolicyParameter":
      return isOf("REPULL_POLICY_PARAMETER");
    case "MirrorPrefix":
      return isOf("REPULL_MIRROR_PREFIX");
    case "DockerHubSecretArn":
      return isOf("REPULL_DOCKER_HUB_SECRET");
    default:
      return undefined;
  }
}

/** The ARN of a repository that a pattern such as `central/{path}` would name. @param functionArn says whose ECR it is */
function repositoryArn(pattern: string, functionArn: string): string {
  const name = pattern.replaceAll("{host}", "docker.io").replaceAll(/\{\w+\}/g, "any");
  const { partition = "aws", region = "", account = "" } = parseArn(functionArn) ?? {};
  const [host = "", ...path] = name.split("/");
  const ecr = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host);
  if (registryOf(host).kind !== "ecr" || ecr === null)
    return `arn:${partition}:ecr:${region}:${account}:repository/${name}`;
  return `arn:${partition}:ecr:${ecr[2]}:${ecr[1]}:repository/${path.join("/")}`;
}
