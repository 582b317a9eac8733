/**
 * What a task needs in addition to the bytes, checked before it gets them: its role's permissions and its network's routes.
 *
 * What could not be asked is `not checked`, with the reason, and holds nothing up; what was asked and failed does. What the
 * failure itself proves outweighs what was read: tasks that a public registry answered reach the internet.
 */

import { notChecked } from "../../../assessment/checks.ts";
import { ecrHost } from "../../../image/ecr-hosts.ts";
import { parseReference } from "../../../image/reference.ts";
import { registryOf } from "../../../image/registry-hosts.ts";
import type { Candidate, Check } from "../../../substitution/candidate.ts";
import type { Ports } from "../../ports/ports.ts";
import { destinationOfSecret, destinationsOf, reaches } from "./network-check.ts";
import type { PullIdentity } from "./pull-identity.ts";
import { mayPull, mayReadSecret } from "./pull-roles.ts";

/** The checks of one candidate, by what it would have the tasks pull and with what. Throws AwsError only for what passes. */
export async function preflight(
  candidate: Candidate,
  puller: PullIdentity,
  ports: Pick<Ports, "roles" | "networks" | "location">,
): Promise<readonly Check[]> {
  const { host, path } = parseReference(candidate.image);
  const { secret } = candidate;
  if (secret !== undefined)
    return [
      await mayReadSecret(secret, puller, ports),
      await reaches("Secrets Manager", [destinationOfSecret(secret)], puller, ports),
    ];
  const registry = registryOf(host);
  if (registry.kind !== "ecr") return [await reaches(host, destinationsOf(host), puller, ports)];
  const repository = `arn:${registry.partition}:ecr:${registry.region}:${registry.account}:repository/${path}`;
  const isAnothers = host !== ecrHost(ports.location.account, ports.location.region);
  return [
    ...(isAnothers
      ? [
          notChecked(
            "role",
            `whether account ${registry.account}'s policy for ${path} lets the tasks pull cannot be read from this account`,
          ),
        ]
      : []),
    await mayPull(repository, puller, ports),
    await reaches(host, destinationsOf(host, repository), puller, ports),
  ];
}
