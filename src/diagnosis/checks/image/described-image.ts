/** What ECR describes of an image, asked once for all checks of it. */

import { getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import { ecrRegistryOf } from "../../../image/ecr-hosts.ts";
import { tryParseReference } from "../../../image/reference.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Answered } from "../../reads.ts";
import type { Scene } from "../../scene.ts";

export type EcrPlace = {
  readonly image: string;
  readonly repository: string;
  readonly region: string;
  readonly account: string;
};
export type Wanted = { readonly tag: string; readonly digest: string | undefined };

/** Undefined: the image is of another registry, or of another account's, which only that account can describe. */
export function ecrPlaceOf(
  image: string,
  scene: Scene,
): (EcrPlace & { readonly wanted: Wanted }) | undefined {
  const reference = tryParseReference(image);
  const registry = reference && ecrRegistryOf(reference.host);
  if (reference === undefined || registry === undefined) return undefined;
  const { account, region } = registry;
  if (scene.account !== undefined && scene.account !== account) return undefined;
  const { digest, tag = "latest", path: repository } = reference;
  return { image, repository, region, account, wanted: { tag, digest } };
}

export type Described = {
  readonly found: Answered;
  /** The call, for a colleague with the permission. */
  readonly input: JsonObject;
  /** Undefined: ECR has no such image, or its answer was of another one. */
  readonly detail?: JsonObject;
};

export async function describeImage(
  { repository, region, account, wanted }: EcrPlace & { readonly wanted: Wanted },
  scene: Scene,
): Promise<Described> {
  const { tag, digest } = wanted;
  const imageIds = [digest === undefined ? { imageTag: tag } : { imageDigest: digest }];
  const input = { registryId: account, repositoryName: repository, imageIds };
  const found = await scene.reads.read("ecr.DescribeImages", input, region);
  const detail = found.kind === "answer" ? detailOf(found.answer, repository, wanted) : undefined;
  return { found, input, ...(detail === undefined ? {} : { detail }) };
}

/** A recorded answer may be of several repositories. */
function detailOf(answer: JsonObject, repository: string, { tag, digest }: Wanted): JsonObject | undefined {
  return getObjects(answer, "imageDetails")
    .filter((one) => (getString(one, "repositoryName") ?? repository) === repository)
    .find((one) =>
      digest === undefined
        ? getStrings(one, "imageTags").includes(tag)
        : getString(one, "imageDigest") === digest,
    );
}
