/**
 * What an assessment knows of the place where an image would run, and what it may ask. ECS, a cluster, a scan and a
 * check of files each bring their own; none of them is known here.
 */

import type { Platform } from "../image/platform.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { Candidate, Check, NotHeld, Trusted } from "../substitution/candidate.ts";
import type { PlanContext } from "../substitution/plan-types.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { StrategyContext } from "../substitution/strategy.ts";
import type { EcrReads, ProbePorts } from "./ports.ts";
import type { AskedWitness } from "./trust/testimony.ts";
import type { NamedManifest } from "./trust/text-veto.ts";

/** Every platform on which the image may run, or why that is not known. */
export type RequiredPlatforms =
  | { readonly kind: "known"; readonly platforms: readonly Platform[] }
  | { readonly kind: "unknown"; readonly because: string };

export type AskedImage = {
  /** As it is written. */
  readonly image: string;
  readonly reference: ImageReference;
  /** Under which name its bytes are looked for, where that is not the name that is written. */
  readonly upstream?: ImageReference;
  /** Docker Hub answered under the image's host, whatever that is called. */
  readonly isDockerHub?: boolean;
  /** Those who pull it already show an account to its registry. */
  readonly signedIn?: boolean;
  /** What was meant, where that has been decided before. */
  readonly trusted?: Trusted;
  /** Manifests that a failing text names: they prove nothing, and may veto. */
  readonly namedManifests?: readonly NamedManifest[];
};

/** The AWS account whose ECR holds copies, or would. */
export type Account = {
  readonly location: { readonly account: string; readonly region: string };
  readonly ecr: EcrReads;
  /** Its pull-through cache rules, or why they are not known. */
  readonly rules: StrategyContext["rules"];
};

export type Environment = Omit<ProbePorts, "ecr"> & {
  readonly policy: Policy;
  readonly platforms: RequiredPlatforms;
  /** The limit that was met, or is expected (`EXPECTED_LIMIT`). */
  readonly limit: NonNullable<PlanContext["limit"]>;
  readonly again?: PlanContext["again"];
  /** Absent: none is at hand, and only places of others are asked. */
  readonly account?: Account;
  readonly clock: Clock & Timer;
  /** What the workload itself knows of the bytes that were meant, the strongest first: heard before the origin. */
  readonly witnesses?: (image: AskedImage) => readonly AskedWitness[];
  /** Whether those who would pull a candidate may and can: roles, secrets, networks. Absent: that is not asked. */
  readonly preflight?: (candidate: Candidate) => Promise<readonly Check[]>;
  /**
   * Nothing has failed yet, so no question may cost what healing would need: a registry that counts pulls is asked no more
   * once it has refused, and a pull-through cache is not made to fetch.
   */
  readonly asksAhead?: boolean;
  /** Places from which a pull was tried in vain. */
  readonly failedPlaces?: readonly string[];
  /** What is known of a candidate otherwise: its place is not asked then. */
  readonly refused?: (candidate: Candidate) => NotHeld | undefined;
};
