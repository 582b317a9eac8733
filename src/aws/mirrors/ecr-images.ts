/**
 * The repositories under Repull's prefix and their images, as ECR describes them; and the deletion of images by digest.
 *
 * DescribeImages does not count as a pull. BatchGetImage does, and moves `lastRecordedPullTime` (aws/containers-roadmap#2390), so that
 * manifests are read only where that is asked for: of indexes, whose platforms are named nowhere else.
 */

import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetRegistryPolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-ecr";
import {
  getMoment,
  getNumber,
  getObject,
  getObjects,
  getString,
  getStrings,
  isObject,
  optional,
} from "../../ecs/json-fields.ts";
import { type Digest, isDigest } from "../../image/digest.ts";
import type { EcrImage, EcrRepository } from "../../mirrors/facts.ts";
import type { ImageStore } from "../../mirrors/ports.ts";
import { sourceOfRepository } from "../../mirrors/source-of-copy.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws, hasErrorCode } from "../client/aws-error-codes.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { readersOf } from "./policy-readers.ts";
import type { ServiceTimes } from "./service-times.ts";
import { groupsOf, need, objectsIn, readable, wholeList } from "./whole-list.ts";

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html */
const DESCRIBED_AT_ONCE = 1000;
const IDS_AT_ONCE = 100;
const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** @param options.isAbsentEmpty a repository that is not there counts as empty: its name was not taken from a list */
export function createImageStore(
  settings: AwsSettings,
  account: string,
  times: ServiceTimes,
  { isAbsentEmpty = false }: { readonly isAbsentEmpty?: boolean } = {},
): ImageStore {
  const client = times.watch("ecr", new ECRClient(clientConfiguration(settings)));
  const arns = new Map<string, string>();
  let registryReaders: Promise<EcrRepository["readers"]> | undefined;

  const policyReaders = async (
    action: string,
    absent: string,
    ask: () => Promise<{ policyText?: string | undefined }>,
  ): Promise<EcrRepository["readers"]> => {
    try {
      return readersOf((await ask()).policyText ?? "", account);
    } catch (error) {
      if (hasErrorCode(error, absent)) return "own-account";
      return await callAws(action, () => Promise.reject(error));
    }
  };

  return {
    repositories: (prefix) =>
      readable("ecr:DescribeRepositories", async () => {
        const all = need(
          await wholeList("ecr:DescribeRepositories", { list: "repositories" }, (nextToken) => {
            const command = new DescribeRepositoriesCommand({
              maxResults: DESCRIBED_AT_ONCE,
              ...optional("nextToken", nextToken),
            });
            return sendRawRest(command, () => client.send(command));
          }),
        );
        for (const one of objectsIn("ecr:DescribeRepositories", all))
          arns.set(getString(one, "repositoryName") ?? "", getString(one, "repositoryArn") ?? "");
        return [...arns.keys()].filter((name) => name.startsWith(`${prefix}/`));
      }),

    async describe(name) {
      registryReaders ??= policyReaders("ecr:GetRegistryPolicy", "RegistryPolicyNotFoundException", () =>
        client.send(new GetRegistryPolicyCommand({})),
      );
      // Awaited before anything else is asked: a refusal that nothing waits for ends the process.
      const byRegistry = await registryReaders;
      const readers = await policyReaders(
        "ecr:GetRepositoryPolicy",
        "RepositoryPolicyNotFoundException",
        () => client.send(new GetRepositoryPolicyCommand({ repositoryName: name })),
      );
      const { tags = [] } = await callAws("ecr:ListTagsForResource", () =>
        client.send(new ListTagsForResourceCommand({ resourceArn: arns.get(name) ?? "" })),
      );
      const source = tags.find(({ Key }) => Key === "repull:source")?.Value;
      return {
        name,
        readers: readers === "own-account" ? byRegistry : readers,
        ...optional("source", source === undefined ? undefined : sourceOfRepository(name, source)),
      };
    },

    images: (repositoryName) =>
      readable("ecr:DescribeImages", async () => {
        const listed = need(
          await wholeList("ecr:DescribeImages", { list: "imageDetails" }, async (nextToken) => {
            const command = new DescribeImagesCommand({
              repositoryName,
              maxResults: DESCRIBED_AT_ONCE,
              // Without it ECR answers of ACTIVE images alone.
              filter: { imageStatus: "ANY" },
              ...optional("nextToken", nextToken),
            });
            try {
              return await sendRawRest(command, () => client.send(command));
            } catch (error) {
              if (isAbsentEmpty && hasErrorCode(error, "RepositoryNotFoundException"))
                return { imageDetails: [] };
              throw error;
            }
          }),
        );
        return objectsIn("ecr:DescribeImages", listed).map(imageOf);
      }),

    async children(repositoryName, digests) {
      const found = new Map<Digest, readonly Digest[]>();
      for (const group of groupsOf(digests, IDS_AT_ONCE)) {
        const command = new BatchGetImageCommand({
          repositoryName,
          imageIds: group.map((imageDigest) => ({ imageDigest })),
          acceptedMediaTypes: MEDIA_TYPES,
        });
        const answer = await callAws("ecr:BatchGetImage", () =>
          sendRawRest(command, () => client.send(command)),
        );
        for (const image of getObjects(answer, "images")) {
          const digest = getString(getObject(image, "imageId") ?? {}, "imageDigest");
          const children = childrenIn(getString(image, "imageManifest") ?? "");
          if (isDigest(digest) && children !== undefined) found.set(digest, children);
        }
      }
      return found;
    },

    async deleteImages(repositoryName, digests) {
      for (const group of groupsOf(digests, IDS_AT_ONCE)) {
        const imageIds = group.map((imageDigest) => ({ imageDigest }));
        await callAws("ecr:BatchDeleteImage", () =>
          client.send(new BatchDeleteImageCommand({ repositoryName, imageIds })),
        );
      }
    },
  };
}

function imageOf(detail: JsonObject): EcrImage {
  const digest = getString(detail, "imageDigest");
  if (!isDigest(digest)) throw new TypeError("an image without a digest");
  const subject = getString(detail, "subjectManifestDigest");
  return {
    digest,
    tags: getStrings(detail, "imageTags"),
    ...optional("pushedAt", getMoment(detail, "imagePushedAt")),
    ...optional("pulledAt", getMoment(detail, "lastRecordedPullTime")),
    ...optional("bytes", getNumber(detail, "imageSizeInBytes")),
    ...optional("mediaType", getString(detail, "imageManifestMediaType")),
    ...optional("artifactType", getString(detail, "artifactMediaType")),
    ...optional("subject", isDigest(subject) ? subject : undefined),
    isActive: (getString(detail, "imageStatus") ?? "ACTIVE") === "ACTIVE",
  };
}

/** What a manifest lists; undefined where it is not JSON of a manifest. An image lists no other manifest. */
function childrenIn(manifest: string): readonly Digest[] | undefined {
  let parsed: JsonObject[string];
  try {
    parsed = JSON.parse(manifest);
  } catch {
    return undefined;
  }
  if (!isObject(parsed)) return undefined;
  if (parsed.manifests === undefined) return parsed.schemaVersion === undefined ? undefined : [];
  const digests = getObjects(parsed, "manifests").map((child) => getString(child, "digest"));
  return digests.every(isDigest) ? digests : undefined;
}
