/** `repull explain`: what an event or an error text means, and what would be done. Sends no request, changes nothing. */

import { failedStartsIn } from "../../diagnosis/failed-start.ts";
import { hypothesesOf } from "../../diagnosis/words/hypotheses.ts";
import { shortRevision } from "../../ecs/arn.ts";
import { isObject } from "../../ecs/json-fields.ts";
import type { TaskOwner } from "../../ecs/task/task-owner.ts";
import type { FailedContainer, PullFailure } from "../../ecs-events/pull-failure.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import {
  canonicalName,
  dockerHubName,
  familiarName,
  type ImageReference,
  tryParseReference,
} from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import { classify } from "../../pull-failure/classify.ts";
import type { Classification, LimitedAs } from "../../pull-failure/types.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { type Limit, notApplicableReason, unsupportedReason } from "../../substitution/applicable-limits.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { candidatesOf } from "../../substitution/strategies/candidates-of.ts";
import { STRATEGIES } from "../../substitution/strategies/index.ts";
import { linesOf } from "../../text/visible.ts";
import { EXIT } from "../exit-status.ts";
import type { DocumentEntry } from "../input/document-entry.ts";
import { readEventDocuments } from "../input/event-files.ts";
import { requireImage } from "../input/require-image.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { whyNotRead } from "../wrong-call.ts";

export type ExplainInput = {
  readonly files: readonly string[];
  readonly text?: string;
  readonly image?: string;
  readonly json: boolean;
  readonly policy: Policy;
};

/** One for each event or text; members that do not apply are null, never missing. */
type Explanation = {
  readonly where: string;
  readonly kind: Classification["kind"] | "ignored" | "invalid";
  readonly limitedAs: Classification["limitedAs"] | null;
  readonly confidence: Classification["confidence"] | null;
  readonly registry: string | null;
  readonly image: string | null;
  readonly container: string | null;
  readonly owner: TaskOwner | null;
  readonly evidence: readonly string[];
  readonly because: string;
  readonly wouldDo: readonly string[];
  /** Further containers of the same event whose pull failed. */
  readonly others: readonly {
    readonly container: string | null;
    readonly image: string | null;
    readonly kind: string;
    readonly because: string;
  }[];
};

/** Explains files of events, or one text. Exit status 2 where something could not be read. */
export async function explain(input: ExplainInput, io: CommandIo): Promise<number> {
  requireImage(input.image);
  const explanations =
    input.text === undefined
      ? await explainFiles(input, io)
      : [explainText(input.text, input.image, input.policy)];
  for (const explanation of explanations) {
    io.out(
      input.json ? jsonLine("explanation", explanation) : `${linesOf(formatExplanation(explanation))}\n`,
    );
  }
  return explanations.some(({ kind }) => kind === "invalid") ? EXIT.usage : EXIT.done;
}

async function explainFiles({ files, policy }: ExplainInput, io: CommandIo): Promise<readonly Explanation[]> {
  const explanations: Explanation[] = [];
  for (const file of files) {
    const text = await io.readFile(file);
    if (text === undefined) {
      explanations.push(invalid(file, missingFile(file, io)));
      continue;
    }
    for (const entry of readEventDocuments(text, file === "-" ? "standard input" : file)) {
      explanations.push(explainEntry(entry, policy));
    }
  }
  return explanations;
}

function explainEntry(entry: DocumentEntry, policy: Policy): Explanation {
  if (entry.kind === "unreadable") return invalid(entry.where, entry.because);
  if (entry.kind === "document") return explainDocument(entry.document, entry.where, policy);
  return explanationOf(classify(entry.text, entry.image), null, null, entry.where, policy);
}

function explainDocument(document: unknown, where: string, policy: Policy): Explanation {
  try {
    const read = readEvent(document);
    return read.kind === "ignored"
      ? {
          ...invalid(where, read.because),
          kind: "ignored",
          wouldDo: isFailedStart(document) ? ["nothing: it says no cause that Repull acts on", DIAGNOSE] : [],
        }
      : explainFailure(read, where, policy);
  } catch (error) {
    if (error instanceof InvalidInput) return invalid(where, error.message);
    throw error;
  }
}

function explainText(text: string, image: string | undefined, policy: Policy): Explanation {
  return explanationOf(classify(text, image), null, null, "text", policy);
}

function explainFailure(failure: PullFailure, where: string, policy: Policy): Explanation {
  const [first, ...others] = failure.failures;
  return {
    ...explanationOf(first.classification, first, failure, where, policy),
    others: others.map(({ name, classification }) => ({
      container: name ?? null,
      image: classification.image ?? null,
      kind: classification.kind,
      because: classification.because,
    })),
  };
}

function explanationOf(
  classification: Classification,
  failed: FailedContainer | null,
  failure: PullFailure | null,
  where: string,
  policy: Policy,
): Explanation {
  const { kind, limitedAs, confidence, registry, image, evidence, because } = classification;
  return {
    where,
    kind,
    limitedAs: limitedAs ?? null,
    confidence,
    registry: registry ?? null,
    image: image ?? null,
    container: failed?.name ?? null,
    owner: failure?.owner ?? null,
    evidence,
    because,
    wouldDo: wouldDo(classification, failure, policy),
    others: [],
  };
}

/** An error text given in the place of a file is a common slip: no file has blanks and a colon in its name. */
function missingFile(file: string, io: CommandIo): string {
  const isText = /\s/.test(file) && file.includes(":");
  return `${whyNotRead(file, io)}${isText ? "; an error text is given with --text" : ""}`;
}

function invalid(where: string, because: string): Explanation {
  return {
    where,
    kind: "invalid",
    limitedAs: null,
    confidence: null,
    registry: null,
    image: null,
    container: null,
    owner: null,
    evidence: [],
    because,
    wouldDo: [],
    others: [],
  };
}

/** That a pull failed is one reason of many for which a task does not start. */
function isFailedStart(document: unknown): boolean {
  const starts = isObject(document as JsonObject) ? failedStartsIn(document as JsonObject) : undefined;
  return (
    starts?.some((start) => hypothesesOf(start).some(({ code }) => code !== "stopped-on-purpose")) === true
  );
}

/** What is not a limit, another command looks into. */
const DIAGNOSE = "repull diagnose says why the task does not start, and how to fix it";
const LIMITS = new Set<Classification["kind"]>([
  "docker-hub-pull-limit",
  "docker-hub-abuse-limit",
  "registry-limit",
]);

/** The way that a remediation would go: which places it would ask, in which order, and what it would write. */
function wouldDo(
  classification: Classification,
  failure: PullFailure | null,
  policy: Policy,
): readonly string[] {
  const { confidence, image } = classification;
  const no = unsupportedReason(classification);
  if (no !== undefined)
    return [`nothing: it is ${no}`, ...(LIMITS.has(classification.kind) ? [] : [DIAGNOSE])];
  if (failure !== null && failure.owner.kind !== "service") {
    return ["nothing: the task belongs to no service, so only its starter can start it again"];
  }
  const written = tryParseReference(image);
  const isCached = classification.mayBeUpstreams === true;
  const reference = isCached && written !== undefined ? likelyUpstream(written) : written;
  const lines = [
    ...(isCached
      ? [
          "find the account's pull-through cache rule that leads to the image; without one, nothing: it is ECR's own limit",
        ]
      : []),
    ...(confidence === "likely" ? ["ask ECS for the whole reason; without it, nothing"] : []),
    ...(reference === undefined
      ? ["find the image in the task definition"]
      : placesFor(reference, classification, policy)),
  ];
  if (failure === null) return lines;
  const owner = failure.owner.kind === "service" ? failure.owner.service : "";
  return [
    ...lines,
    `register a revision of ${shortRevision(failure.taskDefinitionArn)} with the first that is proved, redeploy ${owner}, and watch the rollout`,
  ];
}

/** Most rules have a prefix of one part and lead to Docker Hub; only the account shows which. */
function likelyUpstream({ path, ...image }: ImageReference): ImageReference {
  return { ...image, host: DOCKER_HUB_HOST, path: path.slice(path.indexOf("/") + 1) };
}

/** Without an account, the mirror's registry is written as a place to be filled in. */
const OWN_ECR = "your-registry";

function placesFor(reference: ImageReference, limit: Limit, policy: Policy): readonly string[] {
  const places = policy.strategies.flatMap((name) => {
    if (notApplicableReason(name, limit) !== undefined) return [];
    // Only the account shows which rules there are.
    if (name === "pull-through-cache")
      return [`${name}: ${STRATEGIES[name].summary} (if the account has a rule)`];
    const offered = candidatesOf(name, reference, {
      ecrHost: OWN_ECR,
      policy,
      rules: [],
      signedIn: false,
      ...(reference.digest === undefined ? {} : { trusted: reference.digest }),
    });
    if ("because" in offered) return [];
    return offered.map(
      (candidate) =>
        `${name}: ${STRATEGIES[name].summary} (${(candidate.source ?? candidate.image).replace(`${OWN_ECR}/`, "ECR: ")})`,
    );
  });
  const known = dockerHubName(reference);
  const name = known === undefined ? canonicalName(reference) : familiarName(known);
  return [`look for the same image as ${name}, in this order:`, ...places.map((place) => `  ${place}`)];
}

/** Whose limit it is; the words of many limits do not say it. */
const PULLED_BY: Readonly<Record<LimitedAs, string>> = {
  anonymous: ", pulled without an account",
  account: ", pulled with an account",
  unknown: "",
};

function formatExplanation(explanation: Explanation): readonly string[] {
  const { where, kind, limitedAs, confidence, image, container, owner, evidence, because, others } =
    explanation;
  const title = `${kind}${limitedAs === null || limitedAs === undefined ? "" : PULLED_BY[limitedAs]}`;
  const about: readonly (readonly [string, string | null])[] = [
    ["confidence", confidence],
    ["image", image],
    ["container", container],
    ["owner", owner === null ? null : formatOwner(owner)],
    ["evidence", evidence.length === 0 ? null : evidence.map((text) => `“${text}”`).join(" ")],
  ];
  return [
    `${where}: ${title}`,
    `  ${because}`,
    ...about.flatMap(([label, value]) => (value === null ? [] : [`  ${label.padEnd(10)} ${value}`])),
    ...others.map((other) => `  also       ${other.container ?? "?"}: ${other.kind}`),
    ...(explanation.wouldDo.length === 0
      ? []
      : ["  Repull would:", ...explanation.wouldDo.map((line) => `    ${line}`)]),
  ];
}

function formatOwner(owner: TaskOwner): string {
  if (owner.kind === "service") return `service ${owner.service}`;
  if (owner.kind === "scheduled") return `schedule ${owner.schedule}, family ${owner.family}`;
  return `a task run by hand or by a program, family ${owner.family}`;
}
