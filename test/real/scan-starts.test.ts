/** `repull scan --starts` over an account that moto plays: every service has its line, and what they share is read once. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccountReads } from "../../src/aws/diagnosis/account-reads.ts";
import { scanStarts } from "../../src/cli/scan/scan-starts.ts";
import { diagnoseServices } from "../../src/diagnosis/diagnose-services.ts";
import { makeManyServices } from "../support/aws/many-services.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";

const SIZE = { services: 24, vpcs: 6 };

let moto: Moto;
const settings = () => ({
  region: "us-east-1",
  endpoint: moto.url,
  credentials: MOTO_CREDENTIALS,
  attemptsMax: 1,
});
beforeAll(async () => {
  moto = await startMoto();
  await makeManyServices(settings(), SIZE);
}, 120_000);
afterAll(() => moto?.stop());

test("each service has a line, and the exit status says that a cause is found", async () => {
  const io = commandIo();
  const status = await scanStarts({ json: true, account: MOTO_ACCOUNT, aws: settings() }, io);
  const lines = objectsIn(io.printed.out);
  expect(status).toBe(1);
  expect(lines.map(({ type }) => type)).toEqual(Array(SIZE.services).fill("diagnosis"));
  expect(new Set(lines.map(({ target }) => target)).size).toBe(SIZE.services);
}, 60_000);

test("the facts of a VPC, of a role, of an image and of a revision are read once", async () => {
  const calls = new Map<string, number>();
  const watch = async <T>(
    { action }: { readonly action: string },
    send: (signal: undefined) => Promise<T>,
  ) => {
    calls.set(action, (calls.get(action) ?? 0) + 1);
    return await send(undefined);
  };
  const reads = createAccountReads({ ...settings(), watch }, MOTO_ACCOUNT);
  await diagnoseServices(undefined, reads, () => {});
  const once = [
    "DescribeRouteTables",
    "DescribeVpcEndpoints",
    "DescribeNetworkAcls",
    "DescribeVpcs",
    "DescribeTaskDefinition",
    "GetRole",
  ];
  for (const action of once) expect([action, calls.get(action)]).toEqual([action, 1]);
  // Two attributes of each VPC: EC2 answers one at a time.
  expect(calls.get("DescribeVpcAttribute")).toBe(2 * SIZE.vpcs);
  expect(calls.get("DescribeServices")).toBe(Math.ceil(SIZE.services / 10));
  // The free addresses are asked for by the same subnets that the services name.
  expect(calls.get("DescribeSubnets")).toBeLessThanOrEqual(SIZE.vpcs + 3);
  expect([...calls.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(SIZE.vpcs * 4 + 26);
}, 60_000);
