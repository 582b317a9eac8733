/** `refresh` as Lambda runs it: HEADs at registries, executions of `mirror` started, records and news written. */

import type { Context } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Digest, digestOf, shortDigest } from "../../src/image/digest.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { serveRegistries } from "../support/aws/aws-account.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";

const SIZE = { kilobytes: 10 };
const MIRROR = "arn:aws:lambda:us-east-1:123456789012:function:repull-mirror:live";
const REPOSITORY = "repull/docker.io/acme/web";
const TASK_DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const old = digestOf("old");
const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-refresh:live",
  awsRequestId: "run",
  getRemainingTimeInMillis: () => 600_000,
} as unknown as Context;

let stub: AwsStub;
let registries: Awaited<ReturnType<typeof serveRegistries>>;
let handler: typeof import("../../functions/refresh/handler.ts").handler;
let policy: object;
let copied: Digest[];
/** The repository, and its tag `repull:source`. */
let repository: readonly [name: string, source: string];
let writes: string;
let started: JsonObject[];
let published: JsonObject[];
let put: string[];
let results: Record<string, JsonObject>;

/** ECS, Lambda and the rest have nothing that uses a copy. */
const EMPTY: Readonly<Record<string, AwsAnswer>> = {
  ListClusters: { body: { clusterArns: [] } },
  ListTaskDefinitions: {
    body: { taskDefinitionArns: [TASK_DEFINITION] },
  },
  ListProjects: { body: { projects: [] } },
  ListRules: { body: { Rules: [] } },
};

beforeAll(async () => {
  const images = { "acme/web:1": SIZE, "acme/web:2": SIZE, "library/nginx:1": SIZE };
  const world = await createWorld(readWorldFile({ registries: { "docker.io": { images } } }));
  registries = await serveRegistries(world);
  stub = await startAwsStub(async ({ action, body, headers }): Promise<AwsAnswer> => {
    if (action === "GetParameter")
      return {
        body: {
          Parameter: { Value: String(body.Name).endsWith("/writes") ? writes : JSON.stringify(policy) },
        },
      };
    if (action.endsWith("/invocations")) {
      const name = String(headers["x-amz-durable-execution-name"]);
      started.push({ name, ...body });
      return { status: 202, body: "" };
    }
    if (action.includes("/durable-executions")) {
      const DurableExecutions = started.map(({ name }) => ({
        DurableExecutionArn: `${MIRROR}/durable-execution/${name}/1`,
        DurableExecutionName: name,
        FunctionArn: MIRROR,
        Status: "SUCCEEDED",
        StartTimestamp: 1,
        EndTimestamp: Date.now() / 1000,
      }));
      if (action.startsWith("GET /2025-12-01/durable-executions/"))
        return { body: { ...DurableExecutions[0], Result: JSON.stringify(results.last ?? {}) } };
      return { body: { DurableExecutions } };
    }
    if (action === "DescribeRepositories")
      return {
        body: {
          repositories: [
            {
              repositoryName: repository[0],
              repositoryArn: `arn:aws:ecr:us-east-1:123456789012:repository/${repository[0]}`,
            },
          ],
        },
      };
    if (action === "ListTagsForResource")
      return { body: { tags: [{ Key: "repull:source", Value: repository[1] }] } };
    if (action === "GetRepositoryPolicy")
      return { status: 400, body: { __type: "RepositoryPolicyNotFoundException" } };
    if (action === "GetRegistryPolicy")
      return { status: 400, body: { __type: "RegistryPolicyNotFoundException" } };
    if (action === "DescribeImages")
      return {
        body: {
          imageDetails: copied.map((imageDigest) => ({
            imageDigest,
            imageTags: [`1-${shortDigest(imageDigest)}`],
            imageManifestMediaType: MANIFEST,
            imagePushedAt: 1,
          })),
        },
      };
    if (action === "DescribeTaskDefinition")
      return {
        body: {
          taskDefinition: {
            taskDefinitionArn: TASK_DEFINITION,
            containerDefinitions: [{ name: "web", image: "acme/web:1" }],
          },
          tags: [],
        },
      };
    if (action === "Scan") return { body: { Items: [], Count: 0 } };
    if (action === "PutItem" || action === "DeleteItem" || action === "BatchWriteItem") {
      put.push(`${action} ${(body.Item as { id?: { S?: string } })?.id?.S ?? ""}`.trim());
      return { body: {} };
    }
    if (action === "PutEvents") {
      published.push(...(body.Entries as JsonObject[]));
      return { body: { FailedEntryCount: 0, Entries: [{ EventId: "1" }] } };
    }
    if (/^GET \/2015-03-31\/functions/.test(action)) return { body: { Functions: [] } };
    if (/describejobdefinitions$/.test(action)) return { body: { jobDefinitions: [] } };
    if (/^GET \/clusters/.test(action)) return { body: { clusters: [] } };
    if (/^GET \/schedules/.test(action)) return { body: { Schedules: [] } };
    return EMPTY[action] ?? { status: 400, body: { __type: "AccessDeniedException", message: action } };
  });
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: stub.url,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
    REPULL_POLICY_PARAMETER: "/repull/policy",
    REPULL_WRITES_PARAMETER: "/repull/writes",
    REPULL_MIRROR_FUNCTION: MIRROR,
    REPULL_MIRROR_PREFIX: "repull",
    REPULL_PRUNE_TABLE: "prune",
    REPULL_REPORT_TABLE: "reports",
  });
  ({ handler } = await import("../../functions/refresh/handler.ts"));
}, 60_000);
beforeEach(() => {
  policy = {};
  copied = [old];
  repository = [REPOSITORY, "docker.io/acme/web"];
  writes = "allowed";
  [started, published, put, results] = [[], [], [], {}];
});
afterAll(async () => {
  await stub.stop();
  await registries.close();
});

describe("refresh", () => {
  test("reports a tag that has moved and what uses its copy, on the bus and to the caller", async () => {
    policy = { mode: "observe" };
    const report = await handler({ dryRun: false }, context);
    expect(report).toMatchObject({
      kind: "refreshed",
      tags: 1,
      heads: 1,
      unread: [],
      moved: [
        { source: "docker.io/acme/web:1", from: old, copy: { kind: "withheld", code: "mode-observe" } },
      ],
    });
    expect(started).toEqual([]);
    expect(put.toSorted()).toEqual([
      "BatchWriteItem",
      "DeleteItem",
      "PutItem refresh-lock",
      `PutItem sources ${REPOSITORY}`,
    ]);
    const [event] = published;
    expect(event).toMatchObject({
      Source: "repull",
      DetailType: "Mirrors Refreshed",
      EventBusName: "default",
    });
    expect(JSON.parse(String(event?.Detail))).toMatchObject({
      account: "123456789012",
      region: "us-east-1",
      news: [{ code: "tag-moved", users: { count: 1 } }],
    });
  });

  test("has an image of the policy's list copied under the main stack's quotas, for its platforms", async () => {
    policy = { mirrors: { images: [{ image: "acme/web", semver: "^2" }] } };
    copied = [];
    const report = await handler({ dryRun: false }, context);
    expect(report.wanted).toMatchObject([{ source: "docker.io/acme/web:2", copy: { kind: "copied" } }]);
    expect(started).toMatchObject([
      {
        kind: "copy",
        ahead: true,
        wantedBy: "images",
        platforms: ["linux/amd64"],
        target: `123456789012.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}:2`,
      },
    ]);
  });

  test("follows the tag of Docker Hub whose first copy came from ECR Public, and wants it once", async () => {
    policy = { mode: "observe", mirrors: { images: [{ image: "nginx", tags: ["1"] }] } };
    repository = ["repull/docker.io/library/nginx", "public.ecr.aws/docker/library/nginx"];
    expect(await handler({ dryRun: false }, context)).toMatchObject({
      wanted: [],
      moved: [{ source: "docker.io/library/nginx:1", from: old }],
    });
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, unknown, string]>([
    ["anything but a request to write", {},                "allowed"],
    ["a request that says so",          { dryRun: true },  "allowed"],
    ["a stopped account",               { dryRun: false }, "an incident"],
  ])("starts no copy by %s", async (_what, event, word) => {
    writes = word;
    policy = { mirrors: { images: [{ image: "acme/web", tags: ["2"] }] } };
    await handler(event, context);
    expect(started).toEqual([]);
  });
});
