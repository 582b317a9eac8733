/** The images of a task definition are remembered for ever: only a whole answer for that very revision may be. */

import { deepEqual, rejects } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { createEcsLists } from "../../../src/aws/mirrors/ecs-lists.ts";
import { createServiceTimes } from "../../../src/aws/mirrors/service-times.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2";

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

async function imagesIn(taskDefinition: unknown): Promise<readonly string[]> {
  stub = await startAwsStub(() => ({ body: { taskDefinition } }));
  const aws = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  return await createEcsLists(aws, createServiceTimes()).imagesOf(ARN);
}

const answer = (...containerDefinitions: readonly unknown[]) => ({
  taskDefinitionArn: ARN,
  containerDefinitions,
});

describe("the images of a task definition", () => {
  test("are those of each container", async () => {
    deepEqual(await imagesIn(answer({ image: "a" }, { image: "b" })), ["a", "b"]);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, taskDefinition: unknown])[] = [
    ["it has no containers",                 answer()],
    ["a container has no image",             answer({ image: "a" }, { name: "b" })],
    ["an image is empty",                    answer({ image: "" })],
    ["a container is not an object",         answer({ image: "a" }, "b")],
    ["the answer is of another revision",    { ...answer({ image: "a" }), taskDefinitionArn: ARN.replace("web:2", "web:3") }],
    ["the answer names no revision",         { containerDefinitions: [{ image: "a" }] }],
    ["there is no list",                     { taskDefinitionArn: ARN }],
  ];
  for (const [when, taskDefinition] of table)
    test(`are not known when ${when}`, async () => {
      await rejects(imagesIn(taskDefinition));
    });
});
