/**
 * AWS's own programs of Lambda, as `.ci/run` installs them: the runtime interface emulator, the runtime interface client
 * under it, and the local runner of durable functions. Each is a process on loopback, ended by its own id.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-ports.ts";

const CACHE = new URL("../../../.cache/", import.meta.url);
const EMULATOR = "go/aws-lambda-rie";
const CLIENT = "lambda-runtime/node_modules/.bin/aws-lambda-ric";
const RUNNER = "durable-runner/bin/dex-local-runner";
const DIST = new URL("../../../dist/", import.meta.url);

const START_MILLISECONDS_MAX = 60_000;
const DAYS_20_SECONDS = 1_728_000;

/** Why the deployed path cannot be tried here; undefined where it can. @param cache where the programs are installed */
export function missingProgram(cache = CACHE): string | undefined {
  const absent = [EMULATOR, CLIENT, RUNNER].find((program) => !existsSync(new URL(program, cache)));
  return absent && `${absent.split("/").at(-1)} is not installed: .ci/emulators installs it`;
}

/** Throws, saying how to get it, where a program is not installed. */
function installed(program: string, cache: URL): string {
  const path = fileURLToPath(new URL(program, cache));
  if (existsSync(path)) return path;
  throw new Error(`${path} is not installed: .ci/emulators installs it`);
}

export type FunctionSettings = {
  /** A folder of dist/, or any folder with an index.mjs. */
  readonly bundle: string | URL;
  readonly functionName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
};

/** Throws, saying how to make it, where there is no bundle. */
export function bundleFolder(bundle: string | URL): URL {
  const folder = typeof bundle === "string" ? new URL(`${bundle}/`, DIST) : bundle;
  if (existsSync(new URL("index.mjs", folder))) return folder;
  throw new Error(`no index.mjs in ${folder.pathname}: npm run build`);
}

export type Program = {
  readonly url: string;
  log(): string;
  stop(): Promise<void>;
};

export type EmulatedFunction = Program & {
  /** Runs one invocation; answers what the emulator answered. */
  invoke(payload: string): Promise<{ readonly status: number; readonly body: string }>;
  /** What the function's process has used of the CPU, in seconds; undefined where that is not a process of its own. */
  cpuSeconds(): Promise<number | undefined>;
  /** Ends the function's process in the middle of whatever it does; the emulator starts another at the next invocation. */
  killRuntime(): Promise<void>;
};

/** One function of dist/ under the emulator, alone in a folder, so that nothing of this checkout can stand in for it. */
export async function startEmulator(settings: FunctionSettings, cache = CACHE): Promise<EmulatedFunction> {
  const { bundle, functionName, environment, timeoutSeconds } = settings;
  const [emulator, client] = [installed(EMULATOR, cache), installed(CLIENT, cache)];
  const source = bundleFolder(bundle);
  const folder = await mkdtemp(join(tmpdir(), "repull-task-"));
  await cp(source, folder, { recursive: true });
  const [port, apiPort] = [await freePort(), await freePort()];
  const flags = [
    ...["--runtime-interface-emulator-address", `127.0.0.1:${port}`],
    ...["--runtime-api-address", `127.0.0.1:${apiPort}`],
  ];
  const child = spawn(emulator, [...flags, client, "index.handler"], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      TZ: ":UTC",
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = await watched(child, `http://127.0.0.1:${port}`, "/");
  return {
    ...program,
    async invoke(payload) {
      const answer = await fetch(`${program.url}/2015-03-31/functions/function/invocations`, {
        method: "POST",
        body: payload,
      });
      return { status: answer.status, body: await answer.text() };
    },
    cpuSeconds: () => cpuOfChildren(child),
    killRuntime: () => killChildrenOf(child),
    async stop() {
      await killChildrenOf(child);
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param lambdaUrl where the functions are invoked @param skipsTime whether waits end at once */
export async function startDurableRunner(
  lambdaUrl: string,
  region: string,
  skipsTime: boolean,
  cache = CACHE,
): Promise<Program> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    installed(RUNNER, cache),
    [
      ...["start-server", "--host", "127.0.0.1", "--port", String(port)],
      ...["--lambda-endpoint", lambdaUrl, "--local-runner-endpoint", url, "--local-runner-region", region],
      ...["--execution-timeout", String(DAYS_20_SECONDS), "--log-level", "WARNING"],
      skipsTime ? "--skip-time" : "--no-skip-time",
    ],
    {
      env: {
        PATH: [fileURLToPath(new URL("durable-runner/bin", cache)), process.env.PATH].join(delimiter),
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return await watched(child, url, "/health");
}

/** Resolves when the program answers at that path, with whatever status. */
async function watched(child: ChildProcess, url: string, path: string): Promise<Program> {
  let printed = "";
  let ended: string | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      printed = `${printed}${chunk}`.slice(-2_000_000);
    });
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `ended with ${code ?? signal}: ${printed.slice(-2000)}`;
  });
  for (let waited = 0; ; waited += 50) {
    if (ended !== undefined) throw new Error(`${child.spawnfile} ${ended}`);
    if (waited > START_MILLISECONDS_MAX) throw new Error(`${child.spawnfile} does not answer`);
    const answer = await fetch(`${url}${path}`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined) break;
    await delay(50);
  }
  return {
    url,
    log: () => printed,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The emulator starts the runtime in a process group of its own. */
async function killChildrenOf(emulator: ChildProcess): Promise<void> {
  for (const one of await childrenOf(emulator)) {
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** Linux lists a process's children by thread. */
async function childrenOf({ pid, exitCode }: Pick<ChildProcess, "pid" | "exitCode">): Promise<number[]> {
  if (pid === undefined || exitCode !== null) return [];
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

/** Linux counts in hundredths of a second: man 5 proc_pid_stat, utime and stime. */
async function cpuOfChildren(emulator: ChildProcess): Promise<number> {
  let ticks = 0;
  for (let pids = await childrenOf(emulator); pids.length > 0; ) {
    for (const pid of pids) {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    }
    const next = await Promise.all(pids.map((pid) => childrenOf({ pid, exitCode: null })));
    pids = next.flat();
  }
  return ticks / 100;
}
