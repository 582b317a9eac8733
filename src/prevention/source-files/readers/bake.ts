/**
 * docker-bake, in HCL and in JSON: named contexts that are images, and inline Dockerfiles. A function or a matrix is not
 * evaluated; a variable counts by its default. https://docs.docker.com/build/bake/reference/ (read 2026-11)
 */

import { membersOf, type SourceDocument, type SourceScalar, type Unreadable } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage, type Piece } from "../pieces.ts";
import { asDefault, expandVariables } from "../variables.ts";
import { imageAt, partOf } from "./document-reader.ts";
import { hclTexts } from "./hcl-texts.ts";
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
  const expand = expanding((name) => defaults.get(name));
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
  const expand = expanding((name) =>
    Object.hasOwn(membersOf(variable), name) ? document.scalarAt(["variable", name, "default"]) : undefined,
  );
  return Object.entries(membersOf(target)).flatMap(([name, value]) => [
    ...inlineImages(document, ["target", name, "dockerfile-inline"]),
    ...Object.keys(membersOf(membersOf(value).contexts)).flatMap((context) =>
      imageAt(document, ["target", name, "contexts", context], { expand, prefix: DOCKER_IMAGE }),
    ),
  ]);
}

function expanding(defaultOf: (name: string) => SourceScalar | undefined) {
  return ({ text, at }: SourceScalar): readonly Piece[] =>
    expandVariables(text, at, {
      literalDollar: "$",
      lookup: (name) => {
        const scalar = defaultOf(name);
        if (scalar === undefined) return undefined;
        const range = scalar.at(0, scalar.text.length);
        return [asDefault({ known: scalar.text, ...(range === undefined ? {} : { range }) })];
      },
    });
}
