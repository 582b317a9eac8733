/** `repull scan` without an account: its words, its record, its report as text, and the rights that it asks for. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../../src/cli/program/create-program.ts";
import { formatScan, headlineOf, scanAsJson } from "../../../src/cli/scan/format-scan.ts";

import { scanAsHtml } from "../../../src/cli/scan/report/report.ts";
import { scan } from "../../../src/cli/scan/scan.ts";
import { SCAN_RIGHTS, VERIFY_ACTIONS } from "../../../src/cli/scan/scan-permissions.ts";
import { WrongCall } from "../../../src/cli/wrong-call.ts";
import { nothingRead } from "../../../src/network/facts.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { createTokenBucket } from "../../../src/runtime/token-bucket.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import { escaped } from "../../../src/text/escape-html.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { withoutComments } from "../../support/project-files.ts";
import { HOSTILE, SCRIPT, type ScannedService, SHOP, scanOf } from "../../support/scan-world.ts";

const AT = { account: "123456789012", region: "us-east-1", at: "2026-11-21T09:00:00.000Z" };
const shared = { "subnet-a": { kind: "nat", id: "nat-1", addresses: ["203.0.113.10"] } } as const;
const web = (more: Partial<ScannedService> = {}): ScannedService => ({
  name: "web",
  images: ["nginx:1.27"],
  tasks: 2,
  subnets: ["subnet-a"],
  ...more,
});

describe("the risk in one sentence", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, ScannedService, "none" | "low" | "medium" | "high", string])[] = [
    ["nothing from Docker Hub",     web({ images: ["public.ecr.aws/x/y:1"] }), "none", "Nothing here depends on Docker Hub: none of 1 service, 0 scheduled runs and 0 tasks run by hand has an image from it."],
    ["below the limit",             web({ tasks: 40 }),                       "low",  "The risk is low: the worst six hours take 40 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100. Repull would act for the one workload."],
    ["below half of it",            web({ tasks: 49 }),                       "low",  "The risk is low: the worst six hours take 49 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100. Repull would act for the one workload."],
    ["from half of it",             web({ tasks: 50 }),                       "medium", "The risk is medium: the worst six hours take 50 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100. Repull would act for the one workload."],
    ["at the limit",                web({ tasks: 100 }),                      "medium", "The risk is medium: the worst six hours take 100 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100. Repull would act for the one workload."],
    ["beyond it",                   web({ tasks: 160 }),                      "high", "The worst six hours take 160 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100 in six hours: 60 would be refused. Repull would act for the one workload."],
    ["two images for each task",    web({ tasks: 60, images: ["nginx:1", "redis:7"] }), "high", "The worst six hours take 120 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100 in six hours: 20 would be refused. Repull would act for the one workload."],
    ["an address that is not seen", web({ tasks: 160, subnets: ["subnet-x"] }), "high", "The worst six hours take 160 anonymous pulls from one address, if they share it (the tasks of the cluster prod, address not known), and Docker Hub grants 100 in six hours: 60 would be refused. Repull would act for the one workload."],
    ["an account",                  web({ tasks: 160, secret: true }),        "medium", "No image is pulled anonymously; the worst six hours take 160 pulls with accounts, of which a free one has 200 in six hours. Repull would act for the one workload."],
    ["a service that opted out",    web({ tasks: 160, tags: { repull: "off" } }), "high", "The worst six hours take 160 anonymous pulls from 203.0.113.10 (nat-1), and Docker Hub grants 100 in six hours: 60 would be refused. Repull would act for 0 of 1 workload."],
  ];
  for (const [because, service, level, sentence] of table) {
    test(`${because}: ${level}`, async () => {
      expect(headlineOf(await scanOf({ services: [service], ways: shared }))).toEqual({ level, sentence });
    });
  }
});

describe("the risk of what starts again and again", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["rate(1 minute)",                360, "high"],
    ["rate(5 minutes)",                72, "medium"],
    ["rate(10 minutes)",               36, "low"],
    ["cron(0/5 2-3 * * ? *)",          24, "low"],
    ["cron(0/5 2-8 * * ? *)",          72, "medium"],
  ] as const;
  for (const [expression, pulls, level] of table) {
    test(`${expression} takes ${pulls} pulls of a window: ${level}`, async () => {
      const run = {
        kind: "rule",
        name: "poll",
        taskDefinition: "poll:1",
        taskCount: 1,
        isEnabled: true,
      } as const;
      const network = { subnets: ["subnet-a"], assignPublicIp: false };
      const runs = [{ ...run, launchType: "FARGATE", network, expression, images: ["python:3.12-slim"] }];
      const scanned = await scanOf({ services: [], runs, ways: shared });
      expect(scanned.addresses).toMatchObject([{ pullsPerAddress: pulls }]);
      expect(headlineOf(scanned).level).toBe(level);
    });
  }
});

test("what may not be read is a gap with its reason, and the rest is printed", async () => {
  const denied = (action: string) => () =>
    Promise.reject(new AwsError("denied", action, `${action}: AccessDenied`));
  const unread = (action: string) => ({ unread: action, because: `${action}: AccessDenied` });
  const scanned = await scanOf(SHOP, {
    scheduledTasks: denied("events:ListRules"),
    standaloneTasks: denied("ecs:ListTasks"),
    pullThroughRules: denied("ecr:DescribePullThroughCacheRules"),
    imageTags: denied("ecr:ListImages"),
    instances: async () => unread("ecs:ListContainerInstances"),
    egress: async () => nothingRead({ account: "1", region: "r" }, unread("ec2:DescribeSubnets")),
  });
  for (const action of [
    "events:ListRules",
    "ecs:ListTasks",
    "ecr:ListImages",
    "ecs:ListContainerInstances",
    "ec2:DescribeSubnets",
  ])
    expect(scanned.gaps.filter((gap) => gap.includes(action)).length).toBeGreaterThan(0);
  expect(scanned.gaps.filter((gap) => gap.includes("ecr:ListImages"))).toHaveLength(1);
  expect(scanned.exposures.length).toBeGreaterThan(20);
  expect(formatScan(scanned)).toContain("not read: the ways out: ec2:DescribeSubnets: AccessDenied");
});

test("a bug is not a gap", async () => {
  await expect(scanOf(SHOP, { egress: () => Promise.reject(new TypeError("oops")) })).rejects.toThrow("oops");
});

test("as JSON: each workload, then the summary with the addresses", async () => {
  const lines = objectsIn(scanAsJson(await scanOf(SHOP)));
  expect(lines.at(-1)).toMatchObject({
    kind: "summary",
    headline: { level: "high" },
    addresses: [
      { address: "203.0.113.10 (nat-0f3a9b1c2d4e5f607)", pulls: 167, pullsPerAddress: 167 },
      {},
      {},
      {},
    ],
  });
  expect(lines.find(({ name }) => name === "loki")).toMatchObject({
    images: [{ first: { strategy: "mirror" }, rejected: [{ strategy: "ecr-copy" }, {}, {}] }],
  });
});

describe("the report", () => {
  test("holds nothing that a browser would fetch or run but its own style and script", async () => {
    const html = scanAsHtml(await scanOf(HOSTILE), AT);
    expect(html.match(/<(?:script|style)\b/g)).toEqual(["<style", "<script"]);
    expect(html).not.toMatch(/<(?:img|link|iframe|object|embed|form|base)\b/);
    const outside = html.replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, "");
    expect(outside.replaceAll(escaped(SCRIPT), "")).not.toContain("evil.example");
    expect(html).toContain("default-src 'none'");
    expect(html).toContain(escaped(SCRIPT));
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["<b>",                     "&lt;b&gt;"],
    [`"'&`,                     "&quot;&#39;&amp;"],
    ["&lt;",                    "&amp;lt;"],
    ["a\u0000b\u001b[31m",      "a\ufffdb\ufffd[31m"],
    ["\u202egnp.exe",           "\ufffdgnp.exe"],
    ["\ud800",                  "\ufffd"],
    ["x".repeat(301),           `${"x".repeat(300)}… (301 characters)`],
  ] as const;
  for (const [text, html] of table) {
    test(`${JSON.stringify(text).slice(0, 30)} becomes ${html.slice(0, 30)}`, () =>
      expect(escaped(text)).toBe(html));
  }
});

describe("the rights that scan needs", () => {
  test("are those of the calls that its code can send", () => {
    const sources = [
      "client/caller-identity",
      "scan/account-inventory",
      "scan/service-inventory",
      "scan/scheduled-tasks",
      "client/network-egress",
      "client/read-container-instances",
    ].map((name) =>
      withoutComments(
        readFileSync(new URL(["../../../src/aws/", name, ".ts"].join(""), import.meta.url), "utf8"),
      ),
    );
    const used = sources.flatMap((text) =>
      [...text.matchAll(/"((?:ec2|ecr|ecs|events|scheduler|sts):[A-Z]\w+)"/g)].map(
        ([, action = ""]) => action,
      ),
    );
    // Of gateways that do more than a scan asks of them.
    const elsewhere = [
      "ecs:DescribeTaskDefinition",
      "ecr:DescribePullThroughCacheRules",
      "events:ListEventBuses",
      "events:ListRuleNamesByTarget",
      "lambda:GetFunctionConfiguration",
      "lambda:ListFunctions",
      "lambda:ListTags",
      "ssm:GetParameter",
    ];
    expect([...new Set([...used, ...elsewhere])].toSorted()).toEqual(
      [...SCAN_RIGHTS.needed, ...SCAN_RIGHTS.wanted].toSorted(),
    );
  });

  for (const verify of [false, true])
    test(`are printed as a policy that only reads, and no request is sent, ${verify ? "with" : "without"} --verify`, async () => {
      const io = commandIo();
      const input = { json: false, csv: false, verify, roles: false, rights: true, stack: false } as const;
      expect(await scan(input, io)).toBe(0);
      const { Statement } = JSON.parse(io.printed.out);
      expect(Statement).toHaveLength(1);
      for (const action of Statement[0].Action)
        expect(action).toMatch(/:(?:Batch)?(?:Describe|Get|List|Check|Validate)/);
    });

  test("are all in the page about it", () => {
    const page = readFileSync(new URL("../../../docs/scan.md", import.meta.url), "utf8");
    for (const action of [...SCAN_RIGHTS.needed, ...SCAN_RIGHTS.wanted, ...VERIFY_ACTIONS])
      expect(page).toContain(`\`${action}\``);
  });
});

describe("how often it lets itself call", () => {
  test("a burst at once, the rest at its pace, and the burst again after a rest", async () => {
    const clock = createVirtualClock(0);
    const rate = createTokenBucket({ burst: 3, perSecond: 2 }, clock);
    const at: number[] = [];
    for (let call = 0; call < 6; call += 1) {
      await rate.take();
      at.push(clock.now());
    }
    expect(at).toEqual([0, 0, 0, 500, 1000, 1500]);
    await clock.advanceTo(60_000);
    await rate.take();
    await rate.take();
    expect(clock.now()).toBe(60_000);
    expect(rate.taken).toBe(8);
  });
});

describe("a scan in two forms", () => {
  // biome-ignore format: a table is read by its columns
  for (const [options, isOne] of [
    ["--csv --json",                    false],
    ["--csv --roles",                   false],
    ["--starts --csv",                  false],
    ["--starts --roles",                false],
    ["--starts --html report.html",     false],
    ["--rights --html report.html",     false],
    ["--kube-context blue --csv --json", false],
    ["--starts --rights --json",        true],
    ["--roles --json",                  true],
    ["--csv --html report.html",        true],
  ] as const)
    test(`${options} ${isOne ? "is one answer" : "is a wrong call, and nothing is asked"}`, async () => {
      let run: (() => Promise<number>) | undefined;
      const io = commandIo({}, { AWS_REGION: "nowhere", AWS_ENDPOINT_URL: "http://127.0.0.1:9", KUBECONFIG: "/dev/null" });
      const finish = async (one: () => Promise<number>) => {
        run = one;
      };
      const program = createProgram({ version: "0", io, begin: () => {}, finish });
      await program.parseAsync(["scan", ...options.split(" ")], { from: "user" });
      const refused = await run?.().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect([refused instanceof WrongCall, io.printed.out === "" || isOne]).toEqual([!isOne, true]);
    });
});
