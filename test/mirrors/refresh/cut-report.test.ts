/** A report of more tags than one answer of Lambda takes: what stays in it, and that nothing is lost of the rest. */

import { describe, expect, test } from "vitest";
import { formatRefresh } from "../../../src/cli/mirrors/format-refresh.ts";
import { refreshReportSchema } from "../../../src/cli/mirrors/refresh-line.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { eventPages } from "../../../src/mirrors/event-pages.ts";
import type { CopyTold } from "../../../src/mirrors/refresh/copy-queue.ts";
import { cutReport } from "../../../src/mirrors/refresh/cut-report.ts";
import { type MovedTag, type RefreshReport, usersTold } from "../../../src/mirrors/refresh/refresh-report.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (read 2026-11) */
const LAMBDA_BYTES_MAX = 6 * 1024 * 1024;
const LOG_BYTES_MAX = 256 * 1024;

const user = (index: number) => ({
  place: "services" as const,
  by: `arn:aws:ecs:eu-central-1:123456789012:service/a-cluster-of-a-name-of-some-length/service-${index}`,
});

function moved(index: number, users = 10, copy: CopyTold = { kind: "copied" }): MovedTag {
  const source = `docker.io/team-of-some-length/image-of-some-length-${index}:1.2.3`;
  return {
    code: "tag-moved",
    source,
    repository: `repull/docker.io/team/image-${index}`,
    from: digestOf(`old ${index}`),
    to: digestOf(`new ${index}`),
    copy,
    isNews: true,
    users: usersTold(Array.from({ length: users }, (_, one) => user(one))),
    images: [
      `123456789012.dkr.ecr.eu-central-1.amazonaws.com/repull/docker.io/team/image-${index}@${digestOf(`new ${index}`)}`,
    ],
  };
}

function reportOf(more: Partial<RefreshReport>): RefreshReport {
  return {
    kind: "refreshed",
    tags: 0,
    heads: 0,
    unanswered: 0,
    moved: [],
    lost: [],
    back: [],
    wanted: [],
    problems: [],
    unread: [],
    ...more,
  };
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe("a report of five thousand tags that have moved", () => {
  const failing: CopyTold = { kind: "failed", code: "copy-failed", because: "no" };
  const all = [
    ...Array.from({ length: 4_998 }, (_, index) => moved(index)),
    moved(4_998, 1, failing),
    moved(4_999, 500),
  ];
  const lost = [
    {
      code: "source-gone" as const,
      source: "docker.io/a/b:1",
      repository: "repull/docker.io/a/b",
      since: 1,
      users: usersTold([]),
      isNews: true,
    },
  ];
  const whole = reportOf({ moved: all, lost, back: ["docker.io/c/d:1"] });
  const { answer, rest } = cutReport(whole);

  test("is more than Lambda answers, and is cut to what it does", () => {
    expect(bytesOf(whole)).toBeGreaterThan(LAMBDA_BYTES_MAX);
    expect(bytesOf(answer)).toBeLessThan(LAMBDA_BYTES_MAX);
    expect(answer.moved.length).toBeGreaterThan(2_000);
  });

  test("counts what is cut, and hands on exactly that for the log, in lines that the log takes", () => {
    expect(answer.cut).toEqual({ moved: 5_000 - answer.moved.length, lost: 0, wanted: 0, back: 1 });
    const names = [
      ...answer.moved.map(({ source }) => source),
      ...rest.flatMap(({ list, row }) => (list === "moved" ? [row.source] : [])),
    ];
    expect(names.toSorted()).toEqual(all.map(({ source }) => source).toSorted());
    for (const rows of eventPages(rest)) expect(bytesOf({ rows })).toBeLessThan(LOG_BYTES_MAX);
  });

  test("keeps lost sources, failed copies and the most used tags, so that the status of the command is the same", () => {
    expect(answer.lost).toEqual(lost);
    expect(answer.moved.slice(-2).map(({ source }) => source)).toEqual([
      all[4_998]?.source,
      all[4_999]?.source,
    ]);
  });

  test("is read by the command, which says how many are left out and where they are", () => {
    const told = {
      type: "refresh" as const,
      stack: "repull",
      ...refreshReportSchema.parse(JSON.parse(JSON.stringify(answer))),
    };
    expect(formatRefresh(told).join("\n")).toMatch(
      new RegExp(`${answer.cut?.moved} moved.*/aws/lambda/repull-refresh`),
    );
  });
});

test("a report that fits is answered as it is, and nothing is for the log", () => {
  const report = reportOf({ moved: [moved(1)], back: ["docker.io/a/b:1"] });
  expect(cutReport(report)).toEqual({ answer: report, rest: [] });
  expect(cutReport(report).answer.cut).toBeUndefined();
});

test("a report of twenty thousand repositories that could not be read fits into an answer, which does not look whole", () => {
  const unread = Array.from(
    { length: 20_000 },
    (_, index) => `ecr:DescribeImages: ${index} ${"x".repeat(300)}`,
  );
  const { answer } = cutReport(reportOf({ unread, moved: [moved(1)] }));
  expect(bytesOf(answer)).toBeLessThan(LAMBDA_BYTES_MAX);
  expect([answer.moved.length, answer.unread[0], answer.unread.length]).toEqual([1, unread[0], 501]);
  expect([answer.unread.at(-1), answer.cut]).toEqual([expect.stringContaining("19500"), undefined]);
});

for (const [bytes, names] of [
  [0, []],
  [900, ["back-0"]],
] as const)
  test(`of sources that are back, as many are named as ${bytes} bytes take, the first ones`, () => {
    const report = reportOf({ back: ["back-0", `back-${"1".repeat(1_000)}`] });
    const { answer, rest } = cutReport(report, bytes);
    expect([answer.back, rest.length]).toEqual([names, 2 - names.length]);
  });
