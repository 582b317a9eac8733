/**
 * A sandbox world spoken to as AWS is: the calls of the functions over HTTP, answered from the world's own ECS, ECR,
 * EventBridge and SQS, in the shapes of AWS's wire.
 *
 * So a deployed bundle, with the real SDK in it, heals a cluster that really deploys, pulls and fails.
 */

import { createHash } from "node:crypto";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import { describedService } from "../../../src/sandbox/ecs/documents/service-document.ts";
import { describedTask } from "../../../src/sandbox/ecs/documents/task-document.ts";
import { serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { AwsAnswer, AwsRequest } from "./aws-stub.ts";

export type SentMessage = { readonly queueUrl: string; readonly body: string; readonly because?: string };

export type AwsAccount = {
  /** Answers a call; undefined for one that no service of this account knows. */
  answer(request: AwsRequest): Promise<AwsAnswer | undefined>;
  /** What was put into queues. */
  readonly messages: readonly SentMessage[];
  /** Revisions that were registered since. */
  readonly registered: readonly string[];
};

export function awsAccount(world: World): AwsAccount {
  const messages: SentMessage[] = [];
  const registered: string[] = [];
  const { cluster, definitions, registries, bus } = world;

  const calls: Readonly<Record<string, (body: JsonObject) => Json | Promise<Json>>> = {
    DescribeServices: ({ cluster: name, services }) => {
      const [wanted] = texts(services);
      const found = cluster.service(String(name), String(wanted));
      return found === undefined
        ? { services: [], failures: [{ arn: String(wanted), reason: "MISSING" }] }
        : { services: [describedService(found)], failures: [] };
    },
    ListServiceDeployments: ({ cluster: name, service: wanted }) => ({
      serviceDeployments: world.deployments.list(String(name), String(wanted)),
    }),
    DescribeServiceRevisions: ({ serviceRevisionArns }) => ({
      serviceRevisions: world.deployments.revisions(texts(serviceRevisionArns)),
    }),
    DescribeServiceDeployments: ({ serviceDeploymentArns }) => ({
      serviceDeployments: world.deployments.deployments(texts(serviceDeploymentArns)),
    }),
    DescribeClusters: ({ clusters }) => ({
      clusters: texts(clusters).map((name) => ({
        clusterName: name,
        tags: Object.entries(cluster.clusterTags(name)).map(([key, value]) => ({ key, value })),
      })),
      failures: [],
    }),
    DescribeTasks: ({ cluster: name, tasks }) => ({
      tasks: texts(tasks).flatMap((arn) => {
        const found = cluster.task(String(name), arn);
        return found === undefined ? [] : describedTask(found);
      }),
      failures: [],
    }),
    ListTasks: ({ cluster: name, serviceName, desiredStatus }) => ({
      taskArns: cluster
        .tasks(String(name))
        .filter((task) => task.service?.name === serviceName && task.desiredStatus === desiredStatus)
        .map(({ arn }) => arn),
    }),
    DescribeTaskDefinition: ({ taskDefinition }) => {
      const found = definitions.describe(String(taskDefinition));
      if (found === undefined) throw new Refusal("ClientException", "Unable to describe task definition.");
      return { taskDefinition: found.taskDefinition, tags: found.tags.map((tag) => ({ ...tag })) };
    },
    RegisterTaskDefinition: (body) => {
      const arn = definitions.register(body);
      registered.push(arn);
      return { taskDefinition: definitions.describe(arn)?.taskDefinition ?? {} };
    },
    ListTaskDefinitions: ({ familyPrefix, maxResults }) => ({
      taskDefinitionArns: definitions.newest(String(familyPrefix), Number(maxResults)).map(({ arn }) => arn),
    }),
    StopServiceDeployment: ({ serviceDeploymentArn }) => {
      cluster.rollBackDeployment(String(serviceDeploymentArn));
      return { serviceDeploymentArn: String(serviceDeploymentArn) };
    },
    UpdateService: ({ cluster: name, service, taskDefinition }) => {
      cluster.updateService(String(name), String(service), String(taskDefinition));
      const now = cluster.service(String(name), String(service));
      return { service: now === undefined ? {} : describedService(now) };
    },
    CreateRepository: ({ repositoryName, imageTagMutability }) => {
      const made = registries.ecr.createRepository(String(repositoryName), {
        immutableTags: imageTagMutability === "IMMUTABLE",
      });
      if (made === "present") throw new Refusal("RepositoryAlreadyExistsException", "it exists");
      return { repository: { repositoryName: String(repositoryName) } };
    },
    DescribeImages: ({ repositoryName, imageIds }) => {
      const digest = String((imageIds as readonly JsonObject[])[0]?.imageDigest);
      const status = registries.ecr.imageStatus(String(repositoryName), digest as `sha256:${string}`);
      if (status === "absent") throw new Refusal("ImageNotFoundException", "no such image");
      return { imageDetails: [{ imageDigest: digest, imageStatus: status.toUpperCase() }] };
    },
    GetAuthorizationToken: () => {
      const token = Buffer.from(`AWS:${registries.ecr.issuePassword().password}`).toString("base64");
      return { authorizationData: [{ authorizationToken: token, expiresAt: Date.now() / 1000 + 43_200 }] };
    },
    // An account without rules, whose roles may do everything, and whose networks are not read.
    DescribePullThroughCacheRules: () => ({ pullThroughCacheRules: [] }),
    PutEvents: async ({ Entries }) => {
      for (const { Source, DetailType, Detail } of Entries as readonly JsonObject[]) {
        if (Source !== "repull" || DetailType !== "Image Pull Remediation")
          throw new Refusal("AccessDeniedException", `the role may not put events of ${Source}`);
        await bus.port.publish(JSON.parse(String(Detail)));
      }
      return { FailedEntryCount: 0, Entries: [{ EventId: "1" }] };
    },
    UpdateItem: (body) => updateCaps(body, world),
    SendMessage: ({ QueueUrl, MessageBody, MessageAttributes }) => {
      const { because } = (MessageAttributes ?? {}) as Record<string, JsonObject>;
      messages.push({
        queueUrl: String(QueueUrl),
        body: String(MessageBody),
        ...(because === undefined ? {} : { because: String(because.StringValue) }),
      });
      // The SDK compares it with what it sent.
      return {
        MessageId: "1",
        MD5OfMessageBody: createHash("md5").update(String(MessageBody)).digest("hex"),
      };
    },
  };

  return {
    messages,
    registered,
    answer: async ({ action, body }) => {
      if (action === "SimulatePrincipalPolicy") return allowed(body);
      if (/^Describe(?:Subnets|RouteTables|VpcEndpoints)$/.test(action)) return REFUSED_BY_EC2;
      const call = calls[action];
      if (call === undefined) return undefined;
      try {
        return { body: await call(body) };
      } catch (error) {
        if (error instanceof Refusal) return refused(error.code, error.message, error.members);
        // The sandbox's refusals carry AWS's own code in their words: `ecs:UpdateService: ClientException: …`.
        if (!(error instanceof AwsError)) throw error;
        const [, code = "ServerException", ...words] = error.message.split(": ");
        return refused(code, words.join(": "));
      }
    },
  };
}

/** Serves the world's registries; answers the setting that sends their traffic there. */
export async function serveRegistries(
  world: World,
): Promise<{ readonly endpoints: string; close(): Promise<void> }> {
  const served = await Promise.all(
    [...world.registries.byHost].map(async ([host, registry]) => {
      const server = await serveRegistry(registry, { address: world.addresses.repull });
      return { host: host === "docker.io" ? "registry-1.docker.io" : host, server };
    }),
  );
  return {
    endpoints: served.map(({ host, server }) => `${host}=${server.url}`).join(","),
    close: async () => void (await Promise.all(served.map(({ server }) => server.close()))),
  };
}

/** The two writes to the table of the quotas, told apart by what they would write. */
async function updateCaps({ Key, ExpressionAttributeValues }: JsonObject, world: World): Promise<Json> {
  const { window: period } = Key as { window: { S: string } };
  const values = ExpressionAttributeValues as Record<string, { readonly S: string; readonly N: string }>;
  const { ":amount": amount, ":room": room, ":claimant": claimant } = values;
  const asked = { period: { name: period.S, endsAt: 0 }, requester: claimant?.S ?? "" };
  if (amount === undefined || room === undefined) {
    if (!(await world.ports.quotaStore.claimNotification(asked.period, asked.requester)))
      throw conditionFailed({});
    return {};
  }
  const max = Number(amount.N) + Number(room.N);
  const answer = await world.ports.quotaStore.acquire({ ...asked, amount: Number(amount.N), max });
  if (answer.kind === "reached") throw conditionFailed({ used: { N: String(answer.used) } });
  return {};
}

/** With the item as it is, as asked for. */
function conditionFailed(Item: JsonObject): Refusal {
  return new Refusal("ConditionalCheckFailedException", "The conditional request failed", { Item });
}

/** IAM's and EC2's forms are answered in XML. */
function allowed(form: JsonObject): AwsAnswer {
  const actions = Object.entries(form).flatMap(([name, value]) =>
    /^ActionNames/.test(name) ? [String(value)] : [],
  );
  const results = actions.map(
    (action) =>
      `<member><EvalActionName>${action}</EvalActionName><EvalDecision>allowed</EvalDecision></member>`,
  );
  return {
    headers: { "content-type": "text/xml" },
    body: `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${results.join("")}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
  };
}

const REFUSED_BY_EC2: AwsAnswer = {
  status: 403,
  headers: { "content-type": "text/xml" },
  body: "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not authorized</Message></Error></Errors><RequestID>1</RequestID></Response>",
};

class Refusal extends Error {
  readonly code: string;
  readonly members: JsonObject;
  constructor(code: string, message: string, members: JsonObject = {}) {
    super(message);
    this.code = code;
    this.members = members;
  }
}

function refused(code: string, message: string, members: JsonObject = {}): AwsAnswer {
  return { status: 400, headers: { "x-amzn-errortype": code }, body: { __type: code, message, ...members } };
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
