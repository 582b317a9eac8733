/** Services that CodeDeploy deploys, where the owner lets Repull have it do so: one deployment, by the service's own AppSpec. */

import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AwsError } from "../../src/remediation/aws-error.ts";
import type { CodeDeployment } from "../../src/remediation/code-deploy-port.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import type { World } from "../../src/sandbox/world.ts";
import { taskDefinitionIn } from "../../src/workload/app-spec.ts";
import { ENGINES, type Engine, play, type Scenario, stateOf } from "../support/scenario.ts";

beforeAll(() => LocalDurableTestRunner.setupTestEnvironment({ skipTime: true }));
afterAll(() => LocalDurableTestRunner.teardownTestEnvironment());

const OURS = /repull\/docker\.io\/library\/nginx/;
const registries = {
  "docker.io": {
    images: { "library/nginx:1.25": { platforms: ["linux/amd64"] }, "library/nginx:1.24": {} },
    quota: { remaining: 0 },
  },
  ecr: { images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const SERVICE = {
  cluster: "prod",
  name: "web",
  image: "nginx:1.25",
  revision: 42,
  desiredCount: 2,
  controller: "CODE_DEPLOY",
};
const deployed = (extra: object): Scenario => ({
  world: { services: [{ ...SERVICE, ...extra }], registries },
  policy: { codeDeploy: "deploy" },
});
/** It has long been running, and a task of it dies. */
const standing = (extra: object = {}): Scenario => ({
  ...deployed({ settled: true, ...extra }),
  untilFailure: killOne,
});
/** Somebody deploys it, and its tasks cannot be pulled. */
const underWay = (extra: object = {}): Scenario => deployed({ formerly: "nginx:1.24", ...extra });

function killOne({ cluster }: World): void {
  const [task] = cluster.tasks("prod");
  if (task !== undefined) cluster.stopTask("prod", task.arn, "its machine has died");
}

async function deploymentsOf(world: World): Promise<readonly CodeDeployment[]> {
  return await world.ports.codeDeploy.deployments({ application: "web", group: "web-group" }, 0);
}

describe("a service of CodeDeploy", () => {
  test.each(ENGINES)(
    "that stands and cannot replace a task is deployed anew, once [%s]",
    async (engine: Engine) => {
      const { world, outcome } = await play(standing(), engine);
      expect(outcome).toMatchObject({
        outcome: "settled",
        because: expect.stringMatching(/d-\d{9} succeeded; 2 of 2 tasks run web:43/),
      });
      expect((await stateOf(world, "prod", "web")).images[0]).toMatch(OURS);
      expect(await deploymentsOf(world)).toHaveLength(2);
    },
  );

  test.each(ENGINES)(
    "whose deployment cannot be pulled is given its hour, and then ours [%s]",
    async (engine: Engine) => {
      const { world, event, outcome } = await play(underWay(), engine);
      expect(outcome.outcome).toBe("settled");
      const [ours, theirs, ...before] = await deploymentsOf(world);
      expect(theirs).toMatchObject({ status: "Failed", because: expect.stringContaining("60 minutes") });
      expect(ours?.createdAt).toBeGreaterThan(Date.parse(String(event.time)) + 50 * 60_000);
      expect(before).toHaveLength(1);
      expect((await stateOf(world, "prod", "web")).images[0]).toMatch(OURS);
    },
  );

  test("keeps every word of its AppSpec but the task definition, and says whose deployment it is", async () => {
    const appSpec = `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "TASK_DEFINITION"   # by the pipeline
        LoadBalancerInfo: { ContainerName: web, ContainerPort: 8080 }
        PlatformVersion: 1.4.0
        NetworkConfiguration: { AwsvpcConfiguration: { Subnets: [subnet-1], AssignPublicIp: DISABLED } }
        CapacityProviderStrategy: [{ CapacityProvider: FARGATE_SPOT, Base: 1, Weight: 2 }]
Hooks:
  - AfterAllowTestTraffic: smoke-test
`;
    const { world } = await play(standing({ appSpec }));
    const [ours] = await deploymentsOf(world);
    const revision = taskDefinitionIn(ours?.appSpec ?? "") ?? "";
    expect(revision).toMatch(/:task-definition\/web:43$/);
    expect(ours?.appSpec).toBe(appSpec.replace("TASK_DEFINITION", revision));
    expect(world.cluster.service("prod", "web")?.story[0]?.codeDeploy?.description).toMatch(/^Repull r-/);
  });

  test("is reported, with the command, where its AppSpec is not to be read", async () => {
    const { world, outcome } = await play(standing({ appSpec: "in a bucket" }));
    expect(outcome).toMatchObject({ outcome: "declined", because: expect.stringContaining("in a bucket") });
    expect(outcome.nextSteps.join("\n")).toMatch(/aws deploy get-deployment --deployment-id d-/);
    expect(await deploymentsOf(world)).toHaveLength(1);
  });

  test("is only reported while its deployment is under way, where the policy says so", async () => {
    const { outcome } = await play({
      ...underWay(),
      policy: { codeDeploy: "deploy", whileDeploying: "report" },
    });
    expect(outcome).toMatchObject({
      outcome: "observed",
      because: expect.stringMatching(/d-\d{9} is under way/),
    });
  });

  test("that somebody has stopped meanwhile is left to them", async () => {
    const { world, outcome } = await play({
      ...underWay(),
      meanwhile: (now) => {
        const service = now.cluster.service("prod", "web");
        if (service !== undefined) now.cluster.endDeployment(service, "MANUAL_STOP: by a person");
      },
    });
    expect(outcome).toMatchObject({
      outcome: "superseded",
      because: expect.stringMatching(/somebody stopped d-/),
    });
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.24"]);
  });

  test("that somebody has deployed anew meanwhile is left to them", async () => {
    const { world, outcome } = await play({
      ...underWay(),
      meanwhile: ({ cluster, definitions }) => {
        const { taskDefinitionArn: _, ...same } = definitions.describe("web:41")?.taskDefinition ?? {};
        cluster.deploy("prod", "web", definitions.register(same));
      },
    });
    expect(outcome.outcome).toBe("superseded");
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.24"]);
  });

  test("whose new tasks cannot start is stopped, goes back, and says why", async () => {
    const { world, outcome } = await play({
      ...standing(),
      meanwhile: ({ registries: { ecr } }) =>
        void ecr.fail({
          on: "manifest-get",
          as: { kind: "status", status: 403, code: "DENIED", message: "no" },
        }),
    });
    expect(outcome.outcome).toBe("restored");
    expect(outcome.because).toMatch(
      /tasks of web:43 failed: CannotPull.* ended as Stopped .*; web:42 serves/,
    );
    const [ours] = await deploymentsOf(world);
    expect(ours?.status).toBe("Stopped");
    expect((await stateOf(world, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });

  test("whose hook refuses goes back by itself", async () => {
    const hooks = [{ name: "smoke-test", stage: "POST_TEST_TRAFFIC_SHIFT", ends: "fails" }];
    const { outcome } = await play(standing({ hooks }));
    expect(outcome).toMatchObject({
      outcome: "restored",
      because: expect.stringMatching(/ended as Failed .*smoke-test.*; web:42 serves/),
    });
  });

  test("into which somebody steps between our look and our write is left to them", async () => {
    const { world, outcome } = await play({
      ...standing(),
      untilFailure: (now) => {
        killOne(now);
        const { ecs } = now.ports;
        const register = ecs.registerTaskDefinition;
        Object.assign(ecs, {
          registerTaskDefinition: async (revision: JsonObject) => {
            const { taskDefinitionArn: _, ...same } =
              now.definitions.describe("web:42")?.taskDefinition ?? {};
            now.cluster.deploy("prod", "web", now.definitions.register(same));
            // It is over before we write: CodeDeploy would take ours.
            const [theirs] = now.cluster.service("prod", "web")?.deployments ?? [];
            const at = now.clock.now();
            Object.assign(theirs ?? {}, { stage: "CLEAN_UP", rolloutState: "COMPLETED", completedAt: at });
            return await register(revision);
          },
        });
      },
    });
    expect(outcome).toMatchObject({
      outcome: "superseded",
      because: expect.stringMatching(/the service web is on web:43, no longer on web:42/),
    });
    expect(await deploymentsOf(world)).toHaveLength(2);
  });

  // The group refuses a second one while the first runs; and what CodeDeploy does not list yet is found at the next look.
  test.each([0, 1, 3])(
    "is not deployed twice by an answer that was lost, nor by %i old lists",
    async (old) => {
      let tried = 0;
      const { world, outcome } = await play({
        ...standing(),
        untilFailure: (now) => {
          killOne(now);
          const { codeDeploy } = now.ports;
          const { create, deployments } = codeDeploy;
          let stale = 0;
          Object.assign(codeDeploy, {
            deployments: async (...query: Parameters<typeof deployments>) => {
              const all = await deployments(...query);
              if (tried === 0 || stale >= old) return all;
              stale += 1;
              return all.slice(1);
            },
            create: async (request: Parameters<typeof create>[0]) => {
              tried += 1;
              await create(request);
              throw new AwsError("unavailable", "codedeploy:CreateDeployment", "the connection timed out");
            },
          });
        },
      });
      expect(tried).toBeGreaterThanOrEqual(1);
      expect(outcome.outcome).toBe("settled");
      expect(world.cluster.service("prod", "web")?.story).toHaveLength(2);
    },
  );

  test("is not touched while the owner's brake is pulled", async () => {
    const { world, outcome } = await play({ ...standing(), brake: { pulled: async () => "ann: wait" } });
    expect(outcome.outcome).toBe("failed");
    expect(await deploymentsOf(world)).toHaveLength(1);
  });
});
