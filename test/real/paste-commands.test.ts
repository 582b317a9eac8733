/** The commands of a handed-over plan, pasted into a shell: the AWS CLI and jq against moto's ECS and CodeDeploy. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getObject, getObjects, getString, getStrings } from "../../src/ecs/json-fields.ts";
import { createDeploymentCommand, registerCommand } from "../../src/remediation/report/paste-commands.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import type { ImagePlan } from "../../src/substitution/plan-types.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";

const SUBSTITUTE = `public.ecr.aws/docker/library/nginx@sha256:${"a".repeat(64)}`;
const CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes";
const IMAGES = [
  {
    image: "nginx:1.25",
    containers: ["web"],
    failing: true,
    substitute: { candidate: { strategy: "ecr-public", image: SUBSTITUTE }, writes: SUBSTITUTE },
    rejected: [],
  },
] as unknown as readonly ImagePlan[];

let moto: Moto | undefined;
let tools = true;
beforeAll(async () => {
  tools = await shell("command -v aws && command -v jq").then(
    () => true,
    () => false,
  );
  if (tools) moto = await startMoto();
});
afterAll(() => moto?.stop());

/** What a shell prints, with moto as AWS. */
async function shell(command: string): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: "/nonexistent",
    AWS_ENDPOINT_URL: moto?.url,
    AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
    // Whose own region and form of output are others.
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_DEFAULT_OUTPUT: "text",
  };
  return (await promisify(execFile)("bash", ["-eo", "pipefail", "-c", command], { env })).stdout;
}

/** What the AWS CLI answers of us-east-1. */
async function aws(command: string, input?: JsonObject): Promise<JsonObject> {
  const json =
    input === undefined ? "" : `--cli-input-json '${JSON.stringify(input).replaceAll("'", "'\\''")}'`;
  return JSON.parse((await shell(`aws ${command} ${json} --region us-east-1 --output json`)) || "{}");
}

// biome-ignore format: a table is read by its columns
const APP_SPECS: readonly (readonly [string, (revision: string) => string])[] = [
  ["JSON", (revision) => JSON.stringify({ version: 0.0, Resources: [{ TargetService: { Properties: { TaskDefinition: revision, LoadBalancerInfo: { ContainerName: "web", ContainerPort: 80 } } } }], Hooks: [{ AfterAllowTestTraffic: "smoke" }] }, null, 1)],
  ["YAML", (revision) => `version: 0.0 # by hand\nResources:\n  - TargetService:\n      Properties:\n        TaskDefinition: ${revision}\n        LoadBalancerInfo: { ContainerName: web, ContainerPort: 80 }\nHooks:\n  - AfterAllowTestTraffic: "smoke"\n`],
  ["YAML in quotes", (revision) => `Resources: [{ TargetService: { Properties: { TaskDefinition: '${revision}', PlatformVersion: "1.4.0" } } }]\n`],
];

describe("the commands of a plan for a service of CodeDeploy", () => {
  for (const [index, [form, appSpec]] of APP_SPECS.entries()) {
    test(`register the revision and deploy it by the same AppSpec, in ${form}`, async ({ skip }) => {
      skip(!tools, "the AWS CLI or jq is not installed");
      const family = `web-${index}`;
      const registered = await aws("ecs register-task-definition", {
        family,
        cpu: "256",
        containerDefinitions: [
          {
            name: "web",
            image: "nginx:1.25",
            memory: 64,
            environment: [{ name: "MOTTO", value: "it's" }],
            repositoryCredentials: { credentialsParameter: "arn:aws:secretsmanager:us-east-1:1:secret:hub" },
          },
          { name: "side", image: "grafana/grafana:11", memory: 64 },
        ],
        tags: [
          { key: "team", value: "shop" },
          { key: "repull:previous-revision", value: "web:1" },
        ],
      });
      const before = getObject(registered, "taskDefinition") ?? {};
      const former = getString(before, "taskDefinitionArn") ?? "";
      const group = { applicationName: family, deploymentGroupName: `${family}-group` };
      await aws("deploy create-application", { applicationName: family, computePlatform: "ECS" });
      const serviceRoleArn = `arn:aws:iam::${MOTO_ACCOUNT}:role/codedeploy`;
      await aws("deploy create-deployment-group", { ...group, serviceRoleArn });
      const revision = { revisionType: "AppSpecContent", appSpecContent: { content: appSpec(former) } };
      const begun = await aws("deploy create-deployment", {
        ...group,
        deploymentConfigName: CANARY,
        revision,
      });
      const deploymentId = getString(begun, "deploymentId") ?? "";

      const commands = [registerCommand(former, IMAGES), createDeploymentCommand(deploymentId, former)];
      const printed = await shell([...commands, 'echo "$REVISION"'].join("\n"));

      const ours = former.replace(/:1$/, ":2");
      expect(printed).toContain(ours);
      const made = await aws(`ecs describe-task-definition --task-definition ${ours} --include TAGS`);
      const [web = {}, side = {}] = getObjects(before, "containerDefinitions");
      const { repositoryCredentials: _, ...kept } = web;
      const written = { taskDefinitionArn: ours, revision: 2 };
      const containerDefinitions = [{ ...kept, image: SUBSTITUTE }, side];
      // moto does not say when a revision was registered.
      expect(made.taskDefinition).toEqual({ ...before, ...written, containerDefinitions });
      expect(made.tags).toEqual([{ key: "team", value: "shop" }]);

      const filter = `--application-name ${family} --deployment-group-name ${family}-group`;
      const ids = getStrings(await aws(`deploy list-deployments ${filter}`), "deployments");
      const next = ids.find((id) => id !== deploymentId);
      const { deploymentInfo } = await aws(`deploy get-deployment --deployment-id ${next}`);
      expect(deploymentInfo).toMatchObject({
        deploymentConfigName: CANARY,
        revision: { appSpecContent: { content: appSpec(ours) } },
      });
    });
  }
});
