/** What ECR reports about copies and who may read them, and the deletion of images. */

import { getObjects, getString, optional } from "../../../ecs/json-fields.ts";
import { type Digest, isDigest } from "../../../image/digest.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { ApiError } from "../../aws/faults/aws-error.ts";
import { linksOf } from "../../registry/storage.ts";
import type { World } from "../../world/world.ts";
import type { Account, Operations } from "../call.ts";

export const ecrCopies: Operations = {
  ListTagsForResource(input, account) {
    const repository = (getString(input, "resourceArn") ?? "").split(":repository/")[1] ?? "";
    const source = sourceOf(repository, account);
    return { tags: source === undefined ? [] : [{ Key: "repull:source", Value: source }] };
  },

  GetRegistryPolicy() {
    throw new ApiError("RegistryPolicyNotFoundException", "Registry policy does not exist.");
  },

  GetRepositoryPolicy(input, { file }) {
    const policy = file.repositoryPolicies?.[getString(input, "repositoryName") ?? ""];
    if (policy === undefined)
      throw new ApiError("RepositoryPolicyNotFoundException", "Repository policy does not exist.");
    return { policyText: JSON.stringify(policy) };
  },

  // Reads by the API are not recorded as pulls here, by any caller.
  ListPullTimeUpdateExclusions: () => ({ pullTimeUpdateExclusions: [] }),

  BatchDeleteImage(input, { world }) {
    const { ecr } = world.registries;
    const repository = getString(input, "repositoryName") ?? "";
    const wanted = new Set(
      getObjects(input, "imageIds").flatMap(({ imageDigest }) =>
        isDigest(imageDigest) ? [imageDigest] : [],
      ),
    );
    // What an index lists that stays is refused: ImageReferencedByManifestList.
    const listed = new Set(
      ecr
        .digests(repository)
        .filter((digest) => !wanted.has(digest))
        .flatMap((digest) => childrenOf(repository, digest, world)),
    );
    const gone = [...wanted].filter((digest) => !listed.has(digest));
    ecr.remove(repository, gone);
    return {
      imageIds: gone.map((imageDigest) => ({ imageDigest })),
      failures: [...wanted]
        .filter((digest) => listed.has(digest))
        .map((imageDigest) => ({
          imageId: { imageDigest },
          failureCode: "ImageReferencedByManifestList",
          failureReason: "Requested image referenced by manifest list",
        })),
    };
  },
};

/** What DescribeImages reports about an image in addition to its digest and its tags. */
export function detailsOf(repository: string, digest: Digest, { registries: { ecr } }: World): JsonObject {
  const { pushedAt, pulledAt } = ecr.timesOf(repository, digest);
  const manifest = ecr.manifest(repository, digest);
  const document =
    manifest === undefined ? {} : (JSON.parse(new TextDecoder().decode(manifest.bytes)) as JsonObject);
  const { subject } = linksOf(document);
  const layers = getObjects(document, "layers").reduce((sum, { size }) => sum + Number(size), 0);
  return {
    imageSizeInBytes: layers + (manifest?.bytes.length ?? 0),
    ...optional("imageManifestMediaType", manifest?.mediaType),
    ...optional("imagePushedAt", pushedAt === undefined ? undefined : pushedAt / 1000),
    ...optional("lastRecordedPullTime", pulledAt === undefined ? undefined : pulledAt / 1000),
    ...optional("subjectManifestDigest", subject),
  };
}

function childrenOf(repository: string, digest: Digest, { registries: { ecr } }: World): readonly Digest[] {
  const bytes = ecr.manifest(repository, digest)?.bytes;
  return bytes === undefined
    ? []
    : linksOf(JSON.parse(new TextDecoder().decode(bytes)) as Json as JsonObject).children;
}

/** Repull makes repositories under its prefix alone, and calls each after its source. */
function sourceOf(repository: string, { file, stack }: Account): string | undefined {
  const [, source] = /^repull\/(.+)$/.exec(repository) ?? [];
  const images = Object.entries(file.registries?.ecr?.images ?? {});
  const isCopied = images.some(
    ([name, { copied }]) => copied !== undefined && name.startsWith(`${repository}:`),
  );
  const isListed = images.some(([name]) => name.startsWith(`${repository}:`));
  // What is not in the file was made meanwhile, by the stack.
  return isCopied || (!isListed && stack !== undefined) ? source : undefined;
}
