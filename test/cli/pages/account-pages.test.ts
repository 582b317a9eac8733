/** The commands of the pages that need an account are run in one: a sandbox that is served, with a stack of Repull in it. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built } from "../../outside/command.ts";
import { ACCOUNT_COMMAND, isRunInAccount, pageCommands } from "../../support/page-commands.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "repull-pages-"));
beforeAll(async () => {
  const main = await built();
  const program = `#!/bin/sh
NODE_COMPILE_CACHE="${dirname(main)}/compiled" exec "${process.execPath}" "${main}" "$@"
`;
  writeFileSync(join(folder, "repull"), program, { mode: 0o755 });
}, 120_000);
copyFileSync(`${root}events/fargate-service.json`, join(folder, "event.json"));
afterAll(() => rmSync(folder, { recursive: true }));

type Env = Readonly<Record<string, string>>;

function run(command: string, env: Env): Promise<{ status: number; said: string }> {
  const path = `${folder}${delimiter}${process.env.PATH}`;
  return new Promise((resolve) => {
    execFile(
      "sh",
      ["-c", command],
      { cwd: folder, env: { PATH: path, HOME: folder, ...env } },
      (error, out, err) =>
        resolve({ status: typeof error?.code === "number" ? error.code : 0, said: out + err }),
    );
  });
}

const image = (name: string) => [name, `docker/${name}`] as const;
const [nginx, caddy, grafana] = [
  image("library/nginx:1.25"),
  image("library/caddy:2.8"),
  "grafana/grafana:11.2.0",
];

/** Three services that run images of Docker Hub. @param remaining 0: its limit is reached, and they are short of tasks */
function accountOf(
  clusters: { readonly web: string; readonly storefront: string },
  remaining: number,
): object {
  const service = (name: string, cluster: string, of: string) => ({
    ...{ name, cluster, image: of, desiredCount: 2 },
    revision: 42,
    formerly: "nginx:1.24",
  });
  return {
    services: [
      service("web", clusters.web, "nginx:1.25"),
      service("storefront", clusters.storefront, "caddy:2.8"),
    ],
    registries: {
      "docker.io": {
        images: { [nginx[0]]: {}, [caddy[0]]: {}, [grafana]: {}, "library/nginx:1.24": {} },
        quota: { remaining },
      },
      "public.ecr.aws": {
        images: {
          [nginx[1]]: { sameAs: `docker.io/${nginx[0]}` },
          [caddy[1]]: { sameAs: `docker.io/${caddy[0]}` },
        },
      },
      ecr: { images: { "grafana:10": {} } },
    },
  };
}

const PROD = { web: "prod", storefront: "shop" };
/** Where a page needs another account, or something done before its first command. */
const PAGES: Readonly<Record<string, { readonly account: object; readonly before?: readonly string[] }>> = {
  "README.md": { account: accountOf(PROD, 100) },
  "docs/deploy.md": { account: accountOf({ web: "repull-test", storefront: "shop" }, 100) },
  "docs/undo.md": {
    account: accountOf({ web: "prod", storefront: "prod" }, 0),
    before: ["repull fix storefront --yes"],
  },
};

/** A command as the test types it: without a terminal to ask, and with the name of an execution that waits here. */
async function typed(command: string, env: Env): Promise<string> {
  const asks = /^repull (?:fix|pause|resume)\b/.test(command) && !command.includes("--yes");
  const named = / r-[0-9a-f]{40}-1\b/.test(command) ? await waitingExecution(env) : "";
  return command.replace(/ r-[0-9a-f]{40}-1\b/, ` ${named}`) + (asks ? " --yes" : "");
}

async function waitingExecution(env: Env): Promise<string> {
  for (;;) {
    const { said } = await run("repull approve --json", env);
    const found = /"execution":"(r-[0-9a-f]{40}-\d+)"/.exec(said)?.[1];
    if (found !== undefined) return found;
  }
}

/** The statuses that are a success of the page; 0 for every other command. */
// biome-ignore format: a table is read by its columns
const STATUSES: readonly (readonly [begins: RegExp, statuses: readonly number[], why: string])[] = [
  [/^repull undo .*--yes/, [0, 1],    "the limit is reached, so the image that is put back cannot be pulled"],
  [/^repull diagnose/,     [0, 1, 5], "what is found decides the status"],
];

async function follow(command: string, env: Env): Promise<void> {
  const line = await typed(command, env);
  const { status, said } = await run(line, env);
  const [, expected] = STATUSES.find(([begins]) => begins.test(line)) ?? [/^/, [0]];
  expect({
    line,
    status: expected.includes(status) ? "as expected" : status,
    said: expected.includes(status) ? "" : said,
  }).toEqual({ line, status: "as expected", said: "" });
  expect(said).not.toMatch(/\n\s+at .*\.(?:ts|mjs):\d+|a fault of Repull/);
}

const commands = pageCommands().filter(({ command }) => isRunInAccount(command));
const isOfSandbox = ({ path, block }: { path: string; block: string }) =>
  path === "docs/getting-started.md" && block.includes("storefront");

describe("each command of a page that needs an account runs in one", () => {
  const others = commands.filter((one) => !isOfSandbox(one));
  for (const path of new Set(others.map((one) => one.path))) {
    let account: ServedAccount | undefined;
    afterAll(() => account?.close());
    const inAccount = async (): Promise<Env> => {
      if (account !== undefined) return account.env;
      const page = PAGES[path] ?? { account: accountOf(PROD, 0) };
      account = await serveAccount(page.account, "approve");
      for (const command of page.before ?? []) await run(command, account.env);
      return account.env;
    };
    for (const { command } of others.filter((one) => one.path === path))
      test(`${path}: ${command}`, async () => await follow(command, await inAccount()), 60_000);
  }
});

describe("the sandbox of the first ten minutes", () => {
  const [serve] = pageCommands().filter(({ command }) => command.startsWith("repull sandbox serve"));
  let child: ChildProcess | undefined;
  afterAll(() => void child?.kill("SIGINT"));
  let env: Env = {};

  test("prints the lines that lead a second terminal there", async () => {
    const [, ...args] = serve?.command.split(" ") ?? [];
    child = spawn(process.execPath, [await built(), ...args], { cwd: folder });
    let said = "";
    for await (const chunk of child.stdout ?? []) {
      said += chunk;
      if (said.includes("Other clients")) break;
    }
    const lines = [...said.matchAll(/^ {2}export (\w+)=(.*)$/gm)];
    env = Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));
    expect(Object.keys(env)).toHaveLength(5);
  }, 30_000);

  for (const { command } of commands.filter(isOfSandbox))
    test(command, async () => await follow(command, env), 60_000);
});

test("commands of every kind are found", () => {
  const kinds = new Set(commands.map(({ command }) => ACCOUNT_COMMAND.exec(command)?.[1]));
  expect([...kinds].toSorted()).toEqual([
    "approve",
    "deny",
    "diagnose",
    "fix",
    "history",
    "mirror",
    "pause",
    "plan",
    "resume",
    "scan",
    "status",
    "undo",
  ]);
});
