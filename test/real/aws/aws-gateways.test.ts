/** The AWS gateways against moto, where moto is faithful; what it does otherwise is tested against a stub. */

import { CreateClusterCommand, CreateServiceCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEcr } from "../../../src/aws/adapters/ecr.ts";
import { createEcs } from "../../../src/aws/adapters/ecs/ecs.ts";
import { createBus } from "../../../src/aws/adapters/event-bus.ts";
import { getCallerIdentity } from "../../../src/aws/client/caller-identity.ts";
import { createEcrCredentials } from "../../../src/aws/registry/ecr-credentials.ts";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { parseTags, toTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { containersOf, reviseTaskDefinition } from "../../../src/ecs/task-definition/task-definition.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";

const REGION = "us-east-1";
const DIGEST = `sha256:${"5c".repeat(32)}` as const;
const MIRRORED = `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/repull/docker.io/library/nginx@${DIGEST}`;

let moto: Moto;
let settings: { region: string; endpoint: string; credentials: typeof MOTO_CREDENTIALS; attemptsMax: number };
beforeAll(async () => {
  moto = await startMoto();
  settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS, attemptsMax: 2 };
});
afterAll(() => moto?.stop());

describe("a service is moved to a revised task definition", () => {
  const web = {
    family: "web",
    networkMode: "bridge",
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      {
        name: "web",
        image: "nginx:1.25",
        memory: 256,
        essential: true,
        environment: [{ name: "MODE", value: "live" }],
        portMappings: [{ containerPort: 80, hostPort: 0, protocol: "tcp" }],
        repositoryCredentials: {
          credentialsParameter: "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub",
        },
      },
      { name: "log", image: "fluent/fluent-bit:3.0", essential: false, memory: 64 },
    ],
    tags: [{ key: "team", value: "shop" }],
  };
  let first: string;

  beforeAll(async () => {
    const client = new ECSClient(settings);
    await client.send(new CreateClusterCommand({ clusterName: "shop" }));
    first = await createEcs(settings).registerTaskDefinition(web);
    await client.send(
      new CreateServiceCommand({
        cluster: "shop",
        serviceName: "web",
        taskDefinition: "web",
        desiredCount: 2,
        healthCheckGracePeriodSeconds: 30,
        tags: [{ key: "repull", value: "on" }],
      }),
    );
  });

  test("from describing to updating, with all else as it was", async () => {
    const ecs = createEcs(settings);
    const former = await ecs.describeTaskDefinition(first);
    if (former === undefined) throw new Error("moto has lost the revision");
    expect(former.tags).toEqual([{ key: "team", value: "shop" }]);

    const marker = {
      execution: "r-1",
      previousRevision: "web:1",
      images: [{ image: "nginx:1.25", digest: DIGEST }],
    };
    const revised = reviseTaskDefinition(former, {
      images: new Map([["web", MIRRORED]]),
      provenance: toTags(marker),
    });
    const second = await ecs.registerTaskDefinition(revised);
    expect(shortRevision(second)).toBe("web:2");

    await ecs.updateService("shop", "web", second);
    expect((await ecs.describeService("shop", "web"))?.taskDefinition).toBe(second);

    const now = await ecs.describeTaskDefinition(second);
    expect(containersOf(now?.taskDefinition ?? {})).toEqual([
      { name: "web", image: MIRRORED, essential: true, hasRepositoryCredentials: false },
      { name: "log", image: "fluent/fluent-bit:3.0", essential: false, hasRepositoryCredentials: false },
    ]);
    expect(now?.tags).toContainEqual({ key: "team", value: "shop" });
    expect(parseTags(now?.tags ?? [])).toEqual(marker);
    expect(without(now?.taskDefinition, "web")).toEqual(without(former.taskDefinition, "web"));
  });

  test("a service is read with its tags and defaults", async () => {
    const service = await createEcs(settings).describeService("shop", "web");
    expect(service).toMatchObject({
      name: "web",
      status: "ACTIVE",
      controller: "ECS",
      schedulingStrategy: "REPLICA",
      desiredCount: 2,
      tags: { repull: "on" },
    });
    expect(service?.deployments.length).toBeGreaterThan(0);
  });

  test("the newest revisions come first, of this family alone, with their tags", async () => {
    const ecs = createEcs(settings);
    await ecs.registerTaskDefinition({ ...web, family: "web-admin" });
    for (let revision = 3; revision <= 11; revision += 1) await ecs.registerTaskDefinition(web);
    const newest = await ecs.newestRevisions("web", 3);
    expect(newest.map(({ arn }) => shortRevision(arn))).toEqual(["web:11", "web:10", "web:9"]);
    expect(newest[0]?.tags).toEqual([{ key: "team", value: "shop" }]);
  });

  const absent = [
    ["a revision", () => createEcs(settings).describeTaskDefinition("web:99")],
    ["a service", () => createEcs(settings).describeService("shop", "absent")],
    ["a service's cluster", () => createEcs(settings).describeService("nowhere", "web")],
    [
      "a task's cluster",
      () => createEcs(settings).describeTask("nowhere", "0123456789abcdef0123456789abcdef"),
    ],
  ] as const;
  for (const [what, ask] of absent) {
    test(`${what} that does not exist is undefined`, async () => {
      expect(await ask()).toBeUndefined();
    });
  }

  test("a family that does not exist has no revisions", async () => {
    expect(await createEcs(settings).newestRevisions("absent", 3)).toEqual([]);
  });

  test("an update of a service that does not exist is refused as absent", async () => {
    await expect(createEcs(settings).updateService("shop", "absent", first)).rejects.toMatchObject({
      name: "AwsError",
      kind: "absent",
      action: "ecs:UpdateService",
    });
  });

  test("a task is read as it runs", async () => {
    const { tasks } = await new ECSClient(settings).send(
      new RunTaskCommand({
        cluster: "shop",
        taskDefinition: "web:1",
        launchType: "FARGATE",
        startedBy: "by-hand",
      }),
    );
    const arn = tasks?.[0]?.taskArn ?? "";
    expect(await createEcs(settings).describeTask("shop", arn)).toMatchObject({
      arn,
      taskDefinitionArn: first,
      lastStatus: expect.any(String),
    });
  });
});

describe("ECR", () => {
  const repository = "repull/docker.io/library/nginx";
  const wanted = { immutableTags: true, tags: { "repull:mirror": "docker.io" } };

  test("a repository is created once, then present", async () => {
    const ecr = createEcr(settings, systemClock);
    expect(await ecr.ensureRepository(repository, wanted)).toBe("created");
    expect(await ecr.ensureRepository(repository, wanted)).toBe("present");
  });

  test("an image that was not pushed is absent, in a repository and in none", async () => {
    const ecr = createEcr(settings, systemClock);
    await ecr.ensureRepository(repository, wanted);
    expect(await ecr.imageStatus(repository, DIGEST)).toBe("absent");
    expect(await ecr.imageStatus("absent/nothing", DIGEST)).toBe("absent");
  });

  test("the registry's key is Basic credentials, also where the token has long expired", async () => {
    const credentials = createEcrCredentials(settings, systemClock);
    const found = await credentials(`${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`);
    const header = found?.kind === "basic" ? found.header : "";
    expect(header).toMatch(/^Basic [A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(header.slice(6), "base64").toString()).toMatch(/^AWS:./);
  });
});

describe("the bus", () => {
  test("an outcome reaches the target of a rule", async () => {
    const queue = await sqs("CreateQueue", { QueueName: "outcomes" });
    const client = new EventBridgeClient(settings);
    await client.send(
      new PutRuleCommand({
        Name: "all",
        EventPattern: '{"source":["repull"],"detail-type":["Image Pull Remediation"]}',
      }),
    );
    await client.send(
      new PutTargetsCommand({
        Rule: "all",
        Targets: [{ Id: "queue", Arn: `arn:aws:sqs:${REGION}:${MOTO_ACCOUNT}:outcomes` }],
      }),
    );

    await createBus(settings).publish({ outcome: "succeeded" });

    const { Messages } = await sqs("ReceiveMessage", { QueueUrl: queue.QueueUrl });
    expect(JSON.parse(Messages[0].Body)).toMatchObject({
      source: "repull",
      "detail-type": "Image Pull Remediation",
      detail: { outcome: "succeeded" },
    });
  });
});

test("who the credentials belong to", async () => {
  expect(await getCallerIdentity(settings)).toEqual({
    account: MOTO_ACCOUNT,
    arn: `arn:aws:sts::${MOTO_ACCOUNT}:user/moto`,
    partition: "aws",
  });
});

/** SQS has no client among the product's dependencies; moto asks for no signature. */
async function sqs(action: string, body: object) {
  const answer = await fetch(moto.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `AmazonSQS.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20261101/${REGION}/sqs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  return JSON.parse(await answer.text());
}

/** The definition but for what a revision may change. */
function without(taskDefinition: object | undefined, changed: string) {
  const { taskDefinitionArn, revision, registeredAt, ...rest } = JSON.parse(
    JSON.stringify(taskDefinition ?? {}),
  );
  for (const container of rest.containerDefinitions) {
    if (container.name !== changed) continue;
    delete container.image;
    delete container.repositoryCredentials;
  }
  return rest;
}
