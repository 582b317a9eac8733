/**
 * Whether the tags that were copied have moved: one HEAD for each, which is not a pull. A registry that refuses because of a
 * limit is not asked again.
 */

import type { Digest } from "../image/digest.ts";
import { canonicalName, type ImageReference } from "../image/reference.ts";
import { RegistryError, type RegistryErrorKind } from "../oci/client/registry-error.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";

/**
 * `refused`: Docker Hub answers so for a repository that is private and for one that was deleted. `limited`: nothing is known
 * of the image. `not-asked`: the policy forbids it, its registry is silent, or no time was left. `unreadable`: no answer, or none
 * that makes sense.
 */
type NotKnownCode = "refused" | "limited" | "not-asked" | "unreadable";

export type SourceHead =
  | { readonly kind: "found"; readonly digest: Digest }
  | { readonly kind: "gone" }
  | {
      readonly kind: "unknown";
      readonly code: NotKnownCode;
      readonly because: string;
      /** No answer came at all. */
      readonly isSilent?: boolean;
    };

export interface Heads {
  /** Undefined where the registry has no such image. Throws RegistryError. */
  headManifest(image: ImageReference): Promise<{ readonly digest: Digest } | undefined>;
  /** Learns how to log in at the image's registry. Absent: the first HEAD there does. */
  learnLogin?(image: ImageReference): Promise<void>;
}

const AT_ONCE = 16;
/** After so many questions in a row without an answer, each of two minutes, a registry is not asked again: others wait for it. */
export const SILENT_MAX = 3;

/** By the canonical name: each is asked for once. @param hasTime asked before each question */
export async function headSources(
  images: readonly ImageReference[],
  { headManifest, learnLogin }: Heads,
  hasTime: () => boolean = () => true,
): Promise<ReadonlyMap<string, SourceHead>> {
  const byName = new Map(images.map((image) => [canonicalName(image), image]));
  const limited = new Map<string, string>();
  const silences = new Map<string, number>();
  const found = new Map<string, SourceHead>();
  const ask = async ([name, image]: readonly [string, ImageReference]): Promise<void> => {
    const refused = limited.get(image.host);
    if (refused !== undefined) found.set(name, { kind: "unknown", code: "limited", because: refused });
    else if ((silences.get(image.host) ?? 0) >= SILENT_MAX)
      found.set(name, { kind: "unknown", code: "not-asked", because: `${image.host} does not answer` });
    else if (!hasTime()) found.set(name, { kind: "unknown", code: "not-asked", because: "no time was left" });
    else {
      const head = await headSource(image, headManifest);
      if (head.kind === "unknown" && head.code === "limited") limited.set(image.host, head.because);
      const isSilent = head.kind === "unknown" && head.isSilent === true;
      silences.set(image.host, isSilent ? (silences.get(image.host) ?? 0) + 1 : 0);
      found.set(name, head);
    }
  };
  // Who knows how to log in needs one request for each image.
  const hosts = [...Map.groupBy(byName, ([, { host }]) => host).values()];
  await forEachConcurrently(
    hosts.flatMap(([first]) => (first === undefined ? [] : [first])),
    AT_ONCE,
    (first) => (learnLogin === undefined ? ask(first) : learnLogin(first[1])),
  );
  await forEachConcurrently(
    [...byName].filter(([name]) => !found.has(name)),
    AT_ONCE,
    ask,
  );
  return found;
}

/** One question, whose answer is a value whatever the registry does. */
export async function headSource(
  image: ImageReference,
  headManifest: Heads["headManifest"],
): Promise<SourceHead> {
  try {
    const head = await headManifest(image);
    return head === undefined ? { kind: "gone" } : { kind: "found", digest: head.digest };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === "absent") return { kind: "gone" };
    const unknown = { kind: "unknown", code: CODES[error.kind], because: error.message } as const;
    return error.unanswered === undefined ? unknown : { ...unknown, isSilent: true };
  }
}

const CODES: Readonly<Record<Exclude<RegistryErrorKind, "absent">, NotKnownCode>> = {
  "rate-limited": "limited",
  unauthorized: "refused",
  denied: "refused",
  "not-allowed": "not-asked",
  malformed: "unreadable",
  unavailable: "unreadable",
};
