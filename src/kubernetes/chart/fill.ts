/** Puts values into a document of the chart: what `helm template` gives, as data. */

import type { Json } from "../../runtime/json.ts";
import { goJson } from "./go-json.ts";
import { isList, isWhen, type Node, type Part, partsOf, type Test } from "./marks.ts";

/** What Helm calls the root: values, release, chart, and the cluster's version as `1.36`. */
export type Scope = {
  readonly Values: Json;
  readonly Release: { readonly Namespace: string };
  readonly Chart: { readonly AppVersion: string };
  readonly kubernetes: string;
};

/** `undefined` when the document is not there with these values. */
export function fill(node: Node, scope: Scope): Json | undefined {
  if (typeof node === "string") return fillText(node, scope);
  if (typeof node !== "object") return node;
  if (isWhen(node)) {
    const chosen = holds(node.$if, scope) ? node.then : node.else;
    return chosen === undefined ? undefined : fill(chosen, scope);
  }
  if (isList(node)) return node.map((item) => fill(item, scope)).filter((item) => item !== undefined);
  const members = Object.entries(node).map(([name, member]) => [name, fill(member, scope)] as const);
  return Object.fromEntries(members.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function fillText(text: string, scope: Scope): Json {
  const parts = partsOf(text);
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && "path" in first && first.form === "text")
    return at(first.path, scope) ?? null;
  return parts.map((part) => written(part, scope)).join("");
}

function written(part: Part, scope: Scope): string {
  if ("text" in part) return part.text;
  const value = at(part.path, scope) ?? null;
  if (part.form === "list" && Array.isArray(value)) return value.join(",");
  return typeof value === "string" && part.form === "text" ? value : goJson(value);
}

function at(path: string, scope: Scope): Json | undefined {
  let value: unknown = scope;
  for (const name of path.split("."))
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, name)
        ? Reflect.get(value, name)
        : undefined;
  return value as Json | undefined;
}

function holds(test: Test, scope: Scope): boolean {
  if ("is" in test) return test.oneOf.some((one) => one === at(test.is, scope));
  if ("set" in test) return isSet(at(test.set, scope));
  if ("kubernetesFrom" in test) return isAtLeast(scope.kubernetes, test.kubernetesFrom);
  if ("not" in test) return !holds(test.not, scope);
  if ("all" in test) return test.all.every((one) => holds(one, scope));
  return test.any.some((one) => holds(one, scope));
}

/** True as Go's templates say: neither absent, nor zero, nor empty. */
function isSet(value: Json | undefined): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** @param version major and minor, as `1.36` */
export function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
