/** The report of a scan in a real browser: it sorts, filters, fits a phone, sends no request, and runs no name as markup. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scanAsHtml } from "../../src/cli/scan/report/report.ts";
import { type Chromium, type Page, startChromium } from "../support/chromium.ts";
import { HOSTILE, type ScannedAccount, SHOP, scanOf } from "../support/scan-world.ts";

const AT = { account: "123456789012", region: "us-east-1", at: "2026-11-21T09:00:00.000Z" };
const DESKTOP = { width: 1280, height: 900 };

let folder: string;
let chromium: Chromium;
const urls = new Map<ScannedAccount, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-report-"));
  for (const [account, name] of [
    [SHOP, "shop.html"],
    [HOSTILE, "hostile.html"],
  ] as const) {
    const file = join(folder, name);
    await writeFile(file, scanAsHtml(await scanOf(account), AT));
    urls.set(account, pathToFileURL(file).href);
  }
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (account: ScannedAccount, size = DESKTOP): Promise<Page> =>
  chromium.open(urls.get(account) ?? "", size);

/** A column of the rows that are shown, top to bottom. */
const column = async (page: Page, index: number): Promise<readonly string[]> =>
  (await page.evaluate(
    `[...document.querySelectorAll("#workloads tbody tr[data-kind]:not([hidden])")].map((row) => row.cells[${index}].dataset.sort)`,
  )) as readonly string[];

const click = (page: Page, index: number): Promise<unknown> =>
  page.evaluate(`document.querySelectorAll("#workloads th button")[${index}].click()`);

const sorts = (page: Page): Promise<unknown> =>
  page.evaluate(
    `[...document.querySelectorAll("#workloads th")].map((th) => th.getAttribute("aria-sort")).join(" ")`,
  );

const type = (page: Page, words: string): Promise<unknown> =>
  page.evaluate(
    `(() => { const input = document.getElementById("words"); input.value = ${JSON.stringify(words)}; input.dispatchEvent(new Event("input", { bubbles: true })); })()`,
  );

describe("the table", () => {
  test("sorts by numbers as numbers, the most first, and back", async () => {
    const page = await open(SHOP);
    await click(page, 3);
    const most = (await column(page, 3)).map(Number);
    expect(most).toEqual(most.toSorted((one, other) => other - one));
    expect(most[0]).toBe(72);
    expect(await sorts(page)).toBe("none none none descending none");
    await click(page, 3);
    expect((await column(page, 3)).map(Number)).toEqual(most.toReversed());
    expect(await sorts(page)).toBe("none none none ascending none");
  });

  test("sorts by names as people read them", async () => {
    const page = await open(SHOP);
    await click(page, 0);
    const workers = (await column(page, 0)).filter((name) => name.includes("worker"));
    expect(workers.slice(0, 3)).toEqual(["prod/worker-1", "prod/worker-2", "prod/worker-3"]);
    expect(workers.at(-1)).toBe("prod/worker-14");
  });

  test("sorts by the keyboard alone", async () => {
    const page = await open(SHOP);
    await page.evaluate(`document.getElementById("which").focus()`);
    await page.press("Tab");
    await page.press("Enter");
    expect(await sorts(page)).toBe("ascending none none none none");
  });

  test("filters by words and by kind, and says how many are left", async () => {
    const page = await open(SHOP);
    await type(page, "WORKER-1 python");
    expect(await column(page, 0)).toEqual([1, 10, 11, 12, 13, 14].map((number) => `prod/worker-${number}`));
    expect(await page.evaluate(`document.getElementById("shown").textContent`)).toBe("6 of 32");
    await type(page, "no such thing");
    expect(await page.evaluate(`document.getElementById("none").hidden`)).toBe(false);
    await type(page, "");
    await page.evaluate(
      `(() => { const which = document.getElementById("which"); which.value = "scheduled"; which.dispatchEvent(new Event("change")); })()`,
    );
    expect(await column(page, 0)).toEqual(["prod/rule every-five-minutes", "prod/schedule nightly-report"]);
  });
});

for (const [name, account] of [
  ["an honest account", SHOP],
  ["an account with hostile names", HOSTILE],
] as const) {
  describe(name, () => {
    for (const width of [1280, 390, 360]) {
      test(`fits ${width} pixels of width, without a scroll to the side`, async () => {
        const page = await open(account, { width, height: 800 });
        expect(
          await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
        ).toBe(0);
        const beyond = await page.evaluate(
          `[...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.tagName)`,
        );
        expect(beyond).toEqual([]);
      });
    }

    test("sends no request, and logs no error", async () => {
      const page = await open(account);
      await click(page, 0);
      await type(page, "nginx");
      expect(page.requests).toEqual([]);
      expect(page.complaints).toEqual([]);
    });

    test("has no script, image or handler but its own", async () => {
      const page = await open(account);
      expect(await page.evaluate("document.title")).toBe("Docker Hub in account 123456789012, us-east-1");
      expect(await page.evaluate("document.scripts.length")).toBe(1);
      expect(
        await page.evaluate(`document.querySelectorAll("img, iframe, link, object, embed").length`),
      ).toBe(0);
      expect(
        await page.evaluate(
          `[...document.querySelectorAll("*")].flatMap((one) => [...one.attributes]).filter(({ name }) => name.startsWith("on") || name === "style").length`,
        ),
      ).toBe(0);
    });
  });
}

test("a name of ten thousand letters is cut, and told how long it was", async () => {
  const page = await open(HOSTILE);
  const text = String(await page.evaluate("document.body.textContent"));
  expect(text).toContain("… (10,000 characters)");
  expect(text).not.toContain("n".repeat(400));
});

test("what is not its own could not run either: the policy refuses it", async () => {
  const page = await open(SHOP);
  await page.evaluate(
    `(() => { const script = document.createElement("script"); script.textContent = "document.title = 'owned'"; document.body.append(script); })()`,
  );
  expect(await page.evaluate("document.title")).not.toBe("owned");
  expect(page.complaints.join()).toContain("Content Security Policy");
});

test("on paper it is a table still, without its buttons", async () => {
  // A4 between its margins, in CSS pixels.
  const page = await open(SHOP, { width: 718, height: 1000 });
  await page.printMode();
  const display = (selector: string): Promise<unknown> =>
    page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).display`);
  expect(await display("#workloads tbody tr")).toBe("table-row");
  expect(await display(".tools")).toBe("none");
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
});

test("dark where its reader likes it dark", async () => {
  const page = await open(SHOP);
  const paper = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await paper();
  await page.darkMode();
  expect(await paper()).not.toBe(light);
});
