/** Reports of clusters between the controller that writes them and the clean-up that reads them, over AWS's own clients. */

import { deepEqual, equal } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { readClusterReports } from "../../../src/aws/mirrors/reports/cluster-reports.ts";
import { reportTableOf } from "../../../src/aws/mirrors/reports/report-table.ts";
import { createReportWriter } from "../../../src/aws/mirrors/reports/report-writer.ts";
import { createServiceTimes } from "../../../src/aws/mirrors/service-times.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { pagesOf } from "../../../src/mirrors/reports/report-pages.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const ARN = "arn:aws:eks:us-east-1:123456789012:cluster/prod";
const TABLE = reportTableOf("repull");
const BODY = Buffer.from("a certificate");
const DATA = Buffer.from(
  `-----BEGIN CERTIFICATE-----\n${BODY.toString("base64")}\n-----END CERTIFICATE-----\n`,
).toString("base64");
/** Not the machine's: days ahead. */
const SERVICE_NOW = Math.floor(Date.now() / 1000) * 1000 + 40 * 86_400_000;
const IMAGES = Array.from({ length: 9_000 }, (_, index) => `nginx@${digestOf(`${index}`)}`);
const denied = { status: 400, body: { __type: "AccessDeniedException", message: "no" } };

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

type Item = Record<string, { S?: string; N?: string }>;

/** A table, and EKS with one cluster. @param override in their place */
async function account(override: (request: AwsRequest) => AwsAnswer | undefined = () => undefined) {
  const items = new Map<string, Item>();
  const headers = { date: new Date(SERVICE_NOW).toUTCString() };
  stub = await startAwsStub((request) => {
    const { action, body, query } = request;
    const instead = override(request);
    if (instead !== undefined) return { headers, ...instead };
    const sent = body as unknown as { Item: Item; TableName: string; ExclusiveStartKey?: Item };
    if (action === "GetItem") return { headers, body: {} };
    if (action === "PutItem") {
      items.set(`${sent.Item.cluster?.S} ${sent.Item.page?.N}`, sent.Item);
      return { headers, body: {} };
    }
    if (action === "Scan") {
      const all = [...items.values()];
      const from = Number(sent.ExclusiveStartKey?.page?.N ?? -1) + 1;
      const more = from + 1 < all.length ? { LastEvaluatedKey: { page: { N: `${from}` } } } : {};
      return { headers, body: { Items: all.slice(from, from + 1), ...more } };
    }
    if (action.endsWith("/clusters/prod"))
      return {
        headers,
        body: {
          cluster: { name: "prod", arn: ARN, createdAt: 1_700_000_000, certificateAuthority: { data: DATA } },
        },
      };
    return query.get("nextToken") === null
      ? { headers, body: { clusters: [], nextToken: "more" } }
      : { headers, body: { clusters: ["prod"] } };
  });
  const settings = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  const times = createServiceTimes();
  return { settings, times, items, read: (table?: string) => readClusterReports(settings, times, table) };
}

async function reported(override?: Parameters<typeof account>[0]) {
  const one = await account(override);
  const writer = createReportWriter(one.settings, TABLE, ARN);
  const used = { cluster: ARN, at: await writer.time(), authorities: [digestOf(BODY)], images: IMAGES };
  const pages = pagesOf(used) ?? [];
  await writer.write(pages);
  return { ...one, pages };
}

describe("a report in the table", () => {
  test("is read page by page as it was written, dated by the table's own clock", async () => {
    const { read, pages, items } = await reported();
    equal(pages.length > 1 && items.size === pages.length, true);
    const found = await read(TABLE);
    if ("unread" in found) throw new Error(found.because);
    const [report] = found;
    deepEqual([report?.name, report?.isListed], ["prod", true]);
    equal(digestOf([...(report?.images ?? [])].sort().join()), digestOf(IMAGES.toSorted().join()));
    equal(Math.abs((report?.reportedAt ?? 0) - SERVICE_NOW) < 60_000, true);
  });

  test("does not count while one of its pages is missing", async () => {
    const { read, items } = await reported();
    items.delete(`${ARN} 1`);
    const found = await read(TABLE);
    equal("unread" in found ? "unread" : found[0]?.reportedAt, undefined);
  });

  test("expires by itself, long after it counts", async () => {
    const { items } = await reported();
    const expires = Number(items.get(`${ARN} 0`)?.expires?.N) * 1000;
    equal(expires - SERVICE_NOW > 99 * 86_400_000, true);
  });
});

describe("the clusters of an account", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, override: (request: AwsRequest) => AwsAnswer | undefined])[] = [
    ["may not be listed",                  ({ action }) => (action.endsWith("/clusters") ? denied : undefined)],
    ["are listed by pages that repeat",    ({ action }) => (action.endsWith("/clusters") ? { body: { clusters: [], nextToken: "more" } } : undefined)],
    ["are listed without a list",          ({ action }) => (action.endsWith("/clusters") ? { body: {} } : undefined)],
    ["may not be described",               ({ action }) => (action.endsWith("/clusters/prod") ? denied : undefined)],
    ["are described as another one",       ({ action }) => (action.endsWith("/clusters/prod") ? { body: { cluster: { name: "dev", arn: ARN } } } : undefined)],
    ["have reports that may not be read",  ({ action }) => (action === "Scan" ? denied : undefined)],
    ["have a table without items",         ({ action }) => (action === "Scan" ? { body: {} } : undefined)],
  ];
  for (const [what, override] of table)
    test(`are not read where they ${what}`, async () => {
      const { read } = await reported(override);
      equal("unread" in (await read(TABLE)), true);
    });

  // biome-ignore format: a table is read by its columns
  const silent: readonly (readonly [what: string, table: string | undefined, override: (request: AwsRequest) => AwsAnswer | undefined])[] = [
    ["there is no table for reports",      undefined, () => undefined],
    ["the table is not deployed",          TABLE,     ({ action }) => (action === "Scan" ? { status: 400, body: { __type: "ResourceNotFoundException" } } : undefined)],
    ["the table has none",                 TABLE,     ({ action }) => (action === "Scan" ? { body: { Items: [] } } : undefined)],
    ["the table has items of another kind", TABLE,    ({ action }) => (action === "Scan" ? { body: { Items: [{ cluster: { S: ARN } }] } } : undefined)],
  ];
  for (const [what, name, override] of silent)
    test(`do not report where ${what}`, async () => {
      const { read } = await account(override);
      const found = await read(name);
      deepEqual(
        "unread" in found
          ? found
          : found.map(({ name, isListed, reportedAt }) => [name, isListed, reportedAt]),
        [["prod", true, undefined]],
      );
    });
});
