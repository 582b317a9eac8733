/** CloudFormation and SAM templates, in YAML and JSON, and those that the CDK writes: the images of every resource that has one. */

import { membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, valueAt } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage } from "../pieces.ts";
import { withoutTarget } from "./document-reader.ts";
import { alternativesAt } from "./intrinsics.ts";

/** Where a resource's properties name images; `*` is each entry of a list. Those of Lambda and App Runner are in ECR alone. */
const IMAGES: Readonly<Record<string, readonly Pointer[]>> = {
  "AWS::ECS::TaskDefinition": [["ContainerDefinitions", "*", "Image"]],
  "AWS::ECS::ExpressGatewayService": [["PrimaryContainer", "Image"]],
  "AWS::Batch::JobDefinition": [
    ["ContainerProperties", "Image"],
    ["NodeProperties", "NodeRangeProperties", "*", "Container", "Image"],
    ["EcsProperties", "TaskProperties", "*", "Containers", "*", "Image"],
    ["EksProperties", "PodProperties", "Containers", "*", "Image"],
  ],
  "AWS::CodeBuild::Project": [["Environment", "Image"]],
  "AWS::Lightsail::Container": [["ContainerServiceDeployment", "Containers", "*", "Image"]],
};

export function cloudFormationImages(document: SourceDocument): readonly FoundImage[] {
  const resources = membersOf(membersOf(document.value).Resources);
  const used = usedDefaults(document);
  return Object.entries(resources).flatMap(([name, value]) => {
    const resource = membersOf(value);
    const construct = membersOf(resource.Metadata)["aws:cdk:path"];
    const found = imagePointers(document, name)
      .flatMap((at) =>
        imagesAt(document, at, placeOf(document, at, typeof construct === "string" ? construct : name)),
      )
      .map((one) => (isIn(one.target, used) ? withoutTarget(one, "used-elsewhere") : one));
    // The CDK writes its template anew: the construct is what to change.
    return typeof construct === "string" ? found.map((one) => withoutTarget(one, "generated-file")) : found;
  });
}

function imagePointers({ value }: SourceDocument, name: string): readonly Pointer[] {
  const type = String(membersOf(valueAt(value, ["Resources", name])).Type);
  const paths = Object.hasOwn(IMAGES, type) ? (IMAGES[type] ?? []) : [];
  return paths.flatMap((path) => expanded(value, ["Resources", name, "Properties"], path));
}

/** The defaults of parameters that something else than an image is made of: a variable of a container, a condition, an output. */
function usedDefaults(document: SourceDocument): readonly FoundImage["range"][] {
  const images = new Set(
    Object.keys(membersOf(membersOf(document.value).Resources)).flatMap((name) =>
      imagePointers(document, name).map((at) => JSON.stringify(at)),
    ),
  );
  const names = new Set<string>();
  const seen = new Set<unknown>();
  const look = (value: unknown, at: Pointer): void => {
    if (images.has(JSON.stringify(at))) return;
    if (typeof value === "string")
      for (const [, name = ""] of value.matchAll(/\$\{\s*([A-Za-z0-9]{1,255})\s*\}/g)) names.add(name);
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value))
      if (key === "Ref") names.add(String(inner));
      else look(inner, at.length < POINTER_MAX ? [...at, key] : at);
  };
  look(document.value, []);
  return [...names].flatMap((name) => document.scalarAt(["Parameters", name, "Default"])?.range ?? []);
}

/** Longer than the way to any image. */
const POINTER_MAX = 12;

function isIn(target: FoundImage["target"], ranges: readonly FoundImage["range"][]): boolean {
  return target !== undefined && ranges.some(({ start, end }) => target.start >= start && target.start < end);
}

function imagesAt(document: SourceDocument, at: Pointer, place: string): readonly FoundImage[] {
  const range = firstRange(document, at);
  // CodeBuild's own images are not pulled from a registry of others.
  if (range === undefined || String(valueAt(document.value, at)).startsWith("aws/codebuild/")) return [];
  return alternativesAt(document, at).flatMap((pieces) => {
    const written = pieces.map((piece) => ("known" in piece ? piece.known : piece.unknown)).join("");
    const found = foundImage({ pieces, written, range, place });
    return found === undefined ? [] : [found];
  });
}

/** `web` of ContainerDefinitions, or its number. */
function placeOf(document: SourceDocument, at: Pointer, resource: string): string {
  const container = at.slice(0, -1);
  const name = valueAt(document.value, [...container, "Name"]);
  const last = typeof name === "string" ? name : container.at(-1);
  return [resource, ...at.slice(3, -2), ...(container.length > 3 ? [last] : []), at.at(-1)].join(".");
}

function expanded(root: unknown, at: Pointer, [first, ...rest]: Pointer): readonly Pointer[] {
  if (first === undefined) return [at];
  if (first !== "*") return expanded(root, [...at, first], rest);
  return listOf(valueAt(root, at)).flatMap((_, index) => expanded(root, [...at, index], rest));
}

/** Where the value is written: it, or the first text in it. */
function firstRange(document: SourceDocument, at: Pointer, depth = 0): FoundImage["range"] | undefined {
  const scalar = document.scalarAt(at);
  if (scalar !== undefined) return scalar.at(0, scalar.text.length) ?? scalar.range;
  const value = valueAt(document.value, at);
  if (typeof value !== "object" || value === null || depth > 8) return undefined;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const inner = firstRange(document, [...at, key], depth + 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
