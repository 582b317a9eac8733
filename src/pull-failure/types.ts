/** The vocabulary of a failed pull: which kind, whose limit, how sure, and on what evidence. */

import type { NamedManifest } from "./extract-manifests.ts";

export type PullFailureKind =
  | "docker-hub-pull-limit"
  | "docker-hub-abuse-limit"
  | "registry-limit"
  | "unauthorized"
  | "not-found"
  | "network"
  | "other";

/** Whose Docker Hub quota ran out; `unknown` where the words do not say. */
export type LimitedAs = "anonymous" | "account" | "unknown";

/** `likely`: cut-off text whose remains still point somewhere. Never enough to write on. */
export type Confidence = "certain" | "likely";

export type Classification = {
  readonly kind: PullFailureKind;
  /** Only for `docker-hub-pull-limit`. */
  readonly limitedAs?: LimitedAs;
  readonly confidence: Confidence;
  /** The registry at fault: `docker.io`, `public.ecr.aws`, `ghcr.io`, an ECR host…; undefined where nothing names it. */
  readonly registry?: string;
  /** The registry is a private ECR, and the words may be those of what its pull-through cache asked. */
  readonly mayBeUpstreams?: true;
  /** The image concerned, canonical, host as written for vanity hosts: `docker.io/library/nginx:1.25`. */
  readonly image?: string;
  /** The manifests that the text names by digest: they can keep us from acting, and prove nothing. */
  readonly manifests?: readonly NamedManifest[];
  /** The words that decided, quoted from the text, redacted. */
  readonly evidence: readonly string[];
  /** The decision in a sentence. */
  readonly because: string;
};
