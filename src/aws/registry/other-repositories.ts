/** Repositories of ECR that another account owns, as this account's callers see them; and the key that encrypts copies. Reads only. */

import {
  BatchCheckLayerAvailabilityCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { getObject, getString } from "../../ecs/json-fields.ts";
import { callAws, hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { callJson } from "../client/calls/json-call.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export type OtherRepository = { readonly account: string; readonly region: string; readonly name: string };

/** Each throws AwsError. */
export type OtherRepositories = {
  /** The text of its policy; undefined: it has none. */
  policy(repository: OtherRepository): Promise<string | undefined>;
  /** Asks for a layer that no image has: nothing is pulled, and the answer says whether the caller might. */
  tryPull(repository: OtherRepository): Promise<void>;
};

/** No bytes have this digest. */
const NO_LAYER = `sha256:${"0".repeat(64)}`;
const ATTEMPTS_MAX = 3;

export function createOtherRepositories(settings: AwsSettings): OtherRepositories {
  const clients = new Map<string, ECRClient>();
  const clientIn = (region: string): ECRClient => {
    const known = clients.get(region);
    const client =
      known ?? new ECRClient(clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings, region }));
    clients.set(region, client);
    return client;
  };
  return {
    async policy({ account, region, name }) {
      try {
        const command = new GetRepositoryPolicyCommand({ registryId: account, repositoryName: name });
        return (await clientIn(region).send(command)).policyText;
      } catch (error) {
        if (hasErrorCode(error, "RepositoryPolicyNotFoundException")) return undefined;
        throw toAwsError("ecr:GetRepositoryPolicy", error);
      }
    },
    async tryPull({ account, region, name }) {
      await callAws("ecr:BatchCheckLayerAvailability", () =>
        clientIn(region).send(
          new BatchCheckLayerAvailabilityCommand({
            registryId: account,
            repositoryName: name,
            layerDigests: [NO_LAYER],
          }),
        ),
      );
    },
  };
}

/** `Enabled`, `Disabled`, `PendingDeletion` and their like, as KMS names them. Throws AwsError. */
export async function keyState(settings: AwsSettings, key: string): Promise<string | undefined> {
  const answer = await callAws("kms:DescribeKey", () =>
    callJson("kms", { operation: "DescribeKey" }, { KeyId: key }, settings),
  );
  return getString(getObject(answer, "KeyMetadata") ?? {}, "KeyState");
}
