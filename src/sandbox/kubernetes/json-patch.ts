/** RFC 6902 as an API server applies it to an object: all of it, or nothing. */

import type { JsonPatch, PatchOperation } from "../../kubernetes/objects/json-patch.ts";

type Members = Record<string, unknown>;

/** The object after the patch, or why the patch does not hold. */
export function applyPatch<T>(object: T, patch: JsonPatch): T | { readonly invalid: string } {
  const copy = structuredClone(object);
  for (const operation of patch) {
    const because = apply(copy as Members, operation);
    if (because !== undefined) return { invalid: because };
  }
  return copy;
}

function apply(object: Members, operation: PatchOperation): string | undefined {
  const { op, path } = operation;
  const names = path
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop();
  let holder: unknown = object;
  for (const name of names) holder = memberOf(holder, name);
  if (last === undefined || typeof holder !== "object" || holder === null) return `${path}: missing path`;
  const members = holder as Members;
  const isThere = Object.hasOwn(members, last);
  if (op === "test")
    return JSON.stringify(members[last]) === JSON.stringify(operation.value)
      ? undefined
      : `testing value ${path} failed`;
  if (op !== "add" && !isThere) return `${path}: missing path`;
  if (op === "remove") delete members[last];
  else members[last] = operation.value;
  return undefined;
}

function memberOf(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? (holder as Members)[name] : undefined;
}
