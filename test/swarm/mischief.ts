/**
 * What others do while Repull acts: people and pipelines deploy, Terraform deregisters, ECS rolls back, registries refuse.
 *
 * Each comes at a moment that the seed chooses, and some of them at the worst one: between a comparison and its write.
 */

import type { JsonObject } from "../../src/runtime/json.ts";
import type { Random } from "../../src/runtime/random.ts";
import type { ServiceRecord } from "../../src/sandbox/cluster-state.ts";
import { buildImage, seedImage } from "../../src/sandbox/image-builder.ts";
import type { Liar } from "../../src/sandbox/liar.ts";
import type { Fault } from "../../src/sandbox/registry/faults.ts";
import type { World } from "../../src/sandbox/world.ts";
import { CLUSTER, hubPath, IMAGES } from "./random-world.ts";
import type { Witness } from "./witness.ts";

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

const IMAGE_PATHS: Readonly<Record<string, string>> = Object.fromEntries(
  IMAGES.map((image) => [image, hubPath(image)]),
);
const PLATFORMS = ["linux/amd64", "linux/arm64"];

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
  witness: Pick<Witness, "isOurs" | "foreign" | "tagMoved">,
  onMischief: (kind: MischiefKind, what: string) => void,
) {
  const storms: (() => void)[] = [];
  let moved = 0;

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
    if (kind === "registered-only") {
      // A pipeline between its two calls, or for ever.
      onMischief(kind, world.definitions.register(owners));
      return;
    }
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

  /** The publisher pushes other bytes under the same tag. */
  const moveTag = (image: string): void => {
    const [path = "", tag = ""] = (IMAGE_PATHS[image] ?? "").split(":");
    moved += 1;
    const built = buildImage({ name: `${image} once more ${moved}`, platforms: PLATFORMS, bytes: 512 });
    seedImage(world.registries.dockerHub, path, tag, built);
    witness.tagMoved(image);
    onMischief("tag-moved", image);
  };

  /** Somebody points a rule at another revision. */
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
      if (kind === "tag-moved") return moveTag(random.pick(Object.keys(IMAGE_PATHS)));
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
