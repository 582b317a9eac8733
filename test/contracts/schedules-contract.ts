/** What AWS's rules and schedules and the sandbox's have in common: both must pass it. */

import { describe, expect, test } from "vitest";
import type { Schedules } from "../../src/remediation/ports/schedules.ts";

export type SchedulesStage = {
  readonly schedules: Schedules;
  readonly clusterArn: string;
  /** Adds a rule or schedule with one ECS target on the cluster; `taskDefinition` as ARN. */
  add(
    kind: "rule" | "schedule",
    name: string,
    taskDefinition: string,
    tags?: Readonly<Record<string, string>>,
  ): Promise<void>;
};

const revision = (name: string) => `arn:aws:ecs:us-east-1:123456789012:task-definition/${name}`;
const LONG = "silver-coast-data-lake-nightly";

/** Names that no other clause uses, because one account may serve all. */
export function describeSchedulesContract(name: string, makeStage: () => Promise<SchedulesStage>): void {
  describe(`${name} keeps the contract of schedules`, () => {
    // biome-ignore format: a table is read by its columns
    const table = [
      ["a rule by its name",               "rule",     "hourly",    "a:1", "hourly",              "a", 1],
      ["a target without a revision",      "rule",     "free",      "b",   "free",                "b", 1],
      ["a schedule by what is left of it", "schedule", LONG,        "c:7", LONG.slice(0, 19),     "c", 1],
      ["not by a part that ECS would not leave", "schedule", "weekly", "d:1", "week",             "d", 0],
      ["not another family's",             "rule",     "daily",     "e:1", "daily",               "ee", 0],
    ] as const;
    for (const [because, kind, of, taskDefinition, schedule, family, count] of table) {
      test(`finds ${because}`, async () => {
        const { schedules, clusterArn, add } = await makeStage();
        await add(kind, of, revision(taskDefinition));
        const found = await schedules.targetsOf({ clusterArn, family, schedule });
        expect(found).toHaveLength(count);
        if (count > 0) expect(found[0]).toMatchObject({ kind, taskDefinition: revision(taskDefinition) });
      });
    }

    test("reports the tags of a rule, and of the group of a schedule", async () => {
      const { schedules, clusterArn, add } = await makeStage();
      const tags = { repull: "off", team: "shop" };
      for (const kind of ["rule", "schedule"] as const) {
        const family = `tagged-by-${kind}`;
        await add(kind, family, revision(`${family}:1`), tags);
        const [target] = await schedules.targetsOf({ clusterArn, family, schedule: family });
        if (target === undefined) throw new Error("not found");
        expect(await schedules.tagsOf(target, clusterArn)).toEqual(tags);
      }
    });

    for (const kind of ["rule", "schedule"] as const) {
      test(`moves a ${kind} once, and never from what it does not hold`, async () => {
        const { schedules, clusterArn, add } = await makeStage();
        const family = `moved-by-${kind}`;
        await add(kind, family, revision(`${family}:1`));
        const query = { clusterArn, family, schedule: family };
        const [target] = await schedules.targetsOf(query);
        if (target === undefined) throw new Error("not found");
        expect(
          await schedules.move(
            { ...target, taskDefinition: revision(`${family}:9`) },
            revision(`${family}:2`),
          ),
        ).toBe("changed");
        expect(await schedules.move(target, revision(`${family}:2`))).toBe("moved");
        expect(await schedules.move(target, revision(`${family}:2`))).toBe("already");
        expect(await schedules.targetsOf(query)).toMatchObject([{ taskDefinition: revision(`${family}:2`) }]);
      });
    }
  });
}
