/**
 * Whether a pattern of a policy takes a text: `*` any characters, `?` one. By going back to the last star only, so that no
 * pattern takes longer than its length times the text's: a policy is a foreign document.
 */
export function takes(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    const character = pattern[at];
    if (character === "*") {
      star = at;
      resume = index;
      at += 1;
    } else if (character === "?" || character === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
