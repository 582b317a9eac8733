/** The page about the controller names every metric, every code and every event that the code has. */

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createMetrics } from "../../src/controller/metrics.ts";
import { ROW_CODES } from "../../src/kubernetes/index/row-codes.ts";

const page = await readFile(new URL("../../docs/kubernetes-controller.md", import.meta.url), "utf8");
const CODE = new URL("../../src/controller/", import.meta.url);
const source = async (path: string) => await readFile(new URL(path, CODE), "utf8");

test("the page names every metric", async () => {
  const names = (await createMetrics().register.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("the page says of every code what the code says", () => {
  const rows = Object.entries(ROW_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});

test("the page names every event", async () => {
  const texts = await Promise.all([
    source("keep-index.ts"),
    source("heal/heal-pods.ts"),
    source("copies/tell-refresh.ts"),
  ]);
  const named = texts.join("\n").matchAll(/"((?:Image|Pods|Quota|Writes)[A-Z]\w+)"/g);
  expect(
    [...new Set([...named].map(([, reason]) => reason))].filter((reason) => !page.includes(`\`${reason}\``)),
  ).toEqual([]);
});
