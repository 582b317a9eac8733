/**
 * Approval over the real wire: the built functions under Lambda's emulator ask, and the built command line answers by the
 * callbacks of the durable functions local runner.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  type EmulatedStackOptions,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { firstFailure } from "../support/scenario.ts";

const CLI = fileURLToPath(new URL("../../dist/cli/repull.mjs", import.meta.url));
const ADA = `arn:aws:iam::${EMULATOR_ACCOUNT}:user/ada`;
const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${ADA}</Arn><UserId>AIDA</UserId><Account>${EMULATOR_ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

let stack: EmulatedStack | undefined;
afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

const whoAsks: EmulatedStack["onCall"] = ({ operation }) =>
  operation === "GetCallerIdentity"
    ? { status: 200, headers: { "content-type": "text/xml" }, body: IDENTITY }
    : undefined;

/** A remediation that waits for its answer, and the event that began it. */
async function asked(
  world: string,
  options: EmulatedStackOptions = { skipsTime: false },
): Promise<{ stack: EmulatedStack; event: JsonObject; name: string }> {
  const text = await readFile(new URL(`../../events/worlds/${world}.json`, import.meta.url), "utf8");
  const file = JSON.parse(text.replaceAll("123456789012", EMULATOR_ACCOUNT)) as JsonObject;
  const made = await startEmulatedStack(file, { policy: { mode: "approve" }, ...options });
  stack = made;
  made.onCall = whoAsks;
  const event = await firstFailure(made.world);
  await made.deliver(JSON.stringify(event));
  for (let waited = 0; told(made, "awaiting-approval").length === 0; waited += 100) {
    if (waited > 60_000) throw new Error(`nothing was asked: ${made.log()}`);
    await delay(100);
  }
  return { stack: made, event, name: made.executions.all[0]?.name ?? "" };
}

/** The command line in a process of its own, with the operator's credentials; answers status and texts. */
async function repull(
  { environment, stackName }: EmulatedStack,
  ...command: readonly string[]
): Promise<{ status: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH, ...environment };
  return await promisify(execFile)(process.execPath, [CLI, ...command, "--stack", stackName], { env }).then(
    ({ stdout, stderr }) => ({ status: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ status: code, out: stdout, err: stderr }),
  );
}

const told = ({ world }: EmulatedStack, outcome: string) =>
  world.bus.outcomes.filter((one) => one.outcome === outcome);
const revisions = ({ door }: EmulatedStack) =>
  door.calls.filter((call) => call === "ecs:RegisterTaskDefinition 200").length;

describe("the built functions and the built command line", () => {
  it("list a plan with a copy in it, approve it, carry it out, and refuse a second answer", async () => {
    const { stack, name } = await asked("multi-container");
    expect(revisions(stack)).toBe(0);
    expect(stack.executions.all).toHaveLength(1);
    const list = await repull(stack, "approve");
    // The command is the event's own.
    const [, ...command] =
      String(told(stack, "awaiting-approval")[0]?.nextSteps).split(",")[0]?.split(" ") ?? [];
    expect(command.slice(0, 4)).toEqual(["approve", name, "--region", "us-east-1"]);
    const approved = await repull(stack, ...command.slice(0, 4));
    const denied = await repull(stack, "deny", name, "--because", "too late");
    await stack.settle(240);
    expect(list).toMatchObject({ status: 0, out: expect.stringMatching(/1\. copy docker\.io\//) });
    expect(approved).toMatchObject({ status: 0, out: expect.stringContaining(`approved as ${ADA}`) });
    expect(denied).toMatchObject({
      status: 1,
      err: expect.stringContaining(`was approved before, by ${ADA}`),
    });
    expect(told(stack, "succeeded"), stack.log()).toMatchObject([
      { decision: { kind: "approved", by: ADA } },
    ]);
    expect(told(stack, "awaiting-approval")).toHaveLength(1);
    expect(revisions(stack)).toBe(1);
  }, 300_000);

  it("leave a denied plan, and do not ask about the next failure of the deployment", async () => {
    const { stack, event } = await asked("fargate-service");
    const arn = stack.executions.all[0]?.arn ?? "";
    expect(await repull(stack, "deny", arn, "--because", "payment freeze")).toMatchObject({ status: 0 });
    await stack.settle();
    expect(told(stack, "denied")).toMatchObject([{ because: `${ADA} denied the plan: payment freeze` }]);
    expect(revisions(stack)).toBe(0);
    await stack.deliver(JSON.stringify({ ...event, time: "2099-01-01T00:00:00Z" }));
    expect(stack.executions.all).toHaveLength(1);
  }, 120_000);

  it("carry a plan out by another process when the one that asked is gone", async () => {
    const { stack, name } = await asked("fargate-service");
    await (await stack.functionOf("remediate")).killRuntime();
    expect(await repull(stack, "approve", name)).toMatchObject({ status: 0 });
    await stack.settle(240);
    expect(told(stack, "succeeded"), stack.log()).toMatchObject([
      { decision: { kind: "approved", by: ADA } },
    ]);
    expect(told(stack, "awaiting-approval")).toHaveLength(1);
    expect(revisions(stack)).toBe(1);
  }, 300_000);

  it("end as approval-expired without an answer", async () => {
    const { stack } = await asked("fargate-service", { skipsTime: false, callbackSeconds: 3 });
    await stack.settle();
    expect(told(stack, "approval-expired"), stack.log()).toMatchObject([{ decision: { kind: "expired" } }]);
    expect(revisions(stack)).toBe(0);
  }, 120_000);

  it("say which right is missing, and leave the plan waiting", async () => {
    const { stack, name } = await asked("fargate-service");
    stack.onCall = (call) =>
      call.operation.includes("/durable-execution-callbacks/")
        ? {
            status: 403,
            headers: { "x-amzn-errortype": "AccessDeniedException" },
            body: '{"message":"no"}',
          }
        : whoAsks(call);
    const refused = await repull(stack, "approve", name);
    expect(refused.status).toBe(4);
    expect(refused.err).toContain("lambda:SendDurableExecutionCallbackSuccess");
    expect(refused.err).not.toContain("    at ");
    stack.onCall = whoAsks;
    expect(await repull(stack, "approve", name)).toMatchObject({ status: 0 });
    await stack.settle(240);
    expect(told(stack, "succeeded"), stack.log()).toHaveLength(1);
  }, 300_000);
});
