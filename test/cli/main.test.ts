/** The command line as its own process: statuses, streams, and no stack trace for a user's mistake. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { LoopbackRegistry } from "../support/registries/loopback-registry.ts";

const root = new URL("../../", import.meta.url).pathname;

function repull(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const given = { PATH: process.env.PATH, HOME: "/nonexistent", ...env };
    execFile(process.execPath, ["src/cli/main.ts", ...args], { cwd: root, env: given }, (error, out, err) => {
      resolve({ status: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

describe("the command line", () => {
  for (const [because, args, status, words] of [
    ["its version", ["--version"], 0, /^\d+\.\d+\.\d+\n$/],
    ["help", ["--help"], 0, /explain.*replay.*mirror/s],
    ["no command at all", [], 0, /Usage: repull/],
    ["an unknown command", ["heal"], 2, /unknown command 'heal'/],
    ["what the sandbox can do", ["sandbox", "--help"], 0, /serve .*loopback/s],
    ["serve without its sandbox", ["serve"], 2, /unknown command 'serve'/],
    ["an unknown option", ["explain", "--loud"], 2, /unknown option '--loud'/],
    [
      "a number out of its range",
      ["sandbox", "serve", "--speed", "0"],
      2,
      /^repull sandbox serve: --speed 0: expected/,
    ],
    [
      "a word that is not a choice",
      ["completion", "tcsh"],
      2,
      /^repull completion: shell tcsh: expected one of bash/,
    ],
    ["explain without anything", ["explain"], 2, /name a FILE/],
    ["replay without a file", ["replay"], 2, /missing required argument/],
    [
      "an image with an event",
      ["explain", "events/ec2-service.json", "--image", "nginx:1"],
      2,
      /--image goes with --text/,
    ],
    ["a yes to the sandbox", ["replay", "events/ec2-service.json", "--yes"], 2, /--yes goes with --aws/],
    ["a stack for the sandbox", ["replay", "events/ec2-service.json", "--no-stack"], 2, /goes with --aws/],
    [
      "a world for an account",
      ["replay", "events/ec2-service.json", "--aws", "--world", "w.json"],
      2,
      /either --aws or --world/,
    ],
    ["help about a command of a command", ["help", "policy", "check"], 0, /Usage: repull policy check/],
    ["help about one that is none", ["help", "heal"], 2, /^repull: unknown command 'heal'[^\n]*\n$/],
    ["help about one that is nearly one", ["help", "policy", "chek"], 2, /'chek', perhaps check;/],
    [
      "a command that is nearly one",
      ["plna", "web"],
      2,
      /^repull: unknown command 'plna', perhaps plan;[^\n]*\n$/,
    ],
    [
      "a command of a group that is nearly one",
      ["mirrors", "lst"],
      2,
      /^repull mirrors: unknown command 'lst', perhaps list;[^\n]*\n$/,
    ],
    ["a controller without a region", ["kubernetes", "controller"], 2, /give --no-aws[^\n]*, set AWS_REGION/],
    ["its version as a command", ["version"], 0, /^repull \d+\.\d+\.\d+, Node v\d+/],
    ["its version in short", ["-v"], 0, /^\d+\.\d+\.\d+\n$/],
    ["a seed that is none", ["demo", "--seed", ""], 2, /--seed/],
    ["an error text in the place of a file", ["explain", "CannotPullContainerError: x"], 2, /--text/],
    ["a file that is not there", ["explain", "nowhere.json"], 2, /no such file/],
    ["a folder in the place of a file", ["explain", "events"], 2, /it is a folder, not a file/],
    [
      "a folder in the place of a world",
      ["replay", "events/ec2-service.json", "--world", "events"],
      2,
      /cannot read events \(--world\): it is a folder/,
    ],
    [
      "a folder in the place of a policy",
      ["replay", "events/ec2-service.json", "--policy", "docs"],
      2,
      /cannot read docs \(--policy\): it is a folder/,
    ],
    [
      "a file that is not a policy",
      ["replay", "events/ec2-service.json", "--policy", "package.json"],
      2,
      /^repull replay: package\.json: \w+: expected one of the keys scope/,
    ],
    [
      "an image with a capital",
      ["explain", "--text", "toomanyrequests", "--image", "Nginx:1"],
      2,
      /^repull explain: --image: expected an image/,
    ],
    [
      "a profile that no file has",
      ["status", "--region", "us-east-1", "--profile", "shpo"],
      2,
      /^repull status: there is no profile shpo in /,
    ],
    ["an undo of a name and a time", ["undo", "web", "--since", "6h"], 2, /either a name or --since/],
    [
      "a folder in the place of a report",
      ["scan", "--html", "docs"],
      2,
      /expected a file, got the folder docs/,
    ],
    [
      "a kubeconfig that is not there",
      ["doctor", "--kubeconfig", "none.yaml"],
      2,
      /none\.yaml cannot be used: there is no such file;/,
    ],
    ["a reference that is none", ["mirror", "Nginx:1", "localhost:1/x:1"], 2, /image reference/],
    [
      "a port that is none",
      ["mirror", "example.com:99999/a", "localhost:1/x:1"],
      2,
      /^repull mirror: SOURCE[^\n]*\n$/,
    ],
    [
      "an address that is none",
      ["mirror", "localhost:1/x:1", "999.999.999.999/a"],
      2,
      /^repull mirror: TARGET[^\n]*\n$/,
    ],
    [
      "an address of IPv6 that is none",
      ["mirror", "[::::1]/a", "localhost:1/x:1"],
      2,
      /^repull mirror: SOURCE[^\n]*\n$/,
    ],
    ["an account without a region", ["replay", "events/ec2-service.json", "--aws"], 2, /AWS_REGION/],
    ["a policy that is not there", ["policy", "check", "nowhere.json"], 2, /cannot read nowhere\.json/],
    ["a stack without a region", ["doctor"], 2, /AWS_REGION/],
    ["a plan of nothing", ["plan"], 2, /missing required argument/],
    ["a fix without a region", ["fix", "web"], 2, /AWS_REGION/],
    [
      "another story of the demonstration",
      ["demo", "--seed", "7"],
      0,
      /Succeeded: service \S+\/storefront: /,
    ],
  ] as const) {
    test(`${because}: status ${status}`, async () => {
      const { status: exit, out, err } = await repull(args);
      expect(out + err).toMatch(words);
      expect(exit).toBe(status);
      expect(out + err).not.toMatch(/\n\s+at .*\.(?:ts|mjs):\d+/);
    });
  }

  for (const [setting, value] of [
    ["REPULL_STANDALONE_TASKS", "magic"],
    ["REPULL_LEAST_PROOF", "same-index"],
    ["REPULL_MIRROR_PREFIX", "UPPER"],
  ] as const) {
    test(`names the setting ${setting} when it makes no sense`, async () => {
      const { status, err } = await repull(["explain", "events/ec2-service.json"], { [setting]: value });
      expect(err).toContain(setting);
      expect(status).toBe(2);
    });
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`ends with 130 at ${signal}, whatever the registry does not say`, async () => {
      const silent = await LoopbackRegistry.start();
      const args = ["src/cli/main.ts", "mirror", `${silent.host}/app:v1`, `${silent.host}/copy:v1`];
      const child = spawn(process.execPath, args, { cwd: root, stdio: "ignore" });
      silent.mischief = (request) => {
        request.resume();
        return child.kill(signal);
      };
      const [status] = await once(child, "close");
      await silent.stop();
      expect(status).toBe(130);
    });
  }

  test("the demonstration prints the same story for the same seed", async () => {
    const [one, two, other] = await Promise.all([
      repull(["demo"]),
      repull(["demo"]),
      repull(["demo", "--seed", "2"]),
    ]);
    expect(one.out).toBe(two.out);
    expect(one.out).not.toBe(other.out);
    expect(one.status).toBe(0);
  });
});

test.runIf(existsSync("/dev/full"))(
  "output that cannot be written is reported in a line, and is not a success",
  async () => {
    const script = 'exec "$0" src/cli/main.ts explain events/ec2-service.json >/dev/full';
    const { status, err } = await new Promise<{ status: unknown; err: string }>((resolve) => {
      execFile("sh", ["-c", script, process.execPath], { cwd: root }, (error, _out, err) =>
        resolve({ status: error?.code ?? 0, err }),
      );
    });
    expect(status).toBe(5);
    expect(err).toMatch(/^repull: the output cannot be written: [^\n]+\n$/);
  },
);
