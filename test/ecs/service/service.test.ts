import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { primaryDeployment, readService } from "../../../src/ecs/service/service.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const ARN = "arn:aws:ecs:us-east-1:123456789012";

test("a service is read from what DescribeServices says", () => {
  const service = readService({
    serviceArn: `${ARN}:service/shop/web`,
    serviceName: "web",
    clusterArn: `${ARN}:cluster/shop`,
    status: "ACTIVE",
    desiredCount: 4,
    runningCount: 3,
    launchType: "FARGATE",
    taskDefinition: `${ARN}:task-definition/web:42`,
    deploymentConfiguration: { bakeTimeInMinutes: 5, strategy: "BLUE_GREEN" },
    deploymentController: { type: "ECS" },
    schedulingStrategy: "REPLICA",
    healthCheckGracePeriodSeconds: 90,
    tags: [{ key: "repull", value: "off" }, { key: "bare" }, { value: "nameless" }],
    deployments: [
      {
        id: "ecs-svc/2",
        status: "PRIMARY",
        taskDefinition: `${ARN}:task-definition/web:42`,
        desiredCount: 4,
        pendingCount: 1,
        runningCount: 0,
        failedTasks: 3,
        rolloutState: "IN_PROGRESS",
        rolloutStateReason: "ECS deployment ecs-svc/2 in progress.",
      },
      { id: "ecs-svc/1", status: "ACTIVE", taskDefinition: `${ARN}:task-definition/web:41`, runningCount: 3 },
    ],
    memberOfNextYear: true,
  });
  expect(service).toEqual({
    arn: `${ARN}:service/shop/web`,
    name: "web",
    clusterArn: `${ARN}:cluster/shop`,
    status: "ACTIVE",
    controller: "ECS",
    schedulingStrategy: "REPLICA",
    launchType: "FARGATE",
    capacityProviders: [],
    taskDefinition: `${ARN}:task-definition/web:42`,
    desiredCount: 4,
    runningCount: 3,
    deployments: [
      {
        id: "ecs-svc/2",
        status: "PRIMARY",
        taskDefinition: `${ARN}:task-definition/web:42`,
        rolloutState: "IN_PROGRESS",
        rolloutStateReason: "ECS deployment ecs-svc/2 in progress.",
        desiredCount: 4,
        runningCount: 0,
        pendingCount: 1,
        failedTasks: 3,
      },
      {
        id: "ecs-svc/1",
        status: "ACTIVE",
        taskDefinition: `${ARN}:task-definition/web:41`,
        desiredCount: 0,
        runningCount: 3,
        pendingCount: 0,
        failedTasks: 0,
      },
    ],
    healthCheckGracePeriodSeconds: 90,
    bakeTimeMinutes: 5,
    hookMinutes: 0,
    hasDeploymentStages: true,
    tags: { repull: "off", bare: "" },
    taskSets: [],
  });
  expect(primaryDeployment(service)?.id).toBe("ecs-svc/2");
});

test("a service of which nothing is said is one of ECS's own, with nothing running", () => {
  expect(readService({})).toEqual({
    arn: "",
    name: "",
    clusterArn: "",
    status: "",
    controller: "ECS",
    schedulingStrategy: "REPLICA",
    capacityProviders: [],
    taskDefinition: "",
    desiredCount: 0,
    runningCount: 0,
    deployments: [],
    healthCheckGracePeriodSeconds: 0,
    bakeTimeMinutes: 0,
    hookMinutes: 0,
    hasDeploymentStages: false,
    tags: {},
    taskSets: [],
  });
});

describe("who decides about a deployment", () => {
  // biome-ignore format: a table
  const table = [
    ["its tasks alone, by default",       {},                                                             false],
    ["its tasks alone, under a breaker",  { deploymentCircuitBreaker: { enable: true, rollback: true } }, false],
    ["no alarm that is switched off",     { alarms: { alarmNames: ["5xx"], enable: false } },             false],
    ["an alarm",                          { alarms: { alarmNames: ["5xx"], enable: true } },              true],
    ["a hook",                            { lifecycleHooks: [{ lifecycleStages: ["POST_SCALE_UP"] }] },   true],
    ["the traffic's stages",              { strategy: "CANARY" },                                         true],
  ] as const;
  for (const [who, deploymentConfiguration, expected] of table) {
    test(who, () => {
      expect(
        readService({ deploymentConfiguration: { ...deploymentConfiguration } } as JsonObject)
          .hasDeploymentStages,
      ).toBe(expected);
    });
  }
});

test("a service with a strategy in place of a launch type names its capacity providers", () => {
  const service = readService({
    capacityProviderStrategy: [
      { capacityProvider: "graviton", weight: 2 },
      { capacityProvider: "x86", weight: 1, base: 1 },
      { weight: 1 },
    ],
  });
  expect(service.capacityProviders).toEqual(["graviton", "x86"]);
});

describe("who deploys", () => {
  // biome-ignore format: a table
  const table = [
    [{},                                                 "ECS"],
    [{ deploymentController: {} },                       "ECS"],
    [{ deploymentController: { type: "ECS" } },          "ECS"],
    [{ deploymentController: { type: "CODE_DEPLOY" } },  "CODE_DEPLOY"],
    [{ deploymentController: { type: "EXTERNAL" } },     "EXTERNAL"],
    [{ deploymentController: { type: "OF_NEXT_YEAR" } }, "EXTERNAL"],
  ] as const;
  for (const [json, controller] of table) {
    test(`${JSON.stringify(json)}: ${controller}`, () => {
      expect(readService(json).controller).toBe(controller);
    });
  }
});

test("a service of an external deployer runs its primary task set's revision", () => {
  const service = readService({
    deploymentController: { type: "CODE_DEPLOY" },
    taskSets: [
      { status: "ACTIVE", taskDefinition: "web:40" },
      { status: "PRIMARY", taskDefinition: "web:41" },
    ],
  });
  expect(service.taskDefinition).toBe("web:41");
});

describe("how long a good deployment may wait by design, in minutes", () => {
  // biome-ignore format: a table
  const table = [
    [{},                                                                                              0],
    [{ strategy: "ROLLING", bakeTimeInMinutes: 3 },                                                   3],
    [{ strategy: "BLUE_GREEN", bakeTimeInMinutes: 15 },                                              15],
    [{ strategy: "CANARY", bakeTimeInMinutes: 5 },                                                   15],
    [{ strategy: "CANARY", bakeTimeInMinutes: 5, canaryConfiguration: { canaryBakeTimeInMinutes: 0 } }, 5],
    [{ strategy: "LINEAR" },                                                                         54],
    [{ strategy: "LINEAR", linearConfiguration: { stepPercent: 30, stepBakeTimeInMinutes: 10 } },    30],
    [{ strategy: "LINEAR", linearConfiguration: { stepPercent: 100 } },                               0],
    [{ strategy: "LINEAR", linearConfiguration: { stepPercent: 0 } },                                 0],
    [{ strategy: 7, bakeTimeInMinutes: "3" },                                                         0],
  ] as const;
  for (const [deploymentConfiguration, minutes] of table) {
    test(`${JSON.stringify(deploymentConfiguration)}: ${minutes}`, () => {
      expect(readService({ deploymentConfiguration }).bakeTimeMinutes).toBe(minutes);
    });
  }
});

test("whatever JSON comes, it is read without a throw", () => {
  const member = fc.constantFrom(
    "serviceArn", "taskDefinition", "deployments", "taskSets", "tags", "deploymentConfiguration", "deploymentController",
    "strategy", "linearConfiguration", "stepPercent", "status", "key", "value", "__proto__",
  ); // biome-ignore format: names
  const { tree } = fc.letrec((tie) => ({
    tree: fc
      .array(fc.tuple(member, tie("value")), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
    value: fc.oneof(
      { maxDepth: 3 },
      fc.jsonValue({ maxDepth: 1 }),
      tie("tree"),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (json) => {
      const service = readService(json as JsonObject);
      expect(service.tags).not.toBeUndefined();
      expect(Number.isFinite(service.bakeTimeMinutes)).toBe(true);
    }),
  );
});
