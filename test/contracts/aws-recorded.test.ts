/** The AWS gateways under the clauses that recorded answers of AWS back: a stub on loopback gives those answers. */

import { afterAll, beforeAll } from "vitest";
import { createExecutions } from "../../src/aws/adapters/durable-executions.ts";
import { createEcr } from "../../src/aws/adapters/ecr.ts";
import { createContainerInstances } from "../../src/aws/adapters/ecs/container-instances.ts";
import { createEcs } from "../../src/aws/adapters/ecs/ecs.ts";
import { createBus } from "../../src/aws/adapters/event-bus.ts";
import { getObjects } from "../../src/ecs/json-fields.ts";
import { digestOf } from "../../src/image/digest.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../support/aws/aws-stub.ts";
import { EXECUTION_CLAUSES } from "./execution-clauses.ts";
import { CLAUSES, describePortsContract, type Stage } from "./ports-contract.ts";

const PREFIX = "arn:aws:ecs:us-east-1:123456789012";
const FARGATE_REASON =
  "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:69998e9cf3744779b98d816351e6ac837dc0eea4f450e0ad4180b6aefe995d33: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";
const EC2_REASON =
  "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CACHED = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST });

type Created = Parameters<Stage["createService"]>[0];

/** What the account has; the stub answers from it in the shapes that were recorded. */
const definitions = new Map<string, JsonObject>();
const services = new Map<string, Created>();

const LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function";
const started = new Set<string>();
let hidden: "denied" | "throttled" | undefined;

let stub: AwsStub | undefined;
beforeAll(async () => {
  stub = await startAwsStub(answer);
});
afterAll(() => stub?.stop());

describePortsContract("the AWS gateways on recorded answers", [...CLAUSES, ...EXECUTION_CLAUSES], makeStage, [
  "recorded",
]);

async function makeStage(): Promise<Stage> {
  const settings = {
    region: "us-east-1",
    endpoint: stub?.url ?? "",
    credentials: STUB_CREDENTIALS,
    attemptsMax: 1,
  };
  return {
    ecs: createEcs(settings),
    ecr: createEcr(settings, systemClock),
    bus: createBus(settings),
    executions: createExecutions(settings, {
      remediate: `${LAMBDA}:remediate:live`,
      mirror: `${LAMBDA}:mirror:live`,
    }),
    hideResults: (as) => {
      hidden = as;
    },
    containerInstances: createContainerInstances(settings),
    clusterOfOne: async () => `${PREFIX}:cluster/shop`,
    cache: {
      repository: "hub/library/nginx",
      digest: digestOf(CACHED),
      layer: digestOf("layer"),
      limited: { repository: "hub/library/redis", digest: digestOf("another") },
    },
    createService: async (created) => void services.set(created.name, created),
    runTask: async () => `${PREFIX}:task/shop/0123456789abcdef0123456789abcdef`,
  };
}

/** Lambda's durable executions, each of which has succeeded: client-lambda 3.1162. */
function lambdaAnswer({ action, query, headers }: AwsRequest): AwsAnswer {
  if (action.endsWith("/invocations")) {
    started.add(String(headers["x-amz-durable-execution-name"]));
    return { status: 202, body: "" };
  }
  if (action.endsWith("/durable-executions")) {
    const name = query.get("DurableExecutionName") ?? "";
    const execution = {
      DurableExecutionArn: `${LAMBDA}:mirror:7/durable-execution/${name}/1`,
      DurableExecutionName: name,
      FunctionArn: `${LAMBDA}:mirror:7`,
      Status: "SUCCEEDED",
      StartTimestamp: 1_768_903_200,
      EndTimestamp: 1_768_903_260,
    };
    return { body: { DurableExecutions: started.has(name) ? [execution] : [] } };
  }
  return hidden === "denied"
    ? refusal(403, "AccessDeniedException", "not authorized to perform: lambda:GetDurableExecution")
    : refusal(429, "TooManyRequestsException", "Rate Exceeded.");
}

function refusal(status: number, type: string, Message: string): AwsAnswer {
  return { status, headers: { "x-amzn-errortype": type }, body: { Message } };
}

function answer(request: AwsRequest): AwsAnswer {
  const { action, body } = request;
  if (action.includes("/20")) return lambdaAnswer(request);
  switch (action) {
    case "RegisterTaskDefinition": {
      const { tags, ...members } = body;
      const taskDefinitionArn = `${PREFIX}:task-definition/${body.family}:${definitions.size + 1}`;
      definitions.set(taskDefinitionArn, {
        taskDefinition: { ...members, taskDefinitionArn },
        tags: tags ?? [],
      });
      return { body: definitions.get(taskDefinitionArn) };
    }
    case "DescribeTaskDefinition":
      return { body: definitions.get(String(body.taskDefinition)) };
    case "DescribeServices":
      return { body: { services: [serviceNamed((body.services as string[])[0] ?? "")], failures: [] } };
    case "ListServiceDeployments":
      return services.has(String(body.service))
        ? { body: { serviceDeployments: storiesOf(String(body.service)) } }
        : { status: 400, body: { __type: "ServiceNotFoundException", message: "Service not found." } };
    case "DescribeServiceRevisions":
      return {
        body: {
          serviceRevisions: (body.serviceRevisionArns as string[]).map((serviceRevisionArn) => ({
            serviceRevisionArn,
            taskDefinition:
              services
                .get(serviceRevisionArn.split("/")[2] ?? "")
                ?.taskDefinition.replace(/\d+$/, serviceRevisionArn.endsWith("/2") ? "$&" : "1000") ?? "",
          })),
        },
      };
    case "DescribeServiceDeployments":
      return {
        body: {
          serviceDeployments: (body.serviceDeploymentArns as string[]).map((serviceDeploymentArn) => ({
            serviceDeploymentArn,
            status: "IN_PROGRESS",
            lifecycleStage: "SCALE_UP",
            alarms: { status: "MONITORING", alarmNames: ["5xx"], triggeredAlarmNames: [] },
            lifecycleHookDetails: [],
          })),
          failures: [],
        },
      };
    case "UpdateService":
      return {
        status: 400,
        body: {
          __type: "InvalidParameterException",
          message:
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        },
      };
    case "ListTasks":
      return { body: { taskArns: [`${PREFIX}:task/shop/${body.serviceName}`] } };
    case "DescribeTasks": {
      const [arn = ""] = body.tasks as string[];
      return { body: { tasks: [failedTask(arn)], failures: [] } };
    }
    // Two pages: what the first one has is not all.
    case "ListContainerInstances":
      return body.nextToken === undefined
        ? { body: { containerInstanceArns: [INSTANCES.bare], nextToken: "more" } }
        : { body: { containerInstanceArns: [INSTANCES.graviton, INSTANCES.gone, INSTANCES.windows] } };
    case "DescribeContainerInstances": {
      const asked = body.containerInstances as string[];
      return {
        body: {
          containerInstances: asked.flatMap((arn) => (arn === INSTANCES.gone ? [] : instanceNamed(arn))),
          failures: asked.includes(INSTANCES.gone) ? [{ arn: INSTANCES.gone, reason: "MISSING" }] : [],
        },
      };
    }
    case "DescribePullThroughCacheRules":
      return {
        body: {
          pullThroughCacheRules: [
            {
              ecrRepositoryPrefix: "hub",
              upstreamRegistryUrl: "registry-1.docker.io",
              upstreamRegistry: "docker-hub",
              upstreamRepositoryPrefix: "",
              createdAt: 1767225600,
            },
          ],
        },
      };
    case "ValidatePullThroughCacheRule":
      return { body: { ecrRepositoryPrefix: "hub", isValid: true } };
    case "BatchGetImage":
      return body.repositoryName === "hub/library/nginx"
        ? { body: { images: [{ imageManifest: CACHED, imageManifestMediaType: OCI_MANIFEST }] } }
        : { body: { images: [], failures: [{ failureCode: "UpstreamTooManyRequests" }] } };
    case "BatchCheckLayerAvailability":
      return { body: { layers: [], failures: [] } };
    case "GetDownloadUrlForLayer":
      return { body: { downloadUrl: "https://layers.example/1" } };
    default:
      throw new Error(`nothing was recorded for ${action}`);
  }
}

/** Two deployments of a service, the newest last: the order is nowhere promised. */
function storiesOf(name: string): readonly JsonObject[] {
  return [1, 2].map((number) => ({
    serviceDeploymentArn: `${PREFIX}:service-deployment/shop/${name}/${number}`,
    targetServiceRevisionArn: `${PREFIX}:service-revision/shop/${name}/${number}`,
    createdAt: 1721030000 + number,
    status: number === 2 ? "IN_PROGRESS" : "SUCCESSFUL",
  }));
}

const INSTANCES = {
  bare: `${PREFIX}:container-instance/mixed/1`,
  graviton: `${PREFIX}:container-instance/mixed/2`,
  gone: `${PREFIX}:container-instance/mixed/3`,
  windows: `${PREFIX}:container-instance/mixed/4`,
};

function instanceNamed(containerInstanceArn: string): JsonObject {
  const isGraviton = containerInstanceArn === INSTANCES.graviton;
  const isWindows = containerInstanceArn === INSTANCES.windows;
  return {
    containerInstanceArn,
    ec2InstanceId: "i-0a1b2c3d4e5f60718",
    ...(isGraviton ? { capacityProviderName: "graviton" } : {}),
    status: "ACTIVE",
    agentConnected: true,
    attributes: [
      { name: "com.amazonaws.ecs.capability.privileged-container" },
      { name: "ecs.cpu-architecture", value: isGraviton ? "arm64" : "x86_64" },
      { name: "ecs.os-type", value: isWindows ? "windows" : "linux" },
      { name: "ecs.os-family", value: isWindows ? "WINDOWS_SERVER_2022_CORE" : "LINUX" },
    ],
  };
}

function serviceNamed(name: string): JsonObject {
  const { controller = "ECS", taskDefinition = "" } = services.get(name) ?? {};
  return {
    serviceArn: `${PREFIX}:service/shop/${name}`,
    serviceName: name,
    clusterArn: `${PREFIX}:cluster/shop`,
    status: "ACTIVE",
    taskDefinition,
    desiredCount: 2,
    deploymentController: { type: controller },
    deployments: [],
  };
}

/** As DescribeTasks showed a Fargate task of 2024-07-15 that failed to start; times are seconds since the epoch. */
function failedTask(taskArn: string): JsonObject {
  const name = taskArn.slice(taskArn.lastIndexOf("/") + 1);
  const { launchType = "FARGATE", taskDefinition = "" } = services.get(name) ?? {};
  const isFargate = launchType === "FARGATE";
  const registered = definitions.get(taskDefinition)?.taskDefinition as JsonObject | undefined;
  return {
    taskArn,
    taskDefinitionArn: taskDefinition,
    clusterArn: `${PREFIX}:cluster/shop`,
    group: `service:${name}`,
    startedBy: "ecs-svc/7195836571016647723",
    launchType,
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    stoppedReason: isFargate ? FARGATE_REASON : "Task failed to start",
    createdAt: 1721030000.123,
    pullStartedAt: 1721030010.456,
    pullStoppedAt: 1721030015.789,
    stoppingAt: 1721030025.1,
    stoppedAt: 1721030040.2,
    version: 5,
    containers: getObjects(registered ?? {}, "containerDefinitions").map(
      ({ name: container, image }, index) => ({
        containerArn: `${PREFIX}:container/shop/${name}/11111111-1111-4111-8111-111111111111`,
        taskArn,
        name: container ?? "",
        image: image ?? "",
        lastStatus: "STOPPED",
        networkInterfaces: [],
        cpu: "0",
        ...(index === 0 && !isFargate ? { reason: EC2_REASON } : {}),
      }),
    ),
    tags: [],
  };
}
