/** A plan in words: what runs instead, how that is known to be the same, and why not the other places. */

import { shortDigest } from "../image/digest.ts";
import { printPlatform } from "../image/platform.ts";
import type { Check, NotApplicable, Trusted } from "./candidate.ts";
import type { ImagePlan, Plan, RejectedCandidate, Substitute } from "./plan-types.ts";
import type { Proof } from "./proof.ts";
import { formatRemedy } from "./remedies/format-remedy.ts";

const PROOF_SENTENCES: Readonly<Record<Proof, string>> = {
  "same-index": "the digest is equal",
  "same-platform": "the trusted image lists what it holds",
  "same-publisher": "the same publisher keeps both names; no digest could be compared",
  "same-reference": "the image stays as you wrote it",
  "operator-override": "the policy names it",
};

const TRUSTED_SENTENCES: Readonly<Record<Trusted["from"], string>> = {
  reference: "the reference itself names it",
  "service-revision": "ECS pinned it for this deployment",
  task: "tasks of this deployment run it",
  origin: "its own registry says so now",
  execution: "an earlier remediation of this revision found it",
};

/**
 * The plan, a line for each thing to know; indented lines belong to the one above.
 * @param why what is said of each image beside its name: why there is a plan for it
 */
export function explainPlan(plan: Plan, why: (image: ImagePlan) => string = whyPlanned): readonly string[] {
  const lines = plan.images.flatMap((image) => explainImage(image, why(image)));
  if (plan.kind === "substitute") return lines;
  return [
    `Nothing can be done safely: ${plan.because}.`,
    ...lines,
    "What you can do:",
    ...plan.remedies.map((remedy) => `  - ${formatRemedy(remedy)}`),
  ];
}

/** Names as a person reads them at 3 a.m.: digests in twelve digits, the registry of an account as `ECR`. */
export function abbreviate(text: string): string {
  return text
    .replace(/\b[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9.-]+\//g, "ECR/")
    .replace(/\b(sha(?:256|512)):([0-9a-f]{12})[0-9a-f]{52,}/g, "$1:$2");
}

function whyPlanned({ failing }: ImagePlan): string {
  return failing ? "could not be pulled" : "comes from the same registry and would fail next";
}

function explainImage(plan: ImagePlan, why: string): readonly string[] {
  const {
    image,
    containers,
    trusted,
    untrusted,
    vetoedBy,
    notCompared,
    substitute,
    rejected,
    notApplicable = [],
  } = plan;
  return [
    `${image} (${containers.join(", ")}) ${why}`,
    trusted === undefined
      ? `  no digest is trusted${untrusted === undefined ? "" : `: ${untrusted.because}`}`
      : `  trusted: ${shortDigest(trusted.digest)}, ${TRUSTED_SENTENCES[trusted.from]}`,
    ...(vetoedBy === undefined || untrusted === undefined ? [] : [`  but ${untrusted.because}`]),
    ...(notCompared === undefined
      ? []
      : [
          `  ignored: the manifest ${shortDigest(notCompared.digest)} of the failing text, for ${notCompared.because}`,
        ]),
    ...rejected.map(explainRejected),
    ...(substitute === undefined ? notApplicable.map(explainNotApplicable) : []),
    ...(substitute === undefined ? ["  left as it is"] : explainSubstitute(substitute)),
  ].map(abbreviate);
}

function explainRejected({ candidate, because }: RejectedCandidate): string {
  const { strategy, source, image, anonymous } = candidate;
  return `  not ${strategy} ${source ?? image}${anonymous ? ", anonymously" : ""}: ${because}`;
}

function explainNotApplicable({ strategy, because }: NotApplicable): string {
  return `  not ${strategy}: ${because}`;
}

function explainSubstitute(winner: Substitute): readonly string[] {
  const { proof, quota, checks } = winner;
  return [
    `  → ${whatIsDone(winner)} (${proof}: ${PROOF_SENTENCES[proof]})`,
    ...(quota === undefined ? [] : [`    there, ${quota}`]),
    ...explainChecks(checks).map((line) => `    ${line}`),
  ];
}

function whatIsDone({ candidate, writes, copy, importIntoCache }: Substitute): string {
  const { strategy, secret } = candidate;
  if (importIntoCache !== undefined)
    return `${strategy}: have ECR fetch ${importIntoCache.upstream} into ${importIntoCache.target}`;
  if (secret !== undefined) return `${strategy}: ${writes} with the account of ${secret}`;
  if (copy === undefined) return `${strategy} ${writes}`;
  const what = copy.platforms?.map(printPlatform).join(" and ") ?? "the whole image";
  return `${strategy}: copy ${what} from ${copy.source} to ${copy.target}`;
}

/** One line for what is sure, one for each thing that is not. */
function explainChecks(checks: readonly Check[]): readonly string[] {
  const passed = checks.filter(({ result }) => result === "passed").map(({ what }) => what);
  const others = checks.filter(({ result }) => result !== "passed");
  return [
    ...(passed.length === 0 ? [] : [`checked: ${passed.join(", ")}`]),
    ...others.map(({ what, result, because }) => `${result}: ${what}, for ${because}`),
  ];
}
