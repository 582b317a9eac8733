/** What CodeDeploy and the sandbox's have in common: both must pass it. */

import { describe, expect, test } from "vitest";
import type { CodeDeploy, CodeDeployGroup } from "../../src/remediation/code-deploy-port.ts";
import { taskDefinitionIn } from "../../src/workload/app-spec.ts";

export type CodeDeployStage = {
  readonly codeDeploy: CodeDeploy;
  readonly group: CodeDeployGroup;
  /** An AppSpec for the service that the group deploys; each time it brings another revision. */
  appSpec(): string;
  readonly configuration: string;
};

/** @param showsTimes false for moto, which writes a deployment's times in no form that an SDK reads */
export function describeCodeDeployContract(
  name: string,
  makeStage: () => Promise<CodeDeployStage>,
  { showsTimes = true }: { readonly showsTimes?: boolean } = {},
): void {
  const unread = `${name} writes a deployment's times in no form that an SDK reads`;
  describe(`${name} keeps the contract of CodeDeploy`, () => {
    test("begins a deployment, and shows it with its AppSpec, whole", async ({ skip }) => {
      skip(!showsTimes, unread);
      const { codeDeploy, group, appSpec, configuration } = await makeStage();
      const wanted = appSpec();
      const id = await codeDeploy.create({
        ...group,
        appSpec: wanted,
        configuration,
        description: "Repull r-1",
      });
      expect(id).toMatch(/^d-[A-Z0-9]+$/);
      const shown = await codeDeploy.deployment(id);
      expect(shown).toMatchObject({ id, ...group, appSpec: wanted, configuration, isRollback: false });
      expect(taskDefinitionIn(shown?.appSpec ?? "")).toBeDefined();
      expect(shown?.createdAt).toBeGreaterThan(Date.parse("2020-01-01"));
    });

    test("lists what was deployed since a moment, and nothing older", async ({ skip }) => {
      skip(!showsTimes, unread);
      const { codeDeploy, group, appSpec, configuration } = await makeStage();
      const id = await codeDeploy.create({
        ...group,
        appSpec: appSpec(),
        configuration,
        description: "Repull r-2",
      });
      const { createdAt = 0 } = (await codeDeploy.deployment(id)) ?? {};
      const listed = await codeDeploy.deployments(group, createdAt - 60_000);
      expect(listed[0]).toMatchObject({ id, ...group });
      const later = await codeDeploy.deployments(group, createdAt + 3_600_000);
      expect(
        later.every(({ status }) => ["Created", "Queued", "InProgress", "Baking", "Ready"].includes(status)),
      ).toBe(true);
    });

    test("knows nothing of a deployment that is not there", async () => {
      const { codeDeploy } = await makeStage();
      expect(await codeDeploy.deployment("d-ABCDEF123")).toBeUndefined();
    });

    test("begins a deployment under an id of its own", async () => {
      const { codeDeploy, group, appSpec, configuration } = await makeStage();
      const id = await codeDeploy.create({
        ...group,
        appSpec: appSpec(),
        configuration,
        description: "Repull r-4",
      });
      expect(id).not.toBe("");
    });

    test("refuses a group that is not there", async () => {
      const { codeDeploy, group, appSpec } = await makeStage();
      const nobodys = { ...group, group: "nobodys", appSpec: appSpec(), description: "Repull r-3" };
      await expect(codeDeploy.create(nobodys)).rejects.toMatchObject({
        action: "codedeploy:CreateDeployment",
      });
    });
  });
}
