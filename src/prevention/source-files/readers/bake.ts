/**
 * docker-bake, in HCL and in JSON: named contexts that are images, and inline Dockerfiles. A function or a matrix is not
 * evaluated; a variable counts by its default. https://docs.docker.com/build/bake/reference/ (read 2026-11)
 */

import { membersOf } from "../../../runtime/json.ts";
import type { SourceDocument, SourceScalar, Unreadable } from "../documents/document.ts";
import type { FoundImage, Range } from "../found-image.ts";
import { foundImage, held, type Piece } from "../pieces.ts";
import { asDefault, expandVariables } from "../variables.ts";
import { imageAt, partOf } from "./document-reader.ts";
import { type HclText, hclTexts } from "./hcl-texts.ts";
import { imagesInside, inlineImages } from "./inline-dockerfile.ts";

const DOCKER_IMAGE = "docker-image://";

export function bakeImages(text: string): readonly FoundImage[] | { readonly unreadable: Unreadable } {
  const texts = hclTexts(text);
  if ("unreadable" in texts) return texts;
  const defaults = new Map(
    texts.flatMap(({ block, label, attribute, key, scalar }) =>
      block === "variable" && attribute === "default" && key === undefined ? [[label, scalar] as const] : [],
    ),
  );
  const isContext = ({ attribute, scalar }: HclText) =>
    attribute === "contexts" && scalar.text.startsWith(DOCKER_IMAGE);
  const words = wordsOutside(
    text,
    texts.filter(isContext).map(({ scalar }) => scalar.range),
  );
  const expand = expanding(
    (name) => defaults.get(name),
    (name) => words.has(name),
  );
  return texts.flatMap(({ block, label, attribute, key = "", scalar }) => {
    if (block !== "target") return [];
    const place = [block, label, attribute, key].filter((part) => part !== "").join(".");
    if (attribute === "dockerfile-inline") return imagesInside(scalar, place);
    if (attribute !== "contexts" || !scalar.text.startsWith(DOCKER_IMAGE)) return [];
    const image = partOf(scalar, DOCKER_IMAGE.length);
    const range = image.at(0, image.text.length) ?? scalar.range;
    const found = foundImage({ pieces: expand(image), written: image.text, range, place });
    return found === undefined ? [] : [found];
  });
}

export function bakeJsonImages(document: SourceDocument): readonly FoundImage[] {
  const { target, variable } = membersOf(document.value);
  const used = namesOutsideContexts(target);
  const expand = expanding(
    (name) =>
      Object.hasOwn(membersOf(variable), name) ? document.scalarAt(["variable", name, "default"]) : undefined,
    (name) => used.has(name),
  );
  return Object.entries(membersOf(target)).flatMap(([name, value]) => [
    ...inlineImages(document, ["target", name, "dockerfile-inline"]),
    ...Object.keys(membersOf(membersOf(value).contexts)).flatMap((context) =>
      imageAt(document, ["target", name, "contexts", context], { expand, prefix: DOCKER_IMAGE }),
    ),
  ]);
}

/** What is left without the named contexts, and without the heads of the variables, uses a name for something else. */
function wordsOutside(text: string, contexts: readonly Range[]): ReadonlySet<string> {
  let others = "";
  let done = 0;
  for (const { start, end } of contexts) {
    others += text.slice(done, start);
    done = end;
  }
  others += text.slice(done);
  const rest = others.replace(/^[ \t]*variable[ \t]+"[^"\n]{0,200}"/gm, "");
  return new Set(rest.match(/[A-Za-z_][\w-]*/g));
}

function namesOutsideContexts(targets: unknown): ReadonlySet<string> {
  const others = Object.values(membersOf(targets)).map((one) => ({ ...membersOf(one), contexts: undefined }));
  return new Set(JSON.stringify(others).match(/[A-Za-z_][\w-]*/g));
}

function expanding(
  defaultOf: (name: string) => SourceScalar | undefined,
  isUsedElsewhere: (name: string) => boolean,
) {
  return ({ text, at }: SourceScalar): readonly Piece[] =>
    expandVariables(text, at, {
      literalDollar: "$",
      lookup: (name) => {
        const scalar = defaultOf(name);
        if (scalar === undefined) return undefined;
        const range = scalar.at(0, scalar.text.length);
        const piece = asDefault({ known: scalar.text, ...(range === undefined ? {} : { range }) });
        return [isUsedElsewhere(name) ? held(piece, "used-elsewhere") : piece];
      },
    });
}
