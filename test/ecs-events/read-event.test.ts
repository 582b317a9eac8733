/** What real documents mean: members missing, reasons in either place, every kind of task owner, unknown documents. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, test } from "vitest";
import type { PullFailure } from "../../src/ecs-events/pull-failure.ts";
import { readEvent } from "../../src/ecs-events/read-event.ts";
import { redactEvent } from "../../src/ecs-events/redact-event.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { fargateLimit, LIMIT, TASK, taskEvent } from "./task-events.ts";

const EVENTS = new URL("../../events/", import.meta.url);
const documents = new Map(
  readdirSync(EVENTS)
    .filter((file) => file.endsWith(".json"))
    .map((file): [string, unknown] => [
      file.replace(".json", ""),
      JSON.parse(readFileSync(new URL(file, EVENTS), "utf8")),
    ]),
);

// biome-ignore format: a table is read by its columns
const files = [
  ["abuse-limit",         "service queue: queue docker-hub-abuse-limit docker.io/library/rabbitmq:3.13"],
  ["authenticated-limit", "service api: api docker-hub-pull-limit (account) docker.io/library/python:3.12-slim"],
  ["code-deploy-service", "service checkout: checkout docker-hub-pull-limit (unknown) docker.io/library/nginx:1.25"],
  ["deployment-failed",   "ignored"],
  ["deprovisioning",      "service web: web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["ec2-service",         "service cache: cache docker-hub-pull-limit (unknown) docker.io/library/redis:7"],
  ["ecr-public-limit",    "service proxy: proxy registry-limit public.ecr.aws/docker/library/nginx:1.25"],
  ["fargate-service",     "service web: web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["govcloud",            "service web: web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["malformed",           "detail.containers: expected an array"],
  ["multi-container",     "service dashboards: grafana docker-hub-pull-limit (anonymous) docker.io/grafana/grafana:11.2.0"],
  ["not-found",           "service web: web not-found docker.io/library/nginx:1.25-does-not-exist"],
  ["scheduled",           "scheduled nightly-report: report docker-hub-pull-limit (anonymous) docker.io/library/python:3.12-slim"],
  ["standalone",          "standalone migrate: migrate docker-hub-pull-limit (anonymous) docker.io/library/postgres:16"],
  ["stopped-by-hand",     "ignored"],
  ["unauthorized",        "service billing: billing unauthorized docker.io/acme/billing:2.4"],
  ["vanity-host",         "service automation: n8n docker-hub-pull-limit (anonymous) docker.n8n.io/n8nio/n8n:1.93.0"],
] as const;

describe("the events that the project ships", () => {
  for (const [name, expected] of files) {
    test(`${name} → ${expected}`, () => equal(inWords(documents.get(name)), expected));
  }
  test("a digest stays with its image", () => {
    const [first] = failure(documents.get("digest-pinned")).failures;
    ok(first.image?.startsWith("postgres:16@sha256:"));
    equal(first.classification.image, `docker.io/library/${first.image}`);
  });
  test("a cut reason is likely, never certain", () => {
    const [first] = failure(documents.get("truncated")).failures;
    deepEqual(
      [first.classification.kind, first.classification.confidence],
      ["docker-hub-pull-limit", "likely"],
    );
  });
  test("partitions other than aws are kept", () => {
    const { partition, region } = failure(documents.get("govcloud"));
    deepEqual([partition, region], ["aws-us-gov", "us-gov-west-1"]);
  });
  test("leave no account's name and no token behind", () => {
    const told = JSON.stringify([
      failure(documents.get("authenticated-limit")),
      redactEvent(documents.get("authenticated-limit")),
    ]);
    ok(!/examplebot|dckr_|EXAMPLEexample/.test(told), told);
  });
});

const GENERIC = "CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded";
const nginx = { name: "web", image: "nginx:1.25" };
const redis = { name: "cache", image: "redis:7" };
const ecr = { name: "app", image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1" };

// biome-ignore format: a table is read by its columns
const containers = [
  ["the container that carries the reason is meant",         { containers: [redis, { ...nginx, reason: LIMIT }], stoppedReason: "Task failed to start" }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["a container's own image decides whose limit it is",                { containers: [nginx, { ...ecr, reason: LIMIT }] }, `app registry-limit ${ecr.image}`],
  ["two may fail, the clearest first",                       { containers: [{ ...ecr, reason: GENERIC }, { ...nginx, reason: LIMIT }] }, `web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25, app registry-limit ${ecr.image}`],
  ["the task's reason finds its container by repository",    { containers: [redis, nginx, ecr], stoppedReason: fargateLimit("library/nginx") }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["the only container needs no naming",                     { containers: [nginx], stoppedReason: LIMIT }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["without repository, the only one on Docker Hub is meant", { containers: [ecr, nginx], stoppedReason: LIMIT }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["where two may be meant, none is named",                  { containers: [redis, nginx], stoppedReason: LIMIT }, "- docker-hub-pull-limit (anonymous) -"],
  ["two of one image share it",                              { containers: [nginx, { ...nginx, name: "second" }], stoppedReason: fargateLimit("library/nginx") }, "- docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["where none fits, the text's own repository is named",     { containers: [redis, nginx], stoppedReason: fargateLimit("acme/api") }, "- docker-hub-pull-limit (anonymous) docker.io/acme/api"],
  ["a vanity host is found by its path",                     { containers: [redis, { name: "n8n", image: "docker.n8n.io/n8nio/n8n:1" }], stoppedReason: fargateLimit("n8nio/n8n") }, "n8n docker-hub-pull-limit (anonymous) docker.n8n.io/n8nio/n8n:1"],
  ["an image that is on ECR already is not Docker Hub's",    { containers: [{ name: "web", image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1" }], stoppedReason: fargateLimit("library/nginx") }, "web registry-limit 123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1"],
  ["a container without image is named all the same",        { containers: [{ name: "web" }], stoppedReason: fargateLimit("library/nginx") }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx"],
  ["no containers at all",                                   { containers: [], stoppedReason: fargateLimit("library/nginx") }, "- docker-hub-pull-limit (anonymous) docker.io/library/nginx"],
  ["no member containers",                                   { containers: undefined, stoppedReason: LIMIT }, "- docker-hub-pull-limit (anonymous) -"],
  ["null is absent",                                         { containers: null, stoppedReason: LIMIT, version: null, launchType: null }, "- docker-hub-pull-limit (anonymous) -"],
  ["what a container has said, the task only sums up",        { containers: [redis, { ...nginx, reason: LIMIT }], stoppedReason: LIMIT }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["another task's container is not ours",                   { containers: [{ ...nginx, reason: LIMIT, taskArn: `${TASK}0` }] }, "ignored"],
  ["Service Connect's agent is not ours",                    { containers: [{ name: "ecs-service-connect-x", image: "nginx:1.25", reason: LIMIT }, redis] }, "ignored"],
  ["GuardDuty's agent is not ours, when the task speaks for it", { containers: [nginx, { name: "aws-guardduty-agent-x", image: "593207742271.dkr.ecr.us-east-1.amazonaws.com/aws-guardduty-agent-fargate:v1" }], stoppedReason: fargateLimit("aws-guardduty-agent-fargate", "593207742271.dkr.ecr.us-east-1.amazonaws.com") }, "ignored"],
  ["a caller's text is not a failure",                          { stopCode: "UserInitiated", stoppedReason: LIMIT }, "ignored"],
  ["a container's reason counts before STOPPED",             { lastStatus: "DEPROVISIONING", containers: [{ ...nginx, reason: LIMIT }] }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["a container's reason counts in a task that runs on",     { lastStatus: "RUNNING", stopCode: undefined, containers: [redis, { ...nginx, reason: LIMIT }] }, "web docker-hub-pull-limit (anonymous) docker.io/library/nginx:1.25"],
  ["a running task without a reason is passed over",         { lastStatus: "RUNNING", stopCode: undefined }, "ignored"],
  ["a task that ran and ended is passed over",               { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited", containers: [{ ...nginx, exitCode: 1 }] }, "ignored"],
  ["a task that ran out of memory is passed over",           { containers: [{ ...nginx, exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }] }, "ignored"],
  ["a failed pull of unknown cause is still one",            { stoppedReason: "CannotPullContainerError: ref pull has been retried 1 time(s): failed to co" }, "web other docker.io/library/nginx:1.25"],
] as const;

describe("which container failed", () => {
  for (const [because, detail, expected] of containers) {
    test(`${because} → ${expected}`, () => {
      equal(inWords(taskEvent(detail)).replace(/^service web: /, ""), expected);
    });
  }
});

// biome-ignore format: a table is read by its columns
const owners = [
  [{},                                                                          "service prod/web ecs-svc/1234567890123456789"],
  [{ startedBy: undefined },                                                    "service prod/web"],
  [{ startedBy: "release-script" },                                             "standalone prod/web"],
  [{ group: "service:" },                                                       "standalone prod/web"],
  [{ group: undefined },                                                        "standalone prod/web"],
  [{ group: undefined, startedBy: undefined },                                  "standalone prod/web"],
  [{ group: "family:web", startedBy: undefined },                               "standalone prod/web"],
  [{ group: "task-group" },                                                     "standalone prod/web"],
  [{ group: "family:web", startedBy: "chronos-schedule/gold-coast-data-lak" },  "scheduled prod/web gold-coast-data-lak"],
  [{ group: "family:web", startedBy: "events-rule/nightly" },                   "scheduled prod/web nightly"],
  [{ clusterArn: "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/shop" },       "service shop/web ecs-svc/1234567890123456789"],
  [{ clusterArn: undefined },                                                   "service prod/web ecs-svc/1234567890123456789"],
] as const;

describe("whose task it is", () => {
  for (const [detail, expected] of owners) {
    test(`${JSON.stringify(detail)} → ${expected}`, () => {
      const { owner } = failure(taskEvent({ stoppedReason: LIMIT, ...detail }));
      const rest =
        owner.kind === "service"
          ? [`${owner.cluster}/${owner.service}`, owner.deploymentId]
          : [`${owner.cluster}/${owner.family}`, owner.kind === "scheduled" ? owner.schedule : undefined];
      equal([owner.kind, ...rest].filter(Boolean).join(" "), expected);
    });
  }
});

const home = { account: "123456789012", region: "us-east-1" };

// biome-ignore format: a table is read by its columns
const strangers = [
  ["another account's event",         taskEvent({ stoppedReason: LIMIT }, { account: "999999999999" })],
  ["another region's event",          taskEvent({ stoppedReason: LIMIT }, { region: "eu-west-1" })],
  ["a task of another account",       taskEvent({ stoppedReason: LIMIT, taskArn: TASK.replace("123456789012", "999999999999"), containers: [] })],
  ["a revision of another region",    taskEvent({ stoppedReason: LIMIT, taskDefinitionArn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:42" })],
  ["a cluster of another account",    taskEvent({ stoppedReason: LIMIT, clusterArn: "arn:aws:ecs:us-east-1:999999999999:cluster/prod" })],
  ["an event that ECS did not send",  taskEvent({ stoppedReason: LIMIT }, { source: "acme.ecs" })],
  ["a service's action",              taskEvent({}, { "detail-type": "ECS Service Action" })],
  ["a deployment's change",           taskEvent({}, { "detail-type": "ECS Deployment State Change", detail: null })],
  ["a call that CloudTrail saw",      taskEvent({}, { "detail-type": "AWS API Call via CloudTrail" })],
  ["a type named like a prototype's", taskEvent({}, { "detail-type": "constructor" })],
] as const;

describe("what is not for us is ignored, with a reason", () => {
  for (const [name, document] of strangers) {
    test(name, () => {
      const read = readEvent(document, home);
      ok(read.kind === "ignored" && read.because.length > 10, JSON.stringify(read));
    });
  }
  test("at home, the same event is a failure", () => {
    equal(readEvent(taskEvent({ stoppedReason: LIMIT }), home).kind, "pull-failure");
  });
});

const deep = JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`);

// biome-ignore format: a table is read by its columns
const malformed = [
  ["",                            null],
  ["",                            "{}"],
  ["",                            []],
  ["",                            42],
  ["detail-type",                 {}],
  ["detail-type",                 deep],
  ["source",                      { "detail-type": "ECS Task State Change" }],
  ["account",                     taskEvent({}, { account: 123456789012 })],
  ["detail",                      { ...taskEvent({}), detail: undefined }],
  ["detail",                      { ...taskEvent({}), detail: "STOPPED" }],
  ["detail.containers",           taskEvent({ containers: { 0: nginx } })],
  ["detail.containers",           taskEvent({ containers: Array.from({ length: 100_000 }, () => nginx) })],
  ["detail.containers[1]",        taskEvent({ containers: [nginx, null] })],
  ["detail.containers[0].name",   taskEvent({ containers: [{ name: 7 }] })],
  ["detail.containers[0].image",  taskEvent({ containers: [{ image: ["nginx"] }] })],
  ["detail.containers[0].reason", taskEvent({ containers: [{ reason: { text: LIMIT } }] })],
  ["detail.stoppedReason",        taskEvent({ stoppedReason: 429 })],
  ["detail.version",              taskEvent({ version: "3" })],
  ["detail.group",                taskEvent({ group: "g".repeat(1_000_000) })],
  ["detail.taskArn",              taskEvent({ stoppedReason: LIMIT, taskArn: undefined, containers: [] }, { resources: [] })],
  ["detail.taskDefinitionArn",    taskEvent({ stoppedReason: LIMIT, taskDefinitionArn: undefined })],
] as const;

describe("a malformed document is refused by the path of what is wrong", () => {
  for (const [path, document] of malformed) {
    test(`${path || "(the whole)"} ← ${JSON.stringify(document)?.slice(0, 60)}`, () => {
      throws(
        () => readEvent(document),
        (error: unknown) =>
          error instanceof InvalidInput && error.path === path && error.message.length < 300,
      );
    });
  }
});

describe("hostile documents", () => {
  let abyss: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) abyss = { detail: abyss };

  test("nesting without end is passed over where it is not read", () => {
    equal(readEvent(taskEvent({ stoppedReason: LIMIT, overrides: abyss })).kind, "pull-failure");
    throws(() => readEvent(abyss), InvalidInput);
    throws(() => readEvent(taskEvent({ group: abyss })), InvalidInput);
  });
  test("a megabyte of reason is read", { timeout: 3000 }, () => {
    const read = failure(taskEvent({ stoppedReason: `${LIMIT}\n${"x ".repeat(500_000)}` }));
    equal(read.failures[0].classification.kind, "docker-hub-pull-limit");
    ok(JSON.stringify(redactEvent(taskEvent({ stoppedReason: "y".repeat(1_000_000) }))).length < 100_000);
  });
  test("members named like a prototype's change nothing", () => {
    const text = JSON.stringify(taskEvent({ stoppedReason: LIMIT })).replace(
      "{",
      '{"__proto__":{"account":"999999999999","polluted":true},"constructor":{},',
    );
    const read = failure(JSON.parse(text));
    equal(read.account, "123456789012");
    equal(Reflect.get({}, "polluted"), undefined);
  });
  test("anything at all is a failure, ignored, or refused", () => {
    const anything = fc.jsonValue({ maxDepth: 4 });
    const nearly = fc.record(
      {
        containers: anything,
        stoppedReason: fc.oneof(anything, fc.constant(LIMIT)),
        group: anything,
        startedBy: anything,
        taskArn: anything,
        version: anything,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          anything,
          nearly.map((detail) => taskEvent(detail)),
        ),
        (document) => {
          ok(["pull-failure", "ignored", "refused"].includes(outcome(document)));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("a reduced document reads to the same", () => {
  const all = [
    ...documents.entries(),
    ...containers.map(([because, detail]): [string, unknown] => [because, taskEvent(detail)]),
    ...strangers,
  ];
  for (const [name, document] of all) {
    if (name === "malformed") continue;
    test(name, () => {
      const reduced = redactEvent(document);
      deepEqual(readEvent(reduced), readEvent(document));
      deepEqual(redactEvent(reduced), reduced);
    });
  }
  test("what callers wrote freely is reduced to the same, too", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((tail) => `${LIMIT} ${tail}`),
    );
    fc.assert(
      fc.property(text, fc.string({ maxLength: 40 }), (stoppedReason, startedBy) => {
        const document = taskEvent({ stoppedReason, startedBy });
        deepEqual(readEvent(redactEvent(document)), readEvent(document));
      }),
    );
  });
  test("a service's name is a name, whatever it resembles", () => {
    for (const name of ["sk-learn-gateway-of-the-whole-company", "glpat-mirror", "eyJson-api"]) {
      const document = taskEvent({ stoppedReason: LIMIT, group: `service:${name}` });
      deepEqual(failure(redactEvent(document)).owner, failure(document).owner);
    }
  });
  test("overrides, environment and addresses stay behind", () => {
    const document = taskEvent({
      stoppedReason: LIMIT,
      overrides: { containerOverrides: [{ name: "web", environment: [{ name: "TOKEN", value: "hush" }] }] },
      attachments: [{ details: [{ name: "privateIPv4Address", value: "10.0.3.104" }] }],
    });
    ok(!/hush|TOKEN|10\.0\.3|overrides/.test(JSON.stringify(redactEvent(document))));
  });
});

function outcome(document: unknown): string {
  try {
    return readEvent(document).kind;
  } catch (error) {
    if (error instanceof InvalidInput) return "refused";
    throw error;
  }
}

function failure(document: unknown): PullFailure {
  const read = readEvent(document);
  if (read.kind !== "pull-failure") throw new Error(`expected a failure: ${read.because}`);
  return read;
}

function inWords(document: unknown): string {
  try {
    const read = readEvent(document);
    if (read.kind === "ignored") return "ignored";
    const { owner } = read;
    const told = read.failures.map(({ name, classification: { kind, limitedAs, image } }) =>
      [name ?? "-", kind, ...(limitedAs ? [`(${limitedAs})`] : []), image ?? "-"].join(" "),
    );
    return `${owner.kind} ${owner.kind === "service" ? owner.service : owner.family}: ${told.join(", ")}`;
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
}
