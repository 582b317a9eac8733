/**
 * How a remediation ended: one record for every event that was looked at, whatever came of it.
 *
 * It is the detail of the `Image Pull Remediation` event (source `repull`); docs/outcome-event.md documents it.
 */

import * as z from "zod";
import { remedySchema } from "../../substitution/remedies/remedy.ts";
import { decisionSchema } from "../gates/approval-decision.ts";
import { OUTCOME_SCHEMA_VERSION, OUTCOMES, type OutcomeKind, REASONS, type Reason } from "./outcome-codes.ts";

export {
  OUTCOME_SCHEMA_VERSION,
  OUTCOMES,
  type OutcomeKind,
  REASONS,
  type Reason,
} from "./outcome-codes.ts";

const trusted = z.object({
  digest: z.string(),
  /** Which witness says so: docs/outcome-event.md has the table. */
  from: z.enum(["reference", "service-revision", "task", "origin", "execution", "pod", "operator"]),
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

const restoredImage = z.object({ image: z.string(), digest: z.string().optional() });

export type RestoredImage = z.infer<typeof restoredImage>;

const checks = z.array(
  z.object({
    what: z.string(),
    result: z.enum(["passed", "failed", "not checked"]),
    because: z.string(),
    /** Of `role` and `secret`: there is no execution role that could be allowed anything. */
    code: z.enum(["no-execution-role"]).optional(),
    lacks: z
      .object({ role: z.string(), actions: z.array(z.string()).readonly(), resource: z.string() })
      .optional(),
  }),
);

export const outcomeSchema = z.object({
  schemaVersion: z.literal(OUTCOME_SCHEMA_VERSION),
  outcome: z.enum(Object.keys(OUTCOMES) as [OutcomeKind, ...OutcomeKind[]]),
  /** Verdict, workload, reason and what runs, in one or two sentences: what a notification shows. */
  summary: z.string(),
  because: z.string(),
  reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]).optional(),
  /** Of a `failed`, where a step could not be done: refused for good, or not answered until its tries were over. */
  error: z
    .object({
      code: z.enum(["denied", "invalid", "unfinished"]),
      /** The permission that is missing, that the kill switch stops, or whose request AWS refuses as invalid. */
      permission: z.string().optional(),
      /** The step of the execution's history that failed. */
      step: z.string().optional(),
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
      /** `pod`: pods of a Kubernetes workload, whose name is `namespace/kind/name`. */
      kind: z.enum(["service", "standalone", "scheduled", "pod"]),
      cluster: z.string(),
      name: z.string(),
    })
    .optional(),
  /** How many tasks of the service ran when Repull read it last, of how many; only where nothing was changed. */
  tasks: z.object({ running: z.number(), desired: z.number() }).optional(),
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
  decision: z.optional(decisionSchema),
  formerTaskDefinition: z.string().optional(),
  newTaskDefinition: z.string().optional(),
  /** What the service was rolled back to: the previous revision or, where that is INACTIVE, a copy of it. */
  restoredTaskDefinition: z.string().optional(),
  /** A revision that was registered, and that nothing runs. */
  unusedTaskDefinition: z.string().optional(),
  /** The command that takes the change back. */
  undo: z.array(z.string()).readonly().optional(),
  /** How the service was put back: by ECS's own rollback, or by a new deployment, for which ECS resolves each tag again. */
  rollback: z
    .object({
      by: z.enum(["ecs", "new-deployment"]),
      /** The images that a tag names, and to what ECS has resolved it, where it reports that. */
      images: z.array(restoredImage),
    })
    .optional(),
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
      /** What the tasks need in addition to the bytes, checked beforehand. */
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
  /** Only before the end: when this remediation continues by itself, ISO 8601. */
  resumesAt: z.string().optional(),
  /** What the operator can or should do now. */
  nextSteps: z.array(z.string()),
  /** Of what was not done: the same as data, which a program can carry out. */
  remedies: z.array(remedySchema).optional(),
});

export type Outcome = z.infer<typeof outcomeSchema>;
