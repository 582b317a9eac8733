/**
 * A plan of Terraform or OpenTofu as JSON (`terraform show -json`): the images of the resources as they will be. Nothing may be
 * edited there: the address says what to look for in the configuration.
 * https://developer.hashicorp.com/terraform/internals/json-format (read 2026-11)
 */

import { membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, valueAt } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage, literalPieces } from "../pieces.ts";
import { imageAt, withoutTarget } from "./document-reader.ts";

/** A member that is a JSON document in a text, and whether it is of one container or of a list. */
const EMBEDDED: Readonly<Record<string, string>> = {
  aws_ecs_task_definition: "container_definitions",
  aws_batch_job_definition: "container_properties",
};
/** A member that is an image. */
const PLAIN: Readonly<Record<string, readonly Pointer[]>> = {
  docker_image: [["name"]],
  docker_container: [["image"]],
  aws_codebuild_project: [["environment", 0, "image"]],
  aws_lightsail_container_service_deployment_version: [["container", 0, "image"]],
};
const MODULES_DEEP = 20;

export function terraformPlanImages(document: SourceDocument): readonly FoundImage[] {
  const root = document.value;
  const from: Pointer = membersOf(root).planned_values === undefined ? ["values"] : ["planned_values"];
  const found = resourcesIn(root, [...from, "root_module"], 0).flatMap((at) => ofResource(document, at));
  return [...found, ...notKnownYet(document)].map((one) => withoutTarget(one, "generated-file"));
}

function resourcesIn(root: unknown, at: Pointer, depth: number): readonly Pointer[] {
  if (depth > MODULES_DEEP) return [];
  const module = membersOf(valueAt(root, at));
  return [
    ...listOf(module.resources).map((_, index) => [...at, "resources", index]),
    ...listOf(module.child_modules).flatMap((_, index) =>
      resourcesIn(root, [...at, "child_modules", index], depth + 1),
    ),
  ];
}

function ofResource(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  const { type, address, mode } = membersOf(valueAt(document.value, at));
  if (mode === "data") return [];
  const [kind, name] = [String(type), String(address)];
  if (Object.hasOwn(EMBEDDED, kind)) return embedded(document, [...at, "values", EMBEDDED[kind] ?? ""], name);
  if (kind.startsWith("kubernetes_"))
    return containersIn(valueAt(document.value, [...at, "values"]), [...at, "values"]).flatMap((pointer) =>
      imageAt(document, pointer, { place: name }),
    );
  const plain = Object.hasOwn(PLAIN, kind) ? (PLAIN[kind] ?? []) : [];
  return plain
    .flatMap((path) => imageAt(document, [...at, "values", ...path], { place: name }))
    .filter(({ written }) => !written.startsWith("aws/codebuild/"));
}

function embedded(document: SourceDocument, at: Pointer, address: string): readonly FoundImage[] {
  const scalar = document.scalarAt(at);
  if (scalar === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(scalar.text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [];
  }
  return (Array.isArray(value) ? value : [value]).flatMap((container) => {
    const { name, image } = membersOf(container);
    if (typeof image !== "string") return [];
    const start = scalar.text.indexOf(image);
    const range = start < 0 ? undefined : scalar.at(start, start + image.length);
    const place = typeof name === "string" ? `${address}.${name}` : address;
    const found = foundImage({
      pieces: literalPieces(image, () => undefined),
      written: image,
      range: range ?? scalar.range,
      place,
    });
    return found === undefined
      ? []
      : [{ ...found, codes: found.codes.filter((code) => code !== "not-verbatim") }];
  });
}

/** What is known only after the apply is reported, not skipped. */
function notKnownYet(document: SourceDocument): readonly FoundImage[] {
  return listOf(membersOf(document.value).resource_changes).flatMap((change, index) => {
    const { type, address } = membersOf(change);
    const key = Object.hasOwn(EMBEDDED, String(type)) ? EMBEDDED[String(type)] : undefined;
    const unknown = membersOf(membersOf(membersOf(change).change).after_unknown);
    if (key === undefined || unknown[key] !== true) return [];
    const range = document.scalarAt(["resource_changes", index, "address"])?.range;
    const [place, written] = [String(address), "(known after apply)"];
    const found = foundImage({
      pieces: [{ unknown: written }],
      written,
      range: range ?? { start: 0, end: 0 },
      place,
    });
    return found === undefined ? [] : [found];
  });
}

/** `container` and `init_container` blocks, wherever the resource has its pod. */
function containersIn(value: unknown, at: Pointer, depth = 0): readonly Pointer[] {
  if (typeof value !== "object" || value === null || depth > 30) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => {
    const isContainers = (key === "container" || key === "init_container") && Array.isArray(inner);
    if (!isContainers) return containersIn(inner, [...at, key], depth + 1);
    return listOf(inner).map((_, index) => [...at, key, index, "image"]);
  });
}
