/**
 * The Docker Hub account, from Secrets Manager: the secret's ARN is all that is ever written anywhere.
 *
 * Both shapes in use are read: ECS's `username` and `password`, and the pull-through cache's `username` and
 * `accessToken`. One secret with all three keys serves both.
 */

import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseArn } from "../../ecs/arn.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import {
  basicCredentials,
  type Credentials,
  type FindCredentials,
  isSameLogin,
} from "../../oci/auth/credentials.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isMembers, membersOf, tryParseJson } from "../../runtime/json.ts";
import { toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

const ACTION = "secretsmanager:GetSecretValue";

/** A wrong password is refused with each question; Secrets Manager is not asked as often. */
const READ_AGAIN_MS = 60_000;

/**
 * Answers for Docker Hub's own host alone. The secret is read once, and again when its login is refused, because the secret
 * may have been rotated. Throws AwsError without a word of what is in it.
 */
export function createDockerHubCredentials(
  settings: AwsSettings,
  secretArn: string,
  clock: Pick<Clock, "now">,
): { readonly credentials: FindCredentials } {
  const region = parseArn(secretArn)?.region || settings.region;
  const client = new SecretsManagerClient(clientConfiguration({ ...settings, region }));
  let fetched: Promise<Credentials> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  const fetchOnce = async (): Promise<Credentials> => {
    readAt = clock.now();
    try {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
      return credentialsIn(SecretString ?? "", secretArn);
    } catch (error) {
      fetched = undefined;
      throw toAwsError(ACTION, error);
    }
  };
  return {
    async credentials(host, _access, refused) {
      if (registryOf(host).kind !== "docker-hub") return undefined;
      // Another caller may have read it again already.
      const isStale = refused !== undefined && isSameLogin(await fetched?.catch(() => undefined), refused);
      if (isStale && clock.now() >= readAt + READ_AGAIN_MS) fetched = undefined;
      fetched ??= fetchOnce();
      return await fetched;
    },
  };
}

const KEYS = ["username", "password", "accessToken"];

/** Which of the keys that count a secret has. Throws AwsError; `invalid` for what is not a JSON object. */
export async function secretKeyNames(settings: AwsSettings, secretArn: string): Promise<readonly string[]> {
  const region = parseArn(secretArn)?.region || settings.region;
  const client = new SecretsManagerClient(clientConfiguration({ ...settings, region }));
  let text: string | undefined;
  try {
    text = (await client.send(new GetSecretValueCommand({ SecretId: secretArn }))).SecretString;
  } catch (error) {
    throw toAwsError(ACTION, error);
  }
  const read = tryParseJson(text ?? "");
  if (!isMembers(read)) throw new AwsError("invalid", ACTION, `${ACTION}: ${secretArn} is not a JSON object`);
  return KEYS.filter((key) => typeof read[key] === "string" && read[key] !== "");
}

/** The credentials in a secret's text. Throws AwsError that names the keys it should have, and nothing that it has. */
export function credentialsIn(text: string, secretArn: string): Credentials {
  const read = membersOf(tryParseJson(text));
  const secret = read.password ?? read.accessToken;
  if (typeof read.username !== "string" || typeof secret !== "string" || read.username === "" || !secret) {
    const because = `the secret ${secretArn} is not a JSON object with username and password, or username and accessToken`;
    // The text itself is left out, even its length.
    throw new AwsError("invalid", ACTION, `${ACTION}: ${because}`);
  }
  return basicCredentials(read.username, secret);
}
