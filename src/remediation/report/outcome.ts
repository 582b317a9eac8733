/**
 * How a remediation ended: one record for every event that was looked at, whatever came of it.
 *
 * It is the detail of the `Image Pull Remediation` event (source `repull`); docs/outcome-event.md documents it.
 */

import * as z from "zod";
import { remedySchema } from "../../substitution/remedies/remedy.ts";
import { decisionSchema } from "../gates/approval-decision.ts";

export const OUTCOME_SCHEMA_VERSION = "1";

/** What each outcome means; the first six need nobody's attention. */
export const OUTCOMES = {
  succeeded: "the service runs the substitute",
  redeployed: "the redeployment was accepted and is not watched",
  ignored: "nothing of ours",
  superseded: "somebody else has changed the service meanwhile",
  "dry-run": "planned only: the owner has not let it write",
  denied: "somebody has denied the plan",
  "awaiting-approval": "not the end: the plan waits for somebody's approval",
  "approval-expired": "nobody has approved the plan in time",
  "no-substitute": "no substitute can be deployed, and the reason says why",
  "not-eligible": "this workload or text is not one that Repull changes",
  "quota-exceeded": "a quota of the owner's is reached; nothing more is written until its next window",
  "rolled-back": "the substitute did worse; the service is back on its former revision",
  "rollout-timed-out": "the rollout has not ended in the time it was given",
  failed: "a step failed; what was done until then is in the record",
} as const;

export type OutcomeKind = keyof typeof OUTCOMES;

/** Why Repull said no, in a word that can be counted: of `not-eligible` and `no-substitute`. */
export const REASONS = {
  "opted-out":
    "the tag repull of the service, its cluster, its task definition, the task or its schedule says off",
  "opt-out-unclear": "the tag repull has a word that Repull does not know: it counts as off",
  "excluded-by-policy": "the owner's policy leaves out the cluster, the service or the image",
  "report-only": "the owner's policy says to report such tasks, and to change nothing",
  "deployed-by-others":
    "CodeDeploy, an external controller, ECS itself, AWS Batch or Step Functions deploys it",
  "substitute-failed": "what cannot be pulled is a substitute itself",
  "too-many-tags": "the task definition has no room for the tags by which Repull knows its own revisions",
  "ambiguous-failure": "the text is cut off, or nothing tells who started the task",
  "trust-unreadable": "which bytes were meant cannot be read from ECS, or ECS contradicts itself",
  "other-manifest-in-text": "the failing text names a manifest of other bytes than ECS or the registry does",
  "no-proof": "no place holds the image with enough proof",
  "loop-guard": "earlier substitutes did not last: no other is tried for some hours",
  "time-over": "a day has passed before a substitute could be deployed",
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

/** Whether nobody has to look at it: exit status 0. */
export function needsNoAttention(kind: OutcomeKind): boolean {
  return WELL.includes(kind);
}

const trusted = z.object({
  digest: z.string(),
  /** Which witness says so: docs/outcome-event.md has the table. */
  from: z.enum(["reference", "service-revision", "task", "origin", "execution"]),
  askedAt: z.string().optional(),
  /** From an execution: what ECS has pinned since, for the deployment by which that execution rolled back. */
  pinnedSince: z.string().optional(),
});

const untrusted = z.object({
  code: z.enum([
    "trust-unreadable",
    "other-manifest-in-text",
    "origin-unreadable",
    "origin-not-allowed",
    "origin-has-no-tag",
  ]),
  because: z.string(),
  /** The action that was refused. */
  permission: z.string().optional(),
});

const checks = z.array(
  z.object({
    what: z.string(),
    result: z.enum(["passed", "failed", "not checked"]),
    because: z.string(),
    lacks: z
      .object({ role: z.string(), actions: z.array(z.string()).readonly(), resource: z.string() })
      .optional(),
  }),
);

export const outcomeSchema = z.object({
  schemaVersion: z.literal(OUTCOME_SCHEMA_VERSION),
  outcome: z.enum(Object.keys(OUTCOMES) as [OutcomeKind, ...OutcomeKind[]]),
  because: z.string(),
  reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]).optional(),
  /** Of a `failed`, where a step could not be done: refused for good, or not answered until its tries were over. */
  error: z
    .object({
      code: z.enum(["denied", "invalid", "unfinished"]),
      /** The right that is missing, whose use the owner has stopped, or whose request AWS does not take; as IAM spells it. */
      permission: z.string().optional(),
    })
    .optional(),
  /** The execution's name: the same for every event of one failing deployment. */
  execution: z.string(),
  failure: z
    .object({
      kind: z.string(),
      limitedAs: z.string().optional(),
      registry: z.string().optional(),
      image: z.string().optional(),
      evidence: z.array(z.string()),
    })
    .optional(),
  workload: z
    .object({
      kind: z.enum(["service", "standalone", "scheduled"]),
      cluster: z.string(),
      name: z.string(),
    })
    .optional(),
  /** What waits to be approved, and how; only with `awaiting-approval`. */
  approval: z
    .object({
      callbackId: z.string(),
      plan: z.array(z.string()),
      expiresAt: z.string(),
      approve: z.string(),
      deny: z.string(),
    })
    .optional(),
  /** What became of it; in every record from then on. */
  decision: decisionSchema.optional(),
  formerTaskDefinition: z.string().optional(),
  newTaskDefinition: z.string().optional(),
  /** What the service was put back on: the former revision or, where ECS takes that no more, a copy of it. */
  restoredTaskDefinition: z.string().optional(),
  images: z.array(
    z.object({
      image: z.string(),
      containers: z.array(z.string()),
      failing: z.boolean(),
      trusted: trusted.optional(),
      untrusted: untrusted.optional(),
      /** The manifest in the failing text that is of other bytes. */
      vetoedBy: z.string().optional(),
      /** A manifest in the failing text that could not be compared, and was ignored. */
      notCompared: z.object({ digest: z.string(), because: z.string() }).optional(),
      substitute: z.string().optional(),
      strategy: z.string().optional(),
      proof: z.string().optional(),
      /** What the tasks need beside the bytes, asked beforehand. */
      checks: checks.optional(),
      rejected: z.array(
        z.object({
          strategy: z.string(),
          place: z.string(),
          /** Why it is not used, in a word that can be counted: `RejectionCode`. */
          code: z.string(),
          because: z.string(),
          checks: checks.optional(),
        }),
      ),
      /** Strategies that had no place to ask, and why. */
      notApplicable: z.array(z.object({ strategy: z.string(), code: z.string(), because: z.string() })),
    }),
  ),
  /** Only in the execution's own result: no event was put on the bus, and why. */
  unpublished: z
    .object({
      code: z.enum(["denied", "absent", "conflict", "invalid", "throttled", "unavailable"]),
      because: z.string(),
      /** The right that is missing, as IAM spells it. */
      permission: z.string().optional(),
    })
    .optional(),
  /** Only told ahead of the end: when this remediation goes on by itself, ISO 8601. */
  resumesAt: z.string().optional(),
  /** What the owner can or should do now. */
  nextSteps: z.array(z.string()),
  /** Of what was not done: the same as data, which a program can carry out. */
  remedies: z.array(remedySchema).optional(),
});

export type Outcome = z.infer<typeof outcomeSchema>;
