/**
 * The services of which the sandbox plays a small part: identity, roles, schedules, and what runs images without ECS, as the
 * world file names it: job definitions of Batch, projects of CodeBuild, clusters of EKS.
 */

import { getString, getStrings, optional } from "../../../ecs/json-fields.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import { isDeniedTo } from "../../aws/iam-simulator.ts";
import type { Account, Operations } from "../call.ts";

export const sts: Operations = {
  GetCallerIdentity: (_, { world: { home } }) => ({
    Account: home.account,
    Arn: `arn:${home.partition}:iam::${home.account}:user/sandbox`,
    UserId: "AIDASANDBOX",
  }),
};

export const iam: Operations = {
  SimulatePrincipalPolicy(input, { file }) {
    const role = getString(input, "PolicySourceArn") ?? "";
    const results = getStrings(input, "ActionNames").map((action) => ({
      EvalActionName: action,
      EvalResourceName: getStrings(input, "ResourceArns")[0] ?? "*",
      EvalDecision: isDeniedTo(file, role, action) ? "implicitDeny" : "allowed",
    }));
    return { EvaluationResults: { member: results }, IsTruncated: false };
  },
};

export const scheduler: Operations = {
  ListSchedules: (_, { world }) => ({
    Schedules: world.schedules.all
      .filter(({ kind }) => kind === "schedule")
      .map(({ name, target, isEnabled = true }) => ({
        Name: name,
        GroupName: "default",
        State: isEnabled ? "ENABLED" : "DISABLED",
        Target: { Arn: target.Arn ?? "" },
      })),
  }),

  GetSchedule(input, { world }) {
    const name = getString(input, "Name") ?? "";
    const found = world.schedules.all.find((one) => one.kind === "schedule" && one.name === name);
    if (found === undefined)
      throw awsRefusal(
        "absent",
        "scheduler:GetSchedule",
        "ResourceNotFoundException",
        `Schedule ${name} does not exist.`,
      );
    return {
      Name: name,
      GroupName: "default",
      Target: found.target,
      ...optional("ScheduleExpression", found.expression),
    };
  },
};

const arn = ({ world: { home } }: Account, service: string, resource: string): string =>
  `arn:${home.partition}:${service}:${home.region}:${home.account}:${resource}`;

export const batch: Operations = {
  DescribeJobDefinitions: (_, account) => ({
    jobDefinitions: Object.entries(account.file.jobDefinitions ?? {}).map(([name, image]) => ({
      jobDefinitionName: name,
      jobDefinitionArn: arn(account, "batch", `job-definition/${name}:1`),
      status: "ACTIVE",
      containerProperties: { image },
    })),
  }),
};

export const codebuild: Operations = {
  ListProjects: (_, { file }) => ({ projects: Object.keys(file.buildProjects ?? {}) }),
  BatchGetProjects: (input, account) => ({
    projects: getStrings(input, "names").flatMap((name) => {
      const image = account.file.buildProjects?.[name];
      if (image === undefined) return [];
      return [{ name, arn: arn(account, "codebuild", `project/${name}`), environment: { image } }];
    }),
  }),
};

/** They have no certificate and no report: a cluster of the sandbox keeps every copy. */
export const eks: Operations = {
  ListClusters: (_, { file }) => ({ clusters: file.eksClusters ?? [] }),
  DescribeCluster(input, account) {
    const name = getString(input, "name") ?? "";
    if (!account.file.eksClusters?.includes(name))
      throw awsRefusal(
        "absent",
        "eks:DescribeCluster",
        "ResourceNotFoundException",
        `No cluster found for name: ${name}.`,
      );
    return { cluster: { name, arn: arn(account, "eks", `cluster/${name}`), status: "ACTIVE" } };
  },
};
