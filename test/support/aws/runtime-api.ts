/**
 * Lambda's runtime API on loopback, and a function started under Lambda's own runtime interface client.
 *
 * It is here for one thing, the start: Lambda's emulator starts a runtime at the first invocation alone and reports neither when
 * the runtime is ready nor what it used until then. Everything after the start runs under the emulator (`test/support/emulated`).
 *
 * What runs is what is deployed: the bundle alone in a folder, `index.handler`, the environment of the template, and
 * nothing of this checkout. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BundleName } from "./function-environment.ts";

const CLIENT = new URL(
  "../../../.cache/lambda-runtime/node_modules/aws-lambda-ric/index.mjs",
  import.meta.url,
);
const TIMEOUT_MS = 300_000;
const DIST = new URL("../../../dist/", import.meta.url);

export type RuntimeError = {
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly trace?: readonly string[];
};

/** What became of one invocation. `exited`: the process was gone before it answered. */
export type Answer =
  | { readonly kind: "response"; readonly body: unknown }
  | { readonly kind: "error"; readonly error: RuntimeError }
  | { readonly kind: "exited"; readonly because: string };

export type StartedFunction = {
  /** Set once the initialisation has failed. */
  readonly initError: RuntimeError | undefined;
  /** From the start of the process to its first question for work, in milliseconds. */
  readonly initMilliseconds: number;
  /** The processor's time of all its threads until then; undefined where Linux does not report it. */
  readonly initCpuMilliseconds: number | undefined;
  /** Runs one invocation to its end. */
  invoke(event: unknown): Promise<Answer>;
  stop(): Promise<void>;
};

export type FunctionSettings = {
  /** A folder of dist/, or any folder with an index.mjs. */
  readonly bundle: BundleName | URL;
  readonly functionArn: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** Where the runtime interface client is; throws, saying how to get it, where it is not. */
export function runtimeClient(): string {
  if (!existsSync(CLIENT))
    throw new Error(
      "Lambda's runtime interface client is not installed: mkdir -p .cache/lambda-runtime && " +
        "cp .ci/lambda-runtime/package*.json .cache/lambda-runtime && npm ci --prefix .cache/lambda-runtime",
    );
  return fileURLToPath(CLIENT);
}

/** Starts a function; resolves when it asks for its first event, or has failed to. */
export async function startFunction(settings: FunctionSettings): Promise<StartedFunction> {
  const { bundle, functionArn, environment } = settings;
  const client = runtimeClient();
  const source = typeof bundle === "string" ? new URL(`${bundle}/`, DIST) : bundle;
  if (!existsSync(new URL("index.mjs", source)))
    throw new Error(`no index.mjs in ${source.pathname}: npm run build`);
  // Alone, so that nothing of this checkout's node_modules can replace what was not bundled.
  const folder = await mkdtemp(join(tmpdir(), "repull-task-"));
  await cp(source, folder, { recursive: true });
  const api = await startRuntimeApi(functionArn);
  const name = functionArn.split(":")[6] ?? "function";
  const began = performance.now();
  const child = spawn(process.execPath, [client, "index.handler"], {
    cwd: folder,
    // Lambda's own variables, the template's, and nothing of the test's own environment.
    env: {
      PATH: process.env.PATH,
      TZ: ":UTC",
      LANG: "en_US.UTF-8",
      LAMBDA_TASK_ROOT: folder,
      LAMBDA_RUNTIME_DIR: "/var/runtime",
      _HANDLER: "index.handler",
      AWS_LAMBDA_RUNTIME_API: api.host,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: "7",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/20/[7]0123456789abcdef0123456789abcdef",
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      AWS_LAMBDA_LOG_LEVEL: "INFO",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`exit status ${code ?? signal}: ${printed.slice(-2000)}`));
  });
  void exited.then((because) => api.end(because));
  await api.ready;
  const initMilliseconds = performance.now() - began;
  const initCpuMilliseconds = await cpuMilliseconds(child.pid);
  return {
    get initError() {
      return api.initError();
    },
    initMilliseconds,
    initCpuMilliseconds,
    invoke: api.invoke,
    stop: async () => {
      await end(child);
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** https://docs.kernel.org/scheduler/sched-stats.html: the first figure is the time on a processor, in nanoseconds. */
async function cpuMilliseconds(pid: number | undefined): Promise<number | undefined> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const figures = await Promise.all(
      // A thread may have ended since it was listed.
      threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0")),
    );
    return figures.reduce((sum, figure) => sum + Number(figure.split(" ")[0]) / 1e6, 0);
  } catch {
    return undefined;
  }
}

type Pending = { readonly id: string; readonly event: unknown; readonly answer: (answer: Answer) => void };

async function startRuntimeApi(functionArn: string) {
  const waiting: Pending[] = [];
  const running = new Map<string, Pending>();
  const ready = Promise.withResolvers<void>();
  let asking: ServerResponse | undefined;
  let initError: RuntimeError | undefined;
  let gone: string | undefined;
  let count = 0;

  const hand = (): void => {
    const next = asking === undefined ? undefined : waiting.shift();
    if (asking === undefined || next === undefined) return;
    running.set(next.id, next);
    asking.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": next.id,
      "lambda-runtime-deadline-ms": String(Date.now() + TIMEOUT_MS),
      "lambda-runtime-invoked-function-arn": functionArn,
      "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
    });
    asking.end(JSON.stringify(next.event));
    asking = undefined;
  };
  const finish = (id: string, answer: Answer): void => {
    running.get(id)?.answer(answer);
    running.delete(id);
  };

  const server = createServer(async (incoming, outgoing) => {
    const path = (incoming.url ?? "").replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      asking = outgoing;
      ready.resolve();
      hand();
      return;
    }
    const body = await read(incoming);
    if (path === "init/error") {
      initError = body as RuntimeError;
      ready.resolve();
    } else {
      const [, id = "", what] = path.split("/");
      finish(id, what === "response" ? { kind: "response", body } : { kind: "error", error: body ?? {} });
    }
    outgoing.writeHead(202).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: ready.promise,
    initError: () => initError,
    invoke: (event: unknown): Promise<Answer> =>
      new Promise((answer) => {
        if (gone !== undefined) return answer({ kind: "exited", because: gone });
        count += 1;
        waiting.push({ id: `8476a536-e9f4-11e8-9739-${String(count).padStart(12, "0")}`, event, answer });
        hand();
      }),
    end: (because: string): void => {
      gone = because;
      ready.resolve();
      for (const { answer } of [...waiting.splice(0), ...running.values()])
        answer({ kind: "exited", because });
      running.clear();
    },
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
