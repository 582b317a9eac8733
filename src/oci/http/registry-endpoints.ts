/** `REPULL_REGISTRY_ENDPOINTS`: which addresses are used instead of registry hosts. */

/** The setting cannot be used; the message says which part and what was expected. */
export class EndpointsError extends Error {
  override readonly name = "EndpointsError";
}

/**
 * Reads `host=url,host=url`. Empty text is not a mapping.
 * Throws EndpointsError: a setting that is half understood would send credentials to the wrong place.
 */
export function parseEndpoints(text: string | undefined): ReadonlyMap<string, string> {
  const endpoints = new Map<string, string>();
  for (const part of (text ?? "").split(",")) {
    const entry = part.trim();
    if (entry === "") continue;
    const equals = entry.indexOf("=");
    const host = entry.slice(0, Math.max(0, equals)).trim();
    const address = entry.slice(equals + 1).trim();
    if (!/^[A-Za-z0-9.\-[\]:]+$/.test(host)) throw wrong(entry, "a registry host before the =");
    const url = URL.parse(address);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw wrong(entry, "an http or https address after the =");
    if (url.username !== "" || url.password !== "") throw wrong(host, "an address without a password");
    if (url.search !== "" || url.hash !== "") throw wrong(host, "an address without ? or #");
    if (endpoints.has(host)) throw wrong(host, "each host once");
    endpoints.set(host, url.href.replace(/\/+$/, ""));
  }
  return endpoints;
}

function wrong(part: string, expected: string): EndpointsError {
  const named = part.replace(/\/\/[^/@]*@/, "//");
  return new EndpointsError(
    `REPULL_REGISTRY_ENDPOINTS: ${JSON.stringify(named.slice(0, 120))}: expected ${expected}`,
  );
}
