/**
 * Takes secrets out of error texts.
 *
 * Registries write account names and token ids into their refusals, clients write whole URLs with their
 * queries. Each rule also holds for a text that was cut in the middle of a secret.
 */

/** `needs`: a character without which the pattern finds nothing; most texts have none of it, and are not searched. */
type Rule = readonly [pattern: RegExp, replacement: string, needs?: string];

/** An opening or closing quote as texts carry it: plain, curly, escaped, as an entity or in a URL. */
const QUOTE = `(?:\\\\{0,4}["'\`‘’‚‛“”]|\\\\{1,4}u00(?:27|22)|&(?:amp;)*(?:#0*39|#x0*27|apos|quot|#0*34|#x0*22);|%2[27])`;

const RULES: readonly Rule[] = [
  // "…pull rate limit as 'acmebot': dckr_jti_…": Docker Hub names the account (seen since 2025).
  [
    new RegExp(
      `(rate(?:\\s|%20|\\+)+limit(?:\\s|%20|\\+)+as(?:\\s|%20|\\+)*)(${QUOTE})(?:(?!${QUOTE}|:\\s).)*`,
      "gis",
    ),
    "$1$2[redacted]",
  ],
  [new RegExp(`(rate\\s+limit\\s+as\\s+)(?!${QUOTE}|\\[redacted\\])[^\\s:]+`, "gi"), "$1[redacted]"],
  // Docker's personal (pat), organisation (oat) and other tokens; jti is a token's id.
  [/dckr_[a-z]+_[\w+/=%.~-]*/gi, "[redacted]"],
  [
    /((?:proxy-)?authorization|x-registry-(?:auth|config)|x-amz-security-token|x-api-key|(?:set-)?cookie)(\\*["']?\s*[:=]\s*\\*["']?)(?:(?:basic|bearer|digest|negotiate|aws4-[\w-]+)\s+)?[^\s"'\\]*/gi,
    "$1$2[redacted]",
  ],
  [
    /\b(bearer)\s+(?!realm\b|token\b|tokens\b|error\b|auth|challenge|\[redacted\])[\w.~+/=%-]+/gi,
    "$1 [redacted]",
  ],
  [/\b(basic)\s+(?!realm\b|auth|credential|\[redacted\])[A-Za-z0-9+/_-]{6,}=*/gi, "$1 [redacted]"],
  [/(?<![\w.+%-])[\w.+%-]{1,128}@(?!\d)(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![\w@])/gi, "[redacted]", "@"],
  [/\beyJ[\w-]{6,}[\w.-]*/g, "[redacted]"],
  [/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}/g, "[redacted]"],
  [
    /\b(?:gh[pousr]_|github_pat_|glpat-|gldt-|npm_|xox[abprs]-|hvs\.)[\w.-]{4,}|\bsk-[\w-]{24,}/g,
    "[redacted]",
  ],
  [
    /(?<![\w-])([\w-]{0,64}(?:key|token|secret|password|passwd|pwd))(\\*["']?\s*=\s*\\*["']?)(?!\[redacted\])[^\s"'&,;\\]+/gi,
    "$1$2[redacted]",
    "=",
  ],
  [
    /\b(password|passwd|pwd|identitytoken|registrytoken|access_token|refresh_token|client_secret)(\\*["']?\s*:\s*\\*["']?)(?!\[redacted\])[^\s"',;\\]+/gi,
    "$1$2[redacted]",
    ":",
  ],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END).)*/gs, "[redacted]", "-----BEGIN "],
];

/** The text without account names, tokens, credentials, e-mail addresses and URL queries. Redacting twice changes nothing. */
export function redact(text: string): string {
  // Whole URLs first, in one pass: a rule that looked for a query from every "https://" would take quadratic time.
  return RULES.reduce(
    (left, [pattern, replacement, needs = ""]) =>
      left.includes(needs) ? left.replace(pattern, replacement) : left,
    text.replace(/https?:\/\/[^\s"'<>]+/gi, withoutSecrets),
  );
}

/** The URL without user, password, query and fragment. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/]*@/g, "//redacted@").replace(/[?#].*/s, withoutQuery);
}

/** `ns` is the registry that a mirror was asked for, and what ends a sentence is not the query's. */
function withoutQuery(query: string): string {
  const registry = /[?&]ns=(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?(?=[&:.,;)]|$)/
    .exec(query)?.[0]
    .slice(1);
  const end = /[:.,;)]{0,4}$/.exec(query)?.[0] ?? "";
  return `?${registry === undefined ? "" : `${registry}&`}[redacted]${end}`;
}
