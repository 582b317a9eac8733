/** What the ECS gateway makes of answers that moto never gives: absence, refusals, pages, crowds. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createEcs } from "../../../src/aws/adapters/ecs/ecs.ts";
import { getStrings } from "../../../src/ecs/json-fields.ts";
import type { Ecs } from "../../../src/remediation/ports/ports.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
const ARN = "arn:aws:ecs:us-east-1:123456789012";

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const ecs = (attemptsMax = 1): Ecs =>
  createEcs({ region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax });
const refusal = (code: string, message: string, status = 400): AwsAnswer => ({
  status,
  body: { __type: code, message },
});

const definition = (gateway: Ecs) => gateway.describeTaskDefinition("web:41");
const service = (gateway: Ecs) => gateway.describeService(CLUSTER, "web");
const task = (gateway: Ecs) => gateway.describeTask(CLUSTER, `${ARN}:task/shop/1`);
const register = (gateway: Ecs) => gateway.registerTaskDefinition({ family: "web" });
const update = (gateway: Ecs) => gateway.updateService(CLUSTER, "web", "web:42");

describe("what does not exist is undefined", () => {
  const missing = { body: { failures: [{ arn: `${ARN}:x`, reason: "MISSING" }] } };
  // biome-ignore format: a table
  const table = [
    ["a revision",           definition, refusal("ClientException", "Unable to describe task definition.")],
    ["a service",            service,    missing],
    ["a service, oddly",     service,    { body: {} }],
    ["a service's cluster",  service,    refusal("ClusterNotFoundException", "Cluster not found.")],
    ["a task",               task,       missing],
    ["a task's cluster",     task,       refusal("ClusterNotFoundException", "Cluster not found.")],
  ] as const;
  for (const [what, ask, reply] of table) {
    test(what, async () => {
      answer = () => reply;
      expect(await ask(ecs())).toBeUndefined();
    });
  }
});

describe("what AWS refuses is an AwsError that says what was asked", () => {
  const crowd = "Too many concurrent attempts to create a new revision of the specified family.";
  const codeDeploy = "Unable to update task definition on services with a CODE_DEPLOY deployment controller.";
  // biome-ignore format: a table
  const table = [
    ["ecs:DescribeTaskDefinition", definition, refusal("ClientException", "Family is not valid."),          "invalid"],
    ["ecs:DescribeServices",       service,    { body: { failures: [{ reason: "ACCESS_DENIED" }] } },       "denied"],
    ["ecs:DescribeTasks",          task,       refusal("AccessDeniedException", "is not authorized"),       "denied"],
    ["ecs:RegisterTaskDefinition", register,   refusal("ClientException", crowd),                           "throttled"],
    ["ecs:RegisterTaskDefinition", register,   refusal("ThrottlingException", "Rate exceeded"),             "throttled"],
    ["ecs:RegisterTaskDefinition", register,   { status: 500, body: "<!doctype html>" },                    "unavailable"],
    ["ecs:RegisterTaskDefinition", register,   { body: "[]" },                                              "unavailable"],
    ["ecs:RegisterTaskDefinition", register,   { body: {} },                                                "unavailable"],
    ["ecs:RegisterTaskDefinition", register,   { body: { taskDefinition: { taskDefinitionArn: `${ARN}:task-definition/api:7` } } }, "invalid"],
    ["ecs:RegisterTaskDefinition", register,   { body: { taskDefinition: { taskDefinitionArn: `${ARN}:task-definition/web:7`, containerDefinitions: [{ name: "web", image: "another:1" }] } } }, "invalid"],
    ["ecs:UpdateService",          update,     { body: {} },                                                "unavailable"],
    ["ecs:UpdateService",          update,     refusal("ServiceNotActiveException", "Service was not ACTIVE."), "conflict"],
    ["ecs:UpdateService",          update,     refusal("InvalidParameterException", codeDeploy),            "invalid"],
    ["ecs:UpdateService",          update,     refusal("ServiceNotFoundException", "Service not found."),   "absent"],
  ] as const;
  for (const [action, ask, reply, kind] of table) {
    test(`${action}: ${JSON.stringify(reply.body).slice(0, 200)} is ${kind}`, async () => {
      answer = () => reply;
      await expect(ask(ecs())).rejects.toMatchObject({ name: "AwsError", kind, action });
    });
  }

  test("no answer at all is unavailable", async () => {
    const gateway = createEcs({
      region: "us-east-1",
      endpoint: "http://127.0.0.1:1",
      credentials: STUB_CREDENTIALS,
      attemptsMax: 1,
    });
    await expect(definition(gateway)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("an answer beyond all measure is not read to its end", async () => {
    answer = () => ({ body: `{"taskDefinition":{"family":"${"x".repeat(17 * 1024 * 1024)}"}}` });
    await expect(definition(ecs())).rejects.toMatchObject({ kind: "unavailable" });
  });
});

test("a throttled registration is tried again, with the same body", async () => {
  answer = () =>
    stub.requests.length < 2
      ? refusal("ThrottlingException", "Rate exceeded")
      : { body: { taskDefinition: { taskDefinitionArn: "web:42" } } };
  expect(await ecs(2).registerTaskDefinition({ family: "web", memberOfNextYear: "é" })).toBe("web:42");
  expect(stub.requests.map(({ body }) => body)).toEqual([
    { family: "web", memberOfNextYear: "é" },
    { family: "web", memberOfNextYear: "é" },
  ]);
});

test("an update sends the new revision and nothing else of the service", async () => {
  answer = () => ({ body: { service: {} } });
  await ecs().updateService(CLUSTER, "web", "web:42");
  expect(stub.requests.map(({ action, body }) => [action, body])).toEqual([
    ["UpdateService", { cluster: CLUSTER, service: "web", taskDefinition: "web:42" }],
  ]);
});

test("an update answers with the deployments that ECS shows in its answer, ours and what it replaces", async () => {
  const deployments = [
    { id: "ecs-svc/2", status: "PRIMARY", taskDefinition: "web:42", desiredCount: 2 },
    { id: "ecs-svc/1", status: "ACTIVE", taskDefinition: "web:41", desiredCount: 2, memberOfNextYear: {} },
  ];
  answer = () => ({ body: { service: { serviceName: "web", deployments } } });
  expect(await ecs().updateService(CLUSTER, "web", "web:42")).toMatchObject([
    { id: "ecs-svc/2", status: "PRIMARY", taskDefinition: "web:42" },
    { id: "ecs-svc/1", status: "ACTIVE", taskDefinition: "web:41" },
  ]);
  answer = () => ({ body: { service: { serviceName: "web" } } });
  expect(await ecs().updateService(CLUSTER, "web", "web:42")).toEqual([]);
});

test("members whose type has changed do not hide the rest", async () => {
  answer = () => ({
    body: {
      services: [
        { serviceName: "web", createdAt: "next year's format", desiredCount: "2", status: "ACTIVE" },
      ],
    },
  });
  expect(await service(ecs())).toMatchObject({ name: "web", status: "ACTIVE", desiredCount: 0 });
});

describe("the tasks of a service", () => {
  const page = (from: number, count: number, nextToken?: string) => ({
    body: {
      taskArns: Array.from({ length: count }, (_, at) => `${ARN}:task/shop/${from + at}`),
      ...(nextToken === undefined ? {} : { nextToken }),
    },
  });
  const list = () =>
    ecs().listTasks({ cluster: CLUSTER, service: `${ARN}:service/shop/web`, desiredStatus: "STOPPED" });
  const describing = ({ body }: AwsRequest) => ({
    body: { tasks: getStrings(body, "tasks").map((taskArn) => ({ taskArn })) },
  });

  // biome-ignore format: a table
  const table = [
    ["none",                    [page(0, 0)],                                     0],
    ["one page",                [page(0, 3)],                                     3],
    ["two pages",               [page(0, 60, "next"), page(60, 20)],              80],
    ["more than are described", [page(0, 60, "next"), page(60, 60, "next")],      100],
    ["pages without end",       Array.from({ length: 50 }, () => page(0, 0, "n")), 0],
  ] as const;
  for (const [what, pages, count] of table) {
    test(`${what}: ${count} described`, async () => {
      let next = 0;
      answer = (request) => {
        if (request.action === "DescribeTasks") return describing(request);
        next += 1;
        return pages[next - 1] ?? page(0, 0);
      };
      expect(await list()).toHaveLength(count);
      expect(stub.requests[0]?.body).toMatchObject({ serviceName: "web", desiredStatus: "STOPPED" });
      expect(stub.requests.length).toBeLessThanOrEqual(11);
    });
  }

  test("of a service that is gone: none", async () => {
    answer = () => refusal("ServiceNotFoundException", "Service not found.");
    expect(await list()).toEqual([]);
  });
});

test("the newest revisions: asked for by order and number, those that vanish meanwhile left out", async () => {
  answer = ({ action, body }) => {
    if (action === "ListTaskDefinitions") {
      return { body: { taskDefinitionArns: ["8", "9", "10"].map((n) => `${ARN}:task-definition/web:${n}`) } };
    }
    const revision = String(body.taskDefinition);
    return revision.endsWith(":10")
      ? refusal("ClientException", "Unable to describe task definition.")
      : {
          body: {
            taskDefinition: {},
            tags: [{ key: "repull:execution", value: revision }, { value: "odd" }],
          },
        };
  };
  const nine = `${ARN}:task-definition/web:9`;
  expect(await ecs().newestRevisions("web", 2)).toEqual([
    { arn: nine, tags: [{ key: "repull:execution", value: nine }] },
  ]);
  expect(stub.requests[0]?.body).toEqual({
    familyPrefix: "web",
    status: "ACTIVE",
    sort: "DESC",
    maxResults: 2,
  });
});
