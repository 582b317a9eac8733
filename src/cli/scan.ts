/** `repull scan`: which services depend on Docker Hub, and what its limit would do to them. Reads ECS alone. */

import { createEcs } from "../aws/ecs.ts";
import { identify } from "../aws/identity.ts";
import { createInventory, type Inventory } from "../aws/inventory.ts";
import { ecrHost } from "../image/hosts.ts";
import { inPool } from "../oci/pool.ts";
import { type Exposure, exposureOf, rolesOf } from "../remediation/exposure.ts";
import type { Ecs } from "../remediation/ports.ts";
import type { Policy } from "../substitution/policy.ts";
import { revisionName } from "../workload/arn.ts";
import type { Service } from "../workload/service.ts";
import type { DescribedTaskDefinition } from "../workload/task-definition.ts";
import { awsSettingsFrom } from "./aws-settings.ts";
import type { CommandIo } from "./io.ts";
import { textTable } from "./text-table.ts";

export type ScanInput = {
  /** One cluster, by name or ARN; absent: all of the region. */
  readonly cluster?: string;
  /** Print the value of the stack's PassableRoleArns instead. */
  readonly roles: boolean;
  readonly json: boolean;
  readonly policy: Policy;
};

export type Scanned = { readonly services: number; readonly exposures: readonly Exposure[] };

/** A hundred task definitions a minute are well below ECS's own limit of twenty a second. */
const AT_ONCE = 4;
/** What Docker Hub lets one address pull in six hours, when this was written; its answers say what holds. */
const ANONYMOUS_PULLS = 100;

/** Scans the region of the environment; exit status 0, whatever it finds. */
export async function scan(input: ScanInput, io: CommandIo): Promise<number> {
  const aws = awsSettingsFrom(io.env);
  const { account } = await identify(aws);
  io.err(`account ${account}, region ${aws.region}: nothing is changed\n`);
  const scanned = await scanAccount(
    input,
    createInventory(aws),
    createEcs(aws),
    ecrHost(account, aws.region),
  );
  if (input.roles) {
    io.out(`${rolesOf(scanned.exposures).join(",")}\n`);
    return 0;
  }
  io.out(
    input.json
      ? scanned.exposures.map((exposure) => `${JSON.stringify(exposure)}\n`).join("")
      : inWords(scanned),
  );
  return 0;
}

/** Every service of the clusters, each task definition once. Throws AwsError. */
export async function scanAccount(
  { cluster, policy }: Pick<ScanInput, "cluster" | "policy">,
  inventory: Inventory,
  ecs: Pick<Ecs, "describeTaskDefinition">,
  registry: string,
): Promise<Scanned> {
  const clusters = cluster === undefined ? await inventory.clusters() : [cluster];
  const services: Service[] = [];
  for (const one of clusters) for await (const some of inventory.services(one)) services.push(...some);

  const definitions = new Map<string, DescribedTaskDefinition | undefined>();
  for (const { taskDefinition } of services)
    if (taskDefinition !== "") definitions.set(taskDefinition, undefined);
  await inPool([...definitions.keys()], AT_ONCE, async (arn) => {
    definitions.set(arn, await ecs.describeTaskDefinition(arn));
  });

  const exposures = services.flatMap((service) => {
    const described = definitions.get(service.taskDefinition);
    return (described && exposureOf(service, described, policy, registry)) ?? [];
  });
  return { services: services.length, exposures: exposures.toSorted(worstFirst) };
}

function worstFirst(one: Exposure, other: Exposure): number {
  return (
    Number(other.unprotected !== undefined) - Number(one.unprotected !== undefined) ||
    other.anonymousPulls - one.anonymousPulls ||
    one.service.localeCompare(other.service)
  );
}

function inWords({ services, exposures }: Scanned): string {
  const of = `${services} service${services === 1 ? "" : "s"}`;
  if (exposures.length === 0) return `None of ${of} runs an image from Docker Hub.\n`;
  const pulls = exposures.reduce((sum, { anonymousPulls }) => sum + anonymousPulls, 0);
  const unprotected = exposures.filter((exposure) => exposure.unprotected !== undefined);
  const rows = exposures.flatMap((exposure) =>
    exposure.images.map((image, index) => [
      index === 0 ? `${exposure.cluster}/${exposure.service}` : "",
      image.image,
      image.pulledAs,
      index === 0 ? String(exposure.anonymousPulls) : "",
      index === 0 && exposure.unprotected !== undefined
        ? `nothing: ${exposure.unprotected}`
        : image.places
            .map(({ strategy }) => strategy)
            .filter((name, at, all) => all.indexOf(name) === at)
            .join(", "),
    ]),
  );
  const times = (pulls / ANONYMOUS_PULLS).toFixed(1);
  return [
    `${exposures.length} of ${of} run images from Docker Hub, in ${new Set(exposures.map(({ taskDefinition }) => revisionName(taskDefinition))).size} revisions.`,
    "",
    ...textTable(["service", "image", "pulled as", "pulls", "what Repull would try"], rows),
    "",
    `Replacing every task at once takes ${pulls} anonymous pulls: ${times} times what one address has in six hours (${ANONYMOUS_PULLS}).`,
    unprotected.length === 0
      ? "Repull would act for each of them."
      : `${unprotected.length} would be left alone; the reasons stand above.`,
    "",
  ].join("\n");
}
