/**
 * What a world's traits bring about while it is played: tags move under a pin, revisions are forged, what a substitute
 * is pulled from fails, and AWS refuses to publish or to answer.
 */

import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { containersOf } from "../judge/meanings.ts";
import type { Witness } from "../judge/witness.ts";
import { moveTag } from "./moved-tag.ts";
import type { Trait } from "./traits.ts";

const SECONDS = 1000;
const MINUTES = 60 * SECONDS;
/** A tag is pinned some twelve seconds after a deployment begins, and its first failure is reported ten seconds later. */
const PINNED_AFTER = 17 * SECONDS;

export type Misfortunes = {
  /** The ports of an execution, as the world's traits have them fare. */
  watch(ports: Ports, execution: string): Ports;
  /** Which traits have come true. */
  readonly happened: ReadonlySet<Trait>;
  /** How an execution ended cannot be read, or could not when it was asked for. */
  isHistoryCut(): boolean;
};

export function createMisfortunes(
  world: World,
  traits: ReadonlySet<Trait>,
  random: Random,
  witness: Pick<Witness, "meanings" | "note" | "forges">,
  isAsked: boolean,
): Misfortunes {
  const { clock, registries, faults } = world;
  const happened = new Set<Trait>();
  let isHistoryCut = false;
  const later = (milliseconds: number, run: () => void): void =>
    void clock.schedule(clock.now() + milliseconds, run);

  const moveUnderPin = (): void => {
    const services = world.cluster.services().filter(({ controller }) => controller === "ECS");
    const images = [
      ...new Set(
        services.flatMap(({ taskDefinition }) =>
          containersOf(world, taskDefinition).map(({ image }) => String(image)),
        ),
      ),
    ];
    if (images.length === 0) return;
    const image = random.pick(images);
    const twin = random.next() < 0.7;
    // Between the pin and the first look most often; or between two looks.
    const at =
      random.next() < 0.7 ? PINNED_AFTER + random.integer(0, 6) * SECONDS : random.integer(30, 900) * SECONDS;
    later(at, () => {
      moveTag(world, image, witness.meanings, twin);
      witness.meanings.look();
      if (witness.meanings.isPinnedOtherwise(image)) happened.add("moved-tag");
      witness.note(`the publisher pushes ${image} anew${twin ? ", and its twin" : ""}`);
    });
  };

  const refuseRecords = (): void => {
    // Who is asked by an event has to hear of it.
    const action = isAsked
      ? "lambda:GetDurableExecution"
      : random.pick(["events:PutEvents", "lambda:GetDurableExecution"]);
    const kind = random.pick(["denied", "throttled"] as const);
    const lift = faults.order(action, kind);
    // For good in half of the worlds.
    const isForGood = random.next() < 0.5;
    if (!isForGood) later(random.integer(10, 60) * MINUTES, lift);
    // Who was denied does not ask again, and a breaker may have stopped ECS by then.
    isHistoryCut = action === "lambda:GetDurableExecution" && (isForGood || kind === "denied");
    witness.note(`AWS refuses ${action}`);
  };

  if (traits.has("moved-tag")) moveUnderPin();
  if (traits.has("refused-record")) refuseRecords();
  for (const given of ["refused-record"] as const) if (traits.has(given)) happened.add(given);

  const forging = random.fork("forged");
  const forgedFor = new Set<string>();
  /** Registers what looks like ours, next to it or in its place. */
  const withForger = (ports: Ports, execution: string): Ports => ({
    ...ports,
    ecs: {
      ...ports.ecs,
      async registerTaskDefinition(registrable) {
        if (forgedFor.has(execution) || forging.next() > 0.85)
          return await ports.ecs.registerTaskDefinition(registrable);
        forgedFor.add(execution);
        const comesFirst = forging.next() < 0.5;
        if (!comesFirst) await ports.ecs.registerTaskDefinition(registrable);
        const forged = world.definitions.register(forgedFrom(registrable, forging));
        witness.forges(forged);
        happened.add("forged-revision");
        witness.note(`a stranger forges ${forged} for ${execution}`);
        // Neither of them learns how it ended: ours looks again.
        throw new AwsError(
          comesFirst ? "throttled" : "unavailable",
          "ecs:RegisterTaskDefinition",
          `ecs:RegisterTaskDefinition: ${comesFirst ? "Rate exceeded" : "the connection timed out"}`,
        );
      },
    },
  });

  let failing = false;
  const withFailingSubstitute = (ports: Ports): Ports => ({
    ...ports,
    ecs: {
      ...ports.ecs,
      async updateService(cluster, name, revision) {
        const answer = await ports.ecs.updateService(cluster, name, revision);
        if (failing) return answer;
        failing = true;
        happened.add("failing-substitute");
        const as = {
          kind: "status",
          status: 429,
          code: "TOOMANYREQUESTS",
          message: "Rate exceeded",
        } as const;
        const lifts = [registries.ecrPublic, registries.ecr].map((registry) =>
          registry.fail({ on: "manifest-get", as }),
        );
        witness.note("ECR and ECR Public throttle the tasks");
        later(random.integer(1, 20) * MINUTES, () => {
          for (const lift of lifts) lift();
        });
        return answer;
      },
    },
  });

  return {
    happened,
    isHistoryCut: () => isHistoryCut,
    watch(ports, execution) {
      const forged = traits.has("forged-revision") ? withForger(ports, execution) : ports;
      return traits.has("failing-substitute") ? withFailingSubstitute(forged) : forged;
    },
  };
}

/** The same images, tags and family; and a member in it that the plan does not have. */
function forgedFrom(registrable: JsonObject, random: Random): JsonObject {
  const containers = registrable.containerDefinitions as readonly JsonObject[];
  const [first = {}, ...others] = containers;
  const role = "arn:aws:iam::123456789012:role/stranger";
  return random.pick([
    { ...registrable, containerDefinitions: [{ ...first, command: ["sh", "-c", "true"] }, ...others] },
    {
      ...registrable,
      containerDefinitions: [{ ...first, environment: [{ name: "TOKEN", value: "of another" }] }, ...others],
    },
    { ...registrable, taskRoleArn: role },
    {
      ...registrable,
      containerDefinitions: [
        ...containers,
        { name: "guest", image: "public.ecr.aws/docker/library/nginx:1.25", essential: false },
      ],
    },
  ]);
}
