/** The scan of an organisation in moto: its list of accounts, a role assumed in each, and services that only that account has. */

import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callJson } from "../../src/aws/client/calls/json-call.ts";
import type { AwsSettings } from "../../src/aws/client/client-config.ts";
import { assumeRole } from "../../src/aws/scan/assumed-role.ts";
import { readOrganizationAccounts } from "../../src/aws/scan/organization-accounts.ts";
import { scan } from "../../src/cli/scan/scan.ts";
import { getObject, getObjects, getString } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";

const REGION = "us-east-1";
/** More than one page of Organizations has. */
const MEMBERS = 25;

let moto: Moto;
let settings: AwsSettings;
let rootId: string;
const members: string[] = [];

const ask = (operation: string, body: JsonObject) => callJson("organizations", { operation }, body, settings);

async function serviceIn(aws: AwsSettings, image: string): Promise<void> {
  const ecs = new ECSClient(aws);
  await ecs.send(new CreateClusterCommand({ clusterName: "prod" }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      containerDefinitions: [{ name: "web", image, memory: 64 }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({ cluster: "prod", serviceName: "web", taskDefinition: "web", desiredCount: 2 }),
  );
}

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID ??= MOTO_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= MOTO_CREDENTIALS.secretAccessKey;
  moto = await startMoto();
  settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  await ask("CreateOrganization", { FeatureSet: "ALL" });
  const [root = {}] = getObjects(await ask("ListRoots", {}), "Roots");
  rootId = getString(root, "Id") ?? "";
  for (let index = 0; index < MEMBERS; index += 1) {
    const answer = await ask("CreateAccount", {
      AccountName: `shop-${index}`,
      Email: `shop-${index}@example.com`,
    });
    members.push(getString(getObject(answer, "CreateAccountStatus") ?? {}, "AccountId") ?? "");
  }
  const [first = "", second = ""] = members;
  await serviceIn(settings, "nginx:1.25");
  for (const id of [first, second]) {
    const credentials = await assumeRole(settings, { arn: `arn:aws:iam::${id}:role/RepullScan` });
    await serviceIn({ ...settings, credentials }, "redis:7");
  }
}, 120_000);
afterAll(() => moto?.stop());

async function scanned(more: object) {
  const io = commandIo({}, { AWS_ENDPOINT_URL: moto.url, AWS_REGION: REGION });
  const status = await scan(
    {
      json: true,
      csv: false,
      verify: false,
      roles: false,
      rights: false,
      stack: false,
      organization: true,
      ...more,
    },
    io,
  );
  const lines = objectsIn(io.printed.out);
  const [summary = {}] = lines.filter(({ type }) => type === "summary") as JsonObject[];
  return {
    status,
    errors: lines.filter(({ type }) => type === "error"),
    services: lines
      .filter(({ type }) => type === "scan")
      .map(({ account }) => String(account))
      .toSorted(),
    read: getObjects(summary, "accounts").length,
    err: io.printed.err,
  };
}

test("lists every account of the organisation, over more than one page", async () => {
  const { accounts, gaps } = await readOrganizationAccounts(settings, []);
  expect([accounts.map(({ id }) => id), gaps]).toEqual([[MOTO_ACCOUNT, ...members].toSorted(), []]);
});

test("scans the caller's account and every other one, each with what it has", async () => {
  const { status, errors, services, read, err } = await scanned({});
  expect([status, errors, read], err).toEqual([0, [], MEMBERS + 1]);
  expect(services).toEqual([MOTO_ACCOUNT, ...members.slice(0, 2)].toSorted());
}, 60_000);

test("scans the same accounts by the organisation's root, whose list is another call", async () => {
  const { status, services, read } = await scanned({ ou: rootId });
  expect([status, services.length, read]).toEqual([0, 3, MEMBERS + 1]);
}, 60_000);
