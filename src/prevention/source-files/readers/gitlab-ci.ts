/**
 * GitLab CI: `image` and `services` of the file, of `default` and of each job, with the file's own variables.
 * https://docs.gitlab.com/ci/yaml/ (read 2026-11). A variable of the file is a default: a project's or a pipeline's goes before it.
 *
 * A service without an alias has its host name from its image: https://docs.gitlab.com/ci/services/#accessing-the-services (read
 * 2026-11). Another image there is another host name, so that it is reported and not edited.
 */

import { membersOf } from "../../../runtime/json.ts";
import {
  listOf,
  type Pointer,
  type SourceDocument,
  type SourceScalar,
  valueAt,
} from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { held, type Piece } from "../pieces.ts";
import { asDefault, expandVariables } from "../variables.ts";
import { imageAt, withoutTarget } from "./document-reader.ts";

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
  const names = namesInWords(document.value);
  return [[], ...jobs.map((job) => [job])].flatMap((at) => imagesOf(document, at, names));
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

function imagesOf(document: SourceDocument, at: Pointer, names: ReadonlySet<string>): readonly FoundImage[] {
  const expand = (scalar: SourceScalar) => expanded(document, scalar, { job: at, names }, 0);
  const { services } = membersOf(valueAt(document.value, at));
  const both = (pointer: Pointer): readonly FoundImage[] => [
    ...imageAt(document, pointer, { expand }),
    ...imageAt(document, [...pointer, "name"], { expand }),
  ];
  return [
    ...both([...at, "image"]),
    ...listOf(services).flatMap((service, index) => {
      const found = both([...at, "services", index]);
      return membersOf(service).alias === undefined
        ? found.map((one) => (one.image === undefined ? one : withoutTarget(one, "names-the-host")))
        : found;
    }),
  ];
}

function expanded(
  document: SourceDocument,
  { text, at }: SourceScalar,
  { job, names }: { readonly job: Pointer; readonly names: ReadonlySet<string> },
  depth: number,
): readonly Piece[] {
  const lookup = (name: string): readonly Piece[] | undefined => {
    for (const holder of [[...job, "variables"], ["variables"]]) {
      const value = document.scalarAt([...holder, name]) ?? document.scalarAt([...holder, name, "value"]);
      if (value !== undefined && depth < DEPTH_MAX)
        return expanded(document, value, { job, names }, depth + 1).map((piece) =>
          asDefault(names.has(name) ? held(piece, "used-elsewhere") : piece),
        );
    }
    return undefined;
  };
  return expandVariables(text, at, { lookup, literalDollar: "$" });
}

/** Variables that are used outside of images: in a script, a rule, another variable. */
function namesInWords(root: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string")
      for (const [, name = ""] of value.matchAll(/[$%]\{?([A-Za-z_][A-Za-z0-9_]*)/g)) names.add(name);
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const [key, inner] of Object.entries(value))
      if (key === "image") open.push({ ...membersOf(inner), name: undefined });
      else if (key === "services")
        open.push(listOf(inner).map((one) => ({ ...membersOf(one), name: undefined })));
      else open.push(inner);
  }
  return names;
}
