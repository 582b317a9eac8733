/** The commands of the pages that need an account are run in one: a sandbox that is served, with a stack of Repull in it. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built } from "../../outside/command.ts";
import { ACCOUNT_COMMAND, isRunInAccount, pageCommands } from "../../support/page-commands.ts";
import { type ServedAccount, serveAccount } from "../../support/served-account.ts";

const folder = mkdtempSync(join(tmpdir(), "repull-pages-"));
beforeAll(async () => {
  const main = await built();
  const program = `#!/bin/sh
NODE_COMPILE_CACHE="${dirname(main)}/compiled" exec "${process.execPath}" "${main}" "$@"
`;
  writeFileSync(join(folder, "repull"), program, { mode: 0o755 });
}, 120_000);
mkdirSync(join(folder, "facts"));
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
    name,
    cluster,
    image: of,
    desiredCount: 2,
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
        images: {
          [nginx[0]]: {},
          [caddy[0]]: {},
          [grafana]: {},
          "library/nginx:1.24": {},
          "ratelimitpreview/test:latest": {},
        },
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
/** Of the page on copies. Its login is Docker Hub's in no world, so that ECR cannot sign in by it. */
const HUB_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";
type Page = {
  readonly account: object;
  /** The stack's name; absent: `repull`. */
  readonly stack?: string;
  readonly before?: readonly string[];
};
/** Where a page needs another account, or something done before its first command. */
const PAGES: Readonly<Record<string, Page>> = {
  "README.md": { account: accountOf(PROD, 100) },
  "docs/mirrors.md": {
    account: {
      ...accountOf(PROD, 100),
      secrets: { [HUB_SECRET]: { username: "shop", password: "token" } },
    },
  },
  "docs/deploy.md": { account: accountOf({ web: "repull-test", storefront: "shop" }, 100) },
  "docs/getting-started.md": { account: accountOf(PROD, 0), stack: "repull-rehearsal" },
  "docs/diagnose.md": { account: accountOf(PROD, 0), before: ["repull diagnose prod/web --record facts"] },
  "docs/undo.md": {
    account: accountOf({ web: "prod", storefront: "prod" }, 0),
    before: ["repull fix storefront --yes"],
  },
};

/** A replay needs a task that has failed, which a page about another account does not have. */
const isReplay = (command: string) => /\brepull replay\b/.test(command);
const REPLAY: Page = { account: accountOf(PROD, 0) };

/** A command as the test types it: without a terminal to ask, and with the names of an execution that waits and a task that failed here. */
async function typed(command: string, env: Env): Promise<string> {
  const asks = /^repull (?:fix|pause|resume)\b/.test(command) && !command.includes("--yes");
  const named = / r-[0-9a-f]{40}-1\b/.test(command) ? await waitingExecution(env) : "";
  const line = command.replace(/ r-[0-9a-f]{40}-1\b/, ` ${named}`) + (asks ? " --yes" : "");
  return TASK_ID.test(line) ? line.replace(TASK_ID, await failedTask(env)) : line;
}

const TASK_ID = /(?<=^repull diagnose )[0-9a-f]{32}\b/;

async function failedTask(env: Env): Promise<string> {
  const { said } = await run("repull diagnose prod/web --json", env);
  return /"target":"[^"]*\/([0-9a-f]{32})"/.exec(said)?.[1] ?? "";
}

/** `event.json`: what `aws ecs describe-tasks` prints of a task that could not pull its image, or the service's own event. */
function writeEvent({ world }: ServedAccount): void {
  const failed = world.bus.published.find(
    ({ source, detail }) => source === "aws.ecs" && JSON.stringify(detail).includes("CannotPull"),
  );
  writeFileSync(
    join(folder, "event.json"),
    JSON.stringify({ tasks: failed === undefined ? [] : [failed.detail] }),
  );
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
  [/^repull mirrors cache create .*--yes/, [1], "the account of Docker Hub is in no world"],
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
  const accounts = [
    ...[...new Set(others.map((one) => one.path))].map((path) => ({
      page: PAGES[path] ?? { account: accountOf(PROD, 0) },
      commands: others.filter((one) => one.path === path && !isReplay(one.command)),
    })),
    { page: REPLAY, commands: others.filter(({ command }) => isReplay(command)) },
  ];
  for (const { page, commands: own } of accounts) {
    let account: ServedAccount | undefined;
    afterAll(() => account?.close());
    const inAccount = async (): Promise<Env> => {
      account ??= await serveAccount(page.account, "approve", page.stack);
      return account.env;
    };
    const prepared = async (): Promise<Env> => {
      const isNew = account === undefined;
      const env = await inAccount();
      if (isNew && page === REPLAY) await waitingExecution(env);
      if (isNew) for (const command of page.before ?? []) await run(command, env);
      if (account !== undefined) writeEvent(account);
      return env;
    };
    for (const { path, command } of own)
      test(`${path}: ${command}`, async () => await follow(command, await prepared()), 60_000);
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
    expect(Object.keys(env)).toHaveLength(6);
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
    "doctor",
    "fix",
    "history",
    "mirror",
    "mirrors cache",
    "pause",
    "plan",
    "replay",
    "resume",
    "scan",
    "status",
    "undo",
  ]);
});
