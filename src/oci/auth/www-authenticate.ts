/**
 * What a registry's 401 asks for: the `WWW-Authenticate` header, read as RFC 9110 writes it.
 *
 *     challenge  := scheme [ 1*SP ( token68 / parameter *( "," parameter ) ) ]
 *
 * One header may hold several challenges, with the same commas between them as between parameters:
 * a word that is not followed by "=" begins the next one.
 */

export type Challenge = {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
};

const HEADER_LENGTH_MAX = 8192;
const WORD = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const SPACE = /[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y;
const BARE = /[^\s,]*/y;

/** Every challenge in a header, in its order. What cannot be read ends the reading; nothing throws. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, HEADER_LENGTH_MAX);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };

  while (at < text.length) {
    take(SPACE);
    if (text[at] === ",") {
      at += 1;
      continue;
    }
    const word = take(WORD)?.[0];
    if (word === undefined) break;
    take(SPACE);
    if (text[at] !== "=") {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      const start = at;
      // "Negotiate abc==" carries one opaque value; "Bearer realm=…" does not end there.
      if (take(TOKEN68)?.[0].includes("=") !== true) at = start;
      continue;
    }
    at += 1;
    take(SPACE);
    const value = text[at] === '"' ? unescaped(take(QUOTED)?.[1]) : take(BARE)?.[0];
    challenges.at(-1)?.parameters.set(word.toLowerCase(), value ?? "");
  }
  return challenges;
}

function unescaped(quoted: string | undefined): string | undefined {
  return quoted?.replace(/\\(.)/g, "$1");
}
