/** The images of a file as findings: which of them depend on a registry with a limit, and what could be written instead. Pure. */

import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { editOf } from "../source-files/edits/edit-file.ts";
import { habitOf, type Pin, pinned } from "../source-files/edits/pin.ts";
import type { FileKind } from "../source-files/found-image.ts";
import { ignoreReason } from "../source-files/ignore-comment.ts";
import { linesOf, type Position } from "../source-files/positions.ts";
import type { SourceFile, SourceImage } from "../source-files/read-source-file.ts";
import { type Answers, answerKey, dependsOnLimited, type ImageAnswer } from "./image-answer.ts";

export type Finding = {
  readonly file: string;
  readonly from: Position;
  readonly to: Position;
  readonly source: FileKind;
  /** What pulls it: `FROM`, `services.web.image`. */
  readonly place: string;
  /** The reference; where the file does not say it, what it writes. */
  readonly image: string;
  readonly registry?: string;
  /** `depends`: on a registry with a limit; `not-checkable`: a variable decides. */
  readonly kind: "depends" | "not-checkable";
  readonly replacement?: NonNullable<ImageAnswer["replacement"]> & {
    /** As it would be written. */
    readonly writes: string;
  };
  readonly fixable: boolean;
  readonly likely?: string;
  readonly askedAt?: string;
  readonly codes: readonly string[];
  /** The reason of its `# repull: ignore`. */
  readonly ignored?: string;
  readonly at: SourceImage;
};

export function findingsOf(
  file: SourceFile,
  images: readonly SourceImage[],
  { answers, policy, pin }: { readonly answers: Answers; readonly policy: Policy; readonly pin?: Pin },
): readonly Finding[] {
  const lines = linesOf(file.text);
  return images.flatMap((at) => {
    const kind = kindOf(at, policy);
    if (kind === undefined) return [];
    const ignored = ignoreReason(at.range, lines);
    const answer = at.image === undefined ? undefined : answers.get(answerKey(at.image) ?? "");
    const replacement = replacementIn(answer, at, pin ?? habitOf(at.source));
    const isFixable =
      replacement !== undefined && ignored === undefined && editOf(at, replacement.writes) !== undefined;
    return [
      {
        file: file.path,
        from: lines.position(at.range.start),
        to: lines.position(at.range.end),
        source: at.source,
        place: at.place,
        image: at.image ?? at.written,
        ...(at.registry === undefined ? {} : { registry: at.registry }),
        kind,
        ...(replacement === undefined ? {} : { replacement }),
        fixable: isFixable,
        ...(answer?.likely === undefined ? {} : { likely: answer.likely }),
        ...(answer?.askedAt === undefined ? {} : { askedAt: answer.askedAt }),
        codes: [...new Set([...at.codes, ...codesOf(at, answer, replacement !== undefined && !isFixable)])],
        ...(ignored === undefined ? {} : { ignored }),
        at,
      },
    ];
  });
}

/** Every image that depends on a registry with a limit, canonical, each once. */
export function imagesToAsk(
  files: readonly { readonly images: readonly SourceImage[] }[],
  policy: Policy,
): readonly string[] {
  const keys = files.flatMap(({ images }) =>
    images.flatMap(({ image }) =>
      image !== undefined && dependsOnLimited(image, policy) ? (answerKey(image) ?? []) : [],
    ),
  );
  return [...new Set(keys)];
}

function kindOf(at: SourceImage, policy: Policy): Finding["kind"] | undefined {
  if (at.image !== undefined) return dependsOnLimited(at.image, policy) ? "depends" : undefined;
  // Without its tag: what a policy says of the repository counts.
  if (at.repository !== undefined) return dependsOnLimited(at.repository, policy) ? "depends" : undefined;
  if (at.registry === undefined) return "not-checkable";
  return isDockerHubFront(at.registry) ? "depends" : undefined;
}

/** What would be written; a name that has its tag from somewhere else can take `--pin tag` alone. */
function replacementIn(answer: ImageAnswer | undefined, at: SourceImage, pin: Pin): Finding["replacement"] {
  if (answer?.replacement === undefined) return undefined;
  const writes = pinned(answer.replacement, pin);
  // What is there already is not written again.
  return writes === undefined || writes === at.image ? undefined : { ...answer.replacement, writes };
}

function codesOf(at: SourceImage, answer: ImageAnswer | undefined, isHeldBack: boolean): readonly string[] {
  if (at.image === undefined) return [];
  if (answer === undefined) return ["not-asked"];
  return [...answer.codes, ...(isHeldBack && at.target?.holds === "repository" ? ["tag-elsewhere"] : [])];
}
