import { describe, expect, test } from "vitest";
import { exposureOf, rolesOf } from "../../src/remediation/exposure.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { DEFAULT_POLICY, readPolicy } from "../../src/substitution/policy.ts";
import { readService } from "../../src/workload/service.ts";

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

function exposure(
  images: Readonly<Record<string, string>>,
  options: { service?: JsonObject; definition?: JsonObject; container?: JsonObject; policy?: object } = {},
) {
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
  return exposureOf(service, { taskDefinition, tags: [] }, policy, ECR);
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

test("an official image is looked for at ECR Public, any other is copied", () => {
  const strategies = (image: string) =>
    exposure({ web: image })?.images[0]?.places.map(({ strategy }) => strategy) ?? [];
  expect(strategies("nginx:1.25")).toContain("public-mirror");
  expect(strategies("grafana/grafana:11")).not.toContain("public-mirror");
  expect(strategies("grafana/grafana:11")).toContain("fresh-mirror");
});

describe("why a limit would find a service unprotected", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Parameters<typeof exposure>[1], RegExp])[] = [
    ["it opted out",            { service: { tags: [{ key: "repull", value: "off" }] } },                   /opted out/],
    ["CodeDeploy deploys it",   { service: { deploymentController: { type: "CODE_DEPLOY" } } },             /CodeDeploy/],
    ["it drains",               { service: { status: "DRAINING" } },                                        /DRAINING/],
    ["no strategy is left",     { policy: { strategies: ["public-mirror"] } },                              /no place for acme\/api/],
    ["Fargate, without a role", { service: { launchType: "FARGATE" } },                                     /execution role/],
  ];
  for (const [sentence, options, words] of table) {
    test(sentence, () => expect(exposure({ web: "acme/api:2" }, options)?.unprotected).toMatch(words));
  }
  test("none of these", () => expect(exposure({ web: "acme/api:2" })).not.toHaveProperty("unprotected"));
});

test("the roles of all services, once each, are what a revision would pass on", () => {
  const definition = { taskRoleArn: "arn:aws:iam::1:role/b", executionRoleArn: "arn:aws:iam::1:role/a" };
  const found = [exposure({ web: "nginx" }, { definition }), exposure({ web: "redis" }, { definition })];
  expect(rolesOf(found.flatMap((one) => one ?? []))).toEqual([
    "arn:aws:iam::1:role/a",
    "arn:aws:iam::1:role/b",
  ]);
});
