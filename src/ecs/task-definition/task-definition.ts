/**
 * A task definition is carried as the JSON that ECS sent, never as a typed view of it: what a view does
 * not know, it loses, and AWS adds members every few months. Only what is named here is ever changed.
 */

import assert from "node:assert/strict";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Platform } from "../../image/platform.ts";
import { parseReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { getObject, getObjects, getString, getStrings, isList, isObject, optional } from "../json-fields.ts";
import { isProvenanceKey, isTagValue, TAG_KEY_LENGTH_MAX, TAGS_MAX } from "./provenance-tags.ts";
import type { Tag } from "./tag.ts";
import { windowsBuildOf } from "./windows-release.ts";

/** What DescribeTaskDefinition answers with `include: ["TAGS"]`: the tags are next to the definition, not inside it. */
export type DescribedTaskDefinition = { readonly taskDefinition: JsonObject; readonly tags: readonly Tag[] };

/**
 * What ECS writes into a task definition and does not take back. All else is registrable, known to us or not.
 * A test compares this list with the service's own model, so that an SDK update shows when it grows.
 */
export const OUTPUT_ONLY_MEMBERS: readonly string[] = [
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "deleteRequestedAt",
];

/** ECS counts the part before `@` only. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html */
const IMAGE_NAME_LENGTH_MAX = 255;

export type RevisionChange = {
  /** Container name → the image to run instead. */
  readonly images: ReadonlyMap<string, string>;
  /** Container name → the ARN of the secret with which its image shall be pulled. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** Set where the definition has no execution role of its own. */
  readonly executionRole?: string;
  /** The new revision's `repull:` tags, the most important first. */
  readonly provenance: readonly Tag[];
};

/**
 * The input of RegisterTaskDefinition for a revision that differs in these images, in how they are pulled, and in its
 * tags alone.
 *
 * A container whose image moves to another registry loses its `repositoryCredentials`: they are the previous registry's,
 * ECR takes none, and no other registry may see them. The existing tags are all kept, except AWS's own (`aws:…`) and an
 * earlier revision's `repull:` tags. Of the marker as many tags are set, in their
 * order, as 50 in all allow. Throws InvalidInput for a container that the definition does not have.
 */
export function reviseTaskDefinition(described: DescribedTaskDefinition, change: RevisionChange): JsonObject {
  const { taskDefinition } = described;
  const containers = taskDefinition.containerDefinitions;
  if (getString(taskDefinition, "family") === undefined) {
    throw new InvalidInput("taskDefinition.family", "the family's name");
  }
  if (!isList(containers)) {
    throw new InvalidInput("taskDefinition.containerDefinitions", "a list of containers");
  }
  for (const name of change.images.keys()) {
    if (!containers.some((container) => isObject(container) && container.name === name)) {
      throw new InvalidInput(`images[${JSON.stringify(name)}]`, "a container of the task definition");
    }
  }

  const kept = Object.entries(taskDefinition).filter(([member]) => !OUTPUT_ONLY_MEMBERS.includes(member));
  return {
    ...Object.fromEntries(kept),
    containerDefinitions: containers.map((container) => {
      if (!isObject(container) || typeof container.name !== "string") return container;
      const image = change.images.get(container.name);
      if (image === undefined) return container;
      const secret = change.secrets?.get(container.name);
      const changed = withImage(container, image);
      if (secret === undefined) return changed;
      return { ...changed, repositoryCredentials: { credentialsParameter: secret } };
    }),
    ...(change.executionRole === undefined || executionRoleOf(taskDefinition) !== undefined
      ? {}
      : { executionRoleArn: change.executionRole }),
    tags: revisionTags(described.tags, change.provenance),
  };
}

function withImage(container: JsonObject, image: string): JsonObject {
  const [name = ""] = image.split("@");
  const next = parseReference(image);
  if (name.length > IMAGE_NAME_LENGTH_MAX) {
    throw new InvalidInput("image", `at most ${IMAGE_NAME_LENGTH_MAX} characters before the digest`);
  }
  const staysThere =
    tryParseReference(container.image)?.host === next.host && registryOf(next.host).kind !== "ecr";
  if (staysThere || !("repositoryCredentials" in container)) return { ...container, image };
  const { repositoryCredentials: _, ...others } = container;
  return { ...others, image };
}

function revisionTags(existing: readonly Tag[], marker: readonly Tag[]): readonly JsonObject[] {
  for (const { key, value } of marker) {
    assert(isProvenanceKey(key) && key.length <= TAG_KEY_LENGTH_MAX, `${key} is not a tag of a marker`);
    assert(isTagValue(value), `AWS does not accept the value of ${key}`);
  }
  const room = Math.max(0, freeTags(existing));
  return [...keptTags(existing), ...marker.slice(0, room)].map(({ key, value }) => ({ key, value }));
}

/** Its tags, by their keys. */
export function tagsOfDefinition({ tags }: DescribedTaskDefinition): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** How many tags of ours a revision has room for in addition to its existing ones. */
export function freeTags(tags: readonly Tag[]): number {
  return TAGS_MAX - keptTags(tags).length;
}

/** AWS reserves the prefix in any case: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
function keptTags(tags: readonly Tag[]): readonly Tag[] {
  return tags.filter(({ key }) => !/^aws:/i.test(key) && !isProvenanceKey(key));
}

export type ContainerSummary = {
  readonly name: string;
  /** As written. */
  readonly image?: string;
  /** ECS's default is true. */
  readonly essential: boolean;
  readonly hasRepositoryCredentials: boolean;
  /** The secret of its `repositoryCredentials`, by name or ARN. */
  readonly secret?: string;
};

/** The containers that have a name, in their order. */
export function containersOf(taskDefinition: JsonObject): readonly ContainerSummary[] {
  return getObjects(taskDefinition, "containerDefinitions").flatMap((container) => {
    const name = getString(container, "name");
    if (name === undefined) return [];
    return {
      name,
      ...optional("image", getString(container, "image")),
      essential: container.essential !== false,
      hasRepositoryCredentials: getObject(container, "repositoryCredentials") !== undefined,
      ...optional(
        "secret",
        getString(getObject(container, "repositoryCredentials") ?? {}, "credentialsParameter"),
      ),
    };
  });
}

/**
 * The platform that the definition asks for; undefined where it leaves that to the instance.
 * Fargate's default is Linux on X86_64; a definition that also suits EC2 may run on either.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#runtime-platform
 */
export function runtimePlatformOf(taskDefinition: JsonObject): Platform | undefined {
  const declared = getObject(taskDefinition, "runtimePlatform") ?? {};
  const requires = getStrings(taskDefinition, "requiresCompatibilities");
  const isFargateOnly = requires.length === 1 && requires[0] === "FARGATE";
  const family = getString(declared, "operatingSystemFamily") ?? "LINUX";
  const os = family === "LINUX" ? "linux" : family.startsWith("WINDOWS") ? "windows" : undefined;
  if (os === undefined) return undefined;
  // ECS has Windows on X86_64 alone.
  const isImplied = isFargateOnly || os === "windows";
  const architecture = getString(declared, "cpuArchitecture") ?? (isImplied ? "X86_64" : undefined);
  const osVersion = windowsBuildOf(family);
  if (architecture === "X86_64")
    return { os, architecture: "amd64", ...(osVersion === undefined ? {} : { osVersion }) };
  if (architecture === "ARM64") return { os, architecture: "arm64" };
  return undefined;
}

export function familyOf(taskDefinition: JsonObject): string | undefined {
  return getString(taskDefinition, "family");
}

/** The role with which the agent pulls: a Fargate task without one cannot pull from private ECR. */
export function executionRoleOf(taskDefinition: JsonObject): string | undefined {
  return getString(taskDefinition, "executionRoleArn");
}
