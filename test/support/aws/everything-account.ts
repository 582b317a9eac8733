/**
 * An account in which everything that could make a deletion wrong is there once, next to two copies that nothing uses. It answers the
 * calls of AWS's own clients, and each test can change the time that a service says and any answer.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Digest, digestOf, shortDigest } from "../../../src/image/digest.ts";
import { pagesOf } from "../../../src/mirrors/reports/report-pages.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

export const DAY = 86_400_000;
export const ACCOUNT = "123456789012";
export const HOST = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
export const OWN_ROLE = `arn:aws:iam::${ACCOUNT}:role/repull-mirrors`;
export const [WEB, APP, SHARED, FOREIGN] = ["web", "app", "shared", "foreign"].map(
  (name) => `repull/docker.io/library/${name}`,
) as [string, string, string, string];

const ECS = `arn:aws:ecs:us-east-1:${ACCOUNT}`;
const CLUSTER = `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/kube`;
const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CERTIFICATE = Buffer.from("certificate");
const PEM = `-----BEGIN CERTIFICATE-----\n${CERTIFICATE.toString("base64")}\n-----END CERTIFICATE-----\n`;

export type Image = {
  readonly name: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly pushedDaysAgo: number;
  readonly pulledDaysAgo: number | undefined;
  readonly lists?: readonly Digest[];
  readonly subject?: Digest;
  readonly status?: string;
};

function image(name: string, more: Partial<Image> = {}): Image {
  const digest = digestOf(name);
  const tags = [`1.27-${shortDigest(digest)}`];
  return { name, digest, tags, pushedDaysAgo: 300, pulledDaysAgo: 250, ...more };
}
const part = (name: string, more: Partial<Image> = {}): Image => image(name, { tags: [], ...more });
const reference = (name: string, repository = WEB) =>
  `${HOST}/${repository}:1.27-${shortDigest(digestOf(name))}`;

/** What a clean-up may delete: everything else is there to be kept. */
export const UNUSED = [
  "unused",
  "unused-index",
  "unused-index/amd64",
  "unused-index/arm64",
  "unused-index/signature",
];

const IMAGES: Readonly<Record<string, readonly Image[]>> = {
  [WEB]: [
    image("unused"),
    image("unused-index", { lists: [digestOf("unused-index/amd64"), digestOf("unused-index/arm64")] }),
    part("unused-index/amd64"),
    part("unused-index/arm64"),
    part("unused-index/signature", { subject: digestOf("unused-index/amd64") }),
    // An index that nothing names, one of whose platforms a task runs.
    image("index-of-a-task", {
      lists: [digestOf("index-of-a-task/amd64"), digestOf("index-of-a-task/arm64")],
    }),
    part("index-of-a-task/amd64"),
    part("index-of-a-task/arm64"),
    image("by-task-definition"),
    image("by-revision"),
    image("by-function"),
    image("by-job"),
    image("by-project"),
    image("by-pod"),
    image("by-template"),
    image("twin"),
    // What a schedule that has rested for 80 days pulls: with rate(100 days), it may come again.
    image("by-schedule", { pulledDaysAgo: 95 }),
    image("pulled-lately", { pulledDaysAgo: 3 }),
    image("pushed-lately", { pushedDaysAgo: 3 }),
    image("never-pulled", { pulledDaysAgo: undefined }),
    image("archived", { status: "ARCHIVED" }),
    // Of another tool: the tag of one of our copies on other bytes.
    image("foreign", { tags: [`1.26-${shortDigest(digestOf("unused"))}`] }),
    image("named-by-hand", { tags: [`1.27-${shortDigest(digestOf("named-by-hand"))}`, "prod"] }),
    part("untagged"),
    part("proof", { tags: [`index-${"a".repeat(64)}`] }),
  ],
  [APP]: [image("twin"), image("app")],
  [SHARED]: [image("shared")],
  [FOREIGN]: [image("of-another-tool")],
};

const taskDefinition = (family: string) => `${ECS}:task-definition/${family}:1`;
const TASK_DEFINITIONS: Readonly<Record<string, string>> = {
  [taskDefinition("web")]: reference("by-task-definition"),
  [taskDefinition("app")]: reference("app", APP),
  [taskDefinition("other")]: `public.ecr.aws/docker/library/web@${digestOf("twin")}`,
};

export class EverythingAccount {
  /** Of the services, in days from now. */
  days = 0;
  /** How far one service's clock is from the others, in days. */
  readonly clocks = new Map<string, number>();
  /** In the place of an answer, or changing it. */
  change: (action: string, answer: JsonObject, body: JsonObject) => unknown = (_, answer) => answer;
  readonly calls: string[] = [];
  readonly #images = new Map(Object.entries(IMAGES).map(([name, those]) => [name, [...those]]));
  readonly #items = new Map<string, JsonObject>();
  readonly #now = Date.now();
  #server: ReturnType<typeof createServer> | undefined;

  async start(): Promise<{
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: object;
  }> {
    this.#server = createServer(async (incoming, outgoing) => {
      const body = JSON.parse((await text(incoming)) || "{}") as JsonObject;
      const target = String(incoming.headers["x-amz-target"] ?? "");
      const path = (incoming.url ?? "").split("?")[0]?.replace(/\/$/, "") ?? "";
      const action = target.split(".")[1] ?? `${incoming.method} ${path}`;
      this.calls.push(action);
      const service = /\/(\w[\w-]*)\/aws4_request/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
      const said = this.change(action, this.#answer(action, body), body) as JsonObject;
      const status = "__type" in said ? 400 : 200;
      const skew = (this.days + (this.clocks.get(service) ?? 0)) * DAY;
      outgoing.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        date: new Date(this.#now + skew).toUTCString(),
      });
      outgoing.end(JSON.stringify(said));
    });
    await new Promise<void>((listening) => this.#server?.listen(0, "127.0.0.1", listening));
    const { port } = this.#server.address() as AddressInfo;
    return {
      region: "us-east-1",
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    };
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** The names of all images that are there. */
  names(): readonly string[] {
    return [...this.#images.values()].flat().map(({ name }) => name);
  }

  /** The cluster's controller reports, by the table's clock. */
  report(images: readonly string[] = [digestOf("by-pod"), reference("by-template")]): void {
    const at = this.#now + this.days * DAY;
    for (const page of pagesOf({ cluster: CLUSTER, at, authorities: [digestOf(CERTIFICATE)], images }) ?? [])
      this.#items.set(`report ${page.page}`, {
        cluster: { S: page.cluster },
        report: { S: page.report },
        page: { N: `${page.page}` },
        pages: { N: `${page.pages}` },
        at: { N: `${page.at}` },
        authorities: { S: JSON.stringify(page.authorities) },
        images: { S: JSON.stringify(page.images) },
      });
  }

  #answer(action: string, body: JsonObject): JsonObject {
    if (/durable-executions$/.test(action)) return { DurableExecutions: [] };
    if (action.startsWith("GET /schedules/"))
      return {
        ScheduleExpression: "rate(100 days)",
        Target: { Arn: "arn:aws:states:us-east-1:123456789012:stateMachine:x" },
      };
    if (/^GET \/2015-03-31\/functions\/.+/.test(action))
      return {
        Code: {
          ImageUri: reference("by-function"),
          ResolvedImageUri: `${HOST}/${WEB}@${digestOf("by-function")}`,
        },
      };
    const answer = (this.#answers[action] ?? (() => ({ __type: "UnknownOperationException" })))(body);
    return JSON.parse(JSON.stringify(answer)) as JsonObject;
  }

  readonly #answers: Readonly<Record<string, (body: JsonObject) => object>> = {
    GetParameter: () => ({ Parameter: { Name: "/repull/writes", Value: "allowed" } }),
    ListPullTimeUpdateExclusions: () => ({ pullTimeUpdateExclusions: [OWN_ROLE] }),
    DescribeRepositories: () => ({
      repositories: [...this.#images.keys()].map((repositoryName) => ({
        repositoryName,
        repositoryArn: `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${repositoryName}`,
      })),
    }),
    GetRegistryPolicy: () => ({ __type: "RegistryPolicyNotFoundException" }),
    GetRepositoryPolicy: ({ repositoryName }) =>
      repositoryName === SHARED
        ? {
            policyText: JSON.stringify({
              Statement: [
                { Effect: "Allow", Principal: { AWS: "210987654321" }, Action: "ecr:BatchGetImage" },
              ],
            }),
          }
        : { __type: "RepositoryPolicyNotFoundException" },
    ListTagsForResource: ({ resourceArn }) => ({
      tags: String(resourceArn).endsWith(FOREIGN)
        ? []
        : [{ Key: "repull:source", Value: "docker.io/library/web" }],
    }),
    DescribeImages: ({ repositoryName }) => ({
      imageDetails: (this.#images.get(String(repositoryName)) ?? []).map((one) => ({
        imageDigest: one.digest,
        imageTags: one.tags,
        imagePushedAt: (this.#now - one.pushedDaysAgo * DAY) / 1000,
        lastRecordedPullTime:
          one.pulledDaysAgo === undefined ? undefined : (this.#now - one.pulledDaysAgo * DAY) / 1000,
        imageManifestMediaType: one.lists === undefined ? MANIFEST : INDEX,
        subjectManifestDigest: one.subject,
        imageStatus: one.status ?? "ACTIVE",
      })),
    }),
    BatchGetImage: ({ repositoryName, imageIds }) => ({
      images: (imageIds as JsonObject[]).map((imageId) => ({
        imageId,
        imageManifest: JSON.stringify({
          schemaVersion: 2,
          manifests: this.#images
            .get(String(repositoryName))
            ?.find(({ digest }) => digest === imageId.imageDigest)
            ?.lists?.map((digest) => ({ digest })),
        }),
      })),
    }),
    BatchDeleteImage: ({ repositoryName, imageIds }) => {
      const digests = (imageIds as JsonObject[]).map(({ imageDigest }) => imageDigest);
      const there = this.#images.get(String(repositoryName)) ?? [];
      // What an index lists cannot be deleted before it.
      const listed = there
        .filter(({ digest }) => !digests.includes(digest))
        .flatMap(({ lists = [] }) => lists);
      this.#images.set(
        String(repositoryName),
        there.filter(({ digest }) => !digests.includes(digest) || listed.includes(digest)),
      );
      return { imageIds };
    },
    ListClusters: () => ({ clusterArns: [`${ECS}:cluster/prod`] }),
    DescribeClusters: () => ({
      clusters: [
        {
          clusterArn: `${ECS}:cluster/prod`,
          activeServicesCount: 1,
          runningTasksCount: 1,
          pendingTasksCount: 0,
        },
      ],
    }),
    // Stopped by hand; an older deployment of it is what an operator may go back to.
    ListServices: () => ({ serviceArns: [`${ECS}:service/prod/stopped`] }),
    DescribeServices: ({ services }) => ({
      services: (services as string[]).map((serviceArn) => ({
        serviceArn,
        clusterArn: `${ECS}:cluster/prod`,
        desiredCount: 0,
        taskDefinition: taskDefinition("web"),
      })),
    }),
    ListServiceDeployments: () => ({
      serviceDeployments: [{ targetServiceRevisionArn: `${ECS}:service-revision/prod/stopped/1` }],
    }),
    DescribeServiceRevisions: ({ serviceRevisionArns }) => ({
      serviceRevisions: (serviceRevisionArns as string[]).map((serviceRevisionArn) => ({
        serviceRevisionArn,
        taskDefinition: taskDefinition("web"),
        containerImages: [{ image: "web:latest", imageDigest: digestOf("by-revision") }],
      })),
    }),
    ListTasks: ({ desiredStatus }) => ({
      taskArns: desiredStatus === "STOPPED" ? [] : [`${ECS}:task/prod/1`],
    }),
    DescribeTasks: () => ({
      tasks: [
        {
          taskArn: `${ECS}:task/prod/1`,
          taskDefinitionArn: taskDefinition("web"),
          containers: [{ image: "web:latest", imageDigest: digestOf("index-of-a-task/amd64") }],
        },
      ],
    }),
    ListTaskDefinitions: () => ({ taskDefinitionArns: Object.keys(TASK_DEFINITIONS) }),
    DescribeTaskDefinition: ({ taskDefinition: taskDefinitionArn }) => ({
      taskDefinition: {
        taskDefinitionArn,
        containerDefinitions: [{ name: "web", image: TASK_DEFINITIONS[String(taskDefinitionArn)] }],
      },
    }),
    "GET /2015-03-31/functions": () => ({
      Functions: [{ FunctionName: "f", FunctionArn: "arn:f", Version: "1", PackageType: "Image" }],
    }),
    "POST /v1/describejobdefinitions": () => ({
      jobDefinitions: [
        {
          jobDefinitionArn: "arn:job",
          status: "INACTIVE",
          containerProperties: { image: reference("by-job") },
        },
      ],
    }),
    ListProjects: () => ({ projects: ["p"] }),
    BatchGetProjects: () => ({
      projects: [{ arn: "arn:project", environment: { image: reference("by-project") } }],
    }),
    "GET /clusters": () => ({ clusters: ["kube"] }),
    "GET /clusters/kube": () => ({
      cluster: {
        name: "kube",
        arn: CLUSTER,
        createdAt: this.#now / 1000 - 10_000_000,
        certificateAuthority: { data: Buffer.from(PEM).toString("base64") },
      },
    }),
    ListRules: () => ({ Rules: [{ Name: "hourly", ScheduleExpression: "rate(1 hour)" }] }),
    "GET /schedules": () => ({
      Schedules: [
        {
          Name: "quarterly",
          GroupName: "default",
          Target: { Arn: "arn:aws:states:us-east-1:123456789012:stateMachine:x" },
        },
      ],
    }),
    Scan: ({ TableName }) => ({
      Items: [...this.#items]
        .filter(([id]) => id.startsWith("report ") === (TableName === "reports"))
        .map(([, item]) => item),
    }),
    PutItem: ({ Item, ConditionExpression, ExpressionAttributeValues }) => {
      const id = (Item as { id: { S: string } }).id.S;
      const lock = this.#items.get(id) as { until?: { N: string } } | undefined;
      const { ":now": now } = (ExpressionAttributeValues ?? {}) as { ":now"?: { N: string } };
      if (ConditionExpression !== undefined && lock !== undefined && Number(lock.until?.N) >= Number(now?.N))
        return { __type: "ConditionalCheckFailedException" };
      this.#items.set(id, Item as JsonObject);
      return {};
    },
    DeleteItem: ({ Key }) => {
      this.#items.delete((Key as { id: { S: string } }).id.S);
      return {};
    },
    BatchWriteItem: ({ RequestItems }) => {
      for (const requests of Object.values(
        RequestItems as Record<string, { PutRequest: { Item: JsonObject } }[]>,
      ))
        for (const { PutRequest } of requests)
          this.#items.set((PutRequest.Item as { id: { S: string } }).id.S, PutRequest.Item);
      return {};
    },
  };
}
