/** A revision made through the real gateway, over HTTP, keeps every member: those of today's model and those to come. */

import { RegisterTaskDefinitionRequest$, TaskDefinition$ } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { createEcs } from "../../../src/aws/adapters/ecs/ecs.ts";
import { getObjects, getStrings } from "../../../src/ecs/json-fields.ts";
import {
  OUTPUT_ONLY_MEMBERS,
  reviseTaskDefinition,
} from "../../../src/ecs/task-definition/task-definition.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";
import { filled, membersOf, UNKNOWN_MEMBER } from "../service-model.ts";

const FORMER = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:41";
const REVISED = "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:42";
const DIGEST = `sha256:${"ab".repeat(32)}`;
const IN_ECR = `123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/library/nginx@${DIGEST}`;

const outputOnly = membersOf(TaskDefinition$).filter(
  (member) => !membersOf(RegisterTaskDefinitionRequest$).includes(member),
);

function describedTaskDefinition(): JsonObject {
  const whole = filled(TaskDefinition$);
  const [web, log] = getObjects(whole, "containerDefinitions");
  return {
    ...whole,
    taskDefinitionArn: FORMER,
    family: "shop",
    containerDefinitions: [
      { ...web, name: "web", image: "nginx:1.25" },
      { ...log, name: "log", image: "fluent/fluent-bit:3.0" },
    ],
  };
}

function without(json: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([member]) => !members.includes(member)));
}

describe("a revision loses nothing", () => {
  let stub: AwsStub;
  let described: JsonObject;
  let registered: JsonObject | undefined;

  beforeAll(async () => {
    stub = await startAwsStub(({ action, body }) => {
      if (action === "DescribeTaskDefinition") {
        const tags = [
          { key: "team", value: "shop", [UNKNOWN_MEMBER]: 1 },
          { key: "aws:cloudformation:stack-name", value: "shop" },
        ];
        return {
          body: { taskDefinition: described, tags: getStrings(body, "include").includes("TAGS") ? tags : [] },
        };
      }
      if (action === "RegisterTaskDefinition") {
        registered = body;
        return { body: { taskDefinition: { taskDefinitionArn: REVISED, [UNKNOWN_MEMBER]: {} } } };
      }
      throw new Error(`unexpected ${action}`);
    });
  });
  afterAll(() => stub.stop());
  beforeEach(() => {
    described = describedTaskDefinition();
    registered = undefined;
  });

  const ecs = () =>
    createEcs({ region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 });

  test("of the service's whole model, and of unknown members", async () => {
    const former = await ecs().describeTaskDefinition(FORMER);
    expect(former?.taskDefinition).toEqual(described);
    if (former === undefined) return;

    const marker = [{ key: "repull:execution", value: "r-1" }];
    const registrable = reviseTaskDefinition(former, {
      images: new Map([["web", IN_ECR]]),
      provenance: marker,
    });
    expect(await ecs().registerTaskDefinition(registrable)).toBe(REVISED);

    const [web = {}, log = {}] = getObjects(described, "containerDefinitions");
    const expected = {
      ...without(described, outputOnly),
      containerDefinitions: [{ ...without(web, ["repositoryCredentials"]), image: IN_ECR }, log],
      tags: [{ key: "team", value: "shop" }, ...marker],
    };
    expect(registered).toEqual(expected);
  });

  test("is proved with a large shape", () => {
    const text = JSON.stringify(described);
    expect(text.split(UNKNOWN_MEMBER).length).toBeGreaterThan(50);
    for (const nested of ["restartPolicy", "credentialsParameter", "transitEncryptionPort", "swappiness"]) {
      expect(text).toContain(`"${nested}"`);
    }
  });

  test("the list of output-only members is the model's own", () => {
    expect([...OUTPUT_ONLY_MEMBERS].sort()).toEqual([...outputOnly].sort());
  });

  test("every member that can be registered is kept, tags aside, which are next to a described one", () => {
    const kept = Object.keys(
      reviseTaskDefinition({ taskDefinition: described, tags: [] }, { images: new Map(), provenance: [] }),
    );
    expect(kept.filter((member) => member !== UNKNOWN_MEMBER).sort()).toEqual(
      [...membersOf(RegisterTaskDefinitionRequest$)].sort(),
    );
  });
});
