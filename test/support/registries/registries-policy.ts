/** The policy's word on a world's registries, which are on loopback, where the functions go by that word alone. */

import type { JsonObject } from "../../../src/runtime/json.ts";

/** @param endpoints `host=url,host=url` */
export function registriesPolicy(endpoints: string): JsonObject {
  const rows = endpoints.split(",").map((row) => {
    const [host = "", url = ""] = row.split("=");
    // An endpoint that is used instead of a registry sees its login only where the policy allows it.
    return { host, url, sendCredentials: true };
  });
  // Blobs are redirected to the same server by its other name: a host of its own, port included.
  const blobHosts = rows.map(({ url }) => `localhost:${new URL(url).port}`);
  return { allowed: ["well-known", ...blobHosts], endpoints: rows };
}
