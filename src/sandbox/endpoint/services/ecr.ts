/** ECR's own API: repositories, what is in them, and the token of the registry. */

import { getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { isDigest } from "../../../image/digest.ts";
import { ecrHost } from "../../../image/ecr-hosts.ts";
import type { AwsError } from "../../../remediation/ports/aws-error.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { World } from "../../world/world.ts";
import type { Operations } from "../call.ts";
import { detailsOf, ecrCopies } from "./ecr-copies.ts";
import { pageOf } from "./page.ts";

const TOKEN_HOURS = 12;

export const ecr: Operations = {
  ...ecrCopies,

  GetAuthorizationToken(_, { world }) {
    const { password } = world.registries.ecr.issuePassword();
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"),
          expiresAt: world.clock.now() / 1000 + TOKEN_HOURS * 3600,
          proxyEndpoint: `https://${ecrHost(world.home.account, world.home.region)}`,
        },
      ],
    };
  },

  DescribeRepositories(input, { world }) {
    const names = getStrings(input, "repositoryNames");
    const all = world.registries.ecr.repositories();
    const absent = names.find((name) => !all.includes(name));
    if (absent !== undefined) throw noRepository(absent, world, "ecr:DescribeRepositories");
    const { items, next } = pageOf(
      all.filter((name) => names.length === 0 || names.includes(name)),
      input,
    );
    return { repositories: items.map((name) => repositoryOf(name, world)), ...next };
  },

  CreateRepository(input, { world }) {
    const action = "ecr:CreateRepository";
    const name = getString(input, "repositoryName") ?? "";
    const immutableTags = getString(input, "imageTagMutability") === "IMMUTABLE";
    if (world.registries.ecr.createRepository(name, { immutableTags }) === "present")
      throw awsRefusal(
        "conflict",
        action,
        "RepositoryAlreadyExistsException",
        `The repository with name '${name}' already exists in the registry with id '${world.home.account}'`,
      );
    return { repository: repositoryOf(name, world) };
  },

  ListImages(input, { world }) {
    const { items, next } = pageOf(imagesIn(input, world, "ecr:ListImages"), input);
    return { imageIds: items.flatMap(({ digest, tags }) => idsOf(digest, tags)), ...next };
  },

  DescribeImages(input, { world }) {
    const action = "ecr:DescribeImages";
    const wanted = getObjects(input, "imageIds");
    const all = imagesIn(input, world, action);
    const matches = (id: JsonObject) => (one: { digest: string; tags: readonly string[] }) =>
      one.digest === id.imageDigest || one.tags.includes(String(id.imageTag));
    const absent = wanted.find((id) => !all.some(matches(id)));
    if (absent !== undefined)
      throw awsRefusal(
        "absent",
        action,
        "ImageNotFoundException",
        "The image does not exist in the repository.",
      );
    const found = all.filter((one) => wanted.length === 0 || wanted.some((id) => matches(id)(one)));
    const repositoryName = getString(input, "repositoryName") ?? "";
    const { items, next } = pageOf(found, input);
    return {
      imageDetails: items.map(({ digest, tags }) => ({
        registryId: world.home.account,
        repositoryName,
        imageDigest: digest,
        ...(tags.length === 0 ? {} : { imageTags: tags }),
        imageStatus: statusOf(repositoryName, digest, world),
        ...(isDigest(digest) ? detailsOf(repositoryName, digest, world) : {}),
      })),
      ...next,
    };
  },

  async BatchGetImage(input, { world }) {
    const repository = getString(input, "repositoryName") ?? "";
    const images: JsonObject[] = [];
    const failures: JsonObject[] = [];
    for (const imageId of getObjects(input, "imageIds")) {
      const digest = imageId.imageDigest ?? tagsOf(repository, world)[String(imageId.imageTag)] ?? "";
      const got = isDigest(digest) ? await world.ports.ecr.importImage(repository, digest) : undefined;
      if (got?.kind === "imported")
        images.push({
          registryId: world.home.account,
          repositoryName: repository,
          imageId: { imageDigest: digest },
          imageManifest: new TextDecoder().decode(got.bytes),
          imageManifestMediaType: got.mediaType,
        });
      else
        failures.push({
          imageId,
          failureCode: got?.code ?? "ImageNotFound",
          failureReason: got?.because ?? "Requested image not found",
        });
    }
    return { images, failures };
  },

  async BatchCheckLayerAvailability(input, { world }) {
    const repository = getString(input, "repositoryName") ?? "";
    const asked = getStrings(input, "layerDigests").filter(isDigest);
    const missing = new Set<string>(await world.ports.ecr.missingLayers(repository, asked));
    return {
      layers: asked.map((layerDigest) => ({
        layerDigest,
        layerAvailability: missing.has(layerDigest) ? "UNAVAILABLE" : "AVAILABLE",
      })),
      failures: [],
    };
  },

  async GetDownloadUrlForLayer(input, { world }) {
    const repository = getString(input, "repositoryName") ?? "";
    const layerDigest = getString(input, "layerDigest") ?? "";
    if (!isDigest(layerDigest))
      throw awsRefusal(
        "invalid",
        "ecr:GetDownloadUrlForLayer",
        "InvalidParameterException",
        "Invalid digest.",
      );
    await world.ports.ecr.fetchLayer(repository, layerDigest);
    const host = ecrHost(world.home.account, world.home.region);
    return { downloadUrl: `https://${host}/v2/${repository}/blobs/${layerDigest}`, layerDigest };
  },
};

type StoredImage = { readonly digest: string; readonly tags: readonly string[] };

function imagesIn(input: JsonObject, world: World, action: string): readonly StoredImage[] {
  const name = getString(input, "repositoryName") ?? "";
  if (!world.registries.ecr.repositories().includes(name)) throw noRepository(name, world, action);
  const byDigest = new Map<string, string[]>(
    world.registries.ecr.digests(name).map((digest) => [digest, []] as const),
  );
  for (const [tag, digest] of Object.entries(tagsOf(name, world))) byDigest.get(digest)?.push(tag);
  return [...byDigest].map(([digest, tags]) => ({ digest, tags }));
}

function tagsOf(repository: string, { registries }: World): Readonly<Record<string, string>> {
  return registries.ecr.repositories().includes(repository) ? registries.ecr.tags(repository) : {};
}

function idsOf(imageDigest: string, tags: readonly string[]): readonly JsonObject[] {
  return tags.length === 0 ? [{ imageDigest }] : tags.map((imageTag) => ({ imageDigest, imageTag }));
}

function statusOf(repository: string, digest: string, { registries }: World): string {
  const status = isDigest(digest) ? registries.ecr.imageStatus(repository, digest) : "active";
  return status === "archived" ? "ARCHIVED" : "ACTIVE";
}

function repositoryOf(repositoryName: string, { home }: World): JsonObject {
  return {
    repositoryName,
    registryId: home.account,
    repositoryArn: `arn:${home.partition}:ecr:${home.region}:${home.account}:repository/${repositoryName}`,
    repositoryUri: `${ecrHost(home.account, home.region)}/${repositoryName}`,
  };
}

function noRepository(name: string, { home }: World, action: string): AwsError {
  const words = `The repository with name '${name}' does not exist in the registry with id '${home.account}'`;
  return awsRefusal("absent", action, "RepositoryNotFoundException", words);
}
