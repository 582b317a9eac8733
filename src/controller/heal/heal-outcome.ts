/** How the healing of a workload's pods ended, as the record that every remediation of the product leaves. */

import { digestOf } from "../../image/digest.ts";
import type { HealCode, HealProof } from "../../kubernetes/heal/decide-heal.ts";
import type { StuckContainer } from "../../kubernetes/heal/stuck-pods.ts";
import { formatSummary } from "../../remediation/report/format-summary.ts";
import {
  OUTCOME_SCHEMA_VERSION,
  type Outcome,
  type OutcomeKind,
  outcomeSchema,
  type Reason,
} from "../../remediation/report/outcome.ts";
import { copyCommand } from "../../substitution/remedies/copy-command.ts";

export type HealEnd =
  | { readonly kind: "code"; readonly code: HealCode; readonly more?: string | undefined }
  | { readonly kind: "succeeded" | "observed" | "timed-out"; readonly use: string; readonly proof: string }
  | { readonly kind: "quota" | "calendar"; readonly because: string; readonly opensAt?: number | undefined }
  | { readonly kind: "refused"; readonly because: string };

/** What an outcome is about: the failure of one image in the pods of one revision. */
export type HealSubject = {
  readonly pod: Pick<StuckContainer["pod"], "namespace" | "workload" | "revision">;
  readonly container: Pick<StuckContainer["container"], "container" | "written">;
  readonly failure: StuckContainer["failure"];
};

/** One for all pods of a revision that wait for the same image. */
export function executionOf({ pod, container }: Pick<HealSubject, "pod" | "container">): string {
  const { namespace, workload, revision } = pod;
  const text = [namespace, workload.kind, workload.name, revision, container.written].join(" ");
  return `pods-${digestOf(text).slice(7, 39)}`;
}

const KIND_OF: Readonly<Record<HealCode, readonly [OutcomeKind, Reason]>> = {
  "opted-out": ["not-eligible", "opted-out"],
  "excluded-by-policy": ["not-eligible", "excluded-by-policy"],
  "deployed-by-others": ["not-eligible", "deployed-by-others"],
  "trust-unreadable": ["no-substitute", "trust-unreadable"],
  "no-proof": ["no-substitute", "no-proof"],
  "substitutes-failed": ["not-eligible", "substitute-failed"],
};

const BECAUSE: Readonly<Record<HealCode, string>> = {
  "opted-out": "the label repull.dev/mode is off",
  "excluded-by-policy": "the policy leaves the namespace or the image out",
  "deployed-by-others":
    "its pods belong to an operator that compares them, and scope.owners does not name it",
  "trust-unreadable": "the pods of one revision run different bytes under the image's name",
  "no-proof": "no source has the image with enough proof",
  "substitutes-failed": "the nodes could not pull it from any place that is proved",
};

export function healOutcome(stuck: HealSubject, end: HealEnd, proof: HealProof | undefined): Outcome {
  const { pod, container, failure } = stuck;
  const { namespace, workload } = pod;
  const [outcome, because, more] = verdict(end);
  const substitute = "use" in end ? { substitute: end.use, proof: end.proof } : {};
  const record = {
    schemaVersion: OUTCOME_SCHEMA_VERSION,
    outcome,
    because,
    ...more,
    execution: executionOf(stuck),
    failure: {
      kind: failure.kind,
      ...(failure.limitedAs === undefined ? {} : { limitedAs: failure.limitedAs }),
      ...(failure.registry === undefined ? {} : { registry: failure.registry }),
      ...(failure.image === undefined ? {} : { image: failure.image }),
      evidence: [...failure.evidence],
    },
    workload: { kind: "pod", cluster: "kubernetes", name: `${namespace}/${workload.kind}/${workload.name}` },
    images: [
      {
        image: container.written,
        containers: [container.container],
        failing: true,
        ...(proof?.trusted === undefined ? {} : { trusted: proof.trusted }),
        ...substitute,
        rejected: [],
        notApplicable: [],
      },
    ],
    nextSteps: nextSteps(end, stuck),
  } as const;
  const complete = { ...record, summary: formatSummary(record as never) };
  return outcomeSchema.parse(complete);
}

function verdict(end: HealEnd): readonly [OutcomeKind, string, Partial<Outcome>] {
  switch (end.kind) {
    case "code": {
      const [kind, reason] = KIND_OF[end.code];
      const because = BECAUSE[end.code];
      return [
        kind,
        end.more === undefined ? because : `${because}; no copy was made: ${end.more}`,
        { reason },
      ];
    }
    case "succeeded":
      return ["succeeded", "the waiting pods run the substitute", {}];
    case "observed":
      return ["dry-run", "the mode is observe", {}];
    case "timed-out":
      return ["rollout-timed-out", "the pods have not started within ten minutes", {}];
    case "quota":
      return ["quota-exceeded", end.because, resumes(end.opensAt)];
    case "calendar":
      return ["dry-run", end.because, { reason: "calendar-closed", ...resumes(end.opensAt) }];
    case "refused":
      return ["failed", end.because, { error: { code: "denied" } }];
  }
}

function resumes(at: number | undefined): Pick<Outcome, "resumesAt"> {
  return at === undefined ? {} : { resumesAt: new Date(at).toISOString() };
}

function nextSteps(end: HealEnd, { pod, container }: HealSubject): readonly string[] {
  const { namespace, workload } = pod;
  if (end.kind === "succeeded")
    return [
      `Write ${end.use} in the source of ${workload.kind} ${namespace}/${workload.name}: its template still says ${container.written}.`,
    ];
  if (end.kind === "code" && end.code === "no-proof")
    return [`Copy the image into a repository of your ECR: ${copyCommand(container.written)}`];
  return [];
}

/** The reason of the Event that reports an end. */
export const REASON_OF: Readonly<Record<HealEnd["kind"], string>> = {
  code: "ImageNotReplaced",
  succeeded: "PodsHealed",
  observed: "ImageWouldBeReplaced",
  "timed-out": "PodsNotStarted",
  quota: "QuotaReached",
  calendar: "CalendarClosed",
  refused: "ImageNotReplaced",
};
