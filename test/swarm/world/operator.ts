/**
 * An operator who is asked for approval: answers as the seed decides, late, never, twice, or in invalid words.
 *
 * When the world is calm the operator says yes. A plan that was not approved may not be written.
 */

import { getObjects } from "../../../src/ecs/json-fields.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { Random } from "../../../src/sandbox/random.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Witness } from "../judge/witness.ts";

export const MOODS = ["denies", "falls-silent", "garbles", "answers-twice"] as const;
export type Mood = (typeof MOODS)[number];

const MINUTE = 60_000;
const YES = JSON.stringify({ decision: "approve", by: "Ada" });
const NO = JSON.stringify({ decision: "deny", by: "Ada", because: "not today" });
export const CHANCES: Readonly<Record<Mood, number>> = {
  denies: 0.04,
  "falls-silent": 0.04,
  garbles: 0.08,
  "answers-twice": 0.1,
};

export type Operator = {
  /** The ports of an execution, watched: it writes nothing that waits for a word. */
  watch(ports: Ports, execution: string): Ports;
};

export function createOperator(
  world: World,
  random: Random,
  witness: Pick<Witness, "violate" | "note">,
  isCalm: () => boolean,
  onMood: (mood: Mood) => void,
  chances: Readonly<Record<Mood, number>> = CHANCES,
): Operator {
  /** Callback → the execution that has asked by it. */
  const asked = new Map<string, string>();
  const mayWrite = new Set<string>();
  /** The failing deployments whose plans were denied; the attempts of one deployment share their name but for its number. */
  const denied = new Set<string>();
  const matterOf = (execution: string): string => execution.replace(/-\d+$/, "");

  const mood = (): Mood | undefined => {
    let drawn = random.next();
    if (isCalm()) return undefined;
    const found = MOODS.find((one) => {
      drawn -= chances[one];
      return drawn < 0;
    });
    if (found !== undefined) onMood(found);
    return found;
  };

  const say = (id: string, execution: string, text: string): void => {
    const taken = world.executions.answer(id, { kind: "answered", text });
    witness.note(`the operator: ${execution} ${text}: ${taken}`);
    if (taken === "taken" && text === YES) mayWrite.add(execution);
    if (taken === "taken" && text === NO) denied.add(matterOf(execution));
  };

  world.bus.subscribe(({ detail }) => {
    const { approval, execution: name } = detail as JsonObject;
    const id = String((approval as JsonObject | undefined)?.callbackId ?? "");
    // A question that is published twice, because an answer of the bus was lost, is one question.
    if (approval === undefined || asked.has(id)) return;
    const execution = String(name);
    asked.set(id, execution);
    if (denied.has(matterOf(execution)))
      witness.violate("approved", `${execution} asks again about a denied plan`);
    mayWrite.delete(execution);
    const today = mood();
    if (today === "falls-silent") return;
    world.clock.schedule(world.clock.now() + random.integer(0, 50) * MINUTE, () => {
      say(id, execution, today === "denies" ? NO : today === "garbles" ? "yes, of course" : YES);
      if (today === "answers-twice") say(id, execution, NO);
    });
  });

  const approved = (execution: string, what: string): void => {
    if (!mayWrite.has(execution)) witness.violate("approved", `${execution} ${what} without an approval`);
  };

  /** The rollback needs no approval, and ECS takes no INACTIVE revision: a copy of it is registered. */
  const isCopyOfInactive = (registrable: JsonObject): boolean =>
    world.definitions
      .all()
      .some(
        ({ taskDefinition: one }) =>
          one.status === "INACTIVE" &&
          one.family === registrable.family &&
          imagesOf(one) === imagesOf(registrable),
      );

  return {
    watch: (ports, execution) => ({
      ...ports,
      ecs: {
        ...ports.ecs,
        async registerTaskDefinition(registrable) {
          if (!isCopyOfInactive(registrable)) approved(execution, "registers a revision");
          return await ports.ecs.registerTaskDefinition(registrable);
        },
      },
      executions: {
        ...ports.executions,
        async start(workflow, name, input) {
          if (workflow === "mirror") approved(execution, "has an image copied");
          return await ports.executions.start(workflow, name, input);
        },
      },
    }),
  };
}

/** Container by container, as one text that can be compared. */
function imagesOf(definition: JsonObject): string {
  return JSON.stringify(
    getObjects(definition, "containerDefinitions").map(({ name, image }) => [name, image]),
  );
}
