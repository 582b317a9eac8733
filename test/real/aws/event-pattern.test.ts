/**
 * The rule's pattern under EventBridge's own engine, event-ruler: broad enough to miss no form of a failed pull, narrow
 * enough not to pay for every event. Needs Java and the engine's jars (`.ci/event-ruler`).
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TEST_EVENT_DETAIL_TYPE, TEST_EVENT_SOURCE } from "../../../src/aws/stack/send-test-event.ts";
import { isObject } from "../../../src/ecs/json-fields.ts";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import { matchedByRuler } from "../../support/aws/event-ruler.ts";
import { PSEUDO, readTemplate } from "../../support/aws/template.ts";

const HOME = { account: "123456789012", region: "us-east-1", partition: "aws" };

function patternFor(values: Readonly<Record<string, string>> = {}): JsonObject {
  const { Properties } = readTemplate(values).resources.PullFailureRule ?? {};
  if (!isObject(Properties) || !isObject(Properties.EventPattern)) throw new Error("the rule has no pattern");
  return Properties.EventPattern;
}

const folder = new URL("../../../events/", import.meta.url);
const samples = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** What a recorded sample would be in the account and region of the rule. */
function atHome(text: string): Json {
  return JSON.parse(text.replaceAll("us-gov-west-1", HOME.region).replaceAll("aws-us-gov", HOME.partition));
}

/** Wanted too: what only looks like one of ours. `detect` puts it aside with the reason; the rule would lose it. */
function isWanted(document: Json): boolean {
  try {
    return readEvent(document, HOME).kind === "pull-failure";
  } catch {
    return true;
  }
}

test("the template's account and region are those of the samples", () => {
  expect([PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]]).toEqual([HOME.account, HOME.region]);
  expect(JSON.stringify(patternFor()).length).toBeLessThan(4096);
});

describe("every sample event", () => {
  const documents = samples.flatMap(({ name, text }) => {
    try {
      return [{ name, document: atHome(text) }];
    } catch {
      return [];
    }
  });
  const answers = matchedByRuler(
    patternFor(),
    documents.map(({ document }) => document),
  );
  for (const [index, { name, document }] of documents.entries()) {
    const wanted = isWanted(document);
    test(`${name} is ${wanted ? "" : "not "}matched, as detect wants it`, () => {
      expect(answers[index]).toBe(wanted);
    });
  }
});

const fargate = JSON.parse(readFileSync(new URL("fargate-service.json", folder), "utf8")) as JsonObject;
const detail = fargate.detail as JsonObject;
const [container] = detail.containers as readonly JsonObject[];

/** The sample event with other members of its detail. */
const withDetail = (members: JsonObject): JsonObject => ({ ...fargate, detail: { ...detail, ...members } });

describe("every text of the corpus that an ECS agent writes", () => {
  const corpus = JSON.parse(
    readFileSync(new URL("../../pull-failure/corpus.json", import.meta.url), "utf8"),
  ) as readonly { readonly id: string; readonly text: string }[];
  // The four names of amazon-ecs-agent's errors.go; the corpus holds the words of Kubernetes and daemons too.
  const ours = corpus.filter(({ text }) =>
    /\bCannotPull(?:ECR)?(?:Container|ImageManifest)(?:Auth)?Error\b/.test(text),
  );
  const asTask = ours.map(({ text }) => withDetail({ stoppedReason: text, containers: [{ ...container }] }));
  const asContainer = ours.map(({ text }) =>
    withDetail({
      stoppedReason: "Task failed to start",
      containers: [
        { ...container, name: "sidecar" },
        { ...container, reason: text },
      ],
    }),
  );
  const asDeprovisioning = asTask.map((event) => ({
    ...event,
    detail: { ...(event.detail as JsonObject), lastStatus: "DEPROVISIONING" },
  }));
  const answers = matchedByRuler(patternFor(), [...asTask, ...asContainer, ...asDeprovisioning]);

  test("there are many of them", () => expect(ours.length).toBeGreaterThan(20));
  for (const [index, { id }] of ours.entries()) {
    test(`${id}: as the task's reason, as a container's, and before the task has stopped`, () => {
      const all = [0, ours.length, 2 * ours.length].map((offset) => answers[index + offset]);
      expect(all).toEqual([true, true, true]);
    });
  }
});

describe("the rule for the doctor's own event", () => {
  const { Properties } = readTemplate().resources.ProbeRule ?? {};
  const pattern = (Properties as JsonObject).EventPattern as JsonObject;
  const inside = withDetail({ group: "service:repull-doctor" });
  const probe = (event: JsonObject, members: JsonObject = {}): JsonObject => ({
    ...fargate,
    source: TEST_EVENT_SOURCE,
    "detail-type": TEST_EVENT_DETAIL_TYPE,
    detail: { stack: "repull", event },
    ...members,
  });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, JsonObject, boolean])[] = [
    ["takes the doctor's event",                      probe(inside),                                                      true],
    ["takes none of another service",                 probe(withDetail({ group: "service:payments" })),                   false],
    ["takes none of a task without a service",        probe(withDetail({ group: "family:repull-doctor" })),               false],
    ["takes none without a group",                    probe(withDetail({ group: null })),                                 false],
    ["takes none of another stack's doctor",          probe(inside, { detail: { stack: "other", event: inside } }),       false],
    ["takes none from another account",               probe(inside, { account: "210987654321" }),                         false],
    ["takes no deployment's event",                   probe({ ...inside, "detail-type": "ECS Service Action" }),          false],
    ["takes no event of ECS itself",                  inside,                                                             false],
  ];
  const answers = matchedByRuler(
    pattern,
    table.map(([, event]) => event),
  );
  for (const [index, [title, , wanted]] of table.entries())
    test(title, () => expect(answers[index]).toBe(wanted));
});

describe("events that cost nothing because they do not match", () => {
  const running = { stoppedReason: undefined, stopCode: undefined, desiredStatus: "RUNNING" };
  const clean = (members: JsonObject): JsonObject =>
    JSON.parse(JSON.stringify(withDetail({ ...(running as unknown as JsonObject), ...members })));
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, JsonObject])[] = [
    ["a task that is being provisioned",        clean({ lastStatus: "PROVISIONING" })],
    ["a task that is pending",                  clean({ lastStatus: "PENDING" })],
    ["a task that runs",                        clean({ lastStatus: "RUNNING" })],
    ["a task that was scaled in",               clean({ lastStatus: "STOPPED", stopCode: "ServiceSchedulerInitiated", stoppedReason: "Scaling activity initiated by (deployment ecs-svc/1)" })],
    ["a task whose container exited",           clean({ lastStatus: "STOPPED", stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" })],
    ["a task that ran out of memory",           clean({ lastStatus: "STOPPED", stoppedReason: "Task failed to start", containers: [{ ...container, reason: "OutOfMemoryError: Container killed due to memory usage" }] })],
    ["an image called after the error",         clean({ lastStatus: "RUNNING", containers: [{ ...container, image: "acme/cannotpull:CannotPullContainerError" }] })],
    ["a failed deployment, which says nothing of why", { ...fargate, "detail-type": "ECS Deployment State Change" }],
    ["another service's event of that shape",   { ...fargate, source: "aws.batch" }],
    ["another account's",                       { ...fargate, account: "210987654321" }],
    ["another region's",                        { ...fargate, region: "eu-west-1" }],
  ];
  const answers = matchedByRuler(
    patternFor(),
    table.map(([, event]) => event),
  );
  for (const [index, [sentence]] of table.entries()) {
    test(sentence, () => expect(answers[index]).toBe(false));
  }
});

describe("the stack's choice of clusters", () => {
  const cluster = (name: string): JsonObject =>
    withDetail({ clusterArn: `arn:aws:ecs:us-east-1:123456789012:cluster/${name}` });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["*",      ["prod", "dev", "prod-eu"], [true,  true,  true]],
    ["prod",   ["prod", "dev", "prod-eu"], [true,  false, false]],
    ["prod-*", ["prod", "dev", "prod-eu"], [false, false, true]],
  ] as const;
  for (const [pattern, clusters, wanted] of table) {
    test(`${pattern} of ${clusters.join(", ")}`, () => {
      expect(matchedByRuler(patternFor({ ClusterPattern: pattern }), clusters.map(cluster))).toEqual(wanted);
    });
  }
});
