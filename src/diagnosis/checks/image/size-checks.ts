/**
 * Whether the images of a task fit in its storage on Fargate: 20 GiB where the definition names none, up to 200.
 *
 * ECR reports the size of the compressed layers. Fargate keeps these and what is unpacked of them, so that layers which
 * alone are as large as the storage cannot fit. (AmazonECS/…/fargate-task-storage.html, API_ImageDetail, read 2026-11)
 */

import { getNumber, getObject } from "../../../ecs/json-fields.ts";
import { imagesOf, isUnknown, type Scene } from "../../scene.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { definitionCheck } from "../definition-check.ts";
import { describeImage, ecrPlaceOf } from "./described-image.ts";

const SIZE = "image.size";
const STORAGE = "taskdef.ephemeral-storage";
const GIB = 1024 ** 3;
const DEFAULT_GIB = 20;
const MOST_GIB = 200;
const IMAGES_MAX = 5;
/** Layers unpack to about twice their size or more: both are kept, and what the containers write as well. */
const SPACE_FOR_EACH_BYTE = 4;

export async function sizeChecks(scene: Scene): Promise<readonly StartCheck[]> {
  if (scene.pulledBy === "instance")
    return [notApplicable(STORAGE, "on an instance, layers lie on the instance's own disk")];
  if (isUnknown(scene.definition)) return definitionCheck(STORAGE, scene);
  const images = imagesOf(scene).filter((one) => !one.startsWith("sha256:"));
  const sizes = await Promise.all(images.slice(0, IMAGES_MAX).map((image) => sizeOf(image, scene)));
  const known = sizes.flatMap(({ bytes }) => bytes ?? []);
  return [...sizes.map(({ check }) => check), storageCheck(known, known.length === images.length, scene)];
}

async function sizeOf(image: string, scene: Scene): Promise<{ check: StartCheck; bytes?: number }> {
  const place = ecrPlaceOf(image, scene);
  if (place === undefined)
    return { check: unknown(SIZE, `${image} is not in this account's ECR: its size is not known`) };
  const { found, input, detail } = await describeImage(place, scene);
  if (found.kind === "unread")
    return { check: notChecked(SIZE, found, ["ecr.DescribeImages", input, place.region]) };
  const bytes = detail && getNumber(detail, "imageSizeInBytes");
  if (bytes === undefined || bytes < 0)
    return { check: unknown(SIZE, `ECR does not say how large ${image} is`) };
  return { check: passed(SIZE, `${image} is ${inGib(bytes)} GiB of compressed layers`), bytes };
}

function storageCheck(known: readonly number[], isAll: boolean, scene: Scene): StartCheck {
  const size = storageOf(scene);
  const bytes = known.reduce((sum, one) => sum + one, 0);
  const share = bytes / GIB;
  const wanted = Math.min(MOST_GIB, Math.max(2 * size, Math.ceil((SPACE_FOR_EACH_BYTE * share) / 10) * 10));
  const params = {
    size: String(size),
    wanted: String(wanted),
    ...(known.length === 0 ? {} : { images: inGib(bytes) }),
  };
  const details = [{ code: "ephemeral-storage-full", params }] as const;
  const because = `the images are ${inGib(bytes)} GiB of compressed layers, and the task has ${size} GiB of storage`;
  if (share >= size) return { ...failed(STORAGE, because, "ephemeral-storage-full", params), details };
  if (!isAll || known.length === 0)
    return { ...unknown(STORAGE, `the task has ${size} GiB, and not every image's size is known`), details };
  return 2 * share >= size
    ? { id: STORAGE, result: "not sure", because: `${because}: unpacked they may fill it`, details }
    : { ...passed(STORAGE, because), details };
}

/** A run may have asked for more than its definition does. */
function storageOf({ start, definition }: Scene): number {
  const own = isUnknown(definition) ? undefined : getObject(definition, "ephemeralStorage");
  return start.ephemeralStorage ?? (own && getNumber(own, "sizeInGiB")) ?? DEFAULT_GIB;
}

function inGib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}
