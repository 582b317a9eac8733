/** Every image that an object of a cluster uses or may use again, as it is written and as nodes have pulled it. */

import { isDigest } from "../../image/digest.ts";
import { type Members, membersOf } from "../../runtime/json.ts";
import { IMAGE_LENGTH_MAX, podImages, templateOf } from "../pod-images.ts";

const DIGEST_AT_END = /(?:^|@)(sha(?:256|512):[0-9a-f]+)$/;

/** Of a pod, a template of pods, an old revision of one, or rows of the index: references and digests. */
export function usedImages(object: unknown): readonly string[] {
  const { kind, spec, status, data } = membersOf(object);
  const found = podImages(templateOf(object)?.spec).map(({ image }) => image);
  if (kind === "Pod") found.push(...pulledBy(membersOf(status)));
  // What a StatefulSet or a DaemonSet goes back to: an object of any shape with its template within.
  if (kind === "ControllerRevision") found.push(...imagesWithin(data));
  if (kind === "ImageIndex")
    for (const row of Object.values(membersOf(membersOf(spec).rows))) {
      const { use } = membersOf(row);
      if (typeof use === "string") found.push(use);
    }
  return [...new Set(found.filter((image) => image.length <= IMAGE_LENGTH_MAX))];
}

function pulledBy(status: Members): readonly string[] {
  return [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .flatMap((one) => {
      const { imageID } = membersOf(one);
      const digest = DIGEST_AT_END.exec(typeof imageID === "string" ? imageID : "")?.[1];
      return isDigest(digest) ? [digest] : [];
    });
}

function imagesWithin(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(imagesWithin);
  return Object.entries(membersOf(value)).flatMap(([name, member]) => {
    const images = imagesWithin(member);
    return (name === "image" || name === "reference") && typeof member === "string"
      ? [member, ...images]
      : images;
  });
}
