/** ECS within one observation: each thing is read once. */

import { describe, expect, it } from "vitest";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { readOnce } from "../../../src/remediation/survey/read-once.ts";

function ecsThat(answer: () => Promise<undefined>): { ecs: Ports["ecs"]; asked: string[] } {
  const asked: string[] = [];
  const ecs = {
    describeTaskDefinition: async (arn: string) => {
      asked.push(arn);
      return await answer();
    },
  } as unknown as Ports["ecs"];
  return { ecs, asked };
}

describe("readOnce", () => {
  it("reads a revision once, however often and at whatever moment it is asked for", async () => {
    const { ecs, asked } = ecsThat(async () => undefined);
    const once = readOnce(ecs);
    await Promise.all([once.describeTaskDefinition("web:1"), once.describeTaskDefinition("web:1")]);
    await once.describeTaskDefinition("web:1");
    await once.describeTaskDefinition("web:2");
    expect(asked).toEqual(["web:1", "web:2"]);
  });

  it("reads anew in the next observation", async () => {
    const { ecs, asked } = ecsThat(async () => undefined);
    await readOnce(ecs).describeTaskDefinition("web:1");
    await readOnce(ecs).describeTaskDefinition("web:1");
    expect(asked).toHaveLength(2);
  });

  it("reads again what could not be read", async () => {
    let fails = true;
    const { ecs, asked } = ecsThat(async () => {
      if (fails) throw new Error("no answer");
      return undefined;
    });
    const once = readOnce(ecs);
    await expect(once.describeTaskDefinition("web:1")).rejects.toThrow("no answer");
    fails = false;
    await once.describeTaskDefinition("web:1");
    expect(asked).toHaveLength(2);
  });
});
