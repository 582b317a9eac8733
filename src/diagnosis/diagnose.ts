/**
 * Why a task does not start: its words first, then what the account shows, and of both at most three causes, proved ones
 * first. Reads only.
 */

import { optional } from "../ecs/json-fields.ts";
import { redact } from "../text/redact.ts";
import { remember } from "../text/remember.ts";
import { CAUSES, type CauseCode, type Params } from "./causes.ts";
import type { StartCheck } from "./checks/check.ts";
import { checksFor } from "./checks/choose-checks.ts";
import type { FailedStart } from "./failed-start.ts";
import { formatCause } from "./format-cause.ts";
import type { AccountReads } from "./reads.ts";
import { remedyOf } from "./remedies/remedies.ts";
import type { StartRemedy } from "./remedies/remedy.ts";
import { sceneOf } from "./scene.ts";
import { hypothesesOf } from "./words/hypotheses.ts";

/** What proves a cause: words that leave no other reading, or a fact of the account. */
export type Proof =
  | { readonly by: "text"; readonly field: string; readonly quote: string }
  | { readonly by: "check"; readonly check: string; readonly because: string; readonly fact: Params };

export type Cause = {
  readonly code: CauseCode;
  readonly sentence: string;
  readonly certainty: "proved" | "likely";
  /** Null: the words lead here, and nothing proves it. */
  readonly proof: Proof | null;
  readonly remedy: StartRemedy;
  readonly page: string;
};

export type Diagnosis = {
  readonly type: "diagnosis";
  readonly target: string;
  /** As it was named, by its ARN or not; a task's own ARN does not name the service. */
  readonly cluster?: string;
  readonly service?: string;
  /** Of a service: how many of its stopped tasks failed, and how many of them as this one. */
  readonly tasks?: { readonly failed: number; readonly alike: number };
  readonly verdict: "cause-found" | "not-sure" | "nothing-found";
  readonly causes: readonly Cause[];
  readonly checks: readonly StartCheck[];
  /** The words that were read, with the field that they were in. */
  readonly reasons: readonly { readonly field: string; readonly text: string }[];
};

const CAUSES_MAX = 3;
const QUOTE_MAX = 600;
const REASON_MAX = 20_000;

/** Codes that no failure is behind. */
const NO_FAILURE: ReadonlySet<CauseCode> = new Set([
  "stopped-on-purpose",
  "spot-interrupted",
  "infrastructure-replaced",
  "application-exited",
]);

/** What seldom is the cause: where it could not be read, that is said, and the rest is worth its verdict. */
const SELDOM: ReadonlySet<string> = new Set([
  ...["image.repository-policy", "secret.policy", "kms.key-policy"],
  ...["net.dns.firewall", "net.dns.hosted-zone", "net.dns.resolver-rule"],
  ...[
    "efs.policy",
    "efs.access-point",
    "efs.sg-2049",
    "lb.target-health",
    "lb.target-group",
    "lb.sg-to-task",
  ],
  ...[
    "image.size",
    "image.entrypoint",
    "taskdef.ephemeral-storage",
    "service.deployment-digest",
    "service.grace-period",
  ],
  ...[
    "role.task.efs",
    "role.infrastructure.trust",
    "role.infrastructure.ebs",
    "instance.eni-limit",
    "iam.just-changed",
  ],
  ...["capacity-provider.scaling"],
]);

export async function diagnose(failedStart: FailedStart, reads: AccountReads): Promise<Diagnosis> {
  const told = hypothesesOf(failedStart);
  const certain = told.filter(({ certainty }) => certainty === "certain");
  const isEnded = told.length > 0 && told.every(({ code }) => NO_FAILURE.has(code));
  const scene = isEnded ? undefined : await sceneOf(failedStart, reads);
  const checks = scene === undefined ? [] : await checksFor(told, scene);
  const excluded = new Set(checks.flatMap(({ excludes = [] }) => excludes));
  const about = { start: scene?.start ?? failedStart, region: scene?.region ?? reads.region };
  const found: Cause[] = [
    ...certain.map(({ code, params, source }) =>
      causeOf(
        code,
        detailed(code, params, checks),
        { by: "text", field: source.field, quote: source.text.slice(0, QUOTE_MAX) },
        about,
      ),
    ),
    ...checks.flatMap(({ id, because, cause }) =>
      cause === undefined
        ? []
        : [causeOf(cause.code, cause.params, { by: "check", check: id, because, fact: cause.params }, about)],
    ),
    ...told
      .filter(({ certainty, code }) => certainty === "likely" && !excluded.has(code))
      .map(({ code, params }) => causeOf(code, params, null, about)),
    ...checks.flatMap(({ suspected }) =>
      suspected === undefined ? [] : [causeOf(suspected.code, suspected.params, null, about)],
    ),
  ];
  const causes = found
    .filter(({ code }, index) => found.findIndex((one) => one.code === code) === index)
    .slice(0, CAUSES_MAX);
  return {
    type: "diagnosis",
    target: failedStart.target,
    ...optional("cluster", failedStart.cluster),
    ...optional("service", failedStart.service),
    ...optional("tasks", failedStart.others),
    verdict: verdictOf(causes, checks),
    causes,
    checks: checks.map(({ excludes: _, details: _details, suspected: _suspected, ...check }) => check),
    // A reason may contain credentials.
    reasons: failedStart.reasons.map(({ field, text }) => ({
      field,
      text: redacted(text),
    })),
  };
}

/**
 * Words name the kind of fault, and often not the thing that has it: a check of the same cause adds ids, unless what it says is
 * about another thing than the words.
 */
function detailed(code: CauseCode, params: Params, checks: readonly StartCheck[]): Params {
  const known: Record<string, string> = { ...params };
  const told = checks.flatMap(({ cause, details = [] }) => [
    ...(cause === undefined ? [] : [cause]),
    ...details,
  ]);
  for (const one of told) {
    const agrees = Object.entries(one.params).every(([name, value]) => (known[name] ?? value) === value);
    if (one.code === code && agrees) Object.assign(known, one.params);
  }
  return known;
}

const redacted = remember(
  (text: string) => redact(text.slice(0, REASON_MAX)).slice(0, QUOTE_MAX),
  (text) => text,
);

type About = Parameters<typeof remedyOf>[2];

function causeOf(code: CauseCode, params: Params, proof: Proof | null, about: About): Cause {
  return {
    code,
    sentence: formatCause(code, params),
    certainty: proof === null ? "likely" : "proved",
    proof,
    remedy: remedyOf(code, params, about),
    page: CAUSES[code],
  };
}

function verdictOf(causes: readonly Cause[], checks: readonly StartCheck[]): Diagnosis["verdict"] {
  if (causes.some(({ certainty }) => certainty === "proved")) return "cause-found";
  if (causes.length > 0) return "not-sure";
  const isOpen = checks.some(
    ({ id, result, permission }) =>
      !SELDOM.has(id) && (result === "not sure" || (result === "not checked" && permission !== undefined)),
  );
  return isOpen || !checks.some(({ result }) => result === "passed") ? "not-sure" : "nothing-found";
}
