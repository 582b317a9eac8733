import { describe, expect, test } from "vitest";
import { runsIn } from "../../src/ecs/schedule/schedule-frequency.ts";
import { readService } from "../../src/ecs/service/service.ts";
import type { Egress } from "../../src/network/egress.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import type { ContainerHost } from "../../src/scan/account-inventory.ts";
import { type Exposure, rolesOf, scheduledTaskExposure, serviceExposure } from "../../src/scan/exposure.ts";
import type { ScanFacts } from "../../src/scan/likely-substitutes.ts";
import { pullsByEgress } from "../../src/scan/peak-pulls.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/substitution/policy/policy.ts";
import { readPolicy } from "../support/policy.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

type Options = {
  readonly definitionTags?: readonly { readonly key: string; readonly value: string }[];
  service?: JsonObject;
  definition?: JsonObject;
  container?: JsonObject;
  policy?: object;
  rules?: ScanFacts["rules"];
  copies?: Readonly<Record<string, readonly string[]>>;
};

function seenBy(policy: Policy, { rules = [], copies = {} }: Options): ScanFacts {
  return { policy, ecrHost: ECR, rules, tagsIn: (repository) => copies[repository] };
}

function exposure(images: Readonly<Record<string, string>>, options: Options = {}) {
  const service = readService({
    serviceName: "web",
    serviceArn: "arn:aws:ecs:us-east-1:123456789012:service/prod/web",
    clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/prod",
    status: "ACTIVE",
    taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
    desiredCount: 3,
    launchType: "EC2",
    ...options.service,
  });
  const taskDefinition: JsonObject = {
    family: "web",
    containerDefinitions: Object.entries(images).map(([name, image]) => ({
      name,
      image,
      ...options.container,
    })),
    ...options.definition,
  };
  const policy = readPolicy({ ...DEFAULT_POLICY, ...options.policy });
  return serviceExposure(
    service,
    { taskDefinition, tags: options.definitionTags ?? [] },
    seenBy(policy, options),
  );
}

describe("which images expose a service", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["nginx:1.25",                                              true],
    ["docker.io/library/nginx",                                 true],
    ["index.docker.io/acme/api:2",                              true],
    ["grafana/grafana:11",                                      true],
    ["public.ecr.aws/docker/library/nginx:1.25",                false],
    [`${ECR}/docker-hub/library/nginx:1.25`,                    false],
    ["ghcr.io/acme/api:2",                                      false],
    ["docker.io.evil.example/library/nginx",                    false],
    ["not an image",                                            false],
  ] as const;
  for (const [image, isExposed] of table) {
    test(`${image}: ${isExposed ? "yes" : "no"}`, () => {
      expect(exposure({ web: image }) !== undefined).toBe(isExposed);
    });
  }
});

test("pulls are counted by task and image, and shared images once", () => {
  const found = exposure({
    web: "nginx:1",
    sidecar: "nginx:1",
    log: "fluent/fluent-bit:3",
    own: `${ECR}/own:1`,
  });
  expect(found?.images.map(({ image, containers }) => [image, containers])).toEqual([
    ["nginx:1", ["web", "sidecar"]],
    ["fluent/fluent-bit:3", ["log"]],
  ]);
  expect(found?.anonymousPulls).toBe(6);
});

test("containers that show an account are exposed to its limit, not to the address's", () => {
  const found = exposure(
    { web: "nginx:1" },
    { container: { repositoryCredentials: { credentialsParameter: "s" } } },
  );
  expect(found?.images).toMatchObject([{ pulledAs: "account" }]);
  expect(found?.anonymousPulls).toBe(0);
});

describe("the place that comes first, and why not the ones before it", () => {
  const rule = { prefix: "hub", upstreamHost: "registry-1.docker.io" };
  const copies = (repository: string, ...tags: string[]) => ({ copies: { [repository]: tags } });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string, Options, string, RegExp])[] = [
    ["an official image is at ECR Public",        "nginx:1.25",         {},                                                              "ecr-public public.ecr.aws/docker/library/nginx:1.25",  /ecr-copy: no copy.*pull-through-cache: this account has no/s],
    ["any other is copied",                       "grafana/grafana:11", {},                                                              `mirror ${ECR}/repull/docker.io/grafana/grafana:11`, /ecr-public: no publisher/],
    ["a copy of the tag is in ECR",               "grafana/grafana:11", copies("repull/docker.io/grafana/grafana", "11-0a1b2c3d4e5f"),    `ecr-copy ${ECR}/repull/docker.io/grafana/grafana:11-0a1b2c3d4e5f`, /^$/],
    ["a copy of another tag does not count",      "grafana/grafana:11", copies("repull/docker.io/grafana/grafana", "110-0a1b2c3d4e5f"),   `mirror ${ECR}/repull/docker.io/grafana/grafana:11`, /ecr-copy: no copy/],
    ["a pull-through rule leads to it",           "nginx:1.25",         { rules: [rule] },                                               `pull-through-cache ${ECR}/hub/library/nginx:1.25`,              /ecr-copy: no copy/],
    ["rules that cannot be read are passed over", "nginx:1.25",         { rules: { because: "denied" } },                                "ecr-public public.ecr.aws/docker/library/nginx:1.25",  /pull-through-cache: denied/],
  ];
  for (const [sentence, image, options, first, rejected] of table) {
    test(sentence, () => {
      const [found] = exposure({ web: image }, options)?.images ?? [];
      expect(`${found?.first?.strategy} ${found?.first?.place}`).toBe(first);
      expect(found?.rejected.map(({ strategy, because }) => `${strategy}: ${because}`).join("\n")).toMatch(
        rejected,
      );
    });
  }
});

describe("what a schedule starts in its busiest hours", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // Expression, firings in one hour, firings in six.
    ["rate(5 minutes)",                 12,  72], ["rate(1 minute)",           60, 360], ["rate(50 minutes)",         1, 7],
    ["rate(1 hour)",                     1,   6], ["rate(4 hours)",             1,   1], ["rate(7 days)",             1, 1],
    ["rate(2 hours)",                    1,   3], ["at(2026-01-20T10:00:00)",   1,   1], ["cron(0 2 * * ? *)",        1, 1],
    ["cron(0/15 8-18 ? * MON-FRI *)",    4,  24], ["cron(0/15 8-9 ? * MON-FRI *)", 4, 8], ["cron(* 3 * * ? *)",      60, 60],
    ["cron(0,30 * * * ? *)",             2,  12], ["cron(10-20/5 * * * ? *)",   3,  18], ["cron(*/20 * * * ? *)",     3, 18],
    ["cron(0 22,23,0,1 * * ? *)",        1,   4], ["cron(0 0/6 * * ? *)",       1,   1], ["cron(0 0,12 * * ? *)",     1, 1],
    ["cron(70 * * * ? *)",       undefined, undefined], ["cron(0 24 * * ? *)", undefined, undefined], ["every day", undefined, undefined],
    ["rate(0 minutes)",          undefined, undefined], [undefined,            undefined, undefined],
  ] as const;
  for (const [expression, inOne, inSix] of table) {
    test(`${expression}: ${inOne} in one hour, ${inSix} in six`, () =>
      expect([runsIn(1, expression), runsIn(6, expression)]).toEqual([inOne, inSix]));
  }

  const run = (more: object) =>
    scheduledTaskExposure(
      {
        kind: "rule",
        name: "nightly",
        clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/prod",
        taskDefinition: "job:1",
        taskCount: 2,
        isEnabled: true,
        expression: "rate(10 minutes)",
        ...more,
      },
      {
        taskDefinition: { family: "job", containerDefinitions: [{ name: "a", image: "python:3" }] },
        tags: [],
      },
      seenBy(DEFAULT_POLICY, {}),
    );
  test("each firing starts all of its tasks", () => {
    expect(run({})).toMatchObject({ name: "rule nightly", expectedStarts: 72, anonymousPulls: 72 });
  });
  test("what is disabled starts nothing", () => {
    expect(run({ isEnabled: false })).toMatchObject({
      anonymousPulls: 0,
      expectedStartsBecause: "it is disabled",
    });
  });
  test("a schedule is left alone until the policy says more than report", () => {
    expect(run({})?.notRemediatedBecause).toContain("schedules");
  });
});

describe("the pulls of the worst six hours, by the address that they leave from", () => {
  const fargate = {
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["a", "b"] } },
  };
  const nat = (id: string, ...addresses: string[]): Egress => ({ kind: "nat", id, addresses });
  const web = (service: JsonObject) => exposure({ web: "nginx:1" }, { service }) as Exposure;
  const load = (
    service: JsonObject,
    ofSubnets: Record<string, Egress>,
    hosts: readonly ContainerHost[] = [],
  ) =>
    pullsByEgress([web({ ...service, desiredCount: 9 })], {
      ofSubnets: new Map(Object.entries(ofSubnets)),
      hosts: new Map([["prod", hosts]]),
    }).map(({ address, pulls, pullsPerAddress }) => [address, pulls, pullsPerAddress]);

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, unknown, unknown])[] = [
    ["two subnets behind one gateway share it",   load(fargate, { a: nat("nat-1", "203.0.113.1"), b: nat("nat-1", "203.0.113.1") }),  [["203.0.113.1 (nat-1)", 9, 9]]],
    ["two gateways have half each, rounded up",   load(fargate, { a: nat("nat-1", "203.0.113.1"), b: nat("nat-2", "203.0.113.2") }),  [["203.0.113.1 (nat-1)", 5, 5], ["203.0.113.2 (nat-2)", 5, 5]]],
    ["a gateway with three addresses",            load(fargate, { a: nat("nat-1", "1.1.1.1", "1.1.1.2", "1.1.1.3") }),                [["1.1.1.1, 1.1.1.2, 1.1.1.3 (nat-1)", 9, 3]]],
    ["a subnet that is not known",                load(fargate, {}),                                                                [["the tasks of the cluster prod, address not known", 9, 9]]],
    ["a transit gateway",                         load(fargate, { a: { kind: "other", id: "tgw-1" } }),                               [["by tgw-1, its address is not seen", 9, 9]]],
    ["instances, by their own network",           load({}, { a: nat("nat-1", "203.0.113.1") }, [{ subnet: "a" }]),                    [["203.0.113.1 (nat-1)", 9, 9]]],
    ["instances with public addresses",           load({}, { a: { kind: "internet-gateway" } }, [{ subnet: "a", publicAddress: "1.1.1.1" }, { subnet: "a", publicAddress: "1.1.1.2" }]), [["a public address of each host's own, cluster prod", 9, 5]]],
    ["instances that are not seen",               load({}, {}),                                                                     [["the hosts of the cluster prod, address not known", 9, 9]]],
  ];
  for (const [sentence, found, expected] of table) test(sentence, () => expect(found).toEqual(expected));

  test("tasks with public addresses share nothing", () => {
    const own = {
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["a"], assignPublicIp: "ENABLED" } },
    };
    expect(load(own, { a: { kind: "internet-gateway" } })).toEqual([
      ["a public address of each task's own", 9, 1],
    ]);
  });
});

describe("why a limit would find a service unprotected", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Parameters<typeof exposure>[1], RegExp])[] = [
    ["a task definition that opted out", { definitionTags: [{ key: "repull", value: "Off" }] },                /opted out/],
    ["a service that opted out",            { service: { tags: [{ key: "repull", value: "off" }] } },                   /opted out/],
    ["CodeDeploy deploys it",   { service: { deploymentController: { type: "CODE_DEPLOY" } } },             /CodeDeploy/],
    ["a service that drains",               { service: { status: "DRAINING" } },                                        /DRAINING/],
    ["no strategy is left",     { policy: { strategies: ["ecr-public"] } },                              /no place for acme\/api/],
    ["the policy says observe", { policy: { mode: "observe" } },                                            /says observe/],
    ["a tag says observe",      { service: { tags: [{ key: "repull:mode", value: "observe" }] } },          /repull:mode/],
    ["the service is left out", { policy: { scope: { services: { include: ["*"], exclude: ["w*"] } } } },              /services\.exclude: w\*/],
    ["a cluster that the policy leaves out", { policy: { scope: { clusters: { include: ["dev"], exclude: [] } } } },                /clusters\.include: dev/],
    ["an image that the policy leaves out",   { policy: { scope: { images: { include: ["*"], exclude: ["acme/*"] } } } },            /acme\/api:2: the policy excludes it/],
    ["Fargate, without a role", { service: { launchType: "FARGATE" } },                                     /execution role/],
  ];
  for (const [sentence, options, words] of table) {
    test(sentence, () =>
      expect(exposure({ web: "acme/api:2" }, options)?.notRemediatedBecause).toMatch(words),
    );
  }
  test("a service that none of these concern", () =>
    expect(exposure({ web: "acme/api:2" })).not.toHaveProperty("unprotected"));
});

test("the roles of all services, once each, are what a revision would pass on", () => {
  const definition = { taskRoleArn: "arn:aws:iam::1:role/b", executionRoleArn: "arn:aws:iam::1:role/a" };
  const found = [exposure({ web: "nginx" }, { definition }), exposure({ web: "redis" }, { definition })];
  expect(rolesOf(found.flatMap((one) => one ?? []))).toEqual([
    "arn:aws:iam::1:role/a",
    "arn:aws:iam::1:role/b",
  ]);
});
