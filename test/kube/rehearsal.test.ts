/** Each command of docs/kubernetes-rehearsal.md, in its order, in two terminals; and what the page says of each. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { demandKube } from "../support/kube/kube-tools.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(join(root, "docs/kubernetes-rehearsal.md"), "utf8");
const commands = page.split("\n").flatMap((line) => (line.startsWith("$ ") ? [line.slice(2)] : []));
const folder = await mkdtemp(join(tmpdir(), "repull-rehearsal-"));
const env = { ...process.env, REPULL_REHEARSAL: folder };

type Ran = { readonly status: number; readonly out: string };
type Expected = { readonly status?: number; readonly says: RegExp; readonly not?: RegExp };

/** What has to come to hold, in the order of the page; a command that is not here has to end well. */
// biome-ignore format: a table is read by its columns
const EXPECTED: readonly (readonly [command: RegExp, Expected])[] = [
  [/^kubectl get nodes/,                 { says: /node-1\s+Ready[\s\S]*node-2\s+Ready/ }],
  [/create deployment/,                  { says: /created/ }],
  [/get pods/,                           { says: /(?:ImagePullBackOff[\s\S]*){3}/ }],
  [/^repull scan/,                       { says: /shop\/Deployment\/web[\s\S]*Repull is not installed/ }],
  [/^helm install/,                      { says: /deployed/ }],
  [/reason=ImageWouldBeReplaced/,        { says: /deployment\/web/ }],
  [/^repull plan/,                       { status: 1, says: /its mode is observe/ }],
  [/^helm upgrade/,                      { says: /deployed/ }],
  [/get pods/,                           { says: /(?:1\/1\s+Running[\s\S]*){3}/, not: /BackOff/ }],
  [/describe deployment/,                { says: /ImageReplaced[\s\S]*PodsHealed|PodsHealed[\s\S]*ImageReplaced/ }],
  [/^repull history/,                    { says: /public\.ecr\.aws\/docker\/library\/nginx@sha256:/ }],
  [/^kubectl get imageindexes/,          { says: /repull-0/ }],
  [/rollout restart/,                    { says: /restarted/ }],
  [/rollout status/,                     { says: /successfully rolled out/ }],
  [/^repull doctor/,                     { says: /way in/ }],
  [/^repull undo .*admin$/,              { says: /rollout restart deployment web/ }],
  [/^repull undo .*--yes/,               { says: /repull\.dev\/mode: off/ }],
  [/rollout restart/,                    { says: /restarted/ }],
  [/get pods/,                           { says: /BackOff/ }],
];
const IN_A_TERMINAL_OF_ITS_OWN = /^npm run rehearsal|^repull kubernetes controller/;
/** What has been done before the test, and takes ten minutes. */
const DONE_BEFORE = /^npm ci|^\.ci\/kube/;

const running: ChildProcess[] = [];
const said = new Map<ChildProcess, string>();

function begin(command: string): ChildProcess {
  const script = command.startsWith("npm") ? command : `. ${folder}/env && ${command}`;
  // A group of its own: Ctrl-C reaches the program, not only the shell.
  const child = spawn("bash", ["-c", script], {
    cwd: root,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => said.set(child, `${said.get(child) ?? ""}${chunk}`));
  running.push(child);
  return child;
}

async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGINT");
  await ended;
}

async function run(command: string): Promise<Ran> {
  const script = `. ${folder}/env && ${command.replace(". .cache/rehearsal/env", "true")}`;
  const child = spawn("bash", ["-c", script], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (out += chunk));
  const status = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  return { status, out };
}

/** Asks again what only looks, until it says what it should: the page's "in a moment". */
async function follow(command: string, expected: Expected | undefined): Promise<Ran> {
  const isLook = /\bget\b|describe|repull (?:plan|history|doctor|scan)/.test(command);
  for (let left = isLook ? 20 : 1; ; left--) {
    const ran = await run(command);
    const holds =
      ran.status === (expected?.status ?? 0) &&
      (expected?.says.test(ran.out) ?? true) &&
      expected?.not?.test(ran.out) !== true;
    if (holds || left <= 1) return ran;
    await delay(1_000);
  }
}

afterAll(async () => {
  for (const child of running.toReversed()) await interrupt(child);
  await rm(folder, { recursive: true, force: true });
});

describe("the rehearsal", () => {
  let next = 0;
  test("has the commands that this test knows", () => {
    demandKube();
    expect(commands.length).toBeGreaterThan(20);
  });

  for (const command of commands.filter((one) => !DONE_BEFORE.test(one)))
    test(command, async () => {
      if (IN_A_TERMINAL_OF_ITS_OWN.test(command)) {
        const before = running.find((child) => child.spawnargs.at(-1)?.includes("kubernetes controller"));
        if (before !== undefined) await interrupt(before);
        const child = begin(command);
        const isUp = command.startsWith("npm") ? /Ready until/ : /started/;
        for (let left = 120; left > 0 && !isUp.test(said.get(child) ?? ""); left--) await delay(500);
        expect(said.get(child)).toMatch(isUp);
        return;
      }
      const [pattern, expected] = EXPECTED[next] ?? [];
      const isMeant = pattern?.test(command) === true;
      if (isMeant) next += 1;
      const ran = await follow(command, isMeant ? expected : undefined);
      expect(ran).toMatchObject({ status: (isMeant ? expected?.status : undefined) ?? 0 });
      if (isMeant && expected !== undefined) expect(ran.out).toMatch(expected.says);
      if (isMeant && expected?.not !== undefined) expect(ran.out).not.toMatch(expected.not);
    });

  test("all that the page says was looked for", () => {
    expect(EXPECTED.slice(next).map(([pattern]) => String(pattern))).toEqual([]);
  });
});
