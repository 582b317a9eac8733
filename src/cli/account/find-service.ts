/** A service by the name that a person gives it: `web`, `prod/web`, or its ARN. */

import { parseEcsArn } from "../../ecs/arn.ts";
import type { Service } from "../../ecs/service/service.ts";
import type { ServiceInventory } from "../../history/active-substitutions.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Ecs } from "../../remediation/ports/ports.ts";
import { suggest } from "../../text/suggest.ts";
import { refuseForeign, type SignedIn } from "./same-account.ts";

export type ServiceName = { readonly service: string; readonly cluster?: string };

/**
 * The one service of that name. Throws InvalidInput that lists the clusters where there are several, or none, and
 * Refused for an ARN of another account or region.
 */
export async function findService(
  wanted: ServiceName,
  inventory: ServiceInventory,
  ecs: Pick<Ecs, "describeService">,
  home: SignedIn,
): Promise<Service> {
  refuseForeign(wanted.service, home);
  if (wanted.cluster !== undefined) refuseForeign(wanted.cluster, home);
  const { service, cluster } = partsOf(wanted);
  const clusters = cluster === undefined ? await inventory.clusters() : [cluster];
  const found: Service[] = [];
  for (const one of clusters) {
    const described = await ecs.describeService(one, service);
    // ECS still shows a deleted service for a while.
    if (described !== undefined && described.status !== "INACTIVE") found.push(described);
  }
  const [only, ...others] = found;
  if (only === undefined) throw new InvalidInput("SERVICE", await whatElse(service, clusters, inventory));
  if (others.length === 0) return only;
  const names = found.map((one) => `${clusterName(one.clusterArn)}/${one.name}`).join(", ");
  throw new InvalidInput("SERVICE", `one service; ${service} is in ${found.length} clusters: ${names}`);
}

export function clusterName(clusterArn: string): string {
  return clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
}

function partsOf({ service, cluster }: ServiceName): ServiceName {
  const arn = parseEcsArn(service);
  const named =
    arn?.kind === "service" ? { service: arn.name, cluster: arn.cluster } : { ...slashed(service) };
  const where = cluster ?? named.cluster;
  if (cluster !== undefined && named.cluster !== undefined && clusterName(cluster) !== named.cluster)
    throw new InvalidInput("--cluster", `the cluster of the service itself, ${named.cluster}`);
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(named.service))
    throw new InvalidInput("SERVICE", "the name of a service, CLUSTER/SERVICE, or its ARN");
  return { service: named.service, ...(where === undefined ? {} : { cluster: where }) };
}

function slashed(text: string): { service: string; cluster?: string } {
  const at = text.indexOf("/");
  return at < 0 ? { service: text } : { cluster: text.slice(0, at), service: text.slice(at + 1) };
}

/** What may have been meant: reading every name costs a call for each hundred, and only a wrong one costs it. */
async function whatElse(
  service: string,
  clusters: readonly string[],
  inventory: ServiceInventory,
): Promise<string> {
  const [named] = clusters;
  const all = await namesOf(inventory);
  if (named !== undefined && clusters.length === 1 && all !== undefined && !all.includes(clusterName(named)))
    return `a cluster that exists: ${withGuess(`there is no cluster ${clusterName(named)}`, clusterName(named), all)}`;
  const names: string[] = [];
  try {
    for (const cluster of clusters)
      for await (const some of inventory.services(cluster)) names.push(...some.map(({ name }) => name));
  } catch {
    // Without the names of services there is only no guess.
  }
  const where =
    clusters.length === 1 ? `the cluster ${clusterName(clusters[0] ?? "")}` : "this region's clusters";
  return `a service that exists: ${withGuess(`there is no service ${service} in ${where}`, service, names)}`;
}

/** Undefined where they cannot be listed. */
async function namesOf(inventory: ServiceInventory): Promise<readonly string[] | undefined> {
  try {
    return (await inventory.clusters()).map(clusterName);
  } catch {
    return undefined;
  }
}

function withGuess(sentence: string, word: string, words: readonly string[]): string {
  const likely = suggest(word, words);
  return likely === undefined ? sentence : `${sentence}, perhaps ${likely}`;
}
