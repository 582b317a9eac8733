/** Whether two objects have the same members, and these have the same values, but for those named: in CEL. */
export function sameBut(object: string, other: string, names: readonly string[]): string {
  const but = JSON.stringify(names);
  return [
    `${object}.all(k, k in ${but} || (k in ${other} && ${object}[k] == ${other}[k]))`,
    `&& ${other}.all(k, k in ${but} || k in ${object})`,
  ].join("\n");
}
