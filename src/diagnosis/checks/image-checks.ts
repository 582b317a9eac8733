/** Whether ECR has what the start asks for: repository, tag or digest, and whether it is archived. Other registries are not asked here. */

import { getMoment, getObjects, getString, getStrings } from "../../ecs/json-fields.ts";
import { ecrRegistryOf } from "../../image/ecr-hosts.ts";
import { tryParseReference } from "../../image/reference.ts";
import type { Answered } from "../reads.ts";
import { containersOf, type Scene } from "../scene.ts";
import { cacheRuleChecks } from "./cache-rule-checks.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "./check.ts";
import { describeImage, type EcrPlace, ecrPlaceOf, type Wanted } from "./image/described-image.ts";
import { platformChecks } from "./platform-check.ts";

const NEAR_MAX = 5;

/** @param image as the task definition, or the failing text, names it */
export async function imageChecks(image: string, scene: Scene): Promise<readonly StartCheck[]> {
  const reference = tryParseReference(image);
  if (reference === undefined)
    return [
      failed("image.reference-form", `${image} is not an image reference`, "image-reference-invalid", {
        image,
      }),
    ];
  const registry = ecrRegistryOf(reference.host);
  if (registry === undefined) return [await upstreamCheck(image, reference.host, scene)];
  const place = ecrPlaceOf(image, scene);
  if (place === undefined)
    return [
      unknown(
        "image.tag-exists",
        `the repository is of account ${registry.account}: only that account can show it`,
      ),
    ];
  const { repository: repositoryName, account, region, wanted } = place;
  const { found, input, detail } = await describeImage(place, scene);
  const id = wanted.digest === undefined ? "image.tag-exists" : "image.digest-exists";
  if (found.kind === "unread") return [notChecked(id, found, ["ecr.DescribeImages", input, region])];
  const params = { image, repository: repositoryName, region, account };
  const isRepositoryThere = !(found.kind === "absent" && /Repository/.test(found.code));
  if (!isRepositoryThere)
    return (
      (await cacheRuleChecks({ ...params, isRepositoryThere }, scene)) ?? [
        failed(
          "image.repository-exists",
          `ECR of ${account} in ${region} has no repository ${repositoryName}`,
          "repository-missing",
          params,
        ),
      ]
    );
  if (detail === undefined)
    return (
      (await cacheRuleChecks({ ...params, isRepositoryThere }, scene)) ?? [
        await missing(params, wanted, scene),
      ]
    );
  const status = getString(detail, "imageStatus");
  if (status === "ARCHIVED" || status === "ACTIVATING")
    return [
      failed("image.archived", `${image} is ${status}`, "image-archived", {
        ...params,
        digest: getString(detail, "imageDigest") ?? "",
      }),
    ];
  return [
    passed(id, `${image} is in the repository`, [
      ...(["tag-not-in-repository", "repository-missing", "pull-through-cache-may-not-fill"] as const),
      // A tag that is there says nothing of the digest that a deployment is fixed to.
      ...(wanted.digest === undefined ? [] : (["digest-of-deployment-gone-or-repository-denied"] as const)),
    ]),
    ...(await platformChecks(detail, params, scene)),
  ];
}

/** What another registry answers to this caller; the task may have another login there. */
async function upstreamCheck(image: string, host: string, scene: Scene): Promise<StartCheck> {
  const id = "image.exists-upstream";
  const found = await scene.reads.image(image);
  const hasLogin = containersOf(scene).some((one) => one.image === image && "repositoryCredentials" in one);
  switch (found.kind) {
    case "found":
      return passed(id, `${host} has ${image}`, ["tag-not-in-repository", "no-such-repository-or-private"]);
    case "absent":
      return failed(id, `${host} has no ${image}`, "tag-not-in-repository", { image });
    case "refused":
      return hasLogin
        ? unknown(id, `${host} refuses ${image} to this caller; the task has a login of its own`)
        : failed(id, `${host} refuses ${image} without a login`, "no-such-repository-or-private", {
            image,
          });
    case "limited":
      return {
        id,
        result: "not sure",
        because: `${host} refuses further requests from here: its limit is reached`,
      };
    case "unknown":
      return unknown(id, found.because);
  }
}

async function missing(params: EcrPlace, { tag, digest }: Wanted, scene: Scene): Promise<StartCheck> {
  if (digest !== undefined)
    return failed(
      "image.digest-exists",
      `ECR has no ${digest} in ${params.repository}`,
      "digest-of-deployment-gone",
      { ...params, digest },
    );
  const input = { registryId: params.account, repositoryName: params.repository };
  const near = tagsOf(await scene.reads.read("ecr.DescribeImages", input, params.region));
  return failed(
    "image.tag-exists",
    `ECR has no tag ${tag} in ${params.repository}`,
    "tag-not-in-repository",
    { ...params, tag, ...(near === "" ? {} : { near }) },
  );
}

/** The tags that were pushed last. */
function tagsOf(found: Answered): string {
  if (found.kind !== "answer") return "";
  return [...getObjects(found.answer, "imageDetails")]
    .sort((a, b) => (getMoment(b, "imagePushedAt") ?? 0) - (getMoment(a, "imagePushedAt") ?? 0))
    .flatMap((one) => getStrings(one, "imageTags"))
    .slice(0, NEAR_MAX)
    .join(", ");
}
