/**
 * What an assessment asks of the world: registries, and where an AWS account is at hand, its ECR.
 *
 * Absence is `undefined`. A registry's refusal is a RegistryError; that of a service behind a port, which may also be
 * what hands over a registry's account, is a PortError.
 */

import type { Digest } from "../image/digest.ts";
import type { Registries } from "../oci/client/registries.ts";
import type { PullThroughRule } from "../substitution/pull-through-rule.ts";

/** Who is asked whether a place holds an image. */
export type ProbePorts = {
  readonly registries: Registries;
  /** Anonymous clients. Set only where `registries` signs in to Docker Hub. */
  readonly anonymous?: { readonly registries: Registries };
  /** Absent: no account is at hand. */
  readonly ecr?: EcrReads;
};

/** The ECR of our own account. */
export interface EcrReads {
  /** Can only veto: that an image exists is what the registry answers to a HEAD by digest. */
  imageStatus(repository: string, digest: Digest): Promise<"active" | "archived" | "absent" | "unknown">;
  pullThroughRules(): Promise<readonly PullThroughRule[]>;
  /** Whether ECR can use a rule's secret at its upstream, as ECR says when asked to try. */
  validateRule(prefix: string): Promise<{ readonly isValid: boolean; readonly because: string }>;
  /** Which of these blobs the repository does not hold. */
  missingLayers(repository: string, digests: readonly Digest[]): Promise<readonly Digest[]>;
}

export type PortErrorKind = "throttled" | "denied" | "absent" | "conflict" | "invalid" | "unavailable";

/** The refusal or failure of a service behind a port, in six words that callers decide on. */
export class PortError extends Error {
  override readonly name: string = "PortError";
  readonly kind: PortErrorKind;

  constructor(kind: PortErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

const DEPTH_MAX = 5;

/** The failed service behind an error: who we are at a registry, it says, and a registry's client only passes it on. */
export function findPortError(error: unknown): PortError | undefined {
  let inner = error;
  for (let depth = 0; depth < DEPTH_MAX && inner instanceof Error; depth++) {
    if (inner instanceof PortError) return inner;
    inner = inner.cause;
  }
  return undefined;
}
