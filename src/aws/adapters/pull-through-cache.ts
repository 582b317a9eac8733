/**
 * ECR's pull-through cache: which rules there are, whether their secrets are good, and how it is filled.
 *
 * That BatchGetImage imports is implied by its failure codes (API model, read 2026-11) and unverified, as is whether the
 * layers come with the manifest: they are asked about, and asked for one by one.
 */

import {
  BatchCheckLayerAvailabilityCommand,
  BatchGetImageCommand,
  DescribePullThroughCacheRulesCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
  ValidatePullThroughCacheRuleCommand,
} from "@aws-sdk/client-ecr";

import { type Digest, isDigest } from "../../image/digest.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Ecr, ImportResult } from "../../remediation/ports/ports.ts";
import type { PullThroughRule } from "../../substitution/pull-through-rule.ts";
import { hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";

type EcrCache = Pick<
  Ecr,
  "pullThroughRules" | "validateRule" | "importImage" | "missingLayers" | "fetchLayer"
>;

const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** What ECR says when it could not fetch, and whether the next minute may be better. */
const REFUSALS: Readonly<Record<string, readonly [words: string, isTransient: boolean]>> = {
  UpstreamAccessDenied: ["it refuses the secret of the rule", false],
  UpstreamTooManyRequests: ["the rule's own account has no pulls left there", false],
  UpstreamUnavailable: ["it does not answer", true],
  ImageNotFound: ["it has no such image, or Repull may not import it", false],
  ImageInaccessible: ["the image is archived", false],
};

const PAGES_MAX = 20;
/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html */
const LAYERS_AT_ONCE = 100;

export function createEcrCache(client: ECRClient): EcrCache {
  return {
    async pullThroughRules() {
      const rules: PullThroughRule[] = [];
      let nextToken: string | undefined;
      try {
        for (let page = 0; page < PAGES_MAX; page += 1) {
          const listed = await client.send(
            new DescribePullThroughCacheRulesCommand(nextToken === undefined ? {} : { nextToken }),
          );
          for (const rule of listed.pullThroughCacheRules ?? []) {
            const { ecrRepositoryPrefix: prefix, upstreamRegistryUrl: upstreamHost } = rule;
            if (!prefix || !upstreamHost) continue;
            const { upstreamRepositoryPrefix: upstreamPrefix } = rule;
            rules.push({ prefix, upstreamHost, ...(upstreamPrefix ? { upstreamPrefix } : {}) });
          }
          nextToken = listed.nextToken;
          if (!nextToken) break;
        }
      } catch (error) {
        throw toAwsError("ecr:DescribePullThroughCacheRules", error);
      }
      return rules;
    },

    async validateRule(prefix) {
      try {
        const { isValid, failure } = await client.send(
          new ValidatePullThroughCacheRuleCommand({ ecrRepositoryPrefix: prefix }),
        );
        return isValid === true
          ? { isValid, because: `ECR says that the rule ${prefix} works` }
          : {
              isValid: false,
              because: `ECR says that the rule ${prefix} does not work: ${failure ?? "no reason"}`,
            };
      } catch (error) {
        throw toAwsError("ecr:ValidatePullThroughCacheRule", error);
      }
    },

    async importImage(repositoryName, digest): Promise<ImportResult> {
      try {
        const { images, failures } = await client.send(
          new BatchGetImageCommand({
            repositoryName,
            imageIds: [{ imageDigest: digest }],
            acceptedMediaTypes: MEDIA_TYPES,
          }),
        );
        const [image] = images ?? [];
        if (image?.imageManifest !== undefined) {
          const bytes = new TextEncoder().encode(image.imageManifest);
          return { kind: "imported", bytes, mediaType: image.imageManifestMediaType ?? "" };
        }
        const [{ failureCode = "ImageNotFound", failureReason = "" } = {}] = failures ?? [];
        const [words, isTransient] = REFUSALS[failureCode] ?? [failureReason || failureCode, false];
        return { kind: "refused", isTransient, because: `${words} (${failureCode})`, code: failureCode };
      } catch (error) {
        if (hasErrorCode(error, "UnableToGetUpstreamImageException", "RepositoryNotFoundException")) {
          const words = error instanceof Error ? error.message : "";
          return { kind: "refused", isTransient: false, because: words.slice(0, 300) };
        }
        throw toAwsError("ecr:BatchGetImage", error);
      }
    },

    async missingLayers(repositoryName, digests) {
      const missing: Digest[] = [];
      for (let from = 0; from < digests.length; from += LAYERS_AT_ONCE) {
        const asked = digests.slice(from, from + LAYERS_AT_ONCE);
        try {
          const { layers } = await client.send(
            new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests: [...asked] }),
          );
          const there = new Set(
            (layers ?? [])
              .filter(({ layerAvailability }) => layerAvailability === "AVAILABLE")
              .map(({ layerDigest }) => layerDigest)
              .filter(isDigest),
          );
          missing.push(...asked.filter((digest) => !there.has(digest)));
        } catch (error) {
          throw toAwsError("ecr:BatchCheckLayerAvailability", error);
        }
      }
      return missing;
    },

    async fetchLayer(repositoryName, layerDigest) {
      try {
        await client.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }));
      } catch (error) {
        const refusal = toAwsError("ecr:GetDownloadUrlForLayer", error);
        // Whether it has come is asked again anyway; a right that is missing will not be there then either.
        if (refusal instanceof AwsError && refusal.kind === "denied") throw refusal;
      }
    },
  };
}
