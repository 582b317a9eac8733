/**
 * Amazon ECR's control plane, and the key to its registry.
 *
 * Blobs and manifests go through the registry itself (`src/oci`); here are the repository that must exist
 * before a push, the veto of an archived image, and the token that opens the door.
 */

import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr";

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Ecr } from "../../remediation/ports/ports.ts";
import type { Clock } from "../../runtime/clock.ts";
import { hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { createEcrCache } from "./pull-through-cache.ts";

/** A token lives for twelve hours; one that is about to end may end during a long copy. */
const RENEW_MILLISECONDS_BEFORE = 30 * 60_000;

type Key = { readonly header: string; readonly goodUntil: number };

export interface EcrWithAuth extends Ecr {
  /** `Basic …`, for every registry of this region that the caller may use. Kept until shortly before it expires. */
  authorization(): Promise<string>;
}

/** A pull-through cache is one place of several: half a minute is better spent at the next one. */
const CACHE_ATTEMPTS_MAX = 3;

export function createEcr(settings: AwsSettings, clock: Clock): EcrWithAuth {
  const client = new ECRClient(clientConfiguration(settings));
  let current: Key | undefined;
  let fetching: Promise<Key> | undefined;

  const fetchKey = async (): Promise<Key> => {
    const action = "ecr:GetAuthorizationToken";
    try {
      const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
      const { authorizationToken, expiresAt } = authorizationData?.[0] ?? {};
      if (!authorizationToken) throw new AwsError("unavailable", action, `${action}: no token in the answer`);
      const goodUntil = (expiresAt?.getTime() ?? 0) - RENEW_MILLISECONDS_BEFORE;
      return { header: `Basic ${authorizationToken}`, goodUntil };
    } catch (error) {
      throw toAwsError(action, error);
    }
  };

  return {
    ...createEcrCache(new ECRClient(clientConfiguration({ attemptsMax: CACHE_ATTEMPTS_MAX, ...settings }))),

    async ensureRepository(name, { immutableTags, kmsKey, tags }) {
      try {
        await client.send(
          new CreateRepositoryCommand({
            repositoryName: name,
            imageTagMutability: immutableTags ? "IMMUTABLE" : "MUTABLE",
            ...(kmsKey === undefined ? {} : { encryptionConfiguration: { encryptionType: "KMS", kmsKey } }),
            tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          }),
        );
        return "created";
      } catch (error) {
        if (hasErrorCode(error, "RepositoryAlreadyExistsException")) return "present";
        throw toAwsError("ecr:CreateRepository", error);
      }
    },

    async imageStatus(repository, digest) {
      try {
        const { imageDetails } = await client.send(
          new DescribeImagesCommand({
            repositoryName: repository,
            imageIds: [{ imageDigest: digest }],
            // Without it ECR answers of ACTIVE images alone, and an archived one looks absent.
            filter: { imageStatus: "ANY" },
          }),
        );
        const [image] = imageDetails ?? [];
        if (image === undefined) return "absent";
        return image.imageStatus === "ARCHIVED" || image.imageStatus === "ACTIVATING" ? "archived" : "active";
      } catch (error) {
        if (hasErrorCode(error, "ImageArchivedException")) return "archived";
        if (hasErrorCode(error, "ImageNotFoundException", "RepositoryNotFoundException")) return "absent";

        // This question can only veto. The registry's own answer decides, so no answer here is not a veto.
        return "unknown";
      }
    },

    async authorization() {
      if (current !== undefined && clock.now() < current.goodUntil) return current.header;
      fetching ??= fetchKey().finally(() => {
        fetching = undefined;
      });
      current = await fetching;
      return current.header;
    },
  };
}
