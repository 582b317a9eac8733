/** The served account, asked as AWS's clients ask it: what it refuses, and in which words of AWS. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { OPERATIONS } from "../../../src/sandbox/endpoint/operations.ts";
import { type ServedEndpoint, serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";

const FILE = readWorldFile({
  services: [
    { cluster: "shop", name: "web", image: "nginx:1.25", settled: true, desiredCount: 2 },
    { cluster: "shop", name: "api", image: "nginx:1.25", settled: true },
    { cluster: "shop", name: "jobs", image: "nginx:1.25", settled: true },
  ],
  registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
});

let world: World;
let endpoint: ServedEndpoint;
const calls: string[] = [];

beforeEach(async () => {
  world = await createWorld(FILE);
  endpoint = await serveEndpoint(accountOf(world, FILE), {
    onCall: ({ service, operation }, status) => calls.push(`${service}:${operation} ${status}`),
  });
});
afterEach(async () => {
  calls.length = 0;
  await endpoint.close();
});

type Answer = { readonly status: number; readonly code: string | null; readonly body: JsonObject };

function signed(service: string): Record<string, string> {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=a/20261129/us-east-1/${service}/aws4_request, Signature=0`,
  };
}

async function ask(service: string, operation: string, input: JsonObject | string = {}): Promise<Answer> {
  const response = await fetch(endpoint.url, {
    method: "POST",
    headers: { ...signed(service), "x-amz-target": `Some_20141113.${operation}` },
    body: typeof input === "string" ? input : JSON.stringify(input),
  });
  return {
    status: response.status,
    code: response.headers.get("x-amzn-errortype"),
    body: (await response.json()) as JsonObject,
  };
}

describe("the endpoint of the sandbox's account", () => {
  const refused: readonly [string, string, string, JsonObject | string, number, string][] = [
    ["an operation that it does not serve", "ecs", "DeleteCluster", {}, 400, "UnknownOperationException"],
    ["a service that it does not serve", "s3control", "ListJobs", {}, 400, "UnknownOperationException"],
    ["a name that objects have of their own", "ecs", "constructor", {}, 400, "UnknownOperationException"],
    ["a body that is not JSON", "ecs", "ListClusters", "{", 400, "SerializationException"],
    ["a body that is a list", "ecs", "ListClusters", "[]", 400, "SerializationException"],
    [
      "a cluster that is not there",
      "ecs",
      "DescribeServices",
      { cluster: "x", services: ["web"] },
      400,
      "ClusterNotFoundException",
    ],
    [
      "an update of a service that is not there",
      "ecs",
      "UpdateService",
      { cluster: "shop", service: "x", desiredCount: 1 },
      400,
      "ServiceNotFoundException",
    ],
    [
      "an update of what the sandbox does not play",
      "ecs",
      "UpdateService",
      { cluster: "shop", service: "web", platformVersion: "1.3.0" },
      400,
      "InvalidParameterException",
    ],
    [
      "a revision that is not there",
      "ecs",
      "UpdateService",
      { cluster: "shop", service: "web", taskDefinition: "web:999" },
      400,
      "ClientException",
    ],
    [
      "an image that is not in ECR",
      "ecr",
      "DescribeImages",
      { repositoryName: "x" },
      400,
      "RepositoryNotFoundException",
    ],
  ];
  for (const [what, service, operation, input, status, code] of refused)
    it(`refuses ${what} with ${code}`, async () => {
      const answer = await ask(service, operation, input);
      expect([answer.status, answer.code, answer.body.__type]).toEqual([status, code, code]);
    });

  it("refuses a request that is not signed", async () => {
    const response = await fetch(endpoint.url, { method: "POST", body: "{}" });
    expect(response.headers.get("x-amzn-errortype")).toBe("MissingAuthenticationToken");
  });

  it("refuses a body larger than AWS takes, and answers the next request", async () => {
    const body = `"${"x".repeat(1_100_000)}"`;
    expect(await ask("ecs", "ListClusters", body)).toMatchObject({
      status: 413,
      code: "RequestEntityTooLargeException",
    });
    expect((await ask("ecs", "ListClusters")).status).toBe(200);
  });

  it("answers a fault that the world ordered, and reports the call with its status", async () => {
    world.faults.order("ecs:ListClusters", "unavailable", 1);
    expect((await ask("ecs", "ListClusters")).code).toBe("ServerException");
    expect((await ask("ecs", "ListClusters")).status).toBe(200);
    expect(calls).toEqual(["ecs:ListClusters 500", "ecs:ListClusters 200"]);
  });

  it("throttles calls above the rate that AWS documents", async () => {
    const answers: (string | null)[] = [];
    for (let call = 0; call < 110; call += 1) {
      const { code } = await ask("ecs", "DescribeServices", { cluster: "shop", services: ["web"] });
      answers.push(code);
    }
    expect(answers.filter((code) => code === "ThrottlingException")).toHaveLength(10);
  });

  it("gives a list page by page, each item once", async () => {
    const found: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const input = { cluster: "shop", maxResults: 2, ...(nextToken === undefined ? {} : { nextToken }) };
      const { body } = await ask("ecs", "ListServices", input);
      found.push(...(body.serviceArns as string[]));
      nextToken = body.nextToken as string | undefined;
    } while (nextToken !== undefined);
    expect(found.map((arn) => String(arn).split("/").at(-1))).toEqual(["web", "api", "jobs"]);
  });

  it("answers a query in XML, as STS does", async () => {
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { ...signed("sts"), "content-type": "application/x-www-form-urlencoded" },
      body: "Action=GetCallerIdentity&Version=2011-06-15",
    });
    expect(await response.text()).toContain("<Account>123456789012</Account>");
  });

  it("refuses a query in XML, too", async () => {
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { ...signed("iam"), "content-type": "application/x-www-form-urlencoded" },
      body: "Action=DeleteRole&Version=2010-05-08",
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("<Code>Unknown")]);
  });
});

describe("a change by the endpoint", () => {
  const service = async (): Promise<JsonObject> => {
    const { body } = await ask("ecs", "DescribeServices", { cluster: "shop", services: ["web"] });
    return (body.services as JsonObject[])[0] ?? {};
  };

  it("scales a service as the world goes on", async () => {
    await ask("ecs", "UpdateService", { cluster: "shop", service: "web", desiredCount: 4 });
    await world.run(120);
    expect(await service()).toMatchObject({ desiredCount: 4, runningCount: 4 });
  });

  it("deploys the same revision anew when that is forced, and not otherwise", async () => {
    const ids = async () => ((await service()).deployments as JsonObject[]).map(({ id }) => id);
    const before = await ids();
    await ask("ecs", "UpdateService", { cluster: "shop", service: "web" });
    expect(await ids()).toEqual(before);
    await ask("ecs", "UpdateService", { cluster: "shop", service: "web", forceNewDeployment: true });
    expect(await ids()).toHaveLength(2);
  });

  it("brings one deployment when another revision is named and forced", async () => {
    const containerDefinitions = [{ name: "web", image: "nginx:1.25" }];
    await ask("ecs", "RegisterTaskDefinition", { family: "next", containerDefinitions });
    const update = { cluster: "shop", service: "web", taskDefinition: "next", forceNewDeployment: true };
    await ask("ecs", "UpdateService", update);
    expect((await service()).deployments).toHaveLength(2);
  });

  it("puts an event on the bus, and refuses one whose detail is not an object", async () => {
    const entry = { Source: "shop", DetailType: "Order" };
    const { body } = await ask("events", "PutEvents", {
      Entries: [
        { ...entry, Detail: '{"id":1}' },
        { ...entry, Detail: "no" },
      ],
    });
    expect(body.FailedEntryCount).toBe(1);
    expect(world.bus.published.at(-1)).toMatchObject({ source: "shop", detail: { id: 1 } });
  });
});

it("every operation of the endpoint is a function under a name of AWS's form", () => {
  for (const operations of Object.values(OPERATIONS))
    for (const [name, handler] of Object.entries(operations))
      expect([name, typeof handler]).toEqual([expect.stringMatching(/^[A-Z][A-Za-z]+$/), "function"]);
});
