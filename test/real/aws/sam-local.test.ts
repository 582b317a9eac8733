/** What `docs/deploy.md` says of `sam local`, as far as it goes without Docker: on the local runner that SAM's container holds. */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  startEmulatedStack,
} from "../../support/emulated/emulated-stack.ts";
import { missingProgram } from "../../support/emulated/programs.ts";
import { firstFailure } from "../../support/scenario.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const SAM = join(root, ".cache/sam/bin/sam");
const scratch = mkdtempSync(join(tmpdir(), "sam-local-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const missing = existsSync(SAM)
  ? missingProgram()
  : "the SAM CLI is not in .cache/sam: .ci/run puts it there";
beforeEach(({ skip }) => skip(missing !== undefined, missing));

let stack: EmulatedStack | undefined;
afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

/** The page's commands of `sam local`, in their order. */
const commands = [...readFileSync(join(root, "docs/deploy.md"), "utf8").matchAll(/^sam (local .*)$/gm)].map(
  ([, command = ""]) => command.split(" "),
);

type Ran = { readonly status: number; readonly out: string; readonly err: string };

async function sam(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const env = { PATH: process.env.PATH, HOME: scratch, SAM_CLI_TELEMETRY: "0", ...environment };
  return await new Promise((resolve) =>
    execFile(SAM, args, { cwd: join(root, "infra"), env }, (error, out, err) =>
      resolve({ status: Number(error?.code ?? 0), out, err }),
    ),
  );
}

describe("the commands of sam local on the page", () => {
  it("show the history of an execution of the built functions, by the ARN that the runner gave it", async () => {
    const text = readFileSync(join(root, "events/worlds/fargate-service.json"), "utf8");
    stack = await startEmulatedStack(
      JSON.parse(text.replaceAll("123456789012", EMULATOR_ACCOUNT)) as JsonObject,
    );
    await stack.deliver(JSON.stringify(await firstFailure(stack.world)));
    await stack.settle();
    const [execution] = stack.executions.all;
    const history = commands.find(([, what]) => what === "execution") ?? [];
    expect(history).toContain("EXECUTION_ARN");
    const { status, out, err } = await sam(
      history.map((word) => (word === "EXECUTION_ARN" ? String(execution?.runnerArn) : word)),
      { DURABLE_EXECUTIONS_EXTERNAL_EMULATOR_PORT: new URL(stack.runnerUrl).port },
    );
    expect(status, err).toBe(0);
    expect(out).toContain("ExecutionSucceeded");
  }, 120_000);

  it("invoke a function of the template with options that the SAM CLI knows", async () => {
    const invoke = commands.find(([, what]) => what === "invoke") ?? [];
    expect(invoke).toContain("RemediateFunction");
    // Without Docker it ends there, and not at an option or at the template.
    const { err } = await sam(invoke, { DOCKER_HOST: "tcp://127.0.0.1:9", AWS_DEFAULT_REGION: "us-east-1" });
    expect(err).toMatch(/container runtime|Docker/i);
    expect(err).not.toMatch(/no such option|Usage:/i);
  }, 120_000);
});
