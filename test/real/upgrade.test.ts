/**
 * A deployment of the stack while an execution waits: it goes on with the code that it began with, and what starts
 * afterwards runs the new one.
 *
 * Lambda keeps a durable execution on the version that it was started on
 * (https://docs.aws.amazon.com/lambda/latest/dg/durable-best-practices.html, read 2026-11), which the emulated service
 * does too. The former release is the same bundle, whose steps have other names: what a release changes. Needs `npm run
 * build` and Lambda's runtime interface client (`.ci/lambda-runtime`).
 */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Deployment, deploy } from "../support/deployment.ts";
import { firstFailure } from "../support/scenario.ts";

const sample = (name: string): Promise<string> =>
  readFile(new URL(`../../events/${name}.json`, import.meta.url), "utf8");
const DIST = new URL("../../dist/remediate/", import.meta.url);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-former-"));
  await cp(DIST, folder, { recursive: true });
  const bundle = await readFile(new URL("index.mjs", DIST), "utf8");
  const former = bundle.replaceAll("`observe $", "`look at $");
  expect(former).not.toBe(bundle);
  await writeFile(join(folder, "index.mjs"), former);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const running: Deployment[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A remediation that began on the former release; once it waits for its rollout, the new release is deployed. */
async function upgraded(whenPublished: (deployment: Deployment) => Promise<unknown>): Promise<Deployment> {
  const deployment = await deploy(JSON.parse(await sample("worlds/fargate-service")));
  running.push(deployment);
  const { durable, bundles } = deployment;
  bundles.set(`remediate:${durable.version}`, pathToFileURL(`${folder}/`));
  let published: Promise<unknown> | undefined;
  durable.onUpdate = (_, { Type, Action, Name = "" }) => {
    if (published !== undefined || Type !== "WAIT" || Action !== "START" || !/^rollout/.test(Name))
      return true;
    durable.publish();
    published = whenPublished(deployment);
    return true;
  };
  await deployment.deliver(JSON.stringify(await firstFailure(deployment.world)));
  await deployment.settle();
  await published;
  await deployment.settle();
  return deployment;
}

const nameOfFirstStep = ({ durable }: Deployment, index: number): string =>
  durable.executions[index]?.operations.find(({ Name = "" }) => / failure 1$/.test(Name))?.Name ?? "";

describe("a remediation that waits while the stack is deployed", () => {
  test("ends well on the version that it began with, and the next one runs the new version", async () => {
    const deployment = await upgraded(async (one) => one.deliver(await sample("ec2-service")));
    const { executions } = deployment.durable;
    expect(executions).toMatchObject([
      { version: 7, status: "SUCCEEDED", result: { outcome: "succeeded" } },
      { version: 8, status: "SUCCEEDED", result: { outcome: expect.not.stringMatching(/failed/) } },
    ]);
    expect(nameOfFirstStep(deployment, 0)).toBe("look at failure 1");
    expect(nameOfFirstStep(deployment, 1)).toBe("observe failure 1");
    expect(deployment.account.registered).toHaveLength(1);
  });

  test("fails where its own version is replaced by other code, which is why old versions are kept", async () => {
    const { durable } = await upgraded(async ({ bundles, kill }) => {
      bundles.delete("remediate:7");
      kill("remediate");
    });
    expect(durable.executions.map(({ version, status }) => [version, status])).toEqual([[7, "FAILED"]]);
    expect(durable.executions[0]?.error?.ErrorMessage).toMatch(/look at failure 1/);
  });
});
