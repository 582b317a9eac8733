/**
 * The images that a CloudFormation template, a change set or a resource declares for ECS. Pure.
 *
 * An image that an intrinsic function makes is not known before the deployment: it is named, and not guessed.
 */

import { isScalar, LineCounter, parseDocument, visit } from "yaml";
import { getObject, getObjects, getString, isObject, optional } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { TASK_DEFINITION } from "./hook-request.ts";

export type DeclaredImage = {
  /** The resource's name in the template. */
  readonly resource: string;
  readonly container: string;
  /** Absent: it is made at the deployment. */
  readonly image?: string;
  /** Its tasks show an account of their own to its registry. */
  readonly signedIn: boolean;
  /** The members of the task definition that tell the platform, as ECS spells them. */
  readonly platform: JsonObject;
};

/** Of a task definition's properties, as CloudFormation spells them. */
export function imagesOfResource(resource: string, properties: JsonObject): readonly DeclaredImage[] {
  const runtime = getObject(properties, "RuntimePlatform") ?? {};
  const platform: JsonObject = {
    ...optional("requiresCompatibilities", properties.RequiresCompatibilities),
    runtimePlatform: {
      ...optional("cpuArchitecture", runtime.CpuArchitecture),
      ...optional("operatingSystemFamily", runtime.OperatingSystemFamily),
    },
  };
  return getObjects(properties, "ContainerDefinitions").map((container, index) => ({
    resource,
    container: getString(container, "Name") ?? `container ${index + 1}`,
    ...optional("image", getString(container, "Image")),
    signedIn: getObject(container, "RepositoryCredentials") !== undefined,
    platform,
  }));
}

/** Of a stored payload: `{ template }`, or `{ changedResources }` of a change set. Undefined: it is neither. */
export function imagesOfPayload(text: string): readonly DeclaredImage[] | undefined {
  const payload = parsedJson(text);
  if (!isObject(payload)) return undefined;
  // A change set tells what changes; a resource that stays as it is, is not deployed.
  if (Array.isArray(payload.changedResources))
    return getObjects(payload, "changedResources").flatMap(imagesOfChange);
  const template = getString(payload, "template");
  return template === undefined ? undefined : imagesOfTemplate(template);
}

function imagesOfChange(change: JsonObject): readonly DeclaredImage[] {
  if (getString(change, "resourceType") !== TASK_DEFINITION) return [];
  const after = parsedJson(getString(change, "afterContext") ?? "");
  if (!isObject(after)) return [];
  const properties = getObject(after, "Properties") ?? after;
  return imagesOfResource(getString(change, "logicalResourceId") ?? "", properties);
}

/** Of a template in YAML or JSON; undefined for a text that is neither. */
export function imagesOfTemplate(template: string): readonly DeclaredImage[] | undefined {
  const resources = getObject(readTemplate(template) ?? {}, "Resources");
  if (resources === undefined) return undefined;
  return Object.entries(resources).flatMap(([name, resource]) =>
    isObject(resource) && getString(resource, "Type") === TASK_DEFINITION
      ? imagesOfResource(name, getObject(resource, "Properties") ?? {})
      : [],
  );
}

/** More than any template has; an alias bomb has millions. */
const ALIASES_MAX = 1000;

/** Deeper than any template is; the time of a parser grows with the square of it. */
const DEPTH_MAX = 200;

function readTemplate(text: string): JsonObject | undefined {
  const json = parsedJson(text);
  if (json !== undefined) return isObject(json) ? json : undefined;
  if (isTooDeep(text)) return undefined;
  try {
    const document = parseDocument(text, {
      logLevel: "silent",
      lineCounter: new LineCounter(),
      // A key twice is CloudFormation's to refuse.
      uniqueKeys: false,
    });
    if (document.errors.length > 0) return undefined;
    // `!Ref Image` is not the text `Image`: a value that a function makes is not text.
    visit(document, {
      Scalar: (_, node) => {
        if (isFunction(node.tag) && isScalar(node)) node.value = null;
      },
      Collection: (_, node) => {
        if (isFunction(node.tag)) node.items = [];
      },
    });
    const value = document.toJS({ maxAliasCount: ALIASES_MAX }) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether collections are opened inside of each other without an end: by brackets, or by dashes on one line. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === "[" || bracket === "{" ? depth + 1 : Math.max(0, depth - 1);
    if (depth > DEPTH_MAX) return true;
  }
  return new RegExp(`(?:[-?][ \\t]+){${DEPTH_MAX}}`).test(text);
}

/** `!Ref`, `!Sub`, `!If`: any tag of a template's own. */
function isFunction(tag: string | undefined): boolean {
  return tag?.startsWith("!") === true;
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
