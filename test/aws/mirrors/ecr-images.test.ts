/** The copies as ECR describes them, when its answers are refused. */

import { rejects } from "node:assert/strict";
import { afterEach, expect, test } from "vitest";
import { createImageStore } from "../../../src/aws/mirrors/ecr-images.ts";
import { createServiceTimes } from "../../../src/aws/mirrors/service-times.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

test("reports a refused registry policy to the caller, and leaves no rejection that ends the process", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  stub = await startAwsStub(({ action }) =>
    action === "GetRegistryPolicy"
      ? { status: 400, body: { __type: "InvalidParameterException" } }
      : { body: action === "GetRepositoryPolicy" ? { policyText: "" } : { tags: [] } },
  );
  const aws = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  const store = createImageStore(aws, "123456789012", createServiceTimes());
  for (const name of ["repull/a", "repull/b"])
    await rejects(store.describe(name), { action: "ecr:GetRegistryPolicy" });
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
