/** How many calls a clean-up costs in a large account: 10,000 images, 3,000 service revisions, 3,000 task definitions that are known. */

import { deepEqual, equal } from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createPrunePorts } from "../../../src/aws/mirrors/prune-ports.ts";
import { digestOf, shortDigest } from "../../../src/image/digest.ts";
import {
  DIGESTS_A_RUN_MAX,
  MARKS_MAX,
  REPOSITORIES_A_RUN_MAX,
} from "../../../src/mirrors/prune/decide-prune.ts";
import { seenOf } from "../../../src/mirrors/prune/mark.ts";
import { runPrune } from "../../../src/mirrors/prune/run-prune.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const [REPOSITORIES, IMAGES, SERVICES, REVISIONS, TASKS, DEFINITIONS] = [20, 500, 100, 30, 400, 3_000];
const ARN = "arn:aws:ecs:us-east-1:123456789012";
const OLD = Date.now() / 1000 - 400 * 86_400;

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const definition = (index: number) => `${ARN}:task-definition/family:${index + 1}`;
/** A page of a list, as the services of ECS cut it. */
function page(list: string, items: readonly unknown[], size: number, { nextToken }: JsonObject) {
  const from = Number(nextToken ?? 0);
  const more = from + size < items.length ? { nextToken: String(from + size) } : {};
  return { [list]: items.slice(from, from + size), ...more };
}
const listOf = (body: JsonObject, member: string) => body[member] as string[];

/** What the runs have written, and what they have deleted. */
const items = new Map<string, unknown>();
const gone = new Set<unknown>();
let days = 0;

const CALLS: Readonly<Record<string, (body: JsonObject) => unknown>> = {
  GetParameter: () => ({ Parameter: { Name: "/repull/writes", Value: "allowed" } }),
  DescribeRepositories: () => ({
    repositories: range(REPOSITORIES).map((index) => ({
      repositoryName: `repull/r${index}`,
      repositoryArn: `arn:aws:ecr:us-east-1:123456789012:repository/repull/r${index}`,
    })),
  }),
  DescribeImages: ({ repositoryName }) => ({
    imageDetails: range(IMAGES).flatMap((index) => {
      const imageDigest = digestOf(`${repositoryName} ${index}`);
      if (gone.has(imageDigest)) return [];
      const imageManifestMediaType = `application/vnd.oci.image.${index % 5 === 0 ? "index" : "manifest"}.v1+json`;
      return {
        imageDigest,
        imageTags: [`1.${index}-${shortDigest(imageDigest)}`],
        imagePushedAt: OLD,
        lastRecordedPullTime: OLD + 60,
        imageManifestMediaType,
      };
    }),
  }),
  BatchGetImage: ({ imageIds }) => ({
    images: (imageIds as JsonObject[]).map((imageId) => ({
      imageId,
      imageManifest: '{"schemaVersion":2,"manifests":[]}',
    })),
  }),
  BatchDeleteImage: ({ imageIds }) => {
    for (const { imageDigest } of imageIds as JsonObject[]) gone.add(imageDigest);
    return {};
  },
  ListTagsForResource: () => ({ tags: [{ Key: "repull:source", Value: "docker.io/library/nginx" }] }),
  Scan: () => ({
    Items: [
      ...range(DEFINITIONS).map((index) => ({
        id: { S: `task-definition ${definition(index)}` },
        value: { S: '["nginx"]' },
      })),
      ...items.values(),
    ],
  }),
  ListPullTimeUpdateExclusions: () => ({ pullTimeUpdateExclusions: [] }),
  BatchWriteItem: ({ RequestItems }) => {
    const { prune } = RequestItems as unknown as {
      prune: { PutRequest: { Item: { id: { S: string } } } }[];
    };
    for (const { PutRequest } of prune) items.set(PutRequest.Item.id.S, PutRequest.Item);
    return {};
  },
  PutItem: ({ Item }) => {
    const { id } = Item as { id: { S: string } };
    if (id.S !== "lock") items.set(id.S, Item);
    return {};
  },
  DeleteItem: () => ({}),
  ListClusters: () => ({ clusterArns: [`${ARN}:cluster/prod`] }),
  DescribeClusters: () => ({
    clusters: [
      {
        clusterArn: `${ARN}:cluster/prod`,
        activeServicesCount: SERVICES,
        runningTasksCount: TASKS,
        pendingTasksCount: 0,
      },
    ],
  }),
  ListServices: (body) =>
    page(
      "serviceArns",
      range(SERVICES).map((index) => `${ARN}:service/prod/s${index}`),
      100,
      body,
    ),
  DescribeServices: (body) => ({
    services: listOf(body, "services").map((serviceArn, index) => ({
      serviceArn,
      clusterArn: `${ARN}:cluster/prod`,
      taskDefinition: definition(index),
    })),
  }),
  ListTasks: (body) =>
    body.desiredStatus === "STOPPED"
      ? { taskArns: [] }
      : page(
          "taskArns",
          range(TASKS).map((index) => `${ARN}:task/prod/${index}`),
          100,
          body,
        ),
  DescribeTasks: (body) => ({
    tasks: listOf(body, "tasks").map((taskArn) => ({
      taskArn,
      taskDefinitionArn: definition(1),
      containers: [{ image: "nginx", imageDigest: digestOf("nginx") }],
    })),
  }),
  ListServiceDeployments: ({ service }) => ({
    serviceDeployments: range(REVISIONS).map((index) => ({
      targetServiceRevisionArn: `${String(service).replace(":service/", ":service-revision/")}/${index}`,
    })),
  }),
  DescribeServiceRevisions: (body) => ({
    serviceRevisions: listOf(body, "serviceRevisionArns").map((serviceRevisionArn) => ({
      serviceRevisionArn,
      taskDefinition: definition(2),
      containerImages: [{ image: "nginx", imageDigest: digestOf("nginx") }],
    })),
  }),
  ListTaskDefinitions: (body) => page("taskDefinitionArns", range(DEFINITIONS).map(definition), 100, body),
  ListRules: () => ({ Rules: [] }),
  ListProjects: () => ({ projects: [] }),
  "GET /schedules": () => ({ Schedules: [] }),
  "GET /clusters": () => ({ clusters: [] }),
  "GET /2015-03-31/functions": () => ({ Functions: [] }),
  "POST /v1/describejobdefinitions": () => ({ jobDefinitions: [] }),
};

const calls: string[] = [];
const server = createServer(async (incoming, outgoing) => {
  const target = String(incoming.headers["x-amz-target"] ?? "").split(".")[1];
  const path = `${incoming.method} ${(incoming.url ?? "").split("?")[0]?.replace(/\/$/, "")}`;
  const action = target ?? path;
  calls.push(action);
  const body = JSON.parse((await text(incoming)) || "{}") as JsonObject;
  const absent = /^Get(?:Registry|Repository)Policy$/.exec(action);
  if (absent !== null) {
    outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
    outgoing.end(JSON.stringify({ __type: `${action.slice(3)}NotFoundException` }));
    return;
  }
  const answer = /durable-executions$/.test(path) ? { DurableExecutions: [] } : CALLS[action]?.(body);
  outgoing.writeHead(answer === undefined ? 400 : 200, {
    "content-type": "application/x-amz-json-1.1",
    date: new Date(Date.now() + days * 86_400_000).toUTCString(),
  });
  outgoing.end(JSON.stringify(answer ?? { __type: "UnknownOperationException" }));
});
beforeAll(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function run() {
  calls.length = 0;
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const ports = createPrunePorts(
    {
      aws: { region: "us-east-1", endpoint, credentials, attemptsMax: 1 },
      table: "prune",
      reportTable: "repull-cluster-reports",
      functions: ["repull-remediate", "repull-mirror"],
      writesParameter: "/repull/writes",
    },
    "123456789012",
  );
  return runPrune({ prefix: "repull", host: "h", run: `${days}`, isDryRun: false }, ports);
}

const countsOf = () =>
  JSON.stringify(
    Object.fromEntries(
      [...Map.groupBy(calls, (action) => action)].map(([action, { length }]) => [action, length]),
    ),
  );

describe("a clean-up of 10,000 images with 3,000 service revisions", () => {
  test("takes at most 400 calls while it does not know the revisions, and keeps everything until it does", async () => {
    deepEqual((await run()).kept, { unread: REPOSITORIES * IMAGES });
    equal(calls.length <= 400, true, countsOf());
  }, 60_000);

  test("takes at most 400 calls where it marks, and none for a task definition that is known", async () => {
    const report = await run();
    deepEqual(report.kept, { "marked-now": MARKS_MAX, "next-run": REPOSITORIES * IMAGES - MARKS_MAX });
    equal(calls.filter((action) => action === "DescribeTaskDefinition").length, 0);
    equal(calls.length <= 400, true, countsOf());
  }, 60_000);

  test("takes at most 400 calls where it deletes as much as a run may", async () => {
    days = 2;
    const report = await run();
    equal(report.deleted.flatMap(({ digests }) => digests).length, DIGESTS_A_RUN_MAX);
    equal(gone.size, DIGESTS_A_RUN_MAX);
    equal(calls.length <= 400, true, countsOf());
  }, 60_000);

  test("takes at most 400 calls where what it deletes is in as many repositories as one run deletes from", async () => {
    days = 4;
    // Two marked copies in each repository.
    const seen = [...items].find(([id]) => id === "marks repull/r0")?.[1] as { value: { S: string } };
    equal(Object.keys(JSON.parse(seen.value.S)).length > 0, true);
    for (const index of range(REPOSITORIES)) {
      const repository = `repull/r${index}`;
      const marks = range(4).map((one) => {
        const digest = digestOf(`${repository} ${one + 401}`);
        return [digest, { at: Date.now(), seen: seenOf({ members: [copyOf(repository, one + 401)] }) }];
      });
      items.set(`marks ${repository}`, {
        id: { S: `marks ${repository}` },
        value: { S: JSON.stringify(Object.fromEntries(marks)) },
      });
    }
    const report = await run();
    equal(new Set(report.deleted.map(({ repository }) => repository)).size, REPOSITORIES_A_RUN_MAX);
    equal(report.deleted.length, 4 * REPOSITORIES_A_RUN_MAX);
    equal(calls.length <= 400, true, countsOf());
  }, 60_000);
});

function copyOf(repository: string, index: number) {
  const digest = digestOf(`${repository} ${index}`);
  const tags = [`1.${index}-${shortDigest(digest)}`];
  return { digest, tags, pushedAt: OLD * 1000, pulledAt: (OLD + 60) * 1000, isActive: true };
}
