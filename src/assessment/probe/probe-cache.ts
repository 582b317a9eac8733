/** Asks what a pull-through rule of ECR leads to: it is there with all its blobs, or can be fetched. */

import { type ImageReference, pinToDigest } from "../../image/reference.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { ProbeResult } from "../../substitution/candidate.ts";
import type { ProbePorts } from "../ports.ts";
import { found } from "./found.ts";
import type { ProbeContext } from "./probe-context.ts";
import { requiredBlobs } from "./required-blobs.ts";

export async function probeCache(
  place: ImageReference,
  { trusted, platforms, asksAhead = false }: ProbeContext,
  { registries, ecr }: ProbePorts,
): Promise<ProbeResult> {
  if (trusted === undefined)
    return {
      kind: "unknown",
      code: "no-digest",
      because: "the expected digest is not known, and a cached tag may be a day old",
    };
  // To a client with the right to import, ECR may answer even a HEAD by fetching; its own description fetches nothing.
  if (asksAhead && (await ecr?.imageStatus(place.path, trusted)) !== "active") return { kind: "fetchable" };
  // Without the right to import, what is not cached is not there for us.
  const head = await registries.headManifest(pinToDigest(place, trusted)).catch((error: unknown) => {
    if (error instanceof RegistryError && ["absent", "denied"].includes(error.kind)) return undefined;
    throw error;
  });
  if (head === undefined) return { kind: "fetchable" };
  const blobs = await requiredBlobs(head.digest, platforms, async (digest) => {
    const manifest = await registries.getManifest(pinToDigest(place, digest));
    return manifest ?? { because: `${digest} is not cached` };
  });
  if (blobs.kind === "lacking") return { kind: "fetchable" };
  // Without an account it is unknown which blobs are there.
  const missing = await ecr?.missingLayers(place.path, blobs.digests);
  return missing?.length === 0 ? found(head) : { kind: "fetchable" };
}
