/** The causes that the words of a stopped task lead to: over public samples, and over the wordings of AWS, the agent and Docker. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CAUSES, type CauseCode } from "../../src/diagnosis/causes.ts";
import { failedStartOf, failedStartsIn } from "../../src/diagnosis/failed-start.ts";
import { formatCause } from "../../src/diagnosis/format-cause.ts";
import { remedyOf } from "../../src/diagnosis/remedies/remedies.ts";
import { hypothesesOf } from "../../src/diagnosis/words/hypotheses.ts";
import { wordsOf } from "../../src/diagnosis/words/words.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import corpus from "../pull-failure/corpus.json" with { type: "json" };
import publicTexts from "../pull-failure/public-texts.json" with { type: "json" };
import { REASONS } from "./reasons.ts";

type Sample = JsonObject & {
  readonly id: string;
  readonly expected: { readonly cause: CauseCode; readonly decidedBy: "text" | "api" };
};

/**
 * Reasons from public repositories and issues, as people pasted them: cut, wrapped, in events, in logs of a deployment; with
 * the cause that their story ended with. Proved where the words leave no other reading; where the account has to decide, the
 * cause is among the first three. Account ids and names are ours.
 */
type FieldReason = {
  readonly launchType: string;
  readonly certainty: "proved" | "likely";
  readonly cause: CauseCode;
  /** Of the task's container, where the reason does not name it. */
  readonly image?: string;
  readonly reason: string;
};
const reasonsIn = (file: string): readonly FieldReason[] =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
/** In the wordings of AWS's pages and of public reports (read 2026-11), with names and ids of ours. */
const wordedReasons = reasonsIn("./worded-reasons.json");
const fieldReasons = reasonsIn("./field-reasons.json");

const samples: readonly Sample[] = JSON.parse(readFileSync(new URL("./tasks.json", import.meta.url), "utf8"));
const causesOf = (document: JsonObject) =>
  failedStartsIn(document)?.flatMap((start) => hypothesesOf(start)) ?? [];

describe("the cause of a public sample", () => {
  for (const { id, expected, ...document } of samples)
    test(`${id}: ${expected.cause}${expected.decidedBy === "text" ? " is proved by the words" : " is one of three"}`, () => {
      const found = causesOf(document);
      const codes = found.map(({ code }) => code);
      if (expected.decidedBy === "api") expect(codes.slice(0, 3)).toContain(expected.cause);
      else expect(found[0]).toMatchObject({ code: expected.cause, certainty: "certain" });
    });
});

describe("the words of a reason", () => {
  for (const [launchType, cause, reason] of REASONS)
    test(`${launchType}: ${cause} is first for “${reason.slice(0, 90)}…”`, () => {
      const start = { ...failedStartOf(reason), launchType };
      expect(hypothesesOf(start)[0]?.code).toBe(cause);
    });
});

describe("the words of a reason from a real task", () => {
  for (const { launchType, certainty, cause, reason, image } of [...fieldReasons, ...wordedReasons])
    test(`${launchType}: ${cause} is ${certainty === "proved" ? "proved" : "one of three"} for “${reason.slice(0, 90)}…”`, () => {
      const containers = image === undefined ? [] : [{ name: "web", image }];
      const found = hypothesesOf({ ...failedStartOf(reason), launchType, containers });
      if (certainty === "proved") expect(found[0]).toMatchObject({ code: cause, certainty: "certain" });
      else expect(found.slice(0, 3).map(({ code }) => code)).toContain(cause);
      expect(found.filter((one) => one.certainty === "certain" && one.code !== cause)).toEqual([]);
    });
});

describe("the words of a public report, of a task or of a log", () => {
  const reports = publicTexts.filter(({ cause }) => cause !== undefined);
  for (const { id, text, given, cause, certainty, launchType = "FARGATE" } of reports)
    test(`${launchType}: ${cause} is ${certainty === "certain" ? "proved" : "one of three"} for ${id}`, () => {
      const containers = given === undefined ? [] : [{ name: "web", image: given }];
      const found = hypothesesOf({ ...failedStartOf(text), launchType, containers });
      if (certainty === "certain") expect(found[0]).toMatchObject({ code: cause, certainty });
      else expect(found.slice(0, 3).map(({ code }) => code)).toContain(cause);
      expect(found.filter((one) => one.certainty === "certain" && one.code !== cause)).toEqual([]);
    });
});

describe("a limit in the words", () => {
  const LIMITS = ["docker-hub-pull-limit", "docker-hub-abuse-limit", "registry-limit"];
  const told = [...corpus, ...publicTexts].filter(({ kind }) => LIMITS.includes(kind));
  for (const { id, text, kind } of told)
    test(`of ${id} is the cause, and proved`, () => {
      expect(hypothesesOf(failedStartOf(text))[0]).toMatchObject({ code: kind, certainty: "certain" });
    });
});

describe("a service that is called after a fault", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    "(service rate-limit-error) has started 1 tasks: (task 9d85800c30b349039d104d52b506b930).",
    "(service failed-agent) registered 1 targets in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/unavailable/1)",
    "(service insufficient-memory) (deployment ecs-svc/1111111111111111111) deployment completed.",
  ];
  for (const message of table)
    test(`“${message.slice(0, 60)}…” names none`, () => {
      expect(causesOf({ services: [{ serviceName: "web", events: [{ message }] }] })).toEqual([]);
    });
});

describe("what the words name", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["the login",             'Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 44.213.79.86:443: i/o timeout',                   { target: "ecr.api", address: "44.213.79.86", region: "us-east-1", fault: "timeout" }],
    ["the manifest",          'failed to do request: Head "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/a/manifests/1": EOF',    { target: "ecr.dkr", region: "eu-west-1", fault: "reset" }],
    ["a layer, not the host", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1: failed to copy: httpReadSeeker: dial tcp 52.219.1.1:443: i/o timeout", { target: "s3", address: "52.219.1.1" }],
    ["a name's lookup",       "dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host",                                         { target: "docker-hub", host: "registry-1.docker.io", fault: "dns" }],
    ["an instance's session", "User: arn:aws:sts::123456789012:assumed-role/nodes/i-0123456789abcdef0 is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/a because no permissions boundary allows the ecr:BatchGetImage action", { caller: { role: "nodes", isInstance: true }, denied: { action: "ecr:BatchGetImage", resource: "arn:aws:ecr:us-east-1:123456789012:repository/a", by: "permissions boundary" } }],
    ["a cut text",            "failed to fetch secret from the service for ...",                                                            { isCut: true }],
  ] as const;
  for (const [what, text, expected] of table)
    test(`name ${what}`, () => {
      expect(wordsOf(text)).toMatchObject(expected);
    });

  test("a secret in them is not kept", () => {
    expect(JSON.stringify(wordsOf("toomanyrequests: rate limit as 'acmebot': dckr_jti_abcdef"))).not.toMatch(
      /acmebot|dckr_jti/,
    );
  });
});

describe("what a service reports", () => {
  const failure =
    "(service web) was unable to place a task. Reason: CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'";
  const steady = "(service web) has reached a steady state.";
  // biome-ignore format: a table is read by its columns
  const table = [
    ["its newest failure counts",               [failure, steady],  ["image-has-no-manifest-for-platform"]],
    ["a failure before all was well is over",   [steady, failure],  []],
    ["a service that is well has none",         [steady],           []],
  ] as const;
  for (const [what, messages, codes] of table)
    test(what, () => {
      const events = messages.map((message) => ({ message }));
      expect(causesOf({ services: [{ serviceName: "web", events }] }).map(({ code }) => code)).toEqual(codes);
    });
});

describe("each cause", () => {
  for (const code of Object.keys(CAUSES) as CauseCode[])
    test(`${code} has a page, a sentence without a gap, and a remedy, whatever is known`, () => {
      const start = failedStartOf("text");
      expect(CAUSES[code]).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
      expect(formatCause(code, {})).not.toMatch(/undefined| {2}/);
      expect(JSON.stringify(remedyOf(code, {}, { start, region: "us-east-1" }))).not.toMatch(/undefined/);
    });
});

describe("the remedy of a denial changes the policy that refuses", () => {
  const denial = (because: string) =>
    `CannotPullContainerError: User: arn:aws:sts::123456789012:assumed-role/web/7cd1d2b54911b95b06b1c423bd551f2f is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/app ${because}`;
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, remedy: string, command: string])[] = [
    ["because no identity-based policy allows the ecr:BatchGetImage action",   "allow-role",             "attach-role-policy"],
    ["because no resource-based policy allows the ecr:BatchGetImage action",   "change-refusing-policy", "get-repository-policy"],
    ["because no permissions boundary allows the ecr:BatchGetImage action",    "change-refusing-policy", "Role.PermissionsBoundary"],
    ["with an explicit deny in a service control policy",                      "change-refusing-policy", ""],
    ["with an explicit deny in an identity-based policy",                      "change-refusing-policy", "list-attached-role-policies"],
  ];
  for (const [because, code, command] of table)
    test(`${because}: ${code} ${command}`, () => {
      const start = failedStartOf(denial(because));
      const [first] = hypothesesOf(start);
      const remedy = remedyOf(first?.code ?? "pull-denied", first?.params ?? {}, {
        start,
        region: "us-east-1",
      });
      expect(remedy.code).toBe(code);
      expect(remedy.command?.join(" ") ?? "").toContain(command);
    });
});

describe("a task that was stopped by hand", () => {
  const text = "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit";
  const told = (stopCode: string, more: JsonObject = {}) =>
    (failedStartsIn({ taskArn: "task", stopCode, stoppedReason: text, ...more }) ?? [])
      .flatMap(hypothesesOf)
      .map(({ code }) => code);

  test("has a reason of free text", () => {
    expect(told("UserInitiated")).toEqual(["stopped-on-purpose"]);
    expect(told("TaskFailedToStart")).toEqual(["docker-hub-pull-limit"]);
  });

  test("may have containers whose reasons ECS wrote", () => {
    expect(told("UserInitiated", { containers: [{ name: "web", reason: text }] })).toContain(
      "docker-hub-pull-limit",
    );
  });
});

describe("hostile words", () => {
  const long = "a/".repeat(5_000_000);
  // biome-ignore format: a table is read by its columns
  const table = [
    ["ten megabytes of one word",  long],
    ["thousands of quotes",        `exec: "${'"'.repeat(1_000_000)}`],
    ["thousands of hosts",         "https://a.b/ lookup a.b ".repeat(200_000)],
    ["thousands of denials",       "not authorized to perform: a:B on resource: ".repeat(200_000)],
  ] as const;
  for (const [what, text] of table)
    test(`${what} are read within a second`, { timeout: 1000 }, () => {
      expect(hypothesesOf(failedStartOf(text)).length).toBeLessThan(5);
    });
});
