/**
 * What an image in ECR says of itself in its config: its ENTRYPOINT and CMD, with the CPU that it is of. Of other registries a
 * manifest counts as a pull, so that these are not asked.
 *
 * What a container runs is its definition's `entryPoint` or else the image's ENTRYPOINT, and then `command` or else CMD, which an
 * `entryPoint` of the definition takes away. (docs.docker.com, Dockerfile reference, ENTRYPOINT and CMD; moby, `merge` of
 * daemon/commit.go; OCI image config, read 2026-11)
 */

import { getObject, getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { ImageConfig } from "../../reads.ts";
import { containersOf, isUnknown, type Scene } from "../../scene.ts";
import { failed, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { definitionCheck } from "../definition-check.ts";
import { INDEXES, parsedJson, platformOf } from "../platform-check.ts";
import { describeImage, type EcrPlace, ecrPlaceOf } from "./described-image.ts";

const ENTRYPOINT = "image.entrypoint";
const PLATFORM = "image.platforms";
const CONTAINERS_MAX = 3;
const MANIFESTS = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** @param named the containers that the words name; of none, all of the definition */
export async function configChecks(named: readonly string[], scene: Scene): Promise<readonly StartCheck[]> {
  if (isUnknown(scene.definition)) return definitionCheck(ENTRYPOINT, scene);
  if (scene.reads.config === undefined) return [unknown(ENTRYPOINT, "images are not opened from here")];
  const all = containersOf(scene);
  const told = all.filter((one) => named.includes(getString(one, "name") ?? ""));
  const containers = (told.length > 0 ? told : all).slice(0, CONTAINERS_MAX);
  const checks = await Promise.all(containers.map((one) => containerChecks(one, scene)));
  return checks.flat();
}

async function containerChecks(container: JsonObject, scene: Scene): Promise<readonly StartCheck[]> {
  const image = getString(container, "image") ?? "";
  const place = ecrPlaceOf(image, scene);
  if (place === undefined)
    return [unknown(ENTRYPOINT, `${image} is not in this account's ECR: it is not opened`)];
  const { found, input, detail } = await describeImage(place, scene);
  if (found.kind === "unread")
    return [notChecked(ENTRYPOINT, found, ["ecr.DescribeImages", input, place.region])];
  // Whether the image is there is another check's.
  if (detail === undefined) return [];
  const config = await configOf(place, detail, scene);
  if (!("kind" in config)) return [config];
  return [commandCheck(container, image, config), ...platformCheck(image, detail, config, scene)];
}

function commandCheck(container: JsonObject, image: string, config: ImageConfig): StartCheck {
  const name = getString(container, "name") ?? "";
  const own = getStrings(container, "entryPoint");
  const command = getStrings(container, "command");
  const words = [
    ...(own.length > 0 ? own : config.entrypoint),
    ...(command.length > 0 ? command : own.length > 0 ? [] : config.command),
  ];
  const [program = ""] = words;
  const by =
    own.length > 0
      ? "the task definition's entryPoint"
      : config.entrypoint.length > 0
        ? "the image's ENTRYPOINT"
        : command.length > 0
          ? "the task definition's command"
          : "the image's CMD";
  const params = { container: name, image, program, by };
  const details = [{ code: "command-not-in-image", params }] as const;
  if (program === "")
    return failed(
      ENTRYPOINT,
      `neither ${image} nor the definition of ${name} names what to run`,
      "command-not-in-image",
      { container: name, image },
    );
  // No file of an image is called like an option: the program in front of it is missing.
  if (program.startsWith("-"))
    return {
      ...failed(
        ENTRYPOINT,
        `${image} has no ENTRYPOINT, so that ${name} runs ${program}, by ${by}, as a program`,
        "command-not-in-image",
        params,
      ),
      details,
    };
  return { ...passed(ENTRYPOINT, `${name} runs ${program}, by ${by}`), details };
}

function platformCheck(
  image: string,
  detail: JsonObject,
  { os, architecture }: ImageConfig,
  scene: Scene,
): readonly StartCheck[] {
  const wanted = platformOf(scene);
  // An index lists its platforms itself.
  if (wanted === undefined || isIndex(detail) || os === undefined || architecture === undefined) return [];
  const platform = `${os}/${architecture}`;
  return [
    platform === wanted
      ? passed(PLATFORM, `${image} is of ${wanted}`, ["image-of-other-architecture"])
      : failed(
          PLATFORM,
          `${image} is of ${platform}, and the task is ${wanted}`,
          "image-of-other-architecture",
          {
            image,
            platform: wanted,
            platforms: platform,
          },
        ),
  ];
}

function isIndex(detail: JsonObject): boolean {
  return INDEXES.includes(getString(detail, "imageManifestMediaType") ?? "");
}

type Manifest = { readonly kind: "manifest"; readonly json: JsonObject };

async function configOf(
  place: EcrPlace,
  detail: JsonObject,
  scene: Scene,
): Promise<ImageConfig | StartCheck> {
  const digest = getString(detail, "imageDigest") ?? "";
  const first = await manifestOf(place, digest, isIndex(detail) ? INDEXES : MANIFESTS, scene);
  if (!("kind" in first)) return first;
  const listed = getObjects(first.json, "manifests");
  const wanted = platformOf(scene);
  const own = listed.find((one) => {
    const { os, architecture } = getObject(one, "platform") ?? {};
    return `${String(os)}/${String(architecture)}` === wanted;
  });
  if (listed.length > 0 && own === undefined)
    return unknown(ENTRYPOINT, `${place.image} has no manifest whose platform is known to be the task's`);
  const manifest =
    own === undefined ? first : await manifestOf(place, getString(own, "digest") ?? "", MANIFESTS, scene);
  if (!("kind" in manifest)) return manifest;
  const config = getString(getObject(manifest.json, "config") ?? {}, "digest");
  if (config === undefined) return unknown(ENTRYPOINT, `the manifest of ${place.image} names no config`);
  const { repository, account, region } = place;
  const asked = { registryId: account, repositoryName: repository, layerDigest: config };
  const read = await scene.reads.config?.(asked, region);
  if (read === undefined) return unknown(ENTRYPOINT, "images are not opened from here");
  return read.kind === "config" ? read : notChecked(ENTRYPOINT, read);
}

async function manifestOf(
  { repository, account, region, image }: EcrPlace,
  imageDigest: string,
  acceptedMediaTypes: readonly string[],
  scene: Scene,
): Promise<Manifest | StartCheck> {
  const input = {
    registryId: account,
    repositoryName: repository,
    imageIds: [{ imageDigest }],
    acceptedMediaTypes: [...acceptedMediaTypes],
  };
  const found = await scene.reads.read("ecr.BatchGetImage", input, region);
  if (found.kind === "unread") return notChecked(ENTRYPOINT, found, ["ecr.BatchGetImage", input, region]);
  const own =
    found.kind === "answer"
      ? getObjects(found.answer, "images").find(
          (one) => getObject(one, "imageId")?.imageDigest === imageDigest,
        )
      : undefined;
  const json = parsedJson(own && getString(own, "imageManifest"));
  return json === undefined
    ? unknown(ENTRYPOINT, `ECR gives no manifest of ${image}`)
    : { kind: "manifest", json };
}
