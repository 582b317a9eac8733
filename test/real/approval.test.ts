/**
 * Approval over the real wire: the built functions under Lambda's runtime client ask, and the built command line
 * answers, each with AWS's own SDK between them and the account.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import { STUB_CREDENTIALS } from "../support/aws/aws-stub.ts";
import { type Deployment, deploy } from "../support/deployment.ts";
import { firstFailure } from "../support/scenario.ts";

const CLI = fileURLToPath(new URL("../../dist/cli/repull.mjs", import.meta.url));
const ADA = "arn:aws:iam::123456789012:user/ada";
const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${ADA}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;

let deployment: Deployment;
afterEach(() => deployment.stop());

async function asked(world: string): Promise<JsonObject> {
  const file = await readFile(new URL(`../../events/worlds/${world}.json`, import.meta.url), "utf8");
  deployment = await deploy(JSON.parse(file), { REPULL_MODE: "approve" });
  deployment.onCall = ({ action }) =>
    action === "GetCallerIdentity" ? { headers: { "content-type": "text/xml" }, body: IDENTITY } : undefined;
  const event = await firstFailure(deployment.world);
  await deployment.deliver(JSON.stringify(event));
  return event;
}

/** The command line in a process of its own, with the operator's credentials; answers status and texts. */
async function repull(...command: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: deployment.url,
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
  };
  return await promisify(execFile)(process.execPath, [CLI, ...command, "--stack", "repull"], { env }).then(
    ({ stdout, stderr }) => ({ status: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ status: code, out: stdout, err: stderr }),
  );
}

const told = (outcome: string) => deployment.world.bus.outcomes.filter((one) => one.outcome === outcome);

describe("the built functions and the built command line", () => {
  test("a plan with a copy in it is listed, approved, and carried out, and a second answer is refused", async () => {
    await asked("multi-container");
    const answers: Awaited<ReturnType<typeof repull>>[] = [];
    deployment.durable.onQuestion = async ({ name }) => {
      expect(deployment.account.registered).toEqual([]);
      expect(deployment.durable.executions).toHaveLength(1);
      answers.push(await repull("approve"));
      // The command is the event's own.
      const [, ...command] = String(told("awaiting-approval")[0]?.nextSteps).split(",")[0]?.split(" ") ?? [];
      expect(command).toEqual(["approve", name, "--region", "us-east-1"]);
      answers.push(await repull(...command), await repull("deny", name, "--because", "too late"));
    };
    await deployment.settle();
    const [list, approved, denied] = answers;
    expect(list).toMatchObject({ status: 0, out: expect.stringMatching(/1\. copy docker\.io\//) });
    expect(approved).toMatchObject({ status: 0, out: expect.stringContaining(`approved as ${ADA}`) });
    expect(denied).toMatchObject({
      status: 1,
      err: expect.stringContaining(`was approved before, by ${ADA}`),
    });
    expect(told("succeeded")).toMatchObject([{ decision: { kind: "approved", by: ADA } }]);
    expect(told("awaiting-approval")).toHaveLength(1);
    expect(deployment.account.registered).toHaveLength(1);
  });

  test("a denied plan is left, and the next failure of the deployment is not asked about", async () => {
    const event = await asked("fargate-service");
    deployment.durable.onQuestion = async ({ arn }) => {
      expect(await repull("deny", arn, "--because", "payment freeze")).toMatchObject({ status: 0 });
    };
    await deployment.settle();
    expect(told("denied")).toMatchObject([{ because: `${ADA} denied the plan: payment freeze` }]);
    expect(deployment.account.registered).toEqual([]);
    await deployment.deliver(JSON.stringify({ ...event, time: "2099-01-01T00:00:00Z" }));
    expect(deployment.durable.executions).toHaveLength(1);
  });

  test("a process that is gone when the answer comes is none that was needed", async () => {
    await asked("fargate-service");
    deployment.durable.onQuestion = async ({ name }) => {
      deployment.kill("remediate");
      expect(await repull("approve", name)).toMatchObject({ status: 0 });
    };
    await deployment.settle();
    expect(told("succeeded")).toMatchObject([{ decision: { kind: "approved", by: ADA } }]);
    expect(told("awaiting-approval")).toHaveLength(1);
    expect(deployment.account.registered).toHaveLength(1);
  });

  test("a plan without an answer expires", async () => {
    await asked("fargate-service");
    await deployment.settle();
    expect(told("approval-expired")).toMatchObject([{ decision: { kind: "expired" } }]);
    expect(deployment.account.registered).toEqual([]);
  });

  test("who lacks the right is told which, and the plan goes on waiting", async () => {
    await asked("fargate-service");
    const { onCall } = deployment;
    deployment.durable.onQuestion = async ({ name }) => {
      deployment.onCall = (request) =>
        request.action.includes("/durable-execution-callbacks/")
          ? { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: { message: "no" } }
          : onCall(request);
      const refused = await repull("approve", name);
      expect(refused.status).toBe(4);
      expect(refused.err).toContain("lambda:SendDurableExecutionCallbackSuccess");
      expect(refused.err).not.toContain("    at ");
      deployment.onCall = onCall;
      expect(await repull("approve", name)).toMatchObject({ status: 0 });
    };
    await deployment.settle();
    expect(told("succeeded")).toHaveLength(1);
  });
});
