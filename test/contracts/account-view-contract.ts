/** What a scan reads of AWS and of the sandbox: both must pass it. */

import { describe, expect, test } from "vitest";
import type { AccountInventory } from "../../src/scan/account-inventory.ts";

export type AccountViewStage = {
  readonly view: AccountInventory;
  readonly clusterArn: string;
  /** Registers a revision of this family and answers its ARN. */
  register(family: string): Promise<string>;
  /** Adds a rule or schedule that starts two tasks of a revision on the cluster. */
  add(kind: "rule" | "schedule", name: string, taskDefinition: string, expression: string): Promise<void>;
  run(taskDefinition: string, startedBy?: string): Promise<void>;
  createRepository(name: string): Promise<void>;
};

/** The EcsParameters of every rule and schedule of the contract. */
export const TWO_ON_FARGATE = {
  TaskCount: 2,
  LaunchType: "FARGATE" as const,
  NetworkConfiguration: {
    awsvpcConfiguration: { Subnets: ["subnet-1"], AssignPublicIp: "DISABLED" as const },
  },
};

/** Names that no other clause uses, because one account may serve all. */
export function describeAccountViewContract(name: string, makeStage: () => Promise<AccountViewStage>): void {
  describe(`${name} keeps the contract of a scan's account`, () => {
    for (const [kind, expression] of [
      ["rule", "rate(5 minutes)"],
      ["schedule", "cron(0 2 * * ? *)"],
    ] as const) {
      test(`reports what a ${kind} runs, when, and how often at once`, async () => {
        const { view, clusterArn, register, add } = await makeStage();
        const taskDefinition = await register(`by-${kind}`);
        await add(kind, `nightly-${kind}`, taskDefinition, expression);
        const runs = await view.scheduledTasks([clusterArn]);
        expect(runs.filter((run) => run.name === `nightly-${kind}`)).toEqual([
          {
            kind,
            name: `nightly-${kind}`,
            clusterArn,
            taskDefinition,
            expression,
            isEnabled: true,
            taskCount: 2,
            launchType: "FARGATE",
            network: { subnets: ["subnet-1"], assignPublicIp: false },
          },
        ]);
        expect(await view.scheduledTasks([clusterArn.replace(/[^/]+$/, "elsewhere")])).toEqual([]);
      });
    }

    test("counts standalone running tasks by their revision, and leaves out a schedule's", async () => {
      const { view, clusterArn, register, run } = await makeStage();
      const loose = await register("loose");
      const other = await register("signed");
      await run(loose);
      await run(loose);
      await run(other, "events-rule/nightly");
      const found = await view.standaloneTasks(clusterArn);
      expect(found.filter(({ taskDefinition }) => taskDefinition === loose)).toMatchObject([{ count: 2 }]);
      expect(found.filter(({ taskDefinition }) => taskDefinition === other)).toEqual([]);
    });

    test("distinguishes a repository without tags from none", async () => {
      const { view, createRepository } = await makeStage();
      await createRepository("repull/docker.io/library/empty");
      expect(await view.imageTags("repull/docker.io/library/empty")).toEqual([]);
      expect(await view.imageTags("repull/docker.io/library/absent")).toBeUndefined();
    });
  });
}
