/** The report of a scan in a real browser: it sorts, filters, fits a phone, sends no request, and runs no name as markup. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scanAsHtml } from "../../src/cli/scan/report/report.ts";
import { type Chromium, type Page, startChromium } from "../support/chromium.ts";
import { FAINT_TEXTS, OVERLAPS } from "../support/page-checks.ts";
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
    `[...document.querySelectorAll("#workloads tbody tr:not([hidden])")].map((row) => row.cells[${index}].dataset.value)`,
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

const said = (page: Page, table: string): Promise<unknown> =>
  page.evaluate(`document.querySelector('.tools[data-for="${table}"] output').textContent`);

/** What the button of a table has put where a paste takes it from. */
async function copied(page: Page, table: string): Promise<string> {
  await page.evaluate(`document.querySelector('.tools[data-for="${table}"] .copy').focus()`);
  await page.press("Enter");
  await expect.poll(() => said(page, table)).toMatch(/copied|allow/);
  return await page.clipboard();
}

describe("the table of workloads", () => {
  test("sorts by numbers as numbers, the most first, and back", async () => {
    const page = await open(SHOP);
    await click(page, 4);
    const most = (await column(page, 4)).map(Number);
    expect(most).toEqual(most.toSorted((one, other) => other - one));
    expect(most[0]).toBe(72);
    expect(await sorts(page)).toBe("none none none none descending none");
    await click(page, 4);
    expect((await column(page, 4)).map(Number)).toEqual(most.toReversed());
    expect(await sorts(page)).toBe("none none none none ascending none");
  });

  test("sorts by names as people read them", async () => {
    const page = await open(SHOP);
    await click(page, 0);
    const workers = (await column(page, 0)).filter((name) => name.includes("worker"));
    expect(workers.slice(0, 3)).toEqual(["worker-1", "worker-2", "worker-3"]);
    expect(workers.at(-1)).toBe("worker-14");
  });

  test("sorts and unfolds by the keyboard alone", async () => {
    const page = await open(SHOP);
    await page.evaluate(`document.querySelector('.tools[data-for="workloads"] .copy').focus()`);
    await page.press("Tab");
    await page.press("Enter");
    expect(await sorts(page)).toBe("ascending none none none none none");
    await page.evaluate(`document.querySelector("#workloads summary").focus()`);
    await page.press("Enter");
    expect(await page.evaluate(`document.querySelector("#workloads details").open`)).toBe(true);
  });

  test("filters by words and by kind, and says how many are left", async () => {
    const page = await open(SHOP);
    await type(page, "WORKER-1 python");
    expect(await column(page, 0)).toEqual([1, 10, 11, 12, 13, 14].map((number) => `worker-${number}`));
    expect(await said(page, "workloads")).toBe("6 of 41");
    await type(page, "no such thing");
    expect(await page.evaluate(`document.getElementById("none").hidden`)).toBe(false);
    await type(page, "");
    await page.evaluate(
      `(() => { const which = document.getElementById("which"); which.value = "scheduled"; which.dispatchEvent(new Event("change")); })()`,
    );
    expect(await column(page, 0)).toEqual(["rule every-five-minutes", "schedule nightly-report"]);
  });

  test("sorts by the choice that replaces its header on a phone", async () => {
    const page = await open(SHOP, { width: 360, height: 800 });
    await page.evaluate(
      `(() => { const choice = document.querySelector('.tools[data-for="workloads"] .sort'); choice.value = "2"; choice.dispatchEvent(new Event("change")); })()`,
    );
    expect((await column(page, 2))[0]).toBe("acme/erp:7");
  });
});

describe("the copy as CSV", () => {
  test("has the header and the rows that are shown, as the command prints them", async () => {
    const page = await open(SHOP);
    expect(await copied(page, "images")).toMatch(
      /^Image,Change to,Clusters,Workloads,Pulls saved,Still needed\ncurlimages\/curl:8.10.1,/,
    );
    expect(await said(page, "images")).toBe("11 rows copied");
    await type(page, "worker-1 python");
    expect(
      (await copied(page, "workloads"))
        .split("\n")
        .slice(1, 3)
        .map((line) => line.split(",")[0]),
    ).toEqual(["worker-1", "worker-10"]);
    expect(await said(page, "workloads")).toBe("6 rows copied");
  });

  test("has no cell that a spreadsheet takes for a formula, and quotes what needs it", async () => {
    const page = await open(HOSTILE);
    const rows = (await copied(page, "workloads")).split("\n");
    expect(rows.filter((row) => /^"?[=+@-]/.test(row))).toEqual([]);
    expect(rows.find((row) => row.includes("HYPERLINK"))).toMatch(/^"'=HYPERLINK\(""https:/);
  });
});

for (const [name, account] of [
  ["an honest account", SHOP],
  ["an account with hostile names", HOSTILE],
] as const) {
  describe(name, () => {
    for (const width of [1280, 768, 360]) {
      for (const mode of ["light", "dark"] as const)
        test(`can be read at ${width} pixels in ${mode} colours`, async () => {
          const page = await open(account, { width, height: 800 });
          if (mode === "dark") await page.darkMode();
          expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
        });

      test(`has nothing on top of anything at ${width} pixels, and no text beyond its box`, async () => {
        const page = await open(account, { width, height: 800 });
        expect(await page.evaluate(OVERLAPS)).toEqual([]);
        await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
        expect(await page.evaluate(OVERLAPS)).toEqual([]);
      });

      test(`fits ${width} pixels of width, without a scroll to the side`, async () => {
        const page = await open(account, { width, height: 800 });
        expect(
          await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
        ).toBe(0);
        const beyond = await page.evaluate(
          `[...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest("summary")).map((one) => one.tagName)`,
        );
        expect(beyond).toEqual([]);
      });
    }

    for (const width of [1280, 768])
      test(`has rows of one line at ${width} pixels`, async () => {
        const page = await open(account, { width, height: 800 });
        const tall = await page.evaluate(
          `[...document.querySelectorAll("tbody tr:not([hidden])")].filter((row) => row.offsetHeight > 44).map((row) => row.textContent)`,
        );
        expect(tall).toEqual([]);
      });

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

test("faint text and boxes in each other's way are seen where there are any", async () => {
  const page = await open(SHOP);
  await page.evaluate(
    `(() => { const tile = document.querySelector(".tile span"); tile.style.color = "#999"; document.querySelector("h2").style.marginBottom = "-40px"; })()`,
  );
  expect(await page.evaluate(FAINT_TEXTS)).toHaveLength(1);
  expect(await page.evaluate(OVERLAPS)).not.toEqual([]);
});

test("a name of ten thousand letters is cut, with its length", async () => {
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
