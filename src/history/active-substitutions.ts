/**
 * Which of Repull's changes are in effect now, read from the account: services that run a revision of ours, and targets of
 * rules and schedules that pin one.
 *
 * Repull keeps no list that could become outdated. A revision's tags say for which execution it was made, which revision it
 * replaces, and which image each substitute replaces; only the service or target says that it is in use.
 */

import { shortRevision } from "../ecs/arn.ts";
import { getString, optional } from "../ecs/json-fields.ts";
import { primaryDeployment, type Service } from "../ecs/service/service.ts";
import { parseTags, type SubstitutedImage, wholeRevision } from "../ecs/task-definition/provenance-tags.ts";
import { containersOf } from "../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../image/reference.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import type { ScheduledTarget } from "../remediation/ports/schedules.ts";
import type { JsonObject } from "../runtime/json.ts";

/** Every service of the account and region, a few at a time. */
export type ServiceInventory = {
  clusters(): Promise<readonly string[]>;
  services(cluster: string): AsyncIterable<readonly Service[]>;
};

export type ActiveImage = SubstitutedImage & {
  /** As the revision has it; absent where no container of it has the digest that its tags name. */
  readonly substitute?: string;
};

export type ActiveSubstitution = {
  /** The revision that is in use, by its ARN. */
  readonly revision: string;
  /** The one that it replaces, `web:41`. */
  readonly former: string;
  readonly execution: string;
  readonly images: readonly ActiveImage[];
  /** Milliseconds since the epoch, where ECS reports it. */
  readonly registeredAt?: number;
  readonly clusterArn: string;
} & (
  | { readonly kind: "service"; readonly service: string; readonly deploymentId?: string }
  | { readonly kind: "target"; readonly target: ScheduledTarget }
);

const REVISIONS_SEEN = 10;

/** The services that run a revision of ours. Each revision is described once. */
export async function activeInServices(
  inventory: ServiceInventory,
  ports: Pick<Ports, "ecs">,
): Promise<readonly ActiveSubstitution[]> {
  const found: ActiveSubstitution[] = [];
  const known = new Map<string, ReturnType<typeof describeOurs>>();
  for (const clusterArn of await inventory.clusters()) {
    for await (const services of inventory.services(clusterArn)) {
      for (const service of services) {
        if (service.status !== "ACTIVE" || service.taskDefinition === "") continue;
        const described = known.get(service.taskDefinition) ?? describeOurs(service.taskDefinition, ports);
        known.set(service.taskDefinition, described);
        const ours = await described;
        if (ours === undefined) continue;
        const deploymentId = primaryDeployment(service)?.id;
        found.push({
          ...ours,
          kind: "service",
          clusterArn,
          service: service.name,
          ...(deploymentId === undefined ? {} : { deploymentId }),
        });
      }
    }
  }
  return found;
}

/** The targets that pin a revision which was made of this family for a rule or schedule. */
export async function activeInTargets(
  family: string,
  inventory: Pick<ServiceInventory, "clusters">,
  ports: Pick<Ports, "ecs" | "schedules">,
): Promise<readonly ActiveSubstitution[]> {
  const found: ActiveSubstitution[] = [];
  for (const { arn, tags } of await ports.ecs.newestRevisions(family, REVISIONS_SEEN)) {
    const schedule = parseTags(tags)?.schedule;
    const ours = schedule === undefined ? undefined : await describeOurs(arn, ports);
    if (schedule === undefined || ours === undefined) continue;
    for (const clusterArn of await inventory.clusters()) {
      for (const target of await ports.schedules.targetsOf({ clusterArn, family, schedule })) {
        if (shortRevision(target.taskDefinition) === shortRevision(arn))
          found.push({ ...ours, kind: "target", clusterArn, target });
      }
    }
  }
  return found;
}

type Ours = Pick<ActiveSubstitution, "revision" | "former" | "execution" | "images" | "registeredAt">;

/** A revision by its tags; undefined where they do not say that it is ours, or which revision it replaces. */
async function describeOurs(revision: string, { ecs }: Pick<Ports, "ecs">): Promise<Ours | undefined> {
  const described = await ecs.describeTaskDefinition(revision);
  const marker = parseTags(described?.tags ?? []);
  if (described === undefined || marker?.previousRevision === undefined) return undefined;
  // A copy of an INACTIVE revision, restored: it replaces itself.
  if (marker.images.length === 0) return undefined;
  const registeredAt = timeIn(described.taskDefinition.registeredAt);
  return {
    revision: getString(described.taskDefinition, "taskDefinitionArn") ?? revision,
    former: wholeRevision(marker.previousRevision, revision),
    execution: marker.execution,
    images: marker.images.map((image) => withSubstitute(image, described.taskDefinition)),
    ...(registeredAt === undefined ? {} : { registeredAt }),
  };
}

function withSubstitute(tagged: SubstitutedImage, revision: JsonObject): ActiveImage {
  if (tagged.digest === undefined) return tagged;
  const { image } =
    containersOf(revision).find((one) => tryParseReference(one.image ?? "")?.digest === tagged.digest) ?? {};
  return { ...tagged, ...optional("substitute", image) };
}

/** ECS writes seconds since the epoch; what is recorded elsewhere may be ISO 8601. */
function timeIn(value: unknown): number | undefined {
  const time =
    typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
