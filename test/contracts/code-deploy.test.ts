/** CodeDeploy's contract: the sandbox's own, and the gateway of AWS spoken to the sandbox over AWS's wire. */

import { afterAll, beforeAll } from "vitest";
import { createCodeDeploy } from "../../src/aws/code-deploy.ts";
import { createWorld } from "../../src/sandbox/world.ts";
import { type AwsAccount, awsAccount } from "../support/aws-account.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws-stub.ts";
import { type CodeDeployStage, describeCodeDeployContract } from "./code-deploy-contract.ts";

let stub: AwsStub | undefined;
let account: AwsAccount | undefined;
beforeAll(async () => {
  stub = await startAwsStub(async (request) => (await account?.answer(request)) ?? { status: 404, body: {} });
});
afterAll(() => stub?.stop());

describeCodeDeployContract("the sandbox", () => stage("port"));
describeCodeDeployContract("AWS's gateway on the sandbox's wire", () => stage("wire"));

async function stage(by: "port" | "wire"): Promise<CodeDeployStage> {
  const world = await createWorld({
    services: [
      { cluster: "shop", name: "web", image: "nginx:1.25", settled: true, controller: "CODE_DEPLOY" },
    ],
    registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
  });
  const { ports, definitions } = world;
  account = awsAccount(world);
  const settings = { region: "us-east-1", endpoint: stub?.url ?? "", credentials: STUB_CREDENTIALS };
  return {
    codeDeploy: by === "wire" ? createCodeDeploy(settings) : ports.codeDeploy,
    group: { application: "web", group: "web-group" },
    configuration: "CodeDeployDefault.ECSAllAtOnce",
    appSpec: () => {
      const { taskDefinitionArn: _, ...same } = definitions.describe("web")?.taskDefinition ?? {};
      return `Resources: [{ TargetService: { Properties: { TaskDefinition: "${definitions.register(same)}" } } }]`;
    },
  };
}
