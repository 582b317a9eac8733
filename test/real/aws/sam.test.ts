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
  existing?: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const door = await openCloudFormation(existing);
  try {
    const options = `--config-file ${config} --no-confirm-changeset --no-execute-changeset --no-progressbar`;
    // As a shell reads it: the command is the page's own.
    await promisify(execFile)(
      "bash",
      ["-c", `${command.replace("sam deploy", `"$SAM" deploy ${options}`)}`],
      {
        cwd: join(root, "infra"),
        env: {
          PATH: process.env.PATH,
          HOME: scratch,
          SAM,
          ROLES,
          SAM_CLI_TELEMETRY: "0",
          AWS_ENDPOINT_URL: door.url,
          AWS_ACCESS_KEY_ID: "a",
          AWS_SECRET_ACCESS_KEY: "b",
          AWS_DEFAULT_REGION: "us-east-1",
          // S3 over loopback: without trailers.
          AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
        },
      },
    );
    return door.deployedWith(defaults);
  } finally {
    await door.close();
  }
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
      const deployed = await deployedBy(command, isNew ? undefined : existing);
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
