/**
 * The images that a CloudFormation template, a change set or a resource declares for ECS. Pure, and by the reader of templates
 * that `repull check` has.
 *
 * An image is reported where the template names it, in any form. One that a parameter, a condition or AWS decides is not known
 * before the deployment: it is named, and not guessed.
 */

import { isObject as isJsonObject } from "../../ecs/json-fields.ts";
import { isMembers, type Json, type JsonObject, type Members, membersOf } from "../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, valueAt } from "../source-files/documents/document.ts";
import { valueDocument } from "../source-files/documents/value-document.ts";
import { yamlDocuments } from "../source-files/documents/yaml-document.ts";
import { type Alternative, alternativesAt } from "../source-files/readers/intrinsics.ts";
import { TASK_DEFINITION } from "./hook-request.ts";

export type DeclaredImage = {
  /** The resource's name in the template. */
  readonly resource: string;
  readonly container: string;
  /** Absent: it is made at the deployment. */
  readonly image?: string;
  /** Its tasks show an account of their own to its registry. */
  readonly signedIn: boolean;
  /** The members of the task definition that name the platform, as ECS spells them; empty where a function makes one. */
  readonly platform: JsonObject;
};

/** Of a task definition's properties, as CloudFormation spells them. */
export function imagesOfResource(resource: string, properties: JsonObject): readonly DeclaredImage[] {
  return imagesAt(valueDocument(properties), [], resource);
}

/** Of a stored payload: `{ template }`, or `{ changedResources }` of a change set. Undefined: it is neither. */
export function imagesOfPayload(text: string): readonly DeclaredImage[] | undefined {
  const payload = parsedJson(text);
  if (!isJsonObject(payload)) return undefined;
  const { template, changedResources } = payload;
  // A change set lists what changes; a resource that stays as it is, is not deployed.
  if (Array.isArray(changedResources)) return changedResources.flatMap(imagesOfChange);
  return typeof template === "string" ? imagesOfTemplate(template) : undefined;
}

function imagesOfChange(change: unknown): readonly DeclaredImage[] {
  const { resourceType, logicalResourceId, afterContext } = membersOf(change);
  if (resourceType !== TASK_DEFINITION || typeof afterContext !== "string") return [];
  const after = parsedJson(afterContext);
  if (!isJsonObject(after)) return [];
  const name = typeof logicalResourceId === "string" ? logicalResourceId : "";
  return imagesOfResource(name, isJsonObject(after.Properties) ? after.Properties : after);
}

/** Of a template in YAML or JSON; undefined for a text that is neither. */
export function imagesOfTemplate(template: string): readonly DeclaredImage[] | undefined {
  const document = readTemplate(template);
  const resources = membersOf(document?.value).Resources;
  if (document === undefined || !isMembers(resources)) return undefined;
  return Object.entries(resources).flatMap(([name, resource]) =>
    membersOf(resource).Type === TASK_DEFINITION
      ? imagesAt(document, ["Resources", name, "Properties"], name)
      : [],
  );
}

function readTemplate(text: string): SourceDocument | undefined {
  const json = parsedJson(text);
  if (json !== undefined) return valueDocument(json);
  const read = yamlDocuments(text);
  return "documents" in read ? read.documents[0] : undefined;
}

function imagesAt(document: SourceDocument, at: Pointer, resource: string): readonly DeclaredImage[] {
  const properties = membersOf(valueAt(document.value, at));
  const platform = platformOf(properties);
  const containers = listOf(properties.ContainerDefinitions).flatMap((container, index) =>
    isMembers(container) ? [{ container, index }] : [],
  );
  return containers.map(({ container, index }, place) => {
    const image = imageOf(alternativesAt(document, [...at, "ContainerDefinitions", index, "Image"]));
    return {
      resource,
      container: typeof container.Name === "string" ? container.Name : `container ${place + 1}`,
      ...(image === undefined ? {} : { image }),
      signedIn: isMembers(container.RepositoryCredentials),
      platform,
    };
  });
}

/** The one text that the value can only become. */
function imageOf([first, ...others]: readonly Alternative[]): string | undefined {
  if (first === undefined || others.length > 0) return undefined;
  const texts = first.flatMap((piece) => ("known" in piece && piece.isDefault !== true ? [piece.known] : []));
  return texts.length === first.length ? texts.join("").trim() : undefined;
}

function platformOf({ RequiresCompatibilities: requires, RuntimePlatform: runtime }: Members): JsonObject {
  const { CpuArchitecture: architecture, OperatingSystemFamily: family } = membersOf(runtime);
  const isSaid =
    [architecture, family].every((one) => one === undefined || typeof one === "string") &&
    listOf(requires).every((one) => typeof one === "string");
  if (!isSaid || isFunction(runtime) || isFunction(requires)) return {};
  return {
    ...(requires === undefined ? {} : { requiresCompatibilities: requires as Json }),
    runtimePlatform: {
      ...(architecture === undefined ? {} : { cpuArchitecture: architecture as Json }),
      ...(family === undefined ? {} : { operatingSystemFamily: family as Json }),
    },
  };
}

/** `{ Ref }`, `{ Fn::If }`. */
function isFunction(value: unknown): boolean {
  return Object.keys(membersOf(value)).some((key) => key === "Ref" || key.startsWith("Fn::"));
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
