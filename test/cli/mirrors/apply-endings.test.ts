/** How `repull mirrors refresh --apply` ends where not all that was ordered is done, and how far it can be taken back. */

import { describe, expect, test } from "vitest";
import { activeInServices } from "../../../src/history/active-substitutions.ts";
import { planUndo, undoOne } from "../../../src/history/undo.ts";
import { type MovedWorld, movedWorld } from "../../support/moved-world.ts";

/** What `repull undo` would do to the service that runs a revision of Repull. */
async function undoOf({ world, session }: MovedWorld) {
  const [undo] = await planUndo(await activeInServices(session.inventory, world.ports), world.ports);
  if (undo === undefined) throw new Error("no revision of Repull is in use");
  return undo;
}

describe("an undo goes back to what ran before an order, and no further", () => {
  test("also where ECS would resolve the tag to the bytes that were rolled back", async () => {
    const at = await movedWorld({ copy: { exits: 1 } });
    await at.apply({ yes: true });
    await at.world.run(600);
    const undo = await undoOf(at);
    expect(undo.refusedBecause).toBeDefined();
    await undoOne(undo, at.world.ports);
    await at.world.run(600);
    expect(await at.running()).toEqual({ web: [at.old] });
  });

  test("also where it is repeated", async () => {
    const at = await movedWorld();
    await at.apply({ yes: true });
    for (const _ of [1, 2]) {
      await undoOne(await undoOf(at), at.world.ports);
      await at.world.run(600);
      expect(await at.running()).toEqual({ web: [at.old] });
    }
  });
});
