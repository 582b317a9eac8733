/**
 * The bundles in this process, for a machine on which Lambda's programs cannot be installed: each in a thread, its durable
 * executions on the testing engine of AWS's own durable execution SDK, behind the same address as the local runner.
 */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import {
  LocalDurableTestRunner,
  type LocalDurableTestRunnerParameters,
} from "@aws/durable-execution-sdk-js-testing";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { WorkerAnswer, WorkerSettings } from "./function-worker.ts";
import { bundleFolder, type EmulatedFunction, type FunctionSettings, type Program } from "./programs.ts";

/** One function of dist/ in a thread; its account is the one that Lambda's emulator has. */
export async function startInThread(settings: FunctionSettings, account: string): Promise<EmulatedFunction> {
  const { bundle, functionName, environment, timeoutSeconds } = settings;
  const workerData: WorkerSettings = {
    bundle: new URL("index.mjs", bundleFolder(bundle)).href,
    functionArn: `arn:aws:lambda:us-east-1:${account}:function:${functionName}`,
    timeoutSeconds,
  };
  const waiting = new Map<number, (body: string) => void>();
  let count = 0;
  let printed = "";
  const worker = new Worker(new URL("function-worker.ts", import.meta.url), {
    workerData,
    env: { PATH: process.env.PATH, AWS_LAMBDA_FUNCTION_NAME: functionName, ...environment },
    stdout: true,
    stderr: true,
  });
  for (const stream of [worker.stdout, worker.stderr])
    stream.on("data", (chunk) => {
      printed = `${printed}${chunk}`.slice(-2_000_000);
    });
  worker.on("message", ({ id, body }: WorkerAnswer) => {
    waiting.get(id)?.(body);
    waiting.delete(id);
  });
  const ready = new Promise<void>((resolve, reject) => {
    waiting.set(0, () => resolve());
    worker.once("error", reject);
  });
  await ready;
  const end = async (): Promise<void> => void (await worker.terminate());
  return {
    url: "",
    log: () => printed,
    cpuSeconds: async () => undefined,
    killRuntime: end,
    stop: end,
    invoke: async (payload) => {
      count += 1;
      const id = count;
      const body = new Promise<string>((resolve) => waiting.set(id, resolve));
      worker.postMessage({ id, payload });
      return { status: 200, body: await body };
    },
  };
}

type Client = {
  checkpoint(input: JsonObject): Promise<object>;
  getExecutionState(input: JsonObject): Promise<object>;
};
type Execution = {
  readonly name: string;
  readonly functionName: string;
  status: "RUNNING" | "SUCCEEDED" | "FAILED";
  readonly startedAt: number;
  result?: string;
  error?: object;
  /** Of the engine, as it gave it to the function. */
  client?: Client;
  engineArn?: string;
};

/** The engine behind the paths of the local runner that the front door and the functions use. */
export async function startInProcessRunner(doorUrl: string): Promise<Program> {
  await LocalDurableTestRunner.setupTestEnvironment();
  const executions = new Map<string, Execution>();

  const start = (input: Readonly<Record<string, string>>): JsonObject => {
    const { FunctionName, FunctionQualifier, ExecutionName, Input } = input;
    const arn = `${randomUUID()}/1`;
    const execution: Execution = {
      name: ExecutionName ?? "",
      functionName: FunctionName ?? "",
      status: "RUNNING",
      startedAt: Date.now(),
    };
    executions.set(arn, execution);
    const handlerFunction = async (event: JsonObject & { durableExecutionClient?: unknown }) => {
      execution.client = event.durableExecutionClient as Client;
      execution.engineArn = String(event.DurableExecutionArn);
      const { CheckpointToken, InitialExecutionState } = event;
      const invoked = `${execution.functionName}:${FunctionQualifier}`;
      const answer = await fetch(`${doorUrl}/2015-03-31/functions/${invoked}/invocations`, {
        method: "POST",
        headers: { "x-dex-handler-invoke": "true" },
        body: JSON.stringify({ DurableExecutionArn: arn, CheckpointToken, InitialExecutionState }),
      });
      return await answer.json();
    };
    const runner = new LocalDurableTestRunner({
      handlerFunction: handlerFunction as unknown as LocalDurableTestRunnerParameters["handlerFunction"],
    });
    runner.run({ payload: JSON.parse(Input ?? "null") }).then(
      (run) => {
        execution.status = run.getStatus() === "SUCCEEDED" ? "SUCCEEDED" : "FAILED";
        if (execution.status === "SUCCEEDED") execution.result = JSON.stringify(run.getResult());
        else
          execution.error = {
            ErrorType: run.getError()?.errorType,
            ErrorMessage: run.getError()?.errorMessage,
          };
      },
      (error: Error) => {
        execution.status = "FAILED";
        execution.error = { ErrorType: error.name, ErrorMessage: error.message };
      },
    );
    return { ExecutionArn: arn };
  };

  const answerTo = async (method: string, path: string, body: string): Promise<object | undefined> => {
    const { pathname, searchParams } = new URL(path, "http://runner");
    if (pathname === "/start-durable-execution") return start(JSON.parse(body));
    const plain = decodeURIComponent(pathname);
    const listed = /^\/2025-12-01\/functions\/([^/]+)\/durable-executions$/.exec(plain)?.[1];
    const wanted = searchParams.get("DurableExecutionName");
    if (listed !== undefined) {
      const found = [...executions].filter(
        ([, one]) => one.functionName === listed && (wanted === null || one.name === wanted),
      );
      return { DurableExecutions: found.map(([arn, one]) => described(arn, one)) };
    }
    const [, arn = "", what] = /^\/2025-12-01\/durable-executions\/([^/]+\/1)(?:\/(\w+))?$/.exec(plain) ?? [];
    const execution = executions.get(arn);
    if (execution === undefined) return undefined;
    const engine = { DurableExecutionArn: execution.engineArn ?? "" };
    if (what === "checkpoint") return await execution.client?.checkpoint({ ...JSON.parse(body), ...engine });
    if (what === "state")
      return await execution.client?.getExecutionState({ ...Object.fromEntries(searchParams), ...engine });
    return method === "GET" && what === undefined ? described(arn, execution) : undefined;
  };

  const server = createServer(async (incoming, outgoing) => {
    const { method = "GET", url = "/" } = incoming;
    try {
      const answer = await answerTo(method, url, await text(incoming));
      outgoing.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      outgoing.end(inSeconds(answer ?? { message: `not here: ${method} ${url}` }));
    } catch (error) {
      outgoing.writeHead(500).end(JSON.stringify({ message: String(error) }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: () => "",
    async stop() {
      server.closeAllConnections();
      server.close();
      await LocalDurableTestRunner.teardownTestEnvironment();
    },
  };
}

function described(arn: string, { name, functionName, status, startedAt, result, error }: Execution): object {
  return {
    DurableExecutionArn: arn,
    DurableExecutionName: name,
    FunctionArn: `arn:aws:lambda:us-east-1:012345678912:function:${functionName}`,
    Status: status,
    StartTimestamp: startedAt / 1000,
    ...(result === undefined ? {} : { Result: result }),
    ...(error === undefined ? {} : { Error: error }),
  };
}

/** JSON as Lambda's API has it, in which a time is a number. */
function inSeconds(answer: object): string {
  return JSON.stringify(answer, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const own = this[key];
    return own instanceof Date ? own.getTime() / 1000 : value;
  });
}
