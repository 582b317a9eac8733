/**
 * What others do while Repull acts: people and pipelines deploy, Terraform deregisters, ECS rolls back, registries refuse.
 *
 * Each comes at a moment that the seed chooses, and some of them at the worst one: between a comparison and its write.
 */

import type { JsonObject } from "../../../src/runtime/json.ts";
import type { ServiceRecord } from "../../../src/sandbox/ecs/state.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import type { Fault } from "../../../src/sandbox/registry/faults.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Witness } from "../judge/witness.ts";
import type { FaultInjector } from "./fault-injector.ts";
import { IMAGE_NAMES } from "./images.ts";
import { moveTag } from "./moved-tag.ts";

export const MISCHIEF = [
  "deploy",
  "old-image-again",
  "rollback",
  "deregister",
  "registered-only",
  "tag-moved",
  "target-moved",
  "registry-storm",
] as const;
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
  faults: FaultInjector,
  random: Random,
  witness: Pick<Witness, "foreign" | "meanings">,
  onMischief: (kind: MischiefKind, what: string) => void,
) {
  const storms: (() => void)[] = [];
  /** Service → the revision that its source has: what a pipeline has in its repository. */
  const written = new Map(world.cluster.services().map(({ arn, taskDefinition }) => [arn, taskDefinition]));

  const point = async (service: ServiceRecord, revision: string, kind: MischiefKind): Promise<void> => {
    const [before] = service.deployments;
    const cluster = service.cluster.name;
    await faults.aboutToChange(cluster, service.name, world.ports);
    world.cluster.updateService(cluster, service.name, revision);
    const [now] = service.deployments;
    if (now === undefined || now.id === before?.id) return;
    witness.foreign.push({ service: service.arn, deployment: now.id, revision: now.taskDefinition });
    onMischief(kind, `${cluster}/${service.name} to ${now.taskDefinition}, ${now.id}`);
  };

  const sourceRevision = (service: ServiceRecord): JsonObject => {
    const described = world.definitions.describe(written.get(service.arn) ?? service.taskDefinition);
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
    const source = sourceRevision(service);
    if (kind === "registered-only") {
      // A pipeline between its two calls, or for ever.
      const arn = world.definitions.register(source);
      written.set(service.arn, arn);
      onMischief(kind, arn);
      return;
    }
    const before = service.taskDefinition;
    const isSteady = kind === "deploy" && source.executionRoleArn !== undefined && random.next() < 0.7;
    const revised = isSteady
      ? {
          ...source,
          containerDefinitions: (source.containerDefinitions as readonly JsonObject[]).map((container) => ({
            ...container,
            image: STEADY,
          })),
        }
      : source;
    const arn = world.definitions.register(revised);
    written.set(service.arn, arn);
    await point(service, arn, kind);
    if (kind === "deregister") world.definitions.deregister(before);
  };

  /** Points a rule at another revision. */
  const moveTarget = (): void => {
    const rule = world.schedules.all[0];
    if (rule === undefined) return;
    const { target } = rule;
    const parameters = target.EcsParameters as JsonObject;
    const family = String(parameters.TaskDefinitionArn).replace(/:[0-9]+$/, "");
    rule.target = { ...target, EcsParameters: { ...parameters, TaskDefinitionArn: `${family}:99` } };
    onMischief("target-moved", rule.name);
  };

  return {
    doTo,
    /** Something, to some service or some registry. */
    async happen(): Promise<void> {
      const kind = random.pick(MISCHIEF);
      if (kind === "tag-moved") {
        const image = random.pick(IMAGE_NAMES);
        moveTag(world, image, witness.meanings);
        return onMischief(kind, image);
      }
      if (kind === "target-moved") return moveTarget();
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
