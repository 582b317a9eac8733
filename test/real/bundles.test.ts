/**
 * What the build made, under Lambda's own runtime interface client: initialisation, events, errors, and whole
 * remediations whose processes die on the way. Needs `npm run build` and the client (`.ci/lambda-runtime`).
 */

import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { readDeployedExecutions } from "../../src/aws/stack/deployed-executions.ts";
import { probe } from "../../src/cli/doctor/end-to-end-probe.ts";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { STUB_CREDENTIALS } from "../support/aws/aws-stub.ts";
import { type Deployment, deploy, type Name, UNHANDLED_QUEUE_URL } from "../support/deployment.ts";
import { firstFailure } from "../support/scenario.ts";

const sample = (name: string): Promise<string> =>
  readFile(new URL(`../../events/${name}.json`, import.meta.url), "utf8");

const running: Deployment[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function deployed(world: unknown, environment: Record<string, string> = {}): Promise<Deployment> {
  const deployment = await deploy(world, environment);
  running.push(deployment);
  return deployment;
}

const EMPTY_WORLD = { services: [] };

describe("initialisation", () => {
  for (const name of ["detect", "remediate", "mirror"] as const) {
    test(`${name} starts alone, with nothing of this checkout, and sends no request before its first event`, async () => {
      const deployment = await deployed(EMPTY_WORLD);
      expect((await deployment.started(name)).initError).toBeUndefined();
      expect(deployment.requests).toEqual([]);
    });
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [Name, Record<string, string>, RegExp])[] = [
    ["detect",    { REPULL_DEAD_LETTER_QUEUE_URL: "" },  /REPULL_DEAD_LETTER_QUEUE_URL/],
    ["detect",    { AWS_REGION: "" },                    /AWS_REGION/],
    ["remediate", { REPULL_LEAST_PROOF: "whatever" },    /REPULL_LEAST_PROOF/],
    ["mirror",    { REPULL_MIRROR_PREFIX: "NOT/A NAME" }, /REPULL_MIRROR_PREFIX/],
  ];
  for (const [name, environment, words] of table) {
    test(`${name} fails to start, and says why: ${JSON.stringify(environment)}`, async () => {
      const { initError } = await (await deployed(EMPTY_WORLD, environment)).started(name);
      expect(initError?.errorMessage).toMatch(words);
    });
  }
});

describe("detect", () => {
  test("starts one execution for a limit, however often it is told, and none for anything else", async () => {
    const deployment = await deployed(EMPTY_WORLD);
    const limit = await sample("fargate-service");
    const answer = await deployment.deliver(limit, limit, await sample("not-found"));
    expect(answer).toEqual({ kind: "response", body: { batchItemFailures: [] } });
    expect(await deployment.deliver(limit)).toEqual({ kind: "response", body: { batchItemFailures: [] } });
    expect(deployment.durable.executions).toHaveLength(1);
    expect(deployment.account.messages).toEqual([]);
  });

  test("puts aside what is not an event, with the reason, and reports only the message whose start failed", async () => {
    const deployment = await deployed(EMPTY_WORLD);
    const [fargate, ec2] = await Promise.all([sample("fargate-service"), sample("ec2-service")]);
    deployment.onCall = ({ action, body }) =>
      action.endsWith("/invocations") && JSON.stringify(body).includes(JSON.parse(ec2).id)
        ? { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: { message: "no" } }
        : undefined;
    const answer = await deployment.deliver(ec2, "not JSON, password=hunter2", fargate, "{}");
    expect(answer).toEqual({
      kind: "response",
      body: { batchItemFailures: [{ itemIdentifier: "message-1" }] },
    });
    expect(deployment.durable.executions).toHaveLength(1);
    expect(deployment.account.messages.map(({ queueUrl, body }) => [queueUrl, body]).toSorted()).toEqual([
      [UNHANDLED_QUEUE_URL, "not JSON, password=hunter2"],
      [UNHANDLED_QUEUE_URL, "{}"],
    ]);
    for (const { because } of deployment.account.messages) expect(because).toMatch(/expected/);
    expect(deployment.log().join("\n")).not.toContain("hunter2");
  });

  test("when every message fails, all come back, and the function does not fail with them", async () => {
    const deployment = await deployed(EMPTY_WORLD);
    deployment.onCall = () => ({
      status: 403,
      headers: { "x-amzn-errortype": "AccessDeniedException" },
      body: { message: "not authorized" },
    });
    const answer = await deployment.deliver(await sample("fargate-service"), await sample("ec2-service"));
    // A batch is handled all at once, so the ids come in no order.
    expect(answer).toMatchObject({
      kind: "response",
      body: {
        batchItemFailures: expect.toSatisfy((failures: { itemIdentifier: string }[]) =>
          ["message-1", "message-2"].every((id) => failures.some((one) => one.itemIdentifier === id)),
        ),
      },
    });
    const failures = deployment.log().filter((line) => line.includes('"level":"ERROR"'));
    expect(failures).toHaveLength(2);
    for (const line of failures) expect(line).toContain("not authorized");
  });

  test("given something else than a batch it says so, and goes on with the next", async () => {
    const deployment = await deployed(EMPTY_WORLD);
    const wrong = await (await deployment.started("detect")).invoke({ hello: "world" });
    expect(wrong).toMatchObject({ kind: "error" });
    expect(await deployment.deliver(await sample("fargate-service"))).toMatchObject({ kind: "response" });
  });
});

/** A world of its own folder, in which the event next to it happens. */
async function failed(world: string): Promise<{ deployment: Deployment; event: string }> {
  const deployment = await deployed(JSON.parse(await sample(`worlds/${world}`)));
  return { deployment, event: JSON.stringify(await firstFailure(deployment.world)) };
}

/** Everything that stays readable for weeks: the executions' histories, and the log. */
function keptBy({ durable, log }: Deployment): string {
  return `${JSON.stringify(durable.executions.map(({ operations }) => operations))}\n${log().join("\n")}`;
}

describe("a remediation, from the queue to its outcome", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // world                         outcome     strategy         revisions  copies
    ["fargate-service",              "succeeded",  "ecr-public", 1,         0],
    ["ec2-service",                  "succeeded",  undefined,       1,         undefined],
    ["authenticated-limit",          "succeeded",  "ecr-public", 1,         0],
    ["multi-container",              "succeeded",  "ecr-copy",      1,         1],
    ["vanity-host",                  "succeeded",  "ecr-copy",      1,         1],
    ["govcloud",                     "succeeded",  "ecr-public", 1,         0],
    ["fargate-service.crash",        "rolled-back", "ecr-public", 1,         0],
    ["code-deploy-service",          "not-eligible", undefined,       0,         0],
    ["deprovisioning.opted-out",     "not-eligible", undefined,       0,         0],
  ] as const;
  for (const [world, outcome, strategy, revisions, copies] of table) {
    test(`${world}: ${outcome}`, async () => {
      const { deployment, event } = await failed(world);
      await deployment.deliver(event);
      await deployment.settle();
      const [told, ...others] = deployment.world.bus.outcomes;
      expect(others).toEqual([]);
      expect(told).toMatchObject({ outcome });
      if (strategy !== undefined) expect(told?.images).toMatchObject([{ strategy }]);
      expect(deployment.account.registered).toHaveLength(revisions);
      expect(deployment.durable.executions.map(({ status }) => status)).not.toContain("FAILED");
      const mirrors = deployment.durable.executions.filter(({ functionName }) => /mirror/.test(functionName));
      if (copies !== undefined) expect(mirrors).toHaveLength(copies);
      // It came back after every wait, and got its history in pages.
      if (revisions > 0) expect(deployment.durable.executions[0]?.invocations).toBeGreaterThan(1);
    });
  }

  test("keeps no task definition, no environment and no token in what stays readable", async () => {
    const world = JSON.parse(await sample("worlds/fargate-service"));
    const [service] = world.services;
    service.taskDefinition = {
      family: "web",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      executionRoleArn: "arn:aws:iam::123456789012:role/ecs",
      containerDefinitions: [
        { name: "web", image: "nginx:1.25", environment: [{ name: "PASSWORD", value: "hunter2" }] },
      ],
      aMemberOfNextYear: { kept: true },
    };
    const deployment = await deployed(world);
    const event = await firstFailure(deployment.world);
    await deployment.deliver(JSON.stringify(event));
    await deployment.settle();
    expect(deployment.world.bus.outcomes).toMatchObject([{ outcome: "succeeded" }]);
    const [arn = ""] = deployment.account.registered;
    const revision = deployment.world.definitions.describe(arn)?.taskDefinition ?? {};
    expect(revision.aMemberOfNextYear).toEqual({ kept: true });
    expect(getObjects(revision, "containerDefinitions")[0]?.environment).toEqual([
      { name: "PASSWORD", value: "hunter2" },
    ]);
    const kept = keptBy(deployment);
    for (const secret of ["hunter2", "aMemberOfNextYear", "dckr_jti", "authorizationToken", "Basic "])
      expect(kept).not.toContain(secret);
  });

  test("writes every log line as one JSON object that names its execution", async () => {
    const { deployment, event } = await failed("multi-container");
    await deployment.deliver(event);
    await deployment.settle();
    const all = deployment.log().map((line) => JSON.parse(line) as Record<string, unknown>);
    const lines = all.filter((line) => line._aws === undefined);
    expect(lines.length).toBeGreaterThan(3);
    const names = deployment.durable.executions.map(({ name }) => name);
    for (const line of lines) {
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(?:INFO|WARN)$/),
        message: expect.anything(),
      });
      expect(names, JSON.stringify(line)).toContain(line.execution);
    }
  });
});

describe("figures for CloudWatch", () => {
  test("an event, a recovery with its time, its strategy and its bytes: each once, over all replays", async () => {
    const { deployment, event } = await failed("multi-container");
    await deployment.deliver(event);
    await deployment.settle();
    const figures = deployment
      .log()
      .filter((line) => line.includes('"_aws"'))
      .map((line) => {
        const { _aws, service: _service, ...members } = JSON.parse(line);
        expect(_aws.CloudWatchMetrics[0].Namespace).toBe("Repull");
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
  });
});

describe("a process that dies between a step's effect and its record", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // world               function     step            what is done twice at most
    ["fargate-service",    "remediate", "observe failure 1"],
    ["fargate-service",    "remediate", "register 2"],
    ["fargate-service",    "remediate", "start 3"],
    ["fargate-service",    "remediate", "observe rollout 4"],
    ["multi-container",    "remediate", "start-copy 2"],
    ["multi-container",    "mirror",    "repository"],
    ["multi-container",    "mirror",    "manifests"],
    ["multi-container",    "mirror",    "copy 1"],
  ] as const;
  for (const [world, name, step] of table) {
    test(`${name}, after ${step}: another goes on, and the service is healed by one revision`, async () => {
      const { deployment, event } = await failed(world);
      let deaths = 0;
      deployment.durable.onUpdate = ({ functionName }, { Name, Action }) => {
        if (deaths > 0 || !functionName.endsWith(name) || Name !== step || Action !== "SUCCEED") return true;
        deaths += 1;
        deployment.kill(name);
        return false;
      };
      await deployment.deliver(event);
      await deployment.settle();
      expect(deaths).toBe(1);
      expect(deployment.world.bus.outcomes).toMatchObject([{ outcome: "succeeded" }]);
      expect(deployment.account.registered).toHaveLength(1);
    });
  }

  // biome-ignore format: a table is read by its columns
  const ends = [
    // step            what is done twice  logged published
    ["report",         "is logged again",  2,     1],
    ["publish report", "is published again", 1,   2],
  ] as const;
  for (const [step, what, logged, published] of ends) {
    test(`remediate, after ${step}: the same outcome ${what}, word for word`, async () => {
      const { deployment, event } = await failed("fargate-service");
      let deaths = 0;
      deployment.durable.onUpdate = (_, { Name, Action }) => {
        if (deaths > 0 || Name !== step || Action !== "SUCCEED") return true;
        deaths += 1;
        deployment.kill("remediate");
        return false;
      };
      await deployment.deliver(event);
      await deployment.settle();
      expect(deaths).toBe(1);
      const lines = deployment.log().map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.filter(({ outcome, images }) => outcome === "succeeded" && images)).toHaveLength(logged);
      const { outcomes } = deployment.world.bus;
      expect(outcomes).toHaveLength(published);
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    });
  }
});

test("the doctor's probe goes the whole way, and changes nothing", async () => {
  const deployment = await deployed(JSON.parse(await sample("worlds/fargate-service")));
  const { home } = deployment.world;
  const executions = readDeployedExecutions({
    region: home.region,
    endpoint: deployment.url,
    credentials: STUB_CREDENTIALS,
  });
  const put = async (document: JsonObject): Promise<void> => {
    await deployment.deliver(JSON.stringify(document));
    await deployment.settle();
  };
  const examined = { cluster: "prod", queueUrl: "the queue", remediateArn: deployment.arnOf("remediate") };
  const check = await probe(examined, home, { put, executions }, deployment.world.clock);
  expect(check).toMatchObject({ result: "passed", because: expect.stringMatching(/bus to its record/) });
  expect(deployment.world.bus.outcomes).toHaveLength(1);
  expect(deployment.account.registered).toEqual([]);
});

describe("what AWS refuses", () => {
  test("a right that is missing ends in an outcome that names the action, and nothing is changed", async () => {
    const { deployment, event } = await failed("fargate-service");
    deployment.onCall = ({ action }) =>
      action === "RegisterTaskDefinition"
        ? {
            status: 400,
            body: { __type: "AccessDeniedException", message: "not authorized to perform: iam:PassRole" },
          }
        : undefined;
    await deployment.deliver(event);
    await deployment.settle();
    expect(deployment.world.bus.outcomes).toMatchObject([{ outcome: "failed" }]);
    expect(deployment.world.bus.outcomes[0]?.because).toMatch(/RegisterTaskDefinition.*PassRole/);
    expect(deployment.account.registered).toEqual([]);
  });

  test("an event that is not for this account is ignored, and said so", async () => {
    const { deployment, event } = await failed("fargate-service");
    await deployment.deliver(event.replaceAll("123456789012", "210987654321"));
    await deployment.settle();
    expect(deployment.durable.executions).toEqual([]);
    expect(deployment.log().join("\n")).toMatch(/"event ignored"/);
  });

  test("an execution that was given no event fails with words", async () => {
    const deployment = await deployed(EMPTY_WORLD);
    deployment.durable.start(
      `arn:aws:lambda:us-east-1:123456789012:function:repull-mirror:live`,
      "m-by-hand",
      { source: "nginx:1", target: "elsewhere.example/nginx:1", digest: `sha256:${"0".repeat(64)}` },
    );
    await deployment.settle();
    expect(deployment.durable.executions).toMatchObject([{ status: "FAILED" }]);
    expect(deployment.durable.executions[0]?.error?.ErrorMessage).toMatch(/target/);
  });
});
