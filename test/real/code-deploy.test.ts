/** The gateway to CodeDeploy under the contract that it shares with the sandbox, against moto. */

import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentGroupCommand,
} from "@aws-sdk/client-codedeploy";
import { afterAll, beforeAll } from "vitest";
import { createCodeDeploy } from "../../src/aws/code-deploy.ts";
import { describeCodeDeployContract } from "../contracts/code-deploy-contract.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/moto.ts";

let moto: Moto | undefined;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto?.stop());

let groups = 0;
const onMoto = async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const settings = { region: "us-east-1", endpoint: moto.url, credentials: MOTO_CREDENTIALS, attemptsMax: 2 };
  const client = new CodeDeployClient(settings);
  const application = `web-${++groups}`;
  const group = `${application}-group`;
  await client.send(new CreateApplicationCommand({ applicationName: application, computePlatform: "ECS" }));
  await client.send(
    new CreateDeploymentGroupCommand({
      applicationName: application,
      deploymentGroupName: group,
      serviceRoleArn: `arn:aws:iam::${MOTO_ACCOUNT}:role/codedeploy`,
    }),
  );
  let revision = 0;
  return {
    codeDeploy: createCodeDeploy(settings),
    group: { application, group },
    configuration: "CodeDeployDefault.ECSAllAtOnce",
    appSpec: () =>
      JSON.stringify({
        version: 0.0,
        Resources: [{ TargetService: { Properties: { TaskDefinition: `web:${++revision}` } } }],
      }),
  };
};
describeCodeDeployContract("AWS's gateway on moto", onMoto, { showsTimes: false });
