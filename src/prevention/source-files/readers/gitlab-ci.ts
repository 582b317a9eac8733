/**
 * GitLab CI: `image` and `services` of the file, of `default` and of each job, with the file's own variables.
 * https://docs.gitlab.com/ci/yaml/ (read 2026-11). A variable of the file is a default: a project's or a pipeline's goes before it.
 */

import {
  listOf,
  membersOf,
  type Pointer,
  type SourceDocument,
  type SourceScalar,
  valueAt,
} from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import type { Piece } from "../pieces.ts";
import { asDefault, expandVariables } from "../variables.ts";
import { imageAt } from "./document-reader.ts";

const NOT_JOBS = new Set([
  "variables",
  "stages",
  "include",
  "workflow",
  "cache",
  "before_script",
  "after_script",
  "spec",
  "pages:deploy",
]);
const DEPTH_MAX = 5;

export function gitlabImages(document: SourceDocument): readonly FoundImage[] {
  const jobs = Object.keys(membersOf(document.value)).filter(
    (name) => !NOT_JOBS.has(name) && name !== "image" && name !== "services",
  );
  return [[], ...jobs.map((job) => [job])].flatMap((at) => imagesOf(document, at));
}

/** Whether a file of any name is for GitLab: it has a job. */
export function hasGitlabJob(value: unknown): boolean {
  return Object.values(membersOf(value)).some((job) => {
    const { script, stage, image, trigger } = membersOf(job);
    return (
      (Array.isArray(script) || typeof script === "string") &&
      (stage !== undefined || image !== undefined || trigger !== undefined)
    );
  });
}

function imagesOf(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  const expand = (scalar: SourceScalar) => expanded(document, scalar, at, 0);
  const { services } = membersOf(valueAt(document.value, at));
  const both = (pointer: Pointer): readonly FoundImage[] => [
    ...imageAt(document, pointer, { expand }),
    ...imageAt(document, [...pointer, "name"], { expand }),
  ];
  return [
    ...both([...at, "image"]),
    ...listOf(services).flatMap((_, index) => both([...at, "services", index])),
  ];
}

function expanded(
  document: SourceDocument,
  { text, at }: SourceScalar,
  job: Pointer,
  depth: number,
): readonly Piece[] {
  const lookup = (name: string): readonly Piece[] | undefined => {
    for (const holder of [[...job, "variables"], ["variables"]]) {
      const value = document.scalarAt([...holder, name]) ?? document.scalarAt([...holder, name, "value"]);
      if (value !== undefined && depth < DEPTH_MAX)
        return expanded(document, value, job, depth + 1).map(asDefault);
    }
    return undefined;
  };
  return expandVariables(text, at, { lookup, literalDollar: "$" });
}
