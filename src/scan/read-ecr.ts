/**
 * Reads what an account's ECR offers the images of a scan: its cache rules, and the tags of the repositories in which
 * copies of them would be.
 */

import { containersOf, type DescribedTaskDefinition } from "../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../image/reference.ts";
import { isDockerHubFront } from "../image/registry-hosts.ts";
import { AwsError } from "../remediation/ports/aws-error.ts";
import { forEachConcurrently } from "../runtime/for-each-concurrently.ts";
import { candidatesOf } from "../substitution/strategies/candidates-of.ts";
import type { AccountInventory } from "./account-inventory.ts";
import { repositoryOf, type ScanFacts } from "./likely-substitutes.ts";

/** As low as the other reads of a scan: others work in the account too. */
const AT_ONCE = 4;

/** Reads, or says why not as a gap of the scan. */
type OrGap = <T>(what: string, otherwise: T, read: () => Promise<T>) => Promise<T>;

export async function readEcr(
  definitions: ReadonlyMap<string, DescribedTaskDefinition>,
  view: AccountInventory,
  { policy, ecrHost }: Pick<ScanFacts, "policy" | "ecrHost">,
  orGap: OrGap,
): Promise<ScanFacts> {
  const rules = await orGap<ScanFacts["rules"]>(
    "pull-through cache rules",
    { because: "the account's rules cannot be read" },
    () => view.pullThroughRules(),
  );
  const wanted = new Set(
    [...definitions.values()].flatMap(({ taskDefinition }) =>
      containersOf(taskDefinition).flatMap(({ image }) => copiesOf(image ?? "", { policy, ecrHost })),
    ),
  );
  const tags = new Map<string, Awaited<ReturnType<AccountInventory["imageTags"]>>>();
  let refused: string | undefined;
  await forEachConcurrently([...wanted], AT_ONCE, async (repository) => {
    if (refused !== undefined) return;
    try {
      tags.set(repository, await view.imageTags(repository));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      // Who may not look into one may look into none.
      refused = error.message;
    }
  });
  if (refused !== undefined) {
    const because = refused;
    await orGap("the copies in ECR", undefined, () =>
      Promise.reject(new AwsError("denied", "ecr:ListImages", because)),
    );
    return { policy, ecrHost, rules, tagsIn: () => ({ because }) };
  }
  return { policy, ecrHost, rules, tagsIn: (repository) => tags.get(repository) };
}

/** The repositories of our ECR in which the policy would look for a copy of an image. */
function copiesOf(
  image: string,
  { policy, ecrHost }: Pick<ScanFacts, "policy" | "ecrHost">,
): readonly string[] {
  const reference = tryParseReference(image);
  const isWanted = reference !== undefined && isDockerHubFront(reference.host);
  if (!isWanted || !policy.strategies.includes("ecr-copy")) return [];
  const offered = candidatesOf("ecr-copy", reference, {
    policy,
    ecrHost,
    rules: [],
    signedIn: false,
  });
  if ("because" in offered) return [];
  return offered.flatMap((candidate) => repositoryOf(candidate.image, ecrHost) ?? []);
}
