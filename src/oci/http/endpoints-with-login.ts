/**
 * Which of the addresses used instead of registries may see the login of the registry itself: an ECR on this machine,
 * whose token is from an AWS endpoint on this machine.
 *
 * Such a token opens nothing elsewhere. A token of AWS's own is never shown to an address that is used instead of ECR.
 */

import { registryOf } from "../../image/registry-hosts.ts";
import { type Endpoint, isLoopbackHost } from "./registry-address.ts";

/** @param awsEndpoint where AWS's APIs are asked; absent: at AWS's own addresses */
export function endpointsWithLogin(
  mapped: ReadonlyMap<string, string>,
  awsEndpoint: string | undefined,
): ReadonlyMap<string, Endpoint> {
  const isLocal = (address: string | undefined): boolean =>
    address !== undefined && isLoopbackHost(URL.parse(address)?.hostname ?? "");
  return new Map(
    [...mapped].map(([host, url]) => [
      host,
      { url, sendCredentials: registryOf(host).kind === "ecr" && isLocal(url) && isLocal(awsEndpoint) },
    ]),
  );
}
