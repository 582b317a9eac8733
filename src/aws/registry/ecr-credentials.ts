/** The credentials of ECR's registries, by AWS's own: one token for each region, fetched when first needed. */

import { partitionOf } from "../../image/ecr-hosts.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Credentials } from "../../oci/auth/credentials.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { EcrWithAuth } from "../adapters/ecr.ts";
import type { AwsSettings } from "../client/client-config.ts";

/**
 * Answers for private ECR hosts of the caller's own partition, of any account and region: a token opens what
 * the caller's policies and the repository's allow. Undefined for every other host. Throws AwsError.
 */
export function createEcrCredentials(
  settings: AwsSettings,
  clock: Clock,
): (host: string) => Promise<Credentials | undefined> {
  const byRegion = new Map<string, EcrWithAuth>();
  return async (host) => {
    const registry = registryOf(host);
    if (registry.kind !== "ecr" || registry.partition !== partitionOf(settings.region)) return undefined;
    const { region } = registry;
    // Not before a registry of ECR asks: few invocations talk to one.
    const { createEcr } = await import("../adapters/ecr.ts");
    const ecr = byRegion.get(region) ?? createEcr({ ...settings, region }, clock);
    byRegion.set(region, ecr);
    return { kind: "basic", header: await ecr.authorization() };
  };
}
