/** Where the API has objects. https://kubernetes.io/docs/reference/using-api/api-concepts/ */

import type { ObjectName, Selection } from "../cluster-port.ts";
import { KINDS, type Kind } from "../kinds.ts";

export type Query = Readonly<Record<string, string | number | undefined>>;

/** `/apis/apps/v1/namespaces/shop/deployments/web?…`. @param name absent: all of the kind, in the namespace if one is given */
export function pathOf(
  kind: Kind,
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
  query: Query = {},
): string {
  const { isNamespaced } = KINDS[kind];
  const parts = [
    ...groupParts(kind),
    ...(isNamespaced && namespace !== undefined ? ["namespaces", namespace] : []),
    kind,
    ...(name === undefined ? [] : [name]),
  ];
  return withQuery(`/${parts.map(encodeURIComponent).join("/")}`, query);
}

/** The API of the kind's group, which lists what it serves. */
export function groupPathOf(kind: Kind): string {
  return `/${groupParts(kind).join("/")}`;
}

export function selectorsOf({ labels, fields }: Selection): Query {
  return { labelSelector: labels, fieldSelector: fields };
}

/** Why no object of the kind can have this name; undefined if one can. An empty part would be another request. */
export function objectionToName(kind: Kind, { namespace, name }: Partial<ObjectName>): string | undefined {
  if (name === undefined || name === "" || name === "." || name === "..") return `${kind}: a name is missing`;
  if (KINDS[kind].isNamespaced && (namespace === undefined || namespace === ""))
    return `${kind} ${name}: its namespace is missing`;
  return undefined;
}

function groupParts(kind: Kind): readonly string[] {
  const { group, version } = KINDS[kind];
  return group === "" ? ["api", version] : ["apis", group, version];
}

function withQuery(path: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : `${key}=${encodeURIComponent(String(value))}`,
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}
