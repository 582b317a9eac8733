/** The last witness: what the image's own registry says of its name now. It costs no pull. */

import { canonicalName, type ImageReference } from "../../image/reference.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import { findPortError, PortError, type ProbePorts } from "../ports.ts";
import type { Belief } from "./testimony.ts";

export type OriginPorts = Pick<ProbePorts, "registries" | "anonymous"> & { readonly clock: Clock };

/**
 * Asks the registry of a reference; what a cache does not have, it would have fetched: only then its upstream says what
 * the name means. Throws PortError where asking again may help.
 */
export async function askOrigin(
  { reference, upstream }: { readonly reference: ImageReference; readonly upstream?: ImageReference },
  ports: OriginPorts,
): Promise<Belief> {
  const askedAt = new Date(ports.clock.now()).toISOString();
  const said = await askRegistry(reference, askedAt, ports);
  const isNotCached = "untrusted" in said && said.untrusted.code === "origin-has-no-tag";
  return upstream !== undefined && isNotCached ? await askRegistry(upstream, askedAt, ports) : said;
}

async function askRegistry(reference: ImageReference, askedAt: string, ports: OriginPorts): Promise<Belief> {
  const asked = await askAs(reference, askedAt, ports.registries);
  if ("trusted" in asked || ports.anonymous === undefined) return asked;
  // A registry that refuses an account may answer without one.
  const again = await askAs(reference, askedAt, ports.anonymous.registries);
  return "trusted" in again ? again : asked;
}

async function askAs(
  reference: ImageReference,
  askedAt: string,
  registries: ProbePorts["registries"],
): Promise<Belief> {
  try {
    const head = await registries.headManifest(reference);
    if (head !== undefined) return { trusted: { digest: head.digest, from: "origin", askedAt } };
    const because = `${reference.host} has no ${canonicalName(reference)}`;
    return { untrusted: { code: "origin-has-no-tag", because } };
  } catch (error) {
    const told = findPortError(error) ?? error;
    if (told instanceof PortError && told.kind === "throttled") throw told;
    if (!(told instanceof PortError || told instanceof RegistryError)) throw told;
    const because = `ECS did not record the digest, and ${reference.host} did not report it: ${told.message}`;
    // Another try would meet the same policy.
    if (told.kind === "not-allowed") return { untrusted: { code: "origin-not-allowed", because } };
    const unanswered = told instanceof RegistryError ? told.unanswered : undefined;
    return {
      untrusted: {
        code: "origin-unreadable",
        because,
        transient: true,
        ...(told.kind === "unavailable" ? { unavailable: true } : {}),
        ...(unanswered === undefined ? {} : { unanswered }),
      },
    };
  }
}
