/**
 * A file's text → the images in it, with the places of their names. Pure: the same text has the same answer.
 *
 * A kind that is not known is `skipped`; a file of a known syntax that cannot be read is `unreadable`, with the place.
 */

import type { Documents, SourceDocument } from "./documents/document.ts";
import { readJson } from "./documents/json-document.ts";
import { yamlDocuments } from "./documents/yaml-document.ts";
import { kindOf, mayNameImages, type Syntax, syntaxOf } from "./file-kind.ts";
import type { FileKind, FoundImage } from "./found-image.ts";
import { bakeImages, bakeJsonImages } from "./readers/bake.ts";
import { buildspecImages } from "./readers/buildspec.ts";
import { cloudFormationImages } from "./readers/cloudformation.ts";
import { composeImages } from "./readers/compose.ts";
import { DOCKERFILE_LENGTH_MAX, dockerfileImages, looksLikeDockerfile } from "./readers/dockerfile.ts";
import { type DocumentReader, type FileFacts, withoutTarget } from "./readers/document-reader.ts";
import { githubActionsImages } from "./readers/github-actions.ts";
import { gitlabImages } from "./readers/gitlab-ci.ts";
import { kubernetesImages } from "./readers/kubernetes.ts";
import { kustomizeImages } from "./readers/kustomize.ts";
import { taskDefinitionImages } from "./readers/task-definition.ts";
import { terraformPlanImages } from "./readers/terraform-plan.ts";

export type SourceFile = FileFacts & {
  /** Without its byte order mark. */
  readonly text: string;
};

export type SourceImage = FoundImage & { readonly source: FileKind };

export type ReadFile =
  | { readonly kind: "read"; readonly images: readonly SourceImage[] }
  | { readonly kind: "skipped"; readonly because: "unknown-kind" | "template" }
  | { readonly kind: "unreadable"; readonly because: string; readonly offset: number };

const READERS: Readonly<Record<Exclude<FileKind, "dockerfile">, DocumentReader>> = {
  compose: composeImages,
  "task-definition": taskDefinitionImages,
  cloudformation: cloudFormationImages,
  cdk: cloudFormationImages,
  "terraform-plan": terraformPlanImages,
  kubernetes: kubernetesImages,
  kustomize: kustomizeImages,
  "github-actions": githubActionsImages,
  "gitlab-ci": gitlabImages,
  codebuild: buildspecImages,
  bake: bakeJsonImages,
};

export function readSourceFile(file: SourceFile): ReadFile {
  const { path, text } = file;
  const nul = text.indexOf("\u0000");
  const syntax = syntaxOf(path) ?? (path === "-" ? syntaxOfText(text) : undefined);
  if (syntax === undefined) return UNKNOWN;
  if (nul >= 0) return { kind: "unreadable", because: "it has a NUL character", offset: nul };
  switch (syntax) {
    case "dockerfile":
      if (text.length > DOCKERFILE_LENGTH_MAX)
        return { kind: "unreadable", because: "a Dockerfile of more than 128 kB is not read", offset: 0 };
      return looksLikeDockerfile(text) ? read("dockerfile", dockerfileImages(text)) : UNKNOWN;
    case "hcl": {
      const images = bakeImages(text);
      return "unreadable" in images ? { kind: "unreadable", ...images.unreadable } : read("bake", images);
    }
    default:
      return readDocuments(file, syntax);
  }
}

const UNKNOWN = { kind: "skipped", because: "unknown-kind" } as const;

function readDocuments(file: SourceFile, syntax: "yaml" | "json"): ReadFile {
  const { path, text } = file;
  if (!mayNameImages(text) && !mayBeBomb(text)) return UNKNOWN;
  const isJson = syntax === "json" && /^\s*(?:\[|\{(?!\{))/.test(text);
  if (isJson) {
    const found = readJson(text, (documents) => imagesIn(documents, file));
    return "unreadable" in found ? { kind: "unreadable", ...found.unreadable } : found;
  }
  // A template of Helm or another engine: what it writes can be read, it itself cannot.
  if (isEngineTemplate(path, text)) return { kind: "skipped", because: "template" };
  const parsed: Documents = yamlDocuments(text);
  if (!("unreadable" in parsed)) return imagesIn(parsed.documents, file);
  if (text.includes("{{") || text.includes("{%") || path.endsWith(".template"))
    return { kind: "skipped", because: "template" };
  return { kind: "unreadable", ...parsed.unreadable };
}

function imagesIn(documents: readonly SourceDocument[], file: SourceFile): ReadFile {
  let isKnown = false;
  const images = documents.flatMap((document) => {
    const kind = kindOf(document, file.path);
    if (kind === undefined || kind === "dockerfile") return [];
    isKnown = true;
    const found = READERS[kind](document, file);
    return found.map((image) => ({ ...unlessUsedElsewhere(image, document), source: kind }));
  });
  return isKnown ? { kind: "read", images: eachOnce(images) } : UNKNOWN;
}

function read(source: FileKind, images: readonly FoundImage[]): ReadFile {
  return { kind: "read", images: eachOnce(images.map((image) => ({ ...image, source }))) };
}

function unlessUsedElsewhere(image: FoundImage, document: SourceDocument): FoundImage {
  const { target } = image;
  if (target === undefined || !document.isUsedElsewhere?.(target.start)) return image;
  return withoutTarget(image, "used-elsewhere");
}

/**
 * Words that several places use (an anchor, a default) are one image, and are edited once, if each place lets them be edited. In
 * the order of the file.
 */
function eachOnce(images: readonly SourceImage[]): readonly SourceImage[] {
  const once = new Map<string, SourceImage>();
  for (const image of images) {
    const key = `${image.range.start} ${image.range.end} ${image.image ?? image.written}`;
    const before = once.get(key);
    if (before === undefined) once.set(key, image);
    else if (before.target !== undefined && image.target === undefined)
      once.set(key, { ...image.codes.reduce<FoundImage>(withoutTarget, before), source: before.source });
  }
  const targets = Map.groupBy(once.values(), ({ target }) => target?.start ?? -1);
  return [...once.values()]
    .map((image) =>
      isToldApart(image, targets)
        ? image
        : { ...withoutTarget(image, "used-elsewhere"), source: image.source },
    )
    .sort((a, b) => a.range.start - b.range.start);
}

/** Not where the same words are one image as a whole and the repository of another: each would be written in another way. */
function isToldApart({ target }: SourceImage, targets: ReadonlyMap<number, readonly SourceImage[]>): boolean {
  const others = target === undefined ? [] : (targets.get(target.start) ?? []);
  return others.every((other) => other.target?.end === target?.end && other.target?.holds === target?.holds);
}

/** Aliases enough to be a bomb: a file without any image is parsed for it. */
function mayBeBomb(text: string): boolean {
  return text.includes("&") && (text.match(/[\s,[]\*[^\s,\]*]/g)?.length ?? 0) > 20;
}

function isEngineTemplate(path: string, text: string): boolean {
  return (
    /(?:^|\/)templates\//.test(path) &&
    /\{\{-?\s*(?:if|range|with|include|define|template|end|\.Values|\.Release|\.Chart|\/\*)/.test(text)
  );
}

/** Of standard input, which has no name. */
function syntaxOfText(text: string): Syntax {
  if (looksLikeDockerfile(text)) return "dockerfile";
  return /^\s*[[{]/.test(text) ? "json" : "yaml";
}
