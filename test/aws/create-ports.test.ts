import { afterEach, beforeEach, expect, test } from "vitest";

import { createPorts } from "../../src/aws/create-ports.ts";
import type { Ports } from "../../src/remediation/ports/ports.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";

let stub: AwsStub;
beforeEach(async () => {
  stub = await startAwsStub(({ action }) =>
    action === "PutEvents" ? { body: { FailedEntryCount: 0 } } : { status: 202, body: "" },
  );
});
afterEach(() => stub.stop());

const aws = (region: string) => ({
  region,
  endpoint: stub.url,
  credentials: STUB_CREDENTIALS,
  attemptsMax: 1,
});
const nowhere = async () => undefined;
const brought: Pick<Ports, "registries" | "copier" | "clock" | "log"> = {
  registries: { headManifest: nowhere, getManifest: nowhere, getBlob: nowhere },
  copier: {
    copy: () => Promise.reject(new Error("nothing is copied here")),
    readManifests: () => Promise.reject(new Error("nothing is copied here")),
  },
  clock: systemClock,
  log: silentLog,
};
const functions = {
  remediate: "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:live",
  mirror: "arn:aws:lambda:us-east-1:123456789012:function:repull-mirror:live",
};

test("nothing is asked of AWS before a port is used", () => {
  const ports = createPorts({ aws: aws("cn-north-1"), account: "123456789012", functions }, brought);
  expect(ports.location).toEqual({ account: "123456789012", region: "cn-north-1", partition: "aws-cn" });
  expect(stub.requests).toEqual([]);
});

test("outcomes go to the account's default bus", async () => {
  const settings = { aws: aws("us-east-1"), account: "123456789012", functions };
  await createPorts(settings, brought).bus.publish({});
  expect(stub.requests.map(({ body }) => body)).toMatchObject([{ Entries: [{ EventBusName: "default" }] }]);
});

test("a caller's own executions and bus are used in place of AWS's", async () => {
  const own: Pick<Ports, "executions" | "bus"> = {
    executions: {
      functionName: (workflow) => `repull-${workflow}`,
      start: async () => "taken",
      status: nowhere,
    },
    bus: { publish: async () => {} },
  };
  const ports = createPorts({ aws: aws("us-east-1"), account: "123456789012" }, { ...brought, ...own });
  expect(await ports.executions.start("mirror", "m-1", {})).toBe("taken");
  await ports.bus.publish({});
  expect(stub.requests).toEqual([]);
});

test("without functions, and without executions of one's own, there is nothing to connect", () => {
  expect(() => createPorts({ aws: aws("us-east-1"), account: "123456789012" }, brought)).toThrow(TypeError);
});
