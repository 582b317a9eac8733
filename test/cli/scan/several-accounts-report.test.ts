/** The report of several accounts: whose each workload is, and how many accounts could not be read. */

import { describe, expect, test } from "vitest";
import { formatScan } from "../../../src/cli/scan/format-scan.ts";
import { scanAsHtml } from "../../../src/cli/scan/report/report.ts";
import type { ReadAccount } from "../../../src/scan/scan.ts";
import { joinAccounts } from "../../../src/scan/several-accounts.ts";
import { scanOf } from "../../support/scan-world.ts";

const [SHOP, BANK] = ["111111111111", "222222222222"];

async function readOf(account: string, image: string) {
  const {
    imageChanges: _,
    addresses: __,
    ...read
  } = await scanOf({
    services: [{ name: "web", images: [image], tasks: 2 }],
  });
  const ways: ReadAccount["ways"] = { ofSubnets: new Map(), hosts: new Map() };
  return { place: { profile: account, account, region: "us-east-1" }, read: { ...read, ways } };
}

const joined = async () => joinAccounts([await readOf(SHOP, "nginx:1.27"), await readOf(BANK, "redis:7")]);

describe("a report of several accounts", () => {
  test("has each workload with its account, in a column of its own", async () => {
    const html = scanAsHtml(await joined(), { accounts: 2, failed: 1, at: "2026-11-29T09:00:00.000Z" });
    const cells = [...html.matchAll(/data-label="Account" data-value="([^"]+)"/g)].map(([, value]) => value);
    expect(cells.toSorted()).toEqual([`${SHOP} us-east-1`, `${BANK} us-east-1`]);
    expect(html).toContain("2 accounts · 1 not read");
  });

  test("has as many cells in each row of workloads as there are columns", async () => {
    const html = scanAsHtml(await joined(), { accounts: 2, failed: 0, at: "2026-11-29T09:00:00.000Z" });
    const [, table = ""] = /<table id="workloads">([\s\S]*?)<\/table>/.exec(html) ?? [];
    const columns = table.match(/<th /g)?.length;
    const rows = [...table.matchAll(/<tr data[^>]*>([\s\S]*?)<\/tr>/g)].map(
      ([, row = ""]) => row.match(/<td /g)?.length,
    );
    expect(rows).toEqual([columns, columns]);
  });

  for (const isVerified of [false, true] as const)
    test(`says ${isVerified ? "nothing of the kind" : "that no registry was asked"} where the places were ${isVerified ? "" : "not "}verified`, async () => {
      const scan = await joined();
      const exposures = scan.exposures.map((one) => ({
        ...one,
        images: one.images.map((image) => ({ ...image, ...(isVerified ? { isVerified } : {}) })),
      }));
      const html = scanAsHtml(
        { ...scan, exposures },
        { accounts: 2, failed: 0, at: "2026-11-29T09:00:00.000Z" },
      );
      expect(html.includes("no registry was asked")).toBe(!isVerified);
    });

  test("names the account of each workload in the text that the command prints", async () => {
    const text = formatScan(await joined());
    for (const account of [SHOP, BANK])
      expect(text).toMatch(new RegExp(`^ *${account} us-east-1 +prod/web `, "m"));
  });
});
