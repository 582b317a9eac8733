/** Diagnoses as a page in a real browser: the way is drawn to where it breaks, in both colour schemes and on a phone. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diagnosesAsHtml } from "../../src/cli/output/diagnosis-page/page.ts";
import type { Cause, Diagnosis } from "../../src/diagnosis/diagnose.ts";
import { type Chromium, type Page, startChromium } from "../support/chromium.ts";
import { FAINT_TEXTS, OVERLAPS } from "../support/page-checks.ts";

const cause = (more: Partial<Cause>): Cause => ({
  code: "sg-egress-lacks-s3-prefix-list",
  certainty: "proved",
  page: "https://docs.aws.amazon.com/x.html",
  sentence: "the security groups sg-task let nothing out to pl-63a5400a, by which S3 is reached",
  proof: {
    by: "check",
    check: "net.sg.egress-prefix-list",
    because: "the security groups (sg-task) let nothing out to the prefix list pl-63a5400a",
    fact: {
      pulledBy: "task",
      subnet: "subnet-0aaa1111aaa1111aa",
      securityGroups: "sg-0bbb2222bbb2222bb",
      routeTable: "rtb-1",
      endpoint: "vpce-0ccc3333ccc3333cc",
      host: "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com",
    },
  },
  remedy: {
    code: "open-egress",
    command: ["aws", "ec2", "authorize-security-group-egress", "--group-id", "sg-0bbb2222bbb2222bb"],
  },
  ...more,
});
const diagnosis = (causes: readonly Cause[], more: Partial<Diagnosis> = {}): Diagnosis => ({
  type: "diagnosis",
  target: "arn:aws:ecs:us-east-1:123456789012:service/prod/web",
  verdict: "cause-found",
  causes,
  checks: [
    {
      id: "net.ecr.api",
      result: "passed",
      because: "api.ecr.us-east-1.amazonaws.com: the VPC endpoint vpce-1 leads there",
    },
    {
      id: "role.ecr-pull",
      result: "not checked",
      because: "may not call iam:SimulatePrincipalPolicy",
      permission: "iam:SimulatePrincipalPolicy",
    },
  ],
  reasons: [
    {
      field: "stoppedReason",
      text: "CannotPullContainerError: failed to copy: httpReadSeeker: dial tcp 52.219.41.3:443: i/o timeout",
    },
  ],
  ...more,
});
const MARKUP = '<img src=x onerror=alert(1)>"\u202e';
const secret = cause({
  code: "secret-missing",
  certainty: "likely",
  sentence: "the secret db does not exist in its region",
  proof: null,
});

const PAGES = {
  honest: [
    diagnosis([cause({}), secret]),
    diagnosis([secret], { verdict: "not-sure" }),
    diagnosis([], { verdict: "nothing-found", reasons: [] }),
  ],
  hostile: [
    diagnosis(
      [
        cause({
          sentence: MARKUP.repeat(20),
          proof: { by: "text", field: MARKUP, quote: "n".repeat(10_000) },
        }),
      ],
      {
        target: MARKUP,
        reasons: [{ field: MARKUP, text: "w".repeat(10_000) }],
      },
    ),
  ],
} as const;

let folder: string;
let chromium: Chromium;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-diagnosis-"));
  for (const [name, diagnoses] of Object.entries(PAGES))
    await writeFile(join(folder, `${name}.html`), diagnosesAsHtml(diagnoses, "2026-11-28T09:00:00.000Z"));
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: keyof typeof PAGES, size = { width: 1280, height: 900 }): Promise<Page> =>
  chromium.open(pathToFileURL(join(folder, `${name}.html`)).href, size);
const textsOf = (page: Page, selector: string): Promise<unknown> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.textContent)`);

test("the way is drawn from the subnet to the target, and breaks where the fact is", async () => {
  const page = await open("honest");
  expect(await textsOf(page, ".cause .path .broken b")).toEqual(["security groups"]);
  expect(await textsOf(page, ".cause .path .before b")).toEqual(["task", "DNS name"]);
  expect(await textsOf(page, ".cause .path li:first-child span")).toEqual(["subnet-0aaa1111aaa1111aa"]);
  expect(await textsOf(page, ".cause .path li:last-child b")).toEqual([
    "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com",
  ]);
});

test("each start has its phases, and none breaks where nothing is found", async () => {
  const page = await open("honest");
  const broken = await page.evaluate(
    `[...document.querySelectorAll(".diagnosis")].map((one) => one.querySelector(".path .broken b, .path .perhaps b")?.textContent ?? null)`,
  );
  expect(broken).toEqual(["image", "secrets", null]);
});

for (const name of ["honest", "hostile"] as const)
  describe(`a page with ${name} names`, () => {
    for (const width of [1280, 768, 360]) {
      for (const mode of ["light", "dark"] as const)
        test(`can be read at ${width} pixels in ${mode} colours`, async () => {
          const page = await open(name, { width, height: 800 });
          if (mode === "dark") await page.darkMode();
          expect(await page.evaluate(FAINT_TEXTS)).toEqual([]);
        });

      test(`fits ${width} pixels, with nothing on top of anything`, async () => {
        const page = await open(name, { width, height: 800 });
        expect(await page.evaluate(OVERLAPS)).toEqual([]);
        const wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect(await page.evaluate(wide)).toBe(0);
      });
    }

    test("sends no request, and has no script, image or handler", async () => {
      const page = await open(name);
      expect(page.requests).toEqual([]);
      expect(page.complaints).toEqual([]);
      expect(
        await page.evaluate(`document.querySelectorAll("script, img, iframe, link, object, embed").length`),
      ).toBe(0);
      const handlers = `[...document.querySelectorAll("*")].flatMap((one) => [...one.attributes]).filter(({ name }) => name.startsWith("on") || name === "style").length`;
      expect(await page.evaluate(handlers)).toBe(0);
    });
  });
