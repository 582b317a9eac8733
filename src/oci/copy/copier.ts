/**
 * Brings one image from any registry to any other, byte for byte.
 *
 * First it finds out what is there already; then it reads every manifest, moves the blobs of all platforms in one pool, and
 * writes manifests and tags last, children first: a name at the target always resolves to a whole image.
 */

import { registryOf } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Repositories } from "../client/registries.ts";
import { copyImage, readAll } from "./copy-image.ts";
import { type CopyEnvironment, CopySession } from "./copy-session.ts";
import type { CopyOptions, CopyRequest, CopyResult } from "./types.ts";

export type CopierOptions = {
  readonly registries: Repositories;
  readonly clock: Clock;
  /** Blobs at once, for a target's host. Default: `concurrencyFor`. */
  readonly concurrency?: (targetHost: string) => number;
};

/**
 * How many blobs at once. Sixteen is the knee under latency (measured 2026-11: eight to sixteen, nothing gained
 * beyond). ECR's sockets fail under many parallel uploads (dotnet/sdk-container-builds#279); Docker's engine
 * pushes five at a time to it every day.
 */
function concurrencyFor(targetHost: string): number {
  return registryOf(targetHost).kind === "ecr" ? 5 : 16;
}

export type Copier = {
  /** Throws CopyError; nothing of it is under way once it has settled. */
  copy(request: CopyRequest, options?: CopyOptions): Promise<CopyResult>;
  /**
   * Only fetches the manifests that the copy needs, into `manifests`: at a counted source they are the pulls. Answers the
   * result where the target has the image already. Throws CopyError; what was fetched until then is kept.
   */
  readManifests(
    request: CopyRequest,
    options: Required<Pick<CopyOptions, "manifests">> & Pick<CopyOptions, "signal">,
  ): Promise<CopyResult | undefined>;
};

/** A copier over some registries. */
export function createCopier({ registries, clock, concurrency = concurrencyFor }: CopierOptions): Copier {
  const placeOf = ({ target }: CopyRequest): CopyEnvironment => ({
    registries,
    clock,
    concurrency: concurrency(target.host),
  });
  return {
    copy: (request, options = {}) => copyImage(new CopySession(request, options, placeOf(request))),
    readManifests: (request, options) => readAll(new CopySession(request, options, placeOf(request))),
  };
}
