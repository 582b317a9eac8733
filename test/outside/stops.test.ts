/** A command that is stopped, by a closed pipe or a signal: what it has written, and how it ends. */

import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Override } from "./account.ts";
import { repull } from "./command.ts";
import { arn } from "./documents.ts";
import { healed, openEcr, waiting } from "./ready.ts";
import { ECR_HOST } from "./registries.ts";
import { WAITING } from "./waiting-plan.ts";
import { environmentOf, startWorld, stopWorld, type World, writesOf } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => stopWorld(world));

const REPLAY = ["replay", "event.json", "--aws", "--no-stack", "--yes", "--no-wait"];
const FIX = ["fix", "prod/web", "--no-stack", "--yes", "--no-wait"];

/** Runs with the process at hand; `at` is asked before each answer of the account. */
async function stopped(
  args: readonly string[],
  { at, drive }: { at?: (child: ChildProcess) => Override; drive?: (child: ChildProcess) => void },
) {
  const files = { "event.json": JSON.stringify(world.event) };
  const said = await repull(args, {
    environment: environmentOf(world),
    files,
    drive: (child) => {
      drive?.(child);
      if (at !== undefined) world.account.override = at(child);
    },
  });
  return { ...said, writes: writesOf(world) };
}

describe("a closed pipe", () => {
  /** The output is closed when the first write arrives; that a copy writes, its registry sees. */
  const closeAt =
    (write: string) =>
    (child: ChildProcess): Override => {
      const close = (): void => {
        for (const end of [child.stdout, child.stderr]) end?.destroy();
      };
      const { ecr } = world.registries;
      ecr.mischief = ({ method }) => {
        if (method === "POST") close();
        return false;
      };
      const { override } = world.account;
      return (request) => {
        if (request.action.startsWith(write)) close();
        return override(request);
      };
    };
  const nothing = (): void => {};
  const all = ["RegisterTaskDefinition", "UpdateService", "PutEvents"];
  const word = "POST /2025-12-01/durable-execution-callbacks/";
  // biome-ignore format: a table is read by its columns
  const during: readonly (readonly [string, readonly string[], (world: World) => void, string, readonly string[]])[] = [
    ["replay --aws --yes", REPLAY,                                          nothing, "RegisterTaskDefinition", all],
    ["fix --yes",          FIX,                                             nothing, "RegisterTaskDefinition", all],
    ["undo --yes",         ["undo", "web", "--no-stack", "--yes", "--no-wait"], healed, "UpdateService",        ["UpdateService"]],
    ["approve",            ["approve", WAITING, "--no-stack"],              waiting, word,                     [`${word}callback-1/succeed`]],
    ["mirror",             ["mirror", "public.ecr.aws/docker/library/nginx:1.25", `${ECR_HOST}/own/nginx:1.25`, "--no-stack"], openEcr, "-", ["an image"]],
  ];
  for (const [command, args, arrange, write, writes] of during) {
    it(`while ${command} writes does not keep it from its end`, async () => {
      world.account.stack = { environment: {}, parameters: {} };
      arrange(world);
      const left = await stopped(args, { at: closeAt(write) });
      expect({ status: left.status, writes: left.writes }).toEqual({ status: 0, writes });
      if (command === "mirror") expect(world.registries.ecr.tags.has("own/nginx:1.25")).toBe(true);
    });
  }
});

describe("a first signal", () => {
  /** The account keeps silent at the call, and the signal comes while it is waited for. */
  const silentAt =
    (call: string, signal: NodeJS.Signals) =>
    (child: ChildProcess): Override =>
    ({ action }) => {
      if (!action.startsWith(call)) return undefined;
      child.kill(signal);
      return "silence";
    };
  // biome-ignore format: a table is read by its columns
  const commands: readonly (readonly [string, readonly string[], string, NodeJS.Signals])[] = [
    ["replay",  REPLAY,                                   "DescribeServices",  "SIGINT"],
    ["plan",    ["plan", "prod/web", "--no-stack"],       "DescribeServices",  "SIGTERM"],
    ["fix",     FIX,                                      "DescribeServices",  "SIGINT"],
    ["undo",    ["undo", "web", "--no-stack", "--yes"],   "ListClusters",      "SIGTERM"],
    ["history", ["history"],                              "ListClusters",      "SIGINT"],
    ["scan",    ["scan", "--no-stack"],                   "ListClusters",      "SIGINT"],
    ["doctor",  ["doctor"],                               "GetCallerIdentity", "SIGINT"],
    ["mirror",  ["mirror", "nginx:1.25", `${ECR_HOST}/own/nginx:1.25`], "GET /2015-03-31/functions", "SIGINT"],
    ["approve", ["approve", "--no-stack"],                "GetCallerIdentity", "SIGINT"],
    ["deny",    ["deny", "r-1"],                          "GetCallerIdentity", "SIGTERM"],
  ];
  for (const [command, args, call, signal] of commands) {
    it(`${signal} ends ${command} with 130 while AWS does not answer, and nothing is written`, async () => {
      const { status, err, writes } = await stopped(args, { at: silentAt(call, signal) });
      expect({ status, writes }).toEqual({ status: 130, writes: [] });
      expect(err).toMatch(/stopped|interrupted/);
      expect(err).not.toMatch(/\n\s+at /);
    });
  }

  it("while a revision is registered lets that end, and sends no further write", async () => {
    const { status, err, writes } = await stopped(REPLAY, {
      at:
        (child) =>
        ({ action }) => {
          if (action === "RegisterTaskDefinition") child.kill("SIGINT");
          return undefined;
        },
    });
    expect({ status, writes }).toEqual({ status: 130, writes: ["RegisterTaskDefinition"] });
    expect(err).not.toMatch(/\n\s+at /);
    expect(world.account.documents.services[0]?.taskDefinition).toBe(arn("task-definition/web:42"));
  });
});
