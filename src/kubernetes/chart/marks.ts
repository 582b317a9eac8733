/**
 * How a document of the chart says what depends on the installation's values: data that two readers understand.
 *
 * `fill.ts` puts values in and gives the objects (`repull kubernetes manifests`); `infra/helm/to-template.ts` writes the same as
 * a Helm template. Nothing else is conditional, so that the two cannot drift apart, and a test compares them.
 */

/** A member of Helm's own scope, such as `Values.image.tag` or `Release.Namespace`. */
export type Path = `${"Values" | "Release" | "Chart"}.${string}`;

/** How a value is written within a text; a list, with commas. */
export type Form = "text" | "json" | "list";

export type Test =
  | { readonly is: Path; readonly oneOf: readonly string[] }
  | { readonly set: Path }
  | { readonly kubernetesFrom: string }
  | { readonly not: Test }
  | { readonly all: readonly Test[] }
  | { readonly any: readonly Test[] };

/** A node that is there only when the test holds, or another one in its place: a member, an item or a whole document. */
export type When = { readonly $if: Test; readonly then: Node; readonly else?: Node };
export type Members = { readonly [name: string]: Node };
export type Node = string | number | boolean | When | readonly Node[] | Members;

const OPEN = "\u27e6";
const CLOSE = "\u27e7";
const MARK = new RegExp(`${OPEN}([A-Za-z.]+)\\|(text|json|list)${CLOSE}`, "g");

/** Alone, the value itself, of whatever type; within a longer text, its characters. */
export function put(path: Path, form: Form = "text"): string {
  return `${OPEN}${path}|${form}${CLOSE}`;
}

export function when(test: Test, then: Node, otherwise?: Node): When {
  return { $if: test, then, ...(otherwise === undefined ? {} : { else: otherwise }) };
}

export function isWhen(node: Node): node is When {
  return typeof node === "object" && "$if" in node;
}

export function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

/** The parts of a text: what is said, and what is put in. */
export type Part = { readonly text: string } | { readonly path: string; readonly form: Form };

export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ path: match[1] ?? "", form: match[2] as Form });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
