/**
 * Whether an index in ECR lists an image for the task's platform. A single manifest does not name its own: its config does,
 * which is not read here.
 */

import { getObject, getObjects, getString, isObject } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { isUnknown, type Scene } from "../scene.ts";
import { failed, notChecked, passed, type StartCheck } from "./check.ts";

export const INDEXES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

type Place = {
  readonly image: string;
  readonly repository: string;
  readonly account: string;
  readonly region: string;
};

/** @param detail what ECR describes of the image: it is there, so that asking for it imports nothing into a cache */
export async function platformChecks(
  detail: JsonObject,
  place: Place,
  scene: Scene,
): Promise<readonly StartCheck[]> {
  const wanted = platformOf(scene);
  const digest = getString(detail, "imageDigest");
  if (
    wanted === undefined ||
    digest === undefined ||
    !INDEXES.includes(getString(detail, "imageManifestMediaType") ?? "")
  )
    return [];
  const { image, repository, account, region } = place;
  const input = {
    registryId: account,
    repositoryName: repository,
    imageIds: [{ imageDigest: digest }],
    acceptedMediaTypes: INDEXES,
  };
  const found = await scene.reads.read("ecr.BatchGetImage", input, region);
  const id = "image.platforms";
  if (found.kind === "unread") return [notChecked(id, found, ["ecr.BatchGetImage", input, region])];
  const listed =
    found.kind === "answer"
      ? getObjects(found.answer, "images").find((one) => getObject(one, "imageId")?.imageDigest === digest)
      : undefined;
  const index = parsedJson(listed && getString(listed, "imageManifest"));
  if (index === undefined) return [];
  const platforms = getObjects(index, "manifests").flatMap((one) => {
    const { os, architecture } = getObject(one, "platform") ?? {};
    return typeof os === "string" && typeof architecture === "string" && os !== "unknown"
      ? `${os}/${architecture}`
      : [];
  });
  // An index may name no platforms at all: then nothing is known.
  if (platforms.length === 0) return [];
  const all = [...new Set(platforms)].join(", ");
  if (platforms.includes(wanted))
    return [passed(id, `${image} has a manifest for ${wanted}`, ["image-has-no-manifest-for-platform"])];
  const params = { ...place, platform: wanted, platforms: all };
  return [
    failed(
      id,
      `${image} has manifests for ${all}, and the task is ${wanted}`,
      "image-has-no-manifest-for-platform",
      params,
    ),
  ];
}

/** Fargate runs x86 where nothing is said; on an instance, only the instance shows it. (API_RuntimePlatform, read 2026-11) */
export function platformOf({ definition, pulledBy }: Scene): string | undefined {
  if (isUnknown(definition)) return undefined;
  const { cpuArchitecture, operatingSystemFamily } = getObject(definition, "runtimePlatform") ?? {};
  if (cpuArchitecture === undefined && pulledBy === "instance") return undefined;
  if (typeof operatingSystemFamily === "string" && operatingSystemFamily.startsWith("WINDOWS"))
    return "windows/amd64";
  return cpuArchitecture === "ARM64" ? "linux/arm64" : "linux/amd64";
}

export function parsedJson(text: string | undefined): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
