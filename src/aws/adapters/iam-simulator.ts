/**
 * What a role may do, by IAM's own policy simulator.
 *
 * It sees the role's policies and its boundary; it does not see the policy of a repository, nor every service control
 * policy. Where we may not ask, the answer is that it is not known.
 */

import { GetInstanceProfileCommand, IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseArn } from "../../ecs/arn.ts";
import { judge, simulationOf } from "../../iam/simulation.ts";
import type { Roles } from "../../remediation/ports/ports.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** The same, with the request's own facts (`iam:PassedToService`), which a statement's condition may ask for. */
export interface IamSimulator extends Pick<Roles, "simulate"> {
  simulate(
    roleArn: string,
    actions: readonly string[],
    resourceArn: string,
    context?: Readonly<Record<string, string>>,
  ): ReturnType<Roles["simulate"]>;
}

/** Not worth half a minute: the answer may be that it is not known. */
const ATTEMPTS_MAX = 3;

export function createIamSimulator(settings: AwsSettings): Roles & IamSimulator {
  const client = new IAMClient(clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings }));
  return {
    async simulate(roleArn, actions, resourceArn, context = {}) {
      try {
        const question = { role: roleArn, actions, resource: resourceArn, context };
        const answer = await client.send(new SimulatePrincipalPolicyCommand(simulationOf(question)));
        // The SDK's own objects hold what the answer's JSON would.
        const judged = judge(answer as unknown as JsonObject, question);
        return judged.kind === "refused" ? { kind: "refused", action: judged.action } : judged;
      } catch (error) {
        const { message } = toAwsError("iam:SimulatePrincipalPolicy", error);
        return { kind: "unknown", because: message.slice(0, 200) };
      }
    },

    async ofInstanceProfile(profile) {
      try {
        const { InstanceProfile } = await client.send(
          new GetInstanceProfileCommand({ InstanceProfileName: profile.slice(profile.lastIndexOf("/") + 1) }),
        );
        return { kind: "known", role: InstanceProfile?.Roles?.[0]?.Arn };
      } catch (error) {
        const { message } = toAwsError("iam:GetInstanceProfile", error);
        return { kind: "unknown", because: message.slice(0, 200) };
      }
    },

    async keyOfSecret(secret) {
      const region = parseArn(secret)?.region || settings.region;
      const secrets = new SecretsManagerClient(
        clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings, region }),
      );
      try {
        const { KmsKeyId } = await secrets.send(new DescribeSecretCommand({ SecretId: secret }));
        return keyNamed(KmsKeyId, secret);
      } catch (error) {
        const { message } = toAwsError("secretsmanager:DescribeSecret", error);
        return { kind: "unknown", because: message.slice(0, 200) };
      }
    },
  };
}

/**
 * A secret names its key by id, by ARN or by alias; without one it is under the key `aws/secretsmanager`, which each role
 * that may read the secret may use.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html (read 2026-11)
 */
function keyNamed(name: string | undefined, secret: string): Awaited<ReturnType<Roles["keyOfSecret"]>> {
  if (name === undefined || /(?:^|:)alias\/aws\/secretsmanager$/.test(name))
    return { kind: "known", key: undefined };
  if (/^arn:[^:]+:kms:[^:]*:[^:]*:key\//.test(name)) return { kind: "known", key: name };
  if (name.includes("alias/")) return { kind: "unknown", because: `the key is named by its alias, ${name}` };
  const { partition = "aws", region = "", account = "" } = parseArn(secret) ?? {};
  return { kind: "known", key: `arn:${partition}:kms:${region}:${account}:key/${name}` };
}
