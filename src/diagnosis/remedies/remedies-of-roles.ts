/** What lets a role do what a start asks for: a right, a trust, or a change of the policy that refuses it. */

import type { Params } from "../causes.ts";
import { aws, type Make } from "./remedy.ts";

/** Where another policy refuses, a further right of the role does not help. */
function refusedByOther({ policy, explicit }: Params): boolean {
  return explicit === "yes" || (policy !== undefined && !/^identity-based/.test(policy));
}

const lookAtPolicy: Make = (params, about) => {
  const { policy = "", role = "ROLE_NAME", resource = "" } = params;
  const name = resource.split(/:(?:repository\/|secret:)/)[1];
  const query =
    /resource-based/.test(policy) && name !== undefined
      ? resource.includes(":ecr:")
        ? ["ecr", "get-repository-policy", "--repository-name", name]
        : ["secretsmanager", "get-resource-policy", "--secret-id", resource]
      : /boundary/.test(policy)
        ? ["iam", "get-role", "--role-name", role, "--query", "Role.PermissionsBoundary"]
        : /service control/.test(policy)
          ? undefined
          : ["iam", "list-attached-role-policies", "--role-name", role];
  const code = "change-refusing-policy";
  return query === undefined ? { code } : aws(code, () => query)(params, about);
};

export const allow =
  (action: string): Make =>
  (params, about) =>
    refusedByOther(params)
      ? lookAtPolicy(params, about)
      : aws("allow-role", () => [
          ...["iam", "put-role-policy", "--role-name", params.role ?? "ROLE_NAME"],
          ...["--policy-name", "start-of-task", "--policy-document"],
          JSON.stringify({
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Action: params.action ?? action,
                Resource: params.resource ?? "RESOURCE_ARN",
              },
            ],
          }),
        ])(params, about);

export const managed: Make = (params, about) => {
  const { role = "ROLE_NAME", caller } = params;
  if (refusedByOther(params)) return lookAtPolicy(params, about);
  return aws("allow-role", () => [
    ...["iam", "attach-role-policy", "--role-name", role, "--policy-arn"],
    `arn:aws:iam::aws:policy/service-role/${caller === "instance" ? "AmazonEC2ContainerServiceforEC2Role" : "AmazonECSTaskExecutionRolePolicy"}`,
  ])(params, about);
};

export const trust = (service: string): Make =>
  aws("trust-service", ({ role = "ROLE_NAME" }) => [
    ...["iam", "update-assume-role-policy", "--role-name", role, "--policy-document"],
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
    }),
  ]);
