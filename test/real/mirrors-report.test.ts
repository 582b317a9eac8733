/** The report of `repull mirrors` in a real browser: it sorts, filters, fits a phone, sends no request, and runs no name as markup. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Mirrors } from "../../src/cli/mirrors/mirrors-line.ts";
import { mirrorsAsHtml } from "../../src/cli/mirrors/mirrors-report.ts";
import { digestOf } from "../../src/image/digest.ts";
import { type Chromium, type Page, startChromium } from "../support/chromium.ts";
import { FAINT_TEXTS, OVERLAPS } from "../support/page-checks.ts";

type Copy = Mirrors["copies"][number];

function copy(name: string, more: Partial<Copy> = {}): Copy {
  const digest = digestOf(name);
  return {
    repository: `repull/docker.io/library/${name}`,
    digest,
    tags: [`1.27-${digest.slice(7, 19)}`, `latest-${digest.slice(7, 19)}`],
    source: `docker.io/library/${name}:1.27`,
    sourceState: "same",
    copiedAt: "2026-08-01T00:00:00.000Z",
    pulledAt: "2026-11-20T00:00:00.000Z",
    bytes: 40_000_000,
    isIndex: false,
    referrers: 0,
    usedBy: [],
    ...more,
  };
}

const service = (name: string) => ({
  place: "services",
  by: `arn:aws:ecs:us-east-1:123456789012:service/prod/${name}`,
});
const mirrorsWith = (copies: Copy[], unread: string[] = []): Mirrors => ({
  type: "mirrors",
  account: "123456789012",
  region: "us-east-1",
  copies,
  unread,
  storage: {
    images: copies.length,
    bytes: 12_000_000_000,
    usdPerMonth: 1.2,
    price: "0.10 USD for a GB and month",
  },
});

const SHOP = mirrorsWith([
  copy("nginx", { usedBy: Array.from({ length: 30 }, (_, at) => service(`web-${at}`)) }),
  copy("redis", { sourceState: "moved", sourceDigest: digestOf("new"), bytes: 9_000_000, referrers: 2 }),
  copy("python", { sourceState: "gone", bytes: 400_000_000 }),
  copy("node", { isIndex: true, bytes: 2_000, usedBy: [service("api")] }),
  copy("odd", { sourceState: "unknown", sourceBecause: "the registry did not answer" }),
]);
const HOSTILE = mirrorsWith(
  [
    copy("x", {
      source: `docker.io/library/${"n".repeat(10_000)}:1`,
      usedBy: [service(`</script><svg onload="document.title='owned'"></svg>`)],
    }),
    copy("y", {
      source: '=HYPERLINK("https://evil.test")',
      tags: ['"><script>document.title="owned"</script>'],
    }),
  ],
  ["<b>ecs:ListServices</b>: denied"],
);
const NOTHING = mirrorsWith([]);
const AT = "2026-11-21T09:00:00.000Z";

let folder: string;
let chromium: Chromium;
const urls = new Map<Mirrors, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-mirrors-report-"));
  for (const [at, mirrors] of [SHOP, HOSTILE, NOTHING].entries()) {
    const file = join(folder, `${at}.html`);
    await writeFile(file, mirrorsAsHtml(mirrors, AT));
    urls.set(mirrors, pathToFileURL(file).href);
  }
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (mirrors: Mirrors, size = { width: 1280, height: 900 }): Promise<Page> =>
  chromium.open(urls.get(mirrors) ?? "", size);

const column = async (page: Page, index: number): Promise<readonly string[]> =>
  (await page.evaluate(
    `[...document.querySelectorAll("#copies tbody tr:not([hidden])")].map((row) => row.cells[${index}].dataset.value)`,
  )) as readonly string[];
const click = (page: Page, index: number): Promise<unknown> =>
  page.evaluate(`document.querySelectorAll("#copies th button")[${index}].click()`);
const choose = (page: Page, which: string, words = ""): Promise<unknown> =>
  page.evaluate(
    `(() => { const [which, words] = [document.getElementById("which"), document.getElementById("words")]; which.value = ${JSON.stringify(which)}; words.value = ${JSON.stringify(words)}; which.dispatchEvent(new Event("change")); })()`,
  );
const names = async (page: Page) =>
  (await column(page, 0)).map((source) => /library\/(\w+):/.exec(source)?.[1]);

describe("the table of copies", () => {
  test("sorts by size as a number, the largest first", async () => {
    const page = await open(SHOP);
    await click(page, 5);
    expect(await names(page)).toEqual(["python", "nginx", "odd", "redis", "node"]);
  });

  test("filters by the state of the source's tag, by use and by words, and says how many are left", async () => {
    const page = await open(SHOP);
    const left = () =>
      page.evaluate(`document.querySelector('.tools[data-for="copies"] output').textContent`);
    await choose(page, "moved");
    expect([await names(page), await left()]).toEqual([["redis"], "1 of 5"]);
    await choose(page, "used");
    expect(await names(page)).toEqual(["nginx", "node"]);
    await choose(page, "", "web-29");
    expect(await names(page)).toEqual(["nginx"]);
    await choose(page, "", "no such thing");
    expect(await page.evaluate(`document.getElementById("none").hidden`)).toBe(false);
  });

  test("unfolds to the tags, the digest, the signatures, the cost and every user", async () => {
    const page = await open(SHOP);
    const details = String(
      await page.evaluate(
        `[...document.querySelectorAll("#copies details ul")].map((one) => one.textContent).join(" ")`,
      ),
    );
    for (const text of [
      "latest-",
      digestOf("redis"),
      digestOf("new"),
      "2 signature",
      "USD a month",
      "prod/web-29",
    ])
      expect(details).toContain(text);
  });

  test("is copied as CSV without a cell that a spreadsheet takes for a formula", async () => {
    const page = await open(HOSTILE);
    await page.evaluate(`document.querySelector('.tools[data-for="copies"] .copy').focus()`);
    await page.press("Enter");
    await expect
      .poll(() => page.evaluate(`document.querySelector('.tools[data-for="copies"] output').textContent`))
      .toMatch(/copied|allow/);
    const rows = (await page.clipboard()).split("\n");
    expect(rows[0]).toBe("Source,Digest,Copied,Last pulled,Source's tag,Size,Used by");
    expect(rows.filter((one) => /^"?[=+@-]/.test(one))).toEqual([]);
  });
});

for (const [name, mirrors] of [
  ["an honest account", SHOP],
  ["an account with hostile names", HOSTILE],
  ["an account without copies", NOTHING],
] as const)
  describe(name, () => {
    for (const width of [1280, 768, 360]) {
      for (const mode of ["light", "dark"] as const)
        test(`can be read at ${width} pixels in ${mode} colours`, async () => {
          const page = await open(mirrors, { width, height: 800 });
          if (mode === "dark") await page.darkMode();
          expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
        });

      test(`has nothing on top of anything at ${width} pixels, folded or not, and fits its width`, async () => {
        const page = await open(mirrors, { width, height: 800 });
        expect(await page.evaluate(OVERLAPS)).toEqual([]);
        await page.evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
        expect(await page.evaluate(OVERLAPS)).toEqual([]);
        expect(
          await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
        ).toBe(0);
      });
    }

    test("sends no request, logs no error, and has no script or image but its own", async () => {
      const page = await open(mirrors);
      expect(page.requests).toEqual([]);
      expect(page.complaints).toEqual([]);
      expect(await page.evaluate("document.title")).toBe("Copies in ECR of account 123456789012, us-east-1");
      expect(
        await page.evaluate(
          `[document.scripts.length, document.querySelectorAll("main svg, img, iframe, link, object").length].join()`,
        ),
      ).toBe("1,0");
    });
  });
