/** What every command has in common: its help, its errors, its exit statuses, colours, time-outs and completion. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toAwsError } from "../../src/aws/client/aws-error-codes.ts";
import { tooOldNode } from "../../src/cli/node-version.ts";
import { describeError, errorLine } from "../../src/cli/output/command-error.ts";
import { createProgram } from "../../src/cli/program/create-program.ts";
import { EXAMPLES, SUMMARIES } from "../../src/cli/program/help-text.ts";
import { reportPlace } from "../../src/cli/program/report-place.ts";
import { commandOf } from "../../src/cli/program/words/command-words.ts";
import { RefusedCommand } from "../../src/cli/refused-command.ts";
import { WrongCall } from "../../src/cli/wrong-call.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { commandIo } from "../support/command-io.ts";

const root = new URL("../../", import.meta.url).pathname;
const PROFILES = [
  ["default", "eu-west-2", "AKIDDEFAULT"],
  ["profile stage", "eu-central-1", "AKIDSTAGE"],
]
  .map(
    ([name, region, key]) =>
      `[${name}]\nregion = ${region}\naws_access_key_id = ${key}\naws_secret_access_key = s\n`,
  )
  .join("");
type Ended = { readonly status: number; readonly out: string; readonly err: string };

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const given = { PATH: process.env.PATH, HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", ...env };
    execFile(file, args, { cwd: root, env: given }, (error, out, err) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}
const repull = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ["src/cli/main.ts", ...args], env);

/** Accepts and never answers. */
const silent = createServer(() => {});
beforeAll(() => new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve)));
afterAll(() => silent.close());

/** `policy check`, and each other command that has none below it. */
function leaves(from: Command, path = ""): readonly string[] {
  return from.commands.flatMap((command) => {
    const words = `${path} ${command.name()}`.trim();
    return command.commands.length === 0 ? [words] : leaves(command, words);
  });
}

describe("the help of each command", () => {
  it("has an example for every command that can be called", () => {
    const program = createProgram({
      version: "0",
      io: commandIo({}),
      begin: () => {},
      finish: async () => {},
    });
    expect(leaves(program).filter((words) => EXAMPLES[words] === undefined)).toEqual([]);
  });

  it("is the same where the program is made for that command alone", () => {
    const make = (called?: string) =>
      createProgram({ version: "0", called, io: commandIo({}), begin: () => {}, finish: async () => {} });
    const whole = make();
    const helpOf = (program: Command, words: string) =>
      commandOf(words.split(" "), program).helpInformation();
    for (const words of leaves(whole)) {
      const [first] = words.split(" ");
      expect(helpOf(make(first), words)).toBe(helpOf(whole, words));
    }
    expect(leaves(make("no-command"))).toEqual(leaves(whole));
  });

  for (const [command, examples] of Object.entries(EXAMPLES))
    it(`shows examples and exit statuses for repull ${command}, and options that exist`, async () => {
      const { out } = await repull([...command.split(" "), "--help"]);
      expect(out).toContain(`Usage: repull ${command}`);
      expect(out).toMatch(/^Examples:\n {2}\S[\s\S]*^Exit status:\n {2}0 /m);
      const options = examples.flatMap((line) => line.match(/--[a-z-]+/g) ?? []);
      for (const option of options) expect(out).toContain(option);
    });
});

describe("an error", () => {
  const bug = { version: "1.2.3", reportTo: "https://example.com/issues" };
  // biome-ignore format: a table is read by its columns
  const table: readonly [thrown: unknown, code: string, status: number][] = [
    [new WrongCall("either one or the other"),                       "invalid-input",   2],
    [new InvalidInput("SERVICE", "a name"),                          "invalid-input",   2],
    [new RefusedCommand("no-stack", "there is no stack"),            "no-stack",        4],
    [new RefusedCommand("writes-stopped", "paused"),                 "writes-stopped",  4],
    [new AwsError("denied", "ecs:UpdateService", "no"),              "aws-denied",      4],
    [new AwsError("unavailable", "ecs:UpdateService", "no answer"),  "aws-unavailable", 5],
    [new AwsError("throttled", "ecs:UpdateService", "slow down"),    "aws-throttled",   5],
    [new AwsError("absent", "ecs:UpdateService", "no such cluster"), "aws-absent",      2],
    [new AwsError("invalid", "ecs:UpdateService", "no such value"),  "aws-invalid",     2],
    [new AwsError("conflict", "ecs:UpdateService", "in progress"),   "aws-conflict",    5],
    [new TypeError("undefined is not a function\n  at x"),           "bug",             5],
    ["a text",                                                       "bug",             5],
  ];
  for (const [thrown, code, status] of table)
    it(`has the code ${code} and the status ${status} when ${String(thrown).split("\n")[0]} is thrown`, () => {
      const told = describeError(thrown, "plan", bug);
      expect({ code: told.code, status: told.status }).toEqual({ code, status });
      expect(told.remedy).not.toBe("");
      expect(errorLine(told, "plan")).toMatch(/^repull plan: [^\n]+; [^\n]+\n$/);
      expect(errorLine(told, "plan").includes(bug.reportTo)).toBe(code === "bug");
    });

  // biome-ignore format: a table is read by its columns
  const credentials: readonly [code: string, message: string, remedy: RegExp][] = [
    ["ExpiredTokenException",       "The security token included in the request is expired",  /^sign in again/],
    ["CredentialsProviderError",    "The SSO session associated with this profile is invalid.", /^sign in again/],
    ["InvalidClientTokenId",        "The security token included in the request is invalid.", /^check the profile, or AWS_ACCESS_KEY_ID/],
    ["UnrecognizedClientException", "The security token included in the request is invalid.", /^check the profile, or AWS_ACCESS_KEY_ID/],
    ["SignatureDoesNotMatch",       "It does not match.\n\nThe Canonical String is: x",       /^check the profile, or AWS_ACCESS_KEY_ID/],
    ["AccessDeniedException",       "You may not.",                                           /^allow it for this caller/],
  ];
  for (const [code, message, remedy] of credentials)
    it(`says what helps when AWS answers ${code}`, () => {
      const thrown = toAwsError("sts:GetCallerIdentity", Object.assign(new Error(message), { name: code }));
      const told = describeError(thrown, "plan", bug);
      expect(told).toMatchObject({ code: "aws-denied", status: 4, remedy: expect.stringMatching(remedy) });
      expect(errorLine(told, "plan")).not.toContain(".;");
    });

  // biome-ignore format: a table is read by its columns
  const calls: readonly [args: string, status: number][] = [
    ["plan",                            2],
    ["plan web",                        2],
    ["status --region us-east-1 --timeout 0",    2],
    ["status --region us-east-1 --timeout soon", 2],
    ["pause",                           2],
    ["pause --because x --no-stack",    2],
    ["undo --region us-east-1",         2],
    ["history --since foo",             2],
    ["completion tcsh",                 2],
    ["schema nothing",                  2],
    ["policy check none.json",          2],
    ["rate-limit --pulls many",         2],
    ["mirror Nginx localhost:1/x:1",    2],
  ];
  for (const [args, status] of calls)
    it(`ends with ${status}, one line and one JSON object when it is called as: ${args}`, async () => {
      const ended = await repull([...args.split(" "), "--json"]);
      expect(ended.status, ended.err).toBe(status);
      expect(ended.err).toMatch(/^repull [a-z -]+: [^\n]+; [^\n]+\n$/m);
      expect(JSON.parse(ended.out)).toMatchObject({ type: "error", code: "invalid-input" });
    });
});

describe("the place where a fault is reported", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["the address that the package has for bugs", { bugs: { url: "https://example.com/bugs" } },                       "https://example.com/bugs"],
    ["that address as a text",                    { bugs: "https://example.com/bugs" },                                "https://example.com/bugs"],
    ["the issues of its repository",              { repository: { url: "git+https://github.com/acme/repull.git" } },   "https://github.com/acme/repull/issues"],
    ["the issues of a repository by ssh",         { repository: "git@github.com:acme/repull.git" },                    "https://github.com/acme/repull/issues"],
    ["where the copy is from without either",     {},                                                                  "the place that this copy is from"],
  ] as const;
  for (const [what, links, place] of table) it(`is ${what}`, () => expect(reportPlace(links)).toBe(place));
});

describe("a Node that is too old", () => {
  for (const [running, isTold] of [
    ["v20.20.2", true],
    ["v21.9.0", true],
    ["v22.18.0", true],
    ["v22.19.0", false],
    ["v23.0.0", false],
    ["v24.21.0", false],
    ["v100.0.0", false],
  ] as const)
    it(`is ${isTold ? "reported" : "not reported"} when it is ${running}`, () => {
      expect(tooOldNode(running, ">=22.19") !== undefined).toBe(isTold);
    });
});

describe("the list of commands", () => {
  it("has one line for each command", async () => {
    const { out } = await repull(["--help"]);
    for (const [command, summary] of Object.entries(SUMMARIES).filter(([words]) => !words.includes(" ")))
      expect(out).toMatch(new RegExp(`^  ${command} +${summary}$`, "m"));
  });
});

describe("colour", () => {
  // biome-ignore format: a table is read by its columns
  for (const [when, env, isColoured] of [
    ["standard error is not a terminal", {},                   false],
    ["NO_COLOR is set",               { NO_COLOR: "1" },    false],
    ["FORCE_COLOR is set",            { FORCE_COLOR: "1" }, true],
  ] as const)
    it(`is ${isColoured ? "on" : "off"} when ${when}`, async () => {
      const { err } = await repull(["plan"], env);
      expect(err.includes("\u001b[")).toBe(isColoured);
    });
});

describe("a command that talks to AWS", () => {
  const endpoint = () => {
    const address = silent.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  };
  const signedIn = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "a-secret" };

  it("ends with 5 when its time is over", async () => {
    const args = ["status", "--region", "eu-west-1", "--timeout", "1"];
    const { status, err } = await repull(args, { AWS_ENDPOINT_URL: endpoint(), ...signedIn });
    expect({ status, said: /--timeout/.test(err) }).toEqual({ status: 5, said: true });
  });

  for (const args of [
    ["status"],
    ["mirror", "nginx:1.27", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nginx:1.27"],
    ["replay", "events/ec2-service.json", "--aws"],
  ])
    it(`asks to sign in when it is repull ${args[0]} and the environment has no credentials`, async () => {
      const env = { AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL: endpoint() };
      const { status, out, err } = await repull(args, env);
      expect({ status, said: /no AWS credentials were found; sign in/.test(out + err) }).toEqual({
        status: 4,
        said: true,
      });
    });

  it("prints its requests when --verbose is given, and of none when it is not", async () => {
    const args = ["status", "--region", "eu-west-1", "--timeout", "1"];
    const env = { AWS_ENDPOINT_URL: endpoint(), ...signedIn };
    const [loud, plain] = await Promise.all([repull([...args, "--verbose"], env), repull(args, env)]);
    expect([loud, plain].map(({ err }) => err.includes("GetCallerIdentity at"))).toEqual([true, false]);
  });
});

describe("where and as whom AWS is asked", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [args: string, env: NodeJS.ProcessEnv, key: string, region: string][] = [
    ["",                                       {},                          "AKIDDEFAULT", "eu-west-2"],
    ["--profile stage",                        {},                          "AKIDSTAGE",   "eu-central-1"],
    ["--profile stage --region us-west-2",     {},                          "AKIDSTAGE",   "us-west-2"],
    ["--region us-west-2",                     { AWS_REGION: "eu-west-3" }, "AKIDDEFAULT", "us-west-2"],
    ["",                                       { AWS_PROFILE: "stage" },    "AKIDSTAGE",   "eu-central-1"],
  ];
  for (const [args, env, key, region] of table)
    it(`is ${region} as ${key} when the command has "${args}" and the environment ${JSON.stringify(env)}`, async () => {
      const home = await mkdtemp(join(tmpdir(), "repull-home-"));
      const signed: string[] = [];
      const aws = createHttpServer(({ headers }, response) => {
        signed.push(headers.authorization ?? "");
        response.writeHead(403).end();
      });
      await new Promise<void>((resolve) => aws.listen(0, "127.0.0.1", resolve));
      try {
        await mkdir(join(home, ".aws"));
        await writeFile(join(home, ".aws/config"), PROFILES);
        const { port } = aws.address() as AddressInfo;
        const given = { HOME: home, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, ...env };
        await repull(["history", ...args.split(" ").filter(Boolean)], given);
        expect(signed[0]).toMatch(new RegExp(`Credential=${key}/[0-9]{8}/${region}/sts/`));
      } finally {
        aws.close();
        await rm(home, { recursive: true });
      }
    });
});

describe("completion in bash", () => {
  for (const [typed, offered] of [
    ["sta", "status"],
    ["policy ch", "check"],
    ["mirror --pl", "--platform"],
    ["fix web --no-w", "--no-wait"],
  ] as const)
    it(`offers ${offered} after repull ${typed}`, async () => {
      const words = ["repull", ...typed.split(" ")];
      const { out: script } = await repull(["completion", "bash"]);
      const { out } = await run("bash", [
        "-c",
        `${script}\nCOMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _repull; echo "\${COMPREPLY[@]}"`,
      ]);
      expect(out.trim()).toBe(offered);
    });
});
