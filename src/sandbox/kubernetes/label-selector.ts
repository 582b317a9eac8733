/**
 * Label selectors as the API has them: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ (read 2026-11)
 */

type Labels = Readonly<Record<string, string>>;

export function isSelected(selector: string | undefined, labels: Labels = {}): boolean {
  if (selector === undefined || selector === "") return true;
  return selector.split(/,(?![^(]*\))/).every((term) => holds(term.trim(), labels));
}

function holds(term: string, labels: Labels): boolean {
  const set = /^(?<key>\S+)\s+(?<op>in|notin)\s+\((?<values>[^)]*)\)$/.exec(term)?.groups;
  if (set !== undefined) {
    const values = (set.values ?? "").split(",").map((value) => value.trim());
    const isIn = values.includes(labels[set.key ?? ""] ?? "");
    return set.op === "in" ? isIn : !isIn;
  }
  const equal = /^(?<key>[^!=\s]+)\s*(?<op>==?|!=)\s*(?<value>\S*)$/.exec(term)?.groups;
  if (equal !== undefined) {
    const isSame = labels[equal.key ?? ""] === equal.value;
    return equal.op === "!=" ? !isSame : isSame;
  }
  return term.startsWith("!") ? labels[term.slice(1)] === undefined : labels[term] !== undefined;
}
