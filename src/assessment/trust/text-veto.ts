/**
 * Whether the manifest that the failing text names is of the bytes that are trusted.
 *
 * A text can be forged, and what it names is never trusted. But where it names other bytes than every witness, something
 * is not as it seems, and nothing is written. Digests agree when they are equal, or when one is an index that lists the
 * other for a platform of the task; the index is read where the substitute is, and its digest proves it.
 */

import type { Digest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, platformMatches } from "../../image/platform.ts";
import { type ImageReference, parseReference, pinToDigest } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import {
  type Descriptor,
  type Index,
  isAttestation,
  type ParsedManifest,
  parseManifest,
} from "../../oci/client/manifest.ts";
import { isIndexType } from "../../oci/client/media-types.ts";
import { nestedChildren } from "../../oci/client/platform-images.ts";
import type { Registries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { ProbedCandidate, Trusted } from "../../substitution/candidate.ts";
import type { ImageFacts } from "../../substitution/plan-types.ts";
import { PortError } from "../ports.ts";

/** A manifest that a text names; `path`: the repository that it names with it. */
export type NamedManifest = { readonly digest: Digest; readonly path?: string };

export type Veto = Pick<ImageFacts, "vetoedBy" | "notCompared">;

type Kind = ParsedManifest["kind"];
type Compared = "agree" | "disagree" | "not comparable";

const PLACES_MAX = 2;
const INDEX_BYTES_MAX = 4 * 1024 * 1024;

/** Compares every manifest that the text names in the image's repository. */
export async function textVeto(
  { reference, trusted }: { readonly reference: ImageReference; readonly trusted: Trusted },
  named: readonly NamedManifest[],
  {
    probedCandidates,
    platforms,
  }: { readonly probedCandidates: readonly ProbedCandidate[]; readonly platforms: readonly Platform[] },
  registries: Registries,
): Promise<Veto> {
  const others = new Set(
    named.flatMap(({ digest, path }) =>
      (path === undefined || path === reference.path) && digest !== trusted.digest ? digest : [],
    ),
  );
  const read = reader(placesIn(probedCandidates), registries);
  let veto: Veto = {};
  for (const digest of others) {
    const comparedWith = (one: Digest): Promise<Compared> =>
      compare(one, digest, platforms, read, (other) => kindAtOrigin(reference, other, registries)).catch(
        (error: unknown): Compared => {
          // An index with more in it than is read.
          if (error instanceof InvalidInput) return "not comparable";
          throw error;
        },
      );
    const first = await comparedWith(trusted.digest);
    // After a rollback of ours ECS resolved the tag anew: its texts name those bytes, and nothing is wrong with that.
    const since = trusted.pinnedSince;
    const isExplained = since !== undefined && (digest === since || (await comparedWith(since)) === "agree");
    const compared = first === "disagree" && isExplained ? "agree" : first;
    if (compared === "disagree") return { vetoedBy: digest };
    const because =
      "neither it nor the trusted image can be read at a substitute's registry as an index of the other";
    if (compared === "not comparable") veto = { notCompared: { digest, because } };
  }
  return veto;
}

type Read = (digest: Digest) => Promise<ParsedManifest | undefined>;

async function compare(
  trusted: Digest,
  named: Digest,
  platforms: readonly Platform[],
  read: Read,
  kindOf: (digest: Digest) => Promise<Kind | undefined>,
): Promise<Compared> {
  const ours = await read(trusted);
  if (ours !== undefined && (await lists(ours, named, platforms, read))) return "agree";
  const theirs = await read(named);
  if (theirs !== undefined && (await lists(theirs, trusted, platforms, read))) return "agree";
  if (ours?.kind === "index") return "disagree";
  // Only an index lists another manifest. What cannot be read is distinguished by a HEAD, which costs no pull.
  const ourKind = ours?.kind ?? (await kindOf(trusted));
  const theirKind = theirs?.kind ?? (await kindOf(named));
  if (ourKind === undefined || theirKind === undefined) return "not comparable";
  const isRead = theirs !== undefined && ourKind === "image";
  return ourKind === theirKind || isRead ? "disagree" : "not comparable";
}

/** Whether an index lists a digest for a platform of the task, itself or by an index inside it. */
async function lists(
  manifest: ParsedManifest,
  digest: Digest,
  platforms: readonly Platform[],
  read: Read,
): Promise<boolean> {
  if (manifest.kind !== "index") return false;
  const fits = ({ platform }: Descriptor): boolean =>
    platform === undefined ||
    platforms.length === 0 ||
    platforms.some((one) => platformMatches(one, platform));
  const choose = ({ children }: Index) => children.filter((child) => !isAttestation(child) && fits(child));
  for await (const child of nestedChildren(manifest, choose, read)) if (child.digest === digest) return true;
  return false;
}

/** Where substitutes were found; Docker Hub is not asked, because a manifest counts as a pull there. */
function placesIn(probedCandidates: readonly ProbedCandidate[]): readonly ImageReference[] {
  return probedCandidates
    .filter(({ seen }) => seen.kind === "found")
    .map(({ candidate }) => parseReference(candidate.source ?? candidate.image))
    .filter(({ host }) => !isDockerHubFront(host))
    .slice(0, PLACES_MAX);
}

/** Reads a manifest by digest at the first of the places that has it: as a manifest, or as the blob kept next to a copy. */
function reader(places: readonly ImageReference[], registries: Registries): Read {
  const known = new Map<Digest, Promise<ParsedManifest | undefined>>();
  const readAt = async (place: ImageReference, digest: Digest): Promise<ParsedManifest | undefined> => {
    const manifest = await registries.getManifest(pinToDigest(place, digest));
    if (manifest !== undefined) return parseManifest(manifest.bytes, manifest.mediaType);
    const kept = await registries.getBlob(place, digest, INDEX_BYTES_MAX);
    return kept === undefined ? undefined : parseManifest(kept);
  };
  const readAnywhere = async (digest: Digest): Promise<ParsedManifest | undefined> => {
    for (const place of places) {
      try {
        const found = await readAt(place, digest);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof RegistryError || error instanceof PortError || error instanceof InvalidInput))
          throw error;
      }
    }
    return undefined;
  };
  return (digest) => {
    const found = known.get(digest) ?? readAnywhere(digest);
    known.set(digest, found);
    return found;
  };
}

async function kindAtOrigin(
  reference: ImageReference,
  digest: Digest,
  registries: Registries,
): Promise<Kind | undefined> {
  try {
    const head = await registries.headManifest(pinToDigest(reference, digest));
    return head && (isIndexType(head.mediaType) ? "index" : "image");
  } catch (error) {
    if (!(error instanceof RegistryError || error instanceof PortError)) throw error;
    return undefined;
  }
}
