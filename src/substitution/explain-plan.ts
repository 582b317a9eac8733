/** A plan for people: what will run, how that is known to be the same image, and why no other source is used. */

import { type Digest, shortDigest } from "../image/digest.ts";
import { printPlatform } from "../image/platform.ts";
import type { Check, NotApplicable, Trusted } from "./candidate.ts";
import type { ImagePlan, Plan, RejectedCandidate, Substitute } from "./plan-types.ts";
import type { Proof } from "./proof.ts";

const PROOF_SENTENCES: Readonly<Record<Proof, string>> = {
  "same-index": "verified: it has the expected digest",
  "same-platform": "verified: it is listed for this platform in the image index with the expected digest",
  "same-publisher": "not verified by digest: the same publisher maintains both names",
  "same-reference": "the image reference does not change",
  "operator-override": "not verified: the policy maps the image to it (imageMappings)",
};

const TRUSTED_SENTENCES: Readonly<Record<Trusted["from"], string>> = {
  reference: "written in the image reference",
  "service-revision": "recorded by ECS for this deployment",
  task: "run by other tasks of this deployment",
  origin: "reported by its registry now",
  execution: "found by an earlier remediation of this revision",
  pod: "pulled by the running pods of this revision",
  operator: "ordered by an operator",
};

/**
 * The plan, a line for each thing to know; indented lines belong to the one above. The remedies are the outcome's.
 * @param why what is said of each image after its name: why there is a plan for it
 */
export function explainPlan(
  { images }: Pick<Plan, "images">,
  why: (image: ImagePlan) => string = whyPlanned,
): readonly string[] {
  return images.flatMap((image) => explainImage(image, why(image)));
}

/** How it is known that the substitute is the image that was meant. */
export function formatProof(proof: Proof, trusted: Told | undefined): string {
  const expected = trusted === undefined ? "" : ` ${formatTrusted(trusted)}`;
  const isVerified = proof === "same-index" || proof === "same-platform";
  return `${PROOF_SENTENCES[proof]}${isVerified ? expected : ""} (${proof})`;
}

type Told = { readonly digest: string; readonly from: Trusted["from"] };

function formatTrusted({ digest, from }: Told): string {
  return `${shortDigest(digest as Digest)}, ${TRUSTED_SENTENCES[from]}`;
}

/** Names as a person reads them at 3 a.m.: digests in twelve digits, the registry of an account as `ECR`. */
export function abbreviate(text: string): string {
  return text
    .replace(/\b[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9.-]+\//g, "ECR/")
    .replace(/\b(sha(?:256|512)):([0-9a-f]{12})[0-9a-f]{52,}/g, "$1:$2");
}

function whyPlanned({ failing }: ImagePlan): string {
  return failing ? "could not be pulled" : "is from the same registry and would fail next";
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
      ? `  expected digest: not known${untrusted === undefined ? "" : `: ${untrusted.because}`}`
      : `  expected digest: ${formatTrusted(trusted)}`,
    ...(vetoedBy === undefined || untrusted === undefined ? [] : [`  contradicted: ${untrusted.because}`]),
    ...(notCompared === undefined
      ? []
      : [
          `  ignored: the manifest ${shortDigest(notCompared.digest)} in the error text: ${notCompared.because}`,
        ]),
    ...rejected.map(explainRejected),
    ...(substitute === undefined ? notApplicable.map(explainNotApplicable) : []),
    ...(substitute === undefined
      ? [plan.failing ? "  → no substitute: nothing is written" : "  → stays as it is"]
      : explainSubstitute(substitute)),
  ].map(abbreviate);
}

function explainRejected({ candidate, because }: RejectedCandidate): string {
  const { strategy, source, image, anonymous } = candidate;
  return `  skipped ${strategy} ${source ?? image}${anonymous ? ", anonymously" : ""}: ${because}`;
}

function explainNotApplicable({ strategy, because }: NotApplicable): string {
  return `  skipped ${strategy}: ${because}`;
}

function explainSubstitute(winner: Substitute): readonly string[] {
  const { proof, quota, checks } = winner;
  return [
    `  → use ${whatIsDone(winner)}`,
    `    ${formatProof(proof, undefined)}`,
    ...(quota === undefined ? [] : [`    quota of the source: ${quota}`]),
    ...explainChecks(checks).map((line) => `    ${line}`),
  ];
}

function whatIsDone({ candidate, writes, copy, importIntoCache }: Substitute): string {
  const { strategy, secret } = candidate;
  if (importIntoCache !== undefined)
    return `${strategy}: let ECR fetch ${importIntoCache.upstream} into ${importIntoCache.target}`;
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
    ...others.map(({ what, result, because }) => `${what} ${result}: ${because}`),
  ];
}
