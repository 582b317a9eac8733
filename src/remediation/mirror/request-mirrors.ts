/**
 * Has images brought into ECR by the `mirror` workflow: which request a plan makes, and how its execution is started.
 *
 * Fifty services that need one image start one copy, because its name is made of the image: a second remediation waits
 * for the copy of the first.
 */

import type { Digest } from "../../image/digest.ts";
import { parsePlatform, printPlatform } from "../../image/platform.ts";
import { parseReference, pinToDigest } from "../../image/reference.ts";
import { MANIFEST_BYTES_MAX } from "../../oci/client/manifest.ts";
import { indexSubset } from "../../oci/copy/index-subset.ts";
import type { Json } from "../../runtime/json.ts";
import type { ImagePlan } from "../../substitution/plan-types.ts";
import { mirrorName } from "../detect/execution-names.ts";
import { isStillExceeded, type Quotas } from "../gates/quotas.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";

export type MirrorRequest = {
  readonly kind: "copy" | "fill-cache";
  readonly target: string;
  readonly digest: Digest;
  readonly source?: string;
  readonly platforms?: readonly string[];
  readonly anonymous?: boolean;
  readonly ahead?: true;
  /** Of a copy ahead, what wants it. Absent: `prefill`. */
  readonly wantedBy?: CopyAheadReason;
};

/** A new deployment; a tag that has moved since it was copied; the policy's list `mirrors.images`. */
export type CopyAheadReason = "prefill" | "refresh" | "images";

/** What has to be brought into ECR before the plan of an image can be written; undefined: nothing. */
export function mirrorRequestOf({ substitute }: Pick<ImagePlan, "substitute">): MirrorRequest | undefined {
  if (substitute?.digest === undefined) return undefined;
  const { copy, importIntoCache, digest } = substitute;
  const platformsOf = (one: { platforms?: readonly Parameters<typeof printPlatform>[0][] }) =>
    one.platforms === undefined ? {} : { platforms: one.platforms.map(printPlatform) };
  if (copy !== undefined)
    return {
      kind: "copy",
      source: copy.source,
      target: copy.target,
      digest,
      ...platformsOf(copy),
      ...(copy.anonymous ? { anonymous: true } : {}),
    };
  return importIntoCache === undefined
    ? undefined
    : { kind: "fill-cache", target: importIntoCache.target, digest, ...platformsOf(importIntoCache) };
}

/** The name of the execution that brings it. */
export function nameOfMirror(
  request: MirrorRequest,
  attempt: number,
  { executions }: Pick<Ports, "executions">,
): string {
  const source = `${request.source ?? request.kind}${request.anonymous ? " anonymously" : ""}`;
  return mirrorName(executions.functionName("mirror"), { ...request, source }, attempt);
}

/**
 * Starts the execution of this name. `done`, `spent`: it had ended before, successfully or not. One that a quota has
 * refused is not started under another name while the quota is used up: each remediation would use up another name.
 */
export async function startMirror(
  name: string,
  request: MirrorRequest,
  limits: () => Promise<Quotas>,
  ports: Ports,
): Promise<"waiting" | "done" | "spent" | { readonly held: QuotaExceeded }> {
  const { executions, clock } = ports;
  if ((await executions.start("mirror", name, request as unknown as Json)) === "started") return "waiting";
  const found = await executions.status("mirror", name);
  if (found === undefined || found.status === "running") return "waiting";
  if (found.held !== undefined && isStillExceeded(found.held, await limits(), clock.now()))
    return { held: found.held };
  if (found.status === "unknown") return (await isInTarget(request, ports)) ? "done" : "spent";
  return found.status === "succeeded" && found.refused === undefined ? "done" : "spent";
}

/**
 * Whether the target's registry has these bytes: this proves more than what an execution says of them. Of an index of which
 * some platforms are copied, the index itself is there as a blob only, with what is needed of it (retained-index.ts).
 */
export async function isInTarget(
  { target, digest, platforms }: MirrorRequest,
  { registries }: Pick<Ports, "registries">,
): Promise<boolean> {
  const place = parseReference(target);
  if ((await registries.headManifest(pinToDigest(place, digest))) !== undefined) return true;
  const kept =
    platforms === undefined ? undefined : await registries.getBlob(place, digest, MANIFEST_BYTES_MAX);
  if (kept === undefined || platforms === undefined) return false;
  const part = indexSubset({ bytes: kept }, platforms.map(parsePlatform));
  return part !== undefined && (await registries.headManifest(pinToDigest(place, part.digest))) !== undefined;
}
