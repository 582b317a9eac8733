/** Which reports of images in use count: whole ones, of the very cluster that EKS lists. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { matchReports, usesOfReports } from "../../../src/mirrors/reports/match-reports.ts";
import {
  certificateDigests,
  pagesOf,
  REPORT_PAGES_MAX,
  type ReportPage,
  readPage,
  reportIn,
  type UsedImages,
} from "../../../src/mirrors/reports/report-pages.ts";

const NOW = 2_000 * 86_400_000;
const arnIn = (region: string, account = "123456789012") => `arn:aws:eks:${region}:${account}:cluster/prod`;
const ARN = arnIn("us-east-1");
const CERTIFICATE = digestOf("certificate");
/** Two pages. */
const MANY = Array.from({ length: 5_000 }, (_, index) => `docker.io/library/nginx@${digestOf(`${index}`)}`);
const USED: UsedImages = { cluster: ARN, at: NOW, authorities: [CERTIFICATE], images: MANY };
const LISTED = { arn: ARN, name: "prod", createdAt: NOW - 1, authorities: [CERTIFICATE] };

const pages = (more: Partial<UsedImages> = {}): readonly ReportPage[] => pagesOf({ ...USED, ...more }) ?? [];
const [first, second] = pages();
if (first === undefined || second === undefined) throw new Error("one page");

describe("a report of a cluster's images", () => {
  test("is the same when its pages are put together again, in any order and next to old pages", () => {
    const old = pages({ at: NOW - 1, images: [...MANY, ...MANY.map((one) => `${one}0`)] });
    equal(old.length > 2, true);
    deepEqual(reportIn([...old.slice(2), second, first]), USED);
  });

  test("of no images at all is one page", () => {
    deepEqual(reportIn(pages({ images: [] })), { ...USED, images: [] });
  });

  test("of more images than its pages hold is none", () => {
    const length = REPORT_PAGES_MAX * 300_000;
    equal(
      pagesOf({ ...USED, images: Array.from({ length: length / 1_000 }, () => "x".repeat(1_000)) }),
      undefined,
    );
  });

  // biome-ignore format: a table is read by its columns
  const broken: readonly (readonly [what: string, pages: readonly ReportPage[]])[] = [
    ["without its first page",               [second]],
    ["without its last page",                [first]],
    ["with a page of another report",        [first, { ...second, report: digestOf("other") }]],
    ["with a page that was cut off",         [first, { ...second, images: second.images.slice(1) }]],
    ["that was dated anew",                  [{ ...first, at: NOW + 1 }, second]],
    ["with the count of its pages changed",  [{ ...first, pages: 1 }, second]],
    ["of no pages",                          []],
  ];
  for (const [what, those] of broken)
    test(`${what} is none`, () => {
      equal(reportIn(those), undefined);
      deepEqual(
        matchReports([LISTED], those, "us-east-1").map(({ reportedAt }) => reportedAt),
        [undefined],
      );
    });

  test("is read from a table as it was written, and nothing else is", () => {
    deepEqual(readPage(first), first);
    for (const odd of [
      {},
      { ...first, at: Number.NaN },
      { ...first, images: "nginx" },
      { ...first, report: 1 },
    ])
      equal(readPage(odd), undefined);
  });
});

describe("the report that counts for a cluster", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, pages: readonly ReportPage[], counts: boolean, listed?: Partial<typeof LISTED>])[] = [
    ["its own",                                              pages(),                                              true],
    ["none",                                                 [],                                                   false],
    ["one of a cluster of its name in another region",       pages({ cluster: arnIn("eu-west-1") }),               false],
    ["one of a cluster of its name in another account",      pages({ cluster: arnIn("us-east-1", "210987654321") }), false],
    ["one of the cluster that had its name before",          pages(),                                              false, { createdAt: NOW + 1 }],
    ["its own, where EKS does not say when it was created",  pages(),                                              false, { createdAt: undefined as never }],
    ["one from behind another certificate",                  pages({ authorities: [digestOf("other")] }),          false],
    ["one without a certificate",                            pages({ authorities: [] }),                           false],
    ["its own, where EKS reports no certificate",            pages(),                                              false, { authorities: [] }],
    ["one of two certificates, while they are exchanged",    pages({ authorities: [digestOf("new"), CERTIFICATE] }), true],
  ];
  for (const [what, those, counts, listed = {}] of table)
    test(`${counts ? "is" : "is not"} ${what}`, () => {
      const [report] = matchReports([{ ...LISTED, ...listed }], those, "us-east-1");
      deepEqual([report?.reportedAt, report?.because === undefined], [counts ? NOW : undefined, counts]);
    });

  test("names a cluster of this region that EKS does not list, and the images of every other one", () => {
    const elsewhere = pages({ cluster: arnIn("eu-west-1"), images: ["nginx"] });
    const reports = matchReports([], [...pages({ images: ["redis:7"] }), ...elsewhere], "us-east-1");
    deepEqual(
      reports.map(({ name, isListed, reportedAt }) => [name, isListed, reportedAt]),
      [
        [ARN, false, NOW],
        [arnIn("eu-west-1"), false, undefined],
      ],
    );
    deepEqual(
      usesOfReports(reports).map(({ image }) => image),
      ["redis:7", "nginx"],
    );
  });
});

describe("a certificate's digest", () => {
  test("is that of its bytes, however its text is broken into lines", () => {
    const body = Buffer.from("a certificate, as far as this goes");
    const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    const text = body.toString("base64");
    const lines = text.replaceAll(/(.{10})/g, "$1\r\n");
    deepEqual(certificateDigests(`${pem(text)}# next\n${pem(lines)}`), [digestOf(body), digestOf(body)]);
    deepEqual(certificateDigests("none"), []);
  });
});
