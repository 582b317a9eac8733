/**
 * What the built functions answer, log, count and keep, under Lambda's emulator and on the durable functions local runner:
 * a batch of which some messages fail, a right that is missing, an execution that a person started by hand.
 */

import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDeployedExecutions } from "../../src/aws/stack/deployed-executions.ts";
import { probe } from "../../src/cli/doctor/end-to-end-probe.ts";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { STUB_CREDENTIALS } from "../support/aws/aws-stub.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  type EmulatedStackOptions,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { firstFailure } from "../support/scenario.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const running: EmulatedStack[] = [];
afterEach(async () => {
  for (const stack of running.splice(0)) {
    expect(stack.door.broken).toEqual([]);
    await stack.stop();
  }
});

async function started(file: JsonObject, options: EmulatedStackOptions = {}): Promise<EmulatedStack> {
  const stack = await startEmulatedStack(file, options);
  running.push(stack);
  return stack;
}

/** A recorded event or world, of the emulator's account. */
async function sample(name: string): Promise<string> {
  const text = await readFile(new URL(`../../events/${name}.json`, import.meta.url), "utf8");
  return text.replaceAll("123456789012", EMULATOR_ACCOUNT);
}

async function failed(
  world: string,
  options: EmulatedStackOptions = {},
): Promise<{ stack: EmulatedStack; event: string }> {
  const stack = await started(JSON.parse(await sample(`worlds/${world}`)), options);
  return { stack, event: JSON.stringify(await firstFailure(stack.world)) };
}

const EMPTY_WORLD = { services: [] };
const HANDLED = { status: 200, body: '{"batchItemFailures":[]}' };
const DENIED = {
  status: 403,
  headers: { "x-amzn-errortype": "AccessDeniedException" },
  body: '{"message":"not authorized"}',
};

/** What the functions have printed as JSON, which the emulator's own lines are not. */
function lines(stack: EmulatedStack): readonly Record<string, unknown>[] {
  return stack
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("detect", () => {
  it("puts aside what is not an event, with the reason, and gives back only the message whose start failed", async () => {
    const stack = await started(EMPTY_WORLD);
    const [fargate, ec2] = await Promise.all([sample("fargate-service"), sample("ec2-service")]);
    const { id } = JSON.parse(ec2) as { id: string };
    // The start of an execution does not go through `onCall`: the look for one of its name does.
    stack.onCall = ({ operation }) => (operation.includes("durable-executions") ? DENIED : undefined);
    const refused = await stack.deliver(ec2, "not JSON, password=hunter2", "{}");
    stack.onCall = () => undefined;
    expect(refused).toEqual({
      status: 200,
      body: '{"batchItemFailures":[{"itemIdentifier":"message-1"}]}',
    });
    expect(await stack.deliver(fargate)).toEqual(HANDLED);
    expect(stack.executions.all).toHaveLength(1);
    expect(stack.executions.all[0]?.input).not.toContain(id);
    const { messages } = stack.account;
    expect(messages.map(({ queueUrl, body }) => [queueUrl.split("/").at(-1), body]).toSorted()).toEqual([
      [`${stack.stackName}-unhandled`, "not JSON, password=hunter2"],
      [`${stack.stackName}-unhandled`, "{}"],
    ]);
    for (const { because } of messages) expect(because).toMatch(/expected/);
    expect(stack.log()).not.toContain("hunter2");
    await stack.settle();
  }, 120_000);

  it("gives all messages back when every one fails, and logs why", async () => {
    const stack = await started(EMPTY_WORLD);
    stack.onCall = () => DENIED;
    const { status, body } = await stack.deliver(
      await sample("fargate-service"),
      await sample("ec2-service"),
    );
    expect(status).toBe(200);
    // A batch is handled all at once, so the ids come in no order.
    const { batchItemFailures } = JSON.parse(body) as { batchItemFailures: { itemIdentifier: string }[] };
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).toSorted()).toEqual([
      "message-1",
      "message-2",
    ]);
    const failures = lines(stack).filter(({ level }) => level === "ERROR");
    expect(failures).toHaveLength(2);
    for (const line of failures) expect(JSON.stringify(line)).toContain("not authorized");
  }, 120_000);

  it("fails by something else than a batch, and handles the next", async () => {
    const stack = await started(EMPTY_WORLD);
    const wrong = await (await stack.functionOf("detect")).invoke('{"hello":"world"}');
    expect(JSON.parse(wrong.body)).toMatchObject({ errorType: expect.any(String) });
    expect(await stack.deliver(await sample("not-found"))).toEqual(HANDLED);
  }, 120_000);

  it("ignores an event of another account, and says so", async () => {
    const { stack, event } = await failed("fargate-service");
    await stack.deliver(event.replaceAll(EMULATOR_ACCOUNT, "210987654321"));
    expect(stack.executions.all).toEqual([]);
    expect(lines(stack).map(({ message }) => message)).toContain("event ignored");
  }, 120_000);
});

describe("what stays readable of a remediation", () => {
  it("has no task definition, no environment and no token in the histories and the log", async () => {
    const world = JSON.parse(await sample("worlds/fargate-service"));
    const [service] = world.services;
    service.taskDefinition = {
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      executionRoleArn: `arn:aws:iam::${EMULATOR_ACCOUNT}:role/ecs`,
      containerDefinitions: [
        { name: "web", image: "nginx:1.25", environment: [{ name: "PASSWORD", value: "hunter2" }] },
      ],
      aMemberOfNextYear: { kept: true },
    };
    const histories: string[] = [];
    const registered: JsonObject[] = [];
    const stack = await started(world, {
      onAnswer({ operation, body }, answer) {
        if (operation.endsWith("/checkpoint")) histories.push(body);
        if (operation === "RegisterTaskDefinition") registered.push(JSON.parse(answer.body));
      },
    });
    await stack.deliver(JSON.stringify(await firstFailure(stack.world)));
    await stack.settle();
    expect(stack.world.bus.outcomes, stack.log()).toMatchObject([{ outcome: "succeeded" }]);
    const arn = (registered[0]?.taskDefinition as JsonObject | undefined)?.taskDefinitionArn;
    const revision = stack.world.definitions.describe(String(arn))?.taskDefinition ?? {};
    expect(revision.aMemberOfNextYear).toEqual({ kept: true });
    expect(getObjects(revision, "containerDefinitions")[0]?.environment).toEqual([
      { name: "PASSWORD", value: "hunter2" },
    ]);
    expect(histories.length).toBeGreaterThan(3);
    for (const secret of ["hunter2", "aMemberOfNextYear", "dckr_jti", "authorizationToken", "Basic "])
      for (const text of [...histories, stack.log()]) expect(text).not.toContain(secret);
  }, 120_000);

  it("is one JSON object a line that names its execution, and each figure once, over all replays", async () => {
    const { stack, event } = await failed("multi-container");
    await stack.deliver(event);
    await stack.settle();
    const all = lines(stack);
    const told = all.filter((line) => line._aws === undefined && line.service === "repull-remediate");
    expect(told.length).toBeGreaterThan(2);
    const names = stack.executions.all.map(({ name }) => name);
    for (const line of told) {
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(?:INFO|WARN)$/),
        message: expect.anything(),
      });
      expect(names, JSON.stringify(line)).toContain(line.execution);
    }
    const figures = all
      .filter((line) => line._aws !== undefined)
      .map(({ _aws, service: _service, ...members }) => {
        const { CloudWatchMetrics } = _aws as { CloudWatchMetrics: readonly { Namespace: string }[] };
        expect(CloudWatchMetrics[0]?.Namespace).toBe("Repull");
        return members;
      });
    const quotas = figures.filter((figure) => "PullsLeft" in figure);
    expect(quotas).toContainEqual({ PullsLeft: expect.any(Number), of: "address" });
    expect(figures).toHaveLength(6 + quotas.length);
    expect(figures).toContainEqual({ Failures: 1, kind: "docker-hub-pull-limit" });
    expect(figures).toContainEqual({ Events: 1, kind: "started" });
    expect(figures).toContainEqual({ Remediations: 1, outcome: "succeeded" });
    expect(figures).toContainEqual({ Substitutes: 1, outcome: "succeeded", strategy: "ecr-copy" });
    expect(figures).toContainEqual({ RecoveryTime: expect.any(Number) });
    expect(figures).toContainEqual({ BytesMirrored: expect.toSatisfy((bytes: number) => bytes > 1000) });
  }, 120_000);
});

describe("an outcome whose process dies before its step is recorded", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // step              what is done twice       logged published
    ["report",           "is logged again",       2,     1],
    ["publish report",   "is published again",    1,     2],
  ] as const;
  for (const [step, what, logged, published] of table)
    it(`${what}, word for word, when the process dies after ${step}`, async () => {
      const { stack, event } = await failed("fargate-service");
      let deaths = 0;
      stack.onCall = async ({ operation, body }) => {
        if (deaths > 0 || !operation.endsWith("/checkpoint")) return undefined;
        const { Updates = [] } = JSON.parse(body) as { Updates?: { Name?: string; Action: string }[] };
        if (!Updates.some(({ Name, Action }) => Name === step && Action === "SUCCEED")) return undefined;
        deaths += 1;
        await (await stack.functionOf("remediate")).killRuntime();
        return { status: 500, body: "{}" };
      };
      await stack.deliver(event);
      await stack.settle();
      expect(deaths).toBe(1);
      expect(
        lines(stack).filter(({ outcome, images }) => outcome === "succeeded" && images),
        stack.log(),
      ).toHaveLength(logged);
      const { outcomes } = stack.world.bus;
      expect(outcomes).toHaveLength(published);
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    }, 120_000);
});

it("the doctor's probe goes the whole way, and changes nothing", async () => {
  const stack = await started(JSON.parse(await sample("worlds/fargate-service")));
  const { home, clock } = stack.world;
  const executions = readDeployedExecutions({
    region: home.region,
    endpoint: stack.door.url,
    credentials: STUB_CREDENTIALS,
  });
  const put = async (document: JsonObject): Promise<void> => {
    await stack.deliver(JSON.stringify(document));
    await stack.settle();
  };
  const remediateArn = String(stack.environment.REPULL_REMEDIATE_FUNCTION);
  const check = await probe(
    { cluster: "prod", queueUrl: "the queue", remediateArn },
    home,
    { put, executions },
    clock,
  );
  expect(check).toMatchObject({ result: "passed", because: expect.stringMatching(/bus to its record/) });
  expect(stack.world.bus.outcomes).toHaveLength(1);
  expect(stack.door.calls.filter((call) => call.startsWith("ecs:RegisterTaskDefinition"))).toEqual([]);
}, 120_000);

describe("what AWS refuses", () => {
  it("ends as failed, by the name of the action, and changes nothing when a right is missing", async () => {
    const { stack, event } = await failed("fargate-service");
    stack.onCall = ({ operation }) =>
      operation === "RegisterTaskDefinition"
        ? {
            status: 400,
            body: JSON.stringify({
              __type: "AccessDeniedException",
              message: "not authorized to perform: iam:PassRole",
            }),
          }
        : undefined;
    await stack.deliver(event);
    await stack.settle();
    expect(stack.world.bus.outcomes, stack.log()).toMatchObject([{ outcome: "failed" }]);
    expect(stack.world.bus.outcomes[0]?.because).toMatch(/RegisterTaskDefinition.*PassRole/);
    expect(stack.door.calls.filter((call) => /^ecs:(?:Register|Update).* 200$/.test(call))).toEqual([]);
  }, 120_000);

  it("fails an execution of mirror that a person started for a registry that is not ours", async () => {
    const stack = await started(EMPTY_WORLD);
    const arn = encodeURIComponent(String(stack.environment.REPULL_MIRROR_FUNCTION));
    const answer = await fetch(`${stack.door.url}/2015-03-31/functions/${arn}/invocations`, {
      method: "POST",
      headers: { "x-amz-invocation-type": "Event", "x-amz-durable-execution-name": "m-by-hand" },
      body: JSON.stringify({
        source: "nginx:1",
        target: "elsewhere.example/nginx:1",
        digest: `sha256:${"0".repeat(64)}`,
      }),
    });
    expect(answer.status).toBe(202);
    expect([...(await stack.settle())]).toEqual([["m-by-hand", "FAILED"]]);
  }, 120_000);
});
