/**
 * How a rollout stands, and what it is judged against.
 */

export type RolloutStatus =
  | { readonly kind: "succeeded"; readonly because: string }
  /** `deployment`: where it is ours that moves, its id. */
  | { readonly kind: "in-progress"; readonly because: string; readonly deployment?: string }
  /** Some image of ours cannot be pulled either: another place may do. `images` are those, by repository. */
  | { readonly kind: "cannot-pull"; readonly because: string; readonly images: readonly string[] }
  /** Ours starts and fails: the former revision is better. */
  | { readonly kind: "unhealthy"; readonly because: string }
  | {
      readonly kind: "rolled-back";
      readonly because: string;
      readonly nextSteps?: readonly string[];
      readonly deployment?: string;
    }
  /** ECS has ended it, and left the service between two revisions: its owner's turn. */
  | { readonly kind: "stopped"; readonly because: string; readonly nextSteps: readonly string[] }
  /** Somebody else's deployment stood between what was compared and what we wrote: it was ours that replaced it. */
  | {
      readonly kind: "overwrote";
      readonly because: string;
      readonly revision: string;
      /** Every deployment that was shown. */
      readonly deployments: readonly string[];
    }
  /** `deployment`: ours, where it is shown behind the other one. `revision`: the other one, where it may be older than ours. */
  | {
      readonly kind: "superseded";
      readonly because: string;
      readonly revision?: string;
      readonly deployment?: string;
    };

/** Our deployment, and what is known of the others. */
export type RolloutContext = {
  readonly newRevision: string;
  readonly previousRevision: string;
  /** The deployment that ours replaced. */
  readonly replacedDeploymentId?: string;
  /** All deployments that the service had when it was surveyed. */
  readonly knownDeploymentIds?: readonly string[];
  /** Other revisions of this execution. */
  readonly ownRevisions?: readonly string[];
  /** A revision that was seen in place of ours a moment ago. */
  readonly foreignRevision?: string;
  /** The id of our deployment, from the answer to our write or the look that first showed it. */
  readonly ourDeploymentId?: string;
};
