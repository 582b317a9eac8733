/** The words by which a remediation ends. Apart from the schema: a command line that shows none starts without its library. */

export const OUTCOME_SCHEMA_VERSION = "1";

/** What each outcome means; the first six need no attention. */
export const OUTCOMES = {
  succeeded: "the service or the task runs the substitute",
  redeployed: "the change was accepted, and whether it starts was not watched",
  ignored: "nothing to do: the failure is over, or is not the limit of a registry",
  superseded: "another deployment came first, and was left in place",
  "dry-run": "planned only: the mode or the policy does not let Repull write",
  denied: "the plan was denied, and nothing was written",
  "awaiting-approval": "not the end: the plan waits for an approval",
  "approval-expired": "the plan was not approved in time, and nothing was written",
  "no-substitute": "no source has the image with enough proof",
  "not-eligible": "Repull does not change this workload, or the error text does not say enough",
  "quota-exceeded": "a quota of the policy is used up, and nothing more is written until its next period",
  "rolled-back": "the deployment was rolled back, and the service runs an earlier revision again",
  "rollout-timed-out": "the rollout did not end in its time, and ECS may still continue it",
  failed: "a step failed: nextSteps says what is missing",
} as const;

export type OutcomeKind = keyof typeof OUTCOMES;

/** Why Repull said no, in a word that can be counted: of `not-eligible` and `no-substitute`. */
export const REASONS = {
  "opted-out":
    "the tag repull of the service, its cluster, its task definition, the task or its schedule is off",
  "opt-out-unclear": "the tag repull has a value that Repull does not know, which counts as off",
  "excluded-by-policy": "the policy excludes the cluster, the service or the image",
  "report-only": "the policy lets Repull report such tasks, and not change them",
  "deployed-by-others":
    "CodeDeploy, an external controller, ECS itself, AWS Batch or Step Functions deploys it",
  "substitute-failed": "the image that cannot be pulled is one of Repull's substitutes",
  "too-many-tags": "the task definition has no room for the tags by which Repull finds its own revisions",
  "ambiguous-failure": "the error text is cut off, or it is not known what started the task",
  "trust-unreadable": "the expected digest cannot be read from ECS, or ECS contradicts itself",
  "other-manifest-in-text":
    "the error text names a manifest with other content than ECS or the registry does",
  "calendar-closed": "a Change Calendar of the policy is closed, or cannot be read",
  "loop-guard": "earlier substitutes did not last, and no other is tried for some hours",
  "time-over": "a day has passed before a substitute could be deployed",
  "limit-not-reset": "only Docker Hub has the image, and it granted no pulls for as long as Repull waits",
  "no-proof": "no source has the image with enough proof",
} as const;

export type Reason = keyof typeof REASONS;

const WELL: readonly OutcomeKind[] = [
  "succeeded",
  "redeployed",
  "ignored",
  "superseded",
  "dry-run",
  "denied",
];

/** Whether it needs no attention: exit status 0. */
export function needsNoAttention(kind: OutcomeKind): boolean {
  return WELL.includes(kind);
}
