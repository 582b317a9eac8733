/**
 * The answer of a Lambda hook, in AWS's words: one annotation for each image, which `GetHookResult` shows.
 *
 * Lengths: botocore's model of CloudFormation (Annotation, 2026-11), and the guide's 1,024 characters of a message for Cloud
 * Control. What Repull could not evaluate is SKIPPED, and never a reason to fail.
 */

import { copyCommand } from "../../substitution/remedies/copy-command.ts";
import { counted } from "../../text/counted.ts";
import { visible } from "../../text/visible.ts";
import type { DeclaredImage } from "./declared-images.ts";
import type { Judgement } from "./find-replacement.ts";

export type Annotation = {
  readonly annotationName: string;
  readonly status: "PASSED" | "FAILED" | "SKIPPED";
  readonly statusMessage: string;
  readonly remediationMessage?: string;
  readonly severityLevel?: "LOW" | "MEDIUM";
};

export type HookAnswer = {
  readonly hookStatus: "SUCCESS" | "FAILED";
  readonly errorCode?: "NonCompliant";
  readonly message: string;
  readonly clientRequestToken: string;
  readonly annotations?: readonly Annotation[];
};

export type JudgedImage = { readonly declared: DeclaredImage; readonly judgement: Judgement };

const MESSAGE_MAX = 1000;
const TEXT_MAX = 2000;
const NAME_MAX = 1000;
/** An answer of Lambda's has room for thousands; a reader has not. */
const ANNOTATIONS_MAX = 100;

/** Nothing is evaluated, and the operation goes on. */
export function passed(token: string, message: string): HookAnswer {
  return { hookStatus: "SUCCESS", message, clientRequestToken: token };
}

export function answerOf(token: string, images: readonly JudgedImage[]): HookAnswer {
  const annotations = images.map(annotationOf);
  const failed = annotations.filter(({ status }) => status === "FAILED");
  const shown = [...failed, ...annotations.filter(({ status }) => status !== "FAILED")];
  const evaluated = { clientRequestToken: token, annotations: shown.slice(0, ANNOTATIONS_MAX) };
  if (failed.length === 0) {
    const skipped = annotations.filter(({ status }) => status === "SKIPPED").length;
    const rest = skipped === 0 ? "" : `; ${counted(skipped, "image")} could not be evaluated`;
    return {
      hookStatus: "SUCCESS",
      message: `No image is known to be pulled from Docker Hub${rest}.`,
      ...evaluated,
    };
  }
  const replaceable = images.flatMap(({ declared, judgement }) =>
    judgement.code === "replaceable" ? `${declared.image} by ${judgement.replacement}` : [],
  );
  const found = `${failed.length} of ${counted(images.length, "image")} would be pulled from Docker Hub, whose pull limit can stop the tasks`;
  const said = replaceable.length === 0 ? `${found}.` : `${found}. Replace ${replaceable.join(", ")}.`;
  return {
    hookStatus: "FAILED",
    errorCode: "NonCompliant",
    message: visible(said, MESSAGE_MAX - 1),
    ...evaluated,
  };
}

function annotationOf({ declared, judgement }: JudgedImage): Annotation {
  const { resource, container, image = "an image that is known at the deployment" } = declared;
  const annotationName = visible(
    [resource, container, image].filter((part) => part !== "").join(" "),
    NAME_MAX - 1,
  );
  const text = (words: string) => visible(words, TEXT_MAX - 1);
  switch (judgement.code) {
    case "replaceable":
      return {
        annotationName,
        status: "FAILED",
        statusMessage: text(`${image} is pulled from Docker Hub.`),
        remediationMessage: text(`Use ${judgement.replacement} (${judgement.proof}).`),
        severityLevel: "MEDIUM",
      };
    case "no-replacement":
      return {
        annotationName,
        status: "FAILED",
        statusMessage: text(
          `${image} is pulled from Docker Hub, and no replacement is proved: ${judgement.because}`,
        ),
        remediationMessage: text(`Copy it into a repository of your ECR: ${copyCommand(image)}`),
        severityLevel: "LOW",
      };
    default:
      return { annotationName, ...OTHERS[judgement.code] };
  }
}

const OTHERS = {
  "other-registry": { status: "PASSED", statusMessage: "Its pulls do not count at Docker Hub." },
  "excluded-by-policy": { status: "PASSED", statusMessage: "The policy excludes it (scope.images)." },
  "signed-in": { status: "PASSED", statusMessage: "Its tasks pull it with an account of their own." },
  "not-known-yet": {
    status: "SKIPPED",
    statusMessage: "A function of the template makes it at the deployment.",
  },
  "not-an-image": { status: "SKIPPED", statusMessage: "It is not the name of an image." },
  "no-answer": { status: "SKIPPED", statusMessage: "No answer came in the time that a hook has." },
} as const satisfies Partial<Record<Judgement["code"], Pick<Annotation, "status" | "statusMessage">>>;
