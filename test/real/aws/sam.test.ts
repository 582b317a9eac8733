/** The deploy commands of the pages, run by the SAM CLI: what mode a stack has after them. */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { openCloudFormation } from "../../support/aws/cloudformation-door.ts";
import { readTemplate } from "../../support/aws/template.ts";
import { pageCommands } from "../../support/page-commands.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const SAM = join(root, ".cache/sam/bin/sam");
const ROLES = "arn:aws:iam::123456789012:role/ecs/*";
const scratch = mkdtempSync(join(tmpdir(), "sam-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const defaults = Object.fromEntries(
  Object.entries(readTemplate().parameters).map(([name, { Default }]) => [name, String(Default ?? "")]),
);

// A bucket that is there, in the place of the one that SAM would make.
const config = join(scratch, "samconfig.toml");
writeFileSync(
  config,
  readFileSync(join(root, "infra/samconfig.toml"), "utf8").replaceAll(
    "resolve_s3 = true",
    's3_bucket = "code"',
  ),
);

/** The parameters after `sam deploy …`, of a stack that had these. */
async function deployedBy(
  command: string,
  { existing, cwd = "infra", known = defaults }: Deployed = {},
): Promise<Readonly<Record<string, string>>> {
  const door = await openCloudFormation(existing);
  try {
    const options = `--config-file ${config} --no-confirm-changeset --no-execute-changeset --no-progressbar`;
    await typed(command.replace("sam deploy", `sam deploy ${options}`), cwd, door.url);
    return door.deployedWith(known);
  } finally {
    await door.close();
  }
}

type Deployed = {
  readonly existing?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string;
  readonly known?: Readonly<Record<string, string>>;
};

/** Runs a command of a page as a shell reads it. @param url the endpoint of AWS */
async function typed(command: string, cwd: string, url: string): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-c", command.replace(/^sam\b/, '"$SAM"')], {
    cwd: join(root, cwd),
    env: {
      PATH: process.env.PATH,
      HOME: scratch,
      SAM,
      ROLES,
      BUCKET: "code",
      SAM_CLI_TELEMETRY: "0",
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_DEFAULT_REGION: "us-east-1",
      // S3 over loopback: without trailers.
      AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
    },
  });
  return stdout;
}

/** Every command of the pages that is one line, or goes on after a backslash. */
const commands = ["docs/getting-started.md", "docs/deploy.md"].flatMap((page) =>
  [
    ...readFileSync(join(root, page), "utf8").matchAll(/^\(cd infra && (sam deploy(?:[^\\\n]|\\\n)*)\)$/gm),
  ].map(([, command = ""]) => command),
);

const isInstalled = existsSync(SAM);
describe("a deploy command of the pages", () => {
  test("is found", () => expect(commands.length).toBeGreaterThanOrEqual(3));

  for (const command of commands) {
    const said = /Mode=(\w+)/.exec(command)?.[1];
    test(`${command.replace(/\s+/g, " ")} → ${said ?? "observe"}`, async (context) => {
      if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
      // One that names no roles is for a stack that is there.
      const isNew = command.includes("PassableRoleArns");
      const existing = {
        ...defaults,
        PassableRoleArns: ROLES,
        NotifyEmail: "you@example.com",
        Mode: said ? "approve" : "observe",
      };
      const deployed = await deployedBy(command, { existing: isNew ? undefined : existing });
      expect(deployed).toMatchObject({
        Mode: said ?? "observe",
        PassableRoleArns: ROLES,
        NotifyEmail: "you@example.com",
      });
    });
  }

  test("that loses every setting of samconfig.toml still observes", async (context) => {
    if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
    const command = 'sam deploy --config-env rehearsal --parameter-overrides "PassableRoleArns=$ROLES"';
    expect(await deployedBy(command)).toMatchObject({ Mode: "observe" });
  });
});

/** The lines of the pages that begin with the SAM CLI, whichever way a shell gets to it. */
const lines = pageCommands().flatMap(({ path, command }) =>
  [...command.matchAll(/(?:^|&& |\()(sam (?:deploy|delete|local|package)\b[^)]*)/g)].map(([, line = ""]) => ({
    path,
    line: line.trim(),
  })),
);

describe("a page's stack in addition to the main one", () => {
  const added = lines.filter(({ line }) => line.includes("--template-file infra/"));
  test("is found", () => expect(added.length).toBeGreaterThanOrEqual(4));

  for (const { path, line } of added) {
    const [, file = ""] = /--template-file infra\/(\S+)/.exec(line) ?? [];
    test(`is deployed with the values of the line: ${path}: ${file}`, async (context) => {
      if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
      const values = [...(line.split("--parameter-overrides ")[1] ?? "").matchAll(/(\w+)=('[^']*'|\S+)/g)];
      const deployed = await deployedBy(line.replace("--resolve-s3", "--s3-bucket code"), {
        cwd: ".",
        known: {},
      });
      expect(values.length).toBeGreaterThan(0);
      // SAM sends each parameter that the template has, and no other.
      for (const [, name = "", value = ""] of values)
        expect(deployed[name], name).toBe(value.replaceAll("'", ""));
    });
  }
});

describe("any other line of a page that begins with sam", () => {
  test("packages the template for a StackSet", async (context) => {
    if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
    const line = lines.find((one) => one.line.startsWith("sam package"))?.line ?? "";
    const packaged = join(scratch, "packaged.yaml");
    const door = await openCloudFormation(undefined);
    await typed(line.replace("packaged.yaml", packaged), "infra", door.url);
    await door.close();
    const code = readFileSync(packaged, "utf8").match(/CodeUri: s3:\/\/code\//g) ?? [];
    expect(code.length).toBeGreaterThanOrEqual(3);
  });

  // These ask questions, delete a stack, or run a container.
  for (const { path, line } of lines.filter(
    (one) => /^sam (?:delete|local)|--guided/.test(one.line) && !one.line.includes("--template-file"),
  )) {
    test(`has only options that SAM has: ${path}: ${line}`, async (context) => {
      if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
      const [command = ""] = /^sam [a-z ]+?(?= --| [A-Z]| rehearsal|$)/.exec(line) ?? [];
      const help = await typed(`${command} --help`, "infra", "http://127.0.0.1:9");
      expect(help).toContain(`Usage: ${command}`);
      for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(help).toContain(option);
    });
  }
});

describe("the SAM CLI", () => {
  // What `sam build` itself recommends next, and what the pages leave to the reader.
  const COMMANDS: readonly string[][] = [
    ["validate"],
    ["validate", "--lint"],
    ["build", "--build-dir", join(scratch, "build"), "--no-cached"],
  ];
  for (const args of COMMANDS) {
    test(`takes the template: sam ${args.filter((word) => !word.startsWith(scratch)).join(" ")}`, async (context) => {
      if (!isInstalled) context.skip("the SAM CLI is not in .cache/sam: .ci/run puts it there");
      await promisify(execFile)(SAM, args, {
        cwd: join(root, "infra"),
        env: {
          PATH: process.env.PATH,
          HOME: scratch,
          SAM_CLI_TELEMETRY: "0",
          AWS_ACCESS_KEY_ID: "a",
          AWS_SECRET_ACCESS_KEY: "b",
          AWS_DEFAULT_REGION: "us-east-1",
        },
      });
    });
  }
});
