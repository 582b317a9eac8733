/**
 * The services of which the sandbox plays a small part: identity, roles, and what runs images without ECS, as the
 * world file names it: job definitions of Batch, projects of CodeBuild, clusters of EKS.
 */

import { getString, getStrings } from "../../../ecs/json-fields.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import { isDeniedTo } from "../../aws/iam-simulator.ts";
import type { Account, Operations } from "../call.ts";

const DAY = 86_400_000;
/** Before the account is served. */
const CLUSTER_AGE = 100 * DAY;
/** EKS's authorities are good for ten years. */
const AUTHORITY_LIFE = 3_650 * DAY;

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

/** Each has a certificate authority, by which clients know its API server. A cluster reports nothing by itself. */
export const eks: Operations = {
  ListClusters: (_, { file }) => ({ clusters: file.eksClusters ?? [] }),

  async DescribeCluster(input, account) {
    const name = getString(input, "name") ?? "";
    if (!account.file.eksClusters?.includes(name))
      throw awsRefusal(
        "absent",
        "eks:DescribeCluster",
        "ResourceNotFoundException",
        `No cluster found for name: ${name}.`,
      );
    const { account: id, region, partition = "aws" } = account.world.home;
    const { certificate, createdAt } = await authorityOf(name, account);
    const host = `${name.toUpperCase()}.gr7.${region}.eks.amazonaws.com`;
    return {
      cluster: {
        name,
        arn: `arn:${partition}:eks:${region}:${id}:cluster/${name}`,
        status: "ACTIVE",
        createdAt: createdAt / 1000,
        version: "1.36",
        endpoint: `https://${host}`,
        certificateAuthority: { data: Buffer.from(certificate).toString("base64") },
      },
    };
  },
};

/** Made when it is asked for, and the same from then on. */
async function authorityOf(name: string, { authorities, world }: Account) {
  const known = authorities.get(name);
  if (known !== undefined) return await known;
  const createdAt = world.clock.now() - CLUSTER_AGE;
  const making = issue({ notBefore: createdAt, notAfter: createdAt + AUTHORITY_LIFE });
  authorities.set(name, making);
  return await making;
}

async function issue(period: { readonly notBefore: number; readonly notAfter: number }) {
  // What writes X.509 is large, and few worlds have a cluster.
  const { issueAuthority } = await import("../../../cluster/certificates/issue.ts");
  const { certificate } = await issueAuthority(period);
  return { certificate, createdAt: period.notBefore };
}
