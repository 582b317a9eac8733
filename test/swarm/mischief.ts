/**
 * What others do while Repull acts: people and pipelines deploy, Terraform deregisters, ECS rolls back, registries refuse.
 *
 * Each comes at a moment that the seed chooses, and some of them at the worst one: between a comparison and its write.
 */

import type { JsonObject } from "../../src/runtime/json.ts";
import type { Random } from "../../src/runtime/random.ts";
import type { ServiceRecord } from "../../src/sandbox/cluster-state.ts";
import type { Liar } from "../../src/sandbox/liar.ts";
import type { Fault } from "../../src/sandbox/registry/faults.ts";
import type { World } from "../../src/sandbox/world.ts";
import { CLUSTER } from "./random-world.ts";
import type { Witness } from "./witness.ts";

export const MISCHIEF = ["deploy", "old-image-again", "rollback", "deregister", "registry-storm"] as const;
export type MischiefKind = (typeof MISCHIEF)[number];

const STEADY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/steady:1";

const STORMS: readonly Fault["as"][] = [
  { kind: "status", status: 429, code: "TOOMANYREQUESTS", message: "Rate exceeded" },
  { kind: "status", status: 429, bare: "Too Many Requests", retryAfter: "20" },
  { kind: "status", status: 503, bare: "busy" },
  { kind: "abuse-limit" },
  { kind: "reset" },
  { kind: "cut-body", afterBytes: 100 },
  { kind: "wrong-bytes" },
];

export function createMischief(
  world: World,
  liar: Liar,
  random: Random,
  witness: Pick<Witness, "isOurs" | "foreign">,
  onMischief: (kind: MischiefKind, what: string) => void,
) {
  const storms: (() => void)[] = [];

  const point = async (service: ServiceRecord, revision: string, kind: MischiefKind): Promise<void> => {
    const [before] = service.deployments;
    await liar.aboutToChange(CLUSTER, service.name, world.ports);
    world.cluster.updateService(CLUSTER, service.name, revision);
    const [now] = service.deployments;
    if (now === undefined || now.id === before?.id) return;
    witness.foreign.push({ service: service.name, deployment: now.id, revision: now.taskDefinition });
    onMischief(kind, `${service.name} to ${now.taskDefinition}, ${now.id}`);
  };

  /** The revision that the owner wrote last: what a pipeline has in its repository. */
  const ownersRevision = (service: ServiceRecord): JsonObject => {
    const revisions = world.definitions.newest(service.name, 100).filter(({ arn }) => !witness.isOurs(arn));
    const described = world.definitions.describe(revisions[0]?.arn ?? service.taskDefinition);
    const members = Object.entries(described?.taskDefinition ?? {}).filter(
      ([member]) => !WRITTEN_BY_ECS.includes(member),
    );
    const tags = (described?.tags ?? []).filter(({ key }) => !key.startsWith("repull:"));
    return { ...Object.fromEntries(members), tags };
  };

  const doTo = async (service: ServiceRecord, kind: MischiefKind): Promise<void> => {
    if (service.controller !== "ECS") return;
    if (kind === "rollback") {
      const { lastCompleted } = service;
      if (lastCompleted !== undefined && isActive(world, lastCompleted.taskDefinition))
        await point(service, lastCompleted.taskDefinition, kind);
      return;
    }
    const owners = ownersRevision(service);
    const before = service.taskDefinition;
    const isSteady = kind === "deploy" && owners.executionRoleArn !== undefined && random.next() < 0.7;
    const revised = isSteady
      ? {
          ...owners,
          containerDefinitions: (owners.containerDefinitions as readonly JsonObject[]).map((container) => ({
            ...container,
            image: STEADY,
          })),
        }
      : owners;
    await point(service, world.definitions.register(revised), kind);
    if (kind === "deregister") world.definitions.deregister(before);
  };

  return {
    doTo,
    /** Something, to some service or some registry. */
    async happen(): Promise<void> {
      const kind = random.pick(MISCHIEF);
      if (kind !== "registry-storm") return await doTo(random.pick(world.cluster.services()), kind);
      const registry = random.pick(world.registries.all);
      const lift = registry.fail({ on: "any", as: random.pick(STORMS) });
      storms.push(lift);
      world.clock.schedule(world.clock.now() + random.integer(5, 600) * 1000, lift);
      onMischief(kind, registry.host);
    },
    calm(): void {
      for (const lift of storms) lift();
    },
  };
}

const WRITTEN_BY_ECS = [
  "taskDefinitionArn",
  "revision",
  "registeredAt",
  "registeredBy",
  "status",
  "deregisteredAt",
  "requiresAttributes",
  "compatibilities",
];

function isActive(world: World, revision: string): boolean {
  return world.definitions.describe(revision)?.taskDefinition.status === "ACTIVE";
}
