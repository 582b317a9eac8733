/**
 * A deployment of the stack while an execution waits: it goes on with the code that it began with, and what starts
 * afterwards runs the new one.
 *
 * Lambda keeps a durable execution on the version that it was started on
 * (https://docs.aws.amazon.com/lambda/latest/dg/durable-best-practices.html, read 2026-11), and so does the durable
 * functions local runner: it invokes `FUNCTION:VERSION`. The former release is the same bundle, whose steps have other
 * names: what a release changes.
 */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { firstFailure } from "../support/scenario.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const sample = async (name: string): Promise<string> => {
  const text = await readFile(new URL(`../../events/${name}.json`, import.meta.url), "utf8");
  return text.replaceAll("123456789012", EMULATOR_ACCOUNT);
};
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

const running: EmulatedStack[] = [];
afterEach(async () => {
  for (const stack of running.splice(0)) {
    expect(stack.door.broken).toEqual([]);
    await stack.stop();
  }
});

type Upgraded = {
  readonly stack: EmulatedStack;
  /** What each execution reported at its end, in the order of their starts. */
  readonly ended: readonly JsonObject[];
  /** By an execution's name: its steps. */
  readonly steps: ReadonlyMap<string, readonly string[]>;
};

/** A remediation that began on the former release; once it waits for its rollout, the new release is deployed. */
async function upgraded(whenPublished: (stack: EmulatedStack) => Promise<unknown>): Promise<Upgraded> {
  const stack = await startEmulatedStack(JSON.parse(await sample("worlds/fargate-service")));
  running.push(stack);
  await stack.useBundle("remediate", "7", pathToFileURL(`${folder}/`));
  const steps = new Map<string, string[]>();
  let published: Promise<unknown> | undefined;
  stack.onCall = ({ operation, body, execution }) => {
    if (execution === undefined || !operation.endsWith("/checkpoint")) return undefined;
    const { Updates = [] } = JSON.parse(body) as {
      Updates?: { Type: string; Action: string; Name?: string }[];
    };
    for (const { Type, Action, Name = "" } of Updates) {
      if (Type === "STEP" && Action === "SUCCEED")
        steps.set(execution.name, [...(steps.get(execution.name) ?? []), Name]);
      if (published !== undefined || Type !== "WAIT" || Action !== "START" || !/^rollout/.test(Name))
        continue;
      stack.publish();
      published = whenPublished(stack);
    }
    return undefined;
  };
  await stack.deliver(JSON.stringify(await firstFailure(stack.world)));
  await stack.settle();
  await published;
  await stack.settle();
  expect(published).toBeDefined();
  const ended = stack.executions.all.map(async ({ arn }) => {
    const answer = await fetch(`${stack.door.url}/2025-12-01/durable-executions/${encodeURIComponent(arn)}`);
    return (await answer.json()) as JsonObject;
  });
  return { stack, ended: await Promise.all(ended), steps };
}

describe("a remediation that waits while the stack is deployed", () => {
  test("ends well on the version that it began with, and the next one runs the new version", async () => {
    const { stack, ended, steps } = await upgraded(async (one) => one.deliver(await sample("ec2-service")));
    const { all } = stack.executions;
    expect(all.map(({ version }) => version)).toEqual(["7", "8"]);
    expect(ended).toMatchObject([{ Status: "SUCCEEDED" }, { Status: "SUCCEEDED" }]);
    const outcomes = ended.map(({ Result }) => (JSON.parse(String(Result)) as JsonObject).outcome);
    expect(outcomes).toEqual(["succeeded", expect.not.stringMatching(/failed/)]);
    const [first = [], second = []] = all.map(({ name }) => steps.get(name));
    expect(first).toContain("look at failure 1");
    expect(first.filter((name) => name.startsWith("observe "))).toEqual([]);
    expect(second).toContain("observe failure 1");
    expect(stack.door.calls.filter((call) => call === "ecs:RegisterTaskDefinition 200")).toHaveLength(1);
  }, 120_000);

  test("fails where its own version is replaced by other code, which is why old versions are kept", async () => {
    const { stack, ended } = await upgraded((one) => one.useBundle("remediate", "7"));
    expect(stack.executions.all.map(({ version }) => version)).toEqual(["7"]);
    expect(ended).toMatchObject([
      { Status: "FAILED", Error: { ErrorMessage: expect.stringMatching(/look at failure 1/) } },
    ]);
  }, 120_000);
});
