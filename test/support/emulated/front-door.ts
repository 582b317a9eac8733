/**
 * The one address of AWS that the emulated functions know: what is Lambda's goes to Lambda's own programs, and
 * everything else to the sandbox's account.
 *
 * It translates and counts, and plays nothing: an asynchronous Invoke becomes the runner's start, the runner's ARNs become
 * Lambda's, and a wait that is checkpointed lets the sandbox's time pass by so much.
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getNumber, getObject } from "../../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { countCheckpoint, type ExecutionNames, type StartedExecution } from "./execution-names.ts";
import type { EmulatedFunction } from "./programs.ts";

export type FrontDoorSettings = {
  readonly account: string;
  readonly names: ExecutionNames;
  readonly sandboxUrl: string;
  runnerUrl(): string;
  /** The emulator of a function's version, started when it is first needed. */
  functionNamed(name: string, version: string): Promise<EmulatedFunction>;
  /** To which the alias of every function points. */
  version(): string;
  /** What `GetFunctionConfiguration` shows of a function of the stack; undefined for any other. */
  configurationOf(name: string): JsonObject | undefined;
  /** Lets the world's time pass. */
  passTime(seconds: number): Promise<void>;
  /** What a wait becomes for the runner, in seconds; absent: what it is. */
  readonly waitFor?: (seconds: number) => number;
  /** After how many seconds the runner ends a callback without an answer; absent: as the function wants it. */
  readonly callbackSeconds?: number;
  /** Sees each request before it goes on; an answer is given in place of AWS's. */
  onCall(call: DoorCall): DoorAnswer | undefined | Promise<DoorAnswer | undefined>;
  /** Gets every call that was answered, a start of an execution among them. */
  onAnswer?(call: DoorCall, answer: DoorAnswer): void;
  /** Settles when handlers of durable executions may be called; absent: at once. */
  readonly held?: Promise<void>;
};

export type DoorCall = {
  readonly service: string;
  /** `UpdateService`; method and path of a REST call. */
  readonly operation: string;
  readonly body: string;
  readonly execution?: StartedExecution;
};

export type DoorAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
};

export type FrontDoor = {
  readonly url: string;
  /** Every call to AWS in order: `ecs:UpdateService 200`. */
  readonly calls: readonly string[];
  /** Bounds that an execution has passed; empty while all is well. */
  readonly broken: readonly string[];
  close(): Promise<void>;
};

/** Lambda's own: 3,000 operations and 100 MB a history; the design's are stricter. */
const OPERATIONS_MAX = 1_500;
const BYTES_MAX = 10_000_000;
const CHECKPOINT_BYTES_MAX = 256 * 1024;
const HANDLER_HEADER = "x-dex-handler-invoke";

export async function openFrontDoor(settings: FrontDoorSettings): Promise<FrontDoor> {
  const { names } = settings;
  const calls: string[] = [];
  const broken: string[] = [];
  const starting = new Set<Promise<unknown>>();
  /** An emulator takes one invocation at a time, as an environment of Lambda does, and ends at a second one. */
  const turns = new Map<string, Promise<DoorAnswer>>();
  /** Invocations of handlers that run, and those of them that are about to sleep. */
  let running = 0;
  let sleeping = 0;

  /** Executions whose last invocation ended without a result: the runner invokes each again after seconds of real time. */
  const interrupted = new Set<string>();

  /** Forgets an execution that the runner has given up; the others are forgotten when they are invoked again. */
  const isAnyInterrupted = async (): Promise<boolean> => {
    for (const runnerArn of interrupted) {
      const path = `/2025-12-01/durable-executions/${encodeURIComponent(runnerArn)}`;
      const answer = await fetch(`${settings.runnerUrl()}${path}`);
      if (((await answer.json()) as JsonObject).Status !== "RUNNING") interrupted.delete(runnerArn);
    }
    return interrupted.size > 0;
  };

  /**
   * The world's time passes while nothing works in it, and nothing is about to: a token must not expire under a copy that
   * takes real time, and hours must not pass while the runner's seconds before its next attempt do.
   */
  const sleep = async (seconds: number): Promise<void> => {
    sleeping += 1;
    try {
      while (running > sleeping || (await isAnyInterrupted())) await delay(interrupted.size > 0 ? 100 : 5);
      await settings.passTime(seconds);
    } finally {
      sleeping -= 1;
    }
  };

  const start = async (functionName: string, name: string, input: string): Promise<DoorAnswer> => {
    const before = names.find(functionName, name);
    if (before !== undefined)
      return before.input === input
        ? { status: 202, body: "" }
        : refusal(409, "DurableExecutionAlreadyStartedException", "The name is taken.");
    const version = settings.version();
    const answer = await fetch(`${settings.runnerUrl()}/start-durable-execution`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        AccountId: settings.account,
        FunctionName: functionName,
        FunctionQualifier: version,
        ExecutionName: name,
        ExecutionTimeoutSeconds: 1_728_000,
        ExecutionRetentionPeriodDays: 30,
        InvocationId: `start-${names.all.length}`,
        Input: input,
      }),
    });
    const said = await answer.text();
    if (!answer.ok) return { status: answer.status, body: said };
    const runnerArn = String((JSON.parse(said) as { ExecutionArn?: string }).ExecutionArn);
    names.add({ functionName, version, name, input, runnerArn });
    return { status: 202, body: "" };
  };

  /** The runner calls a function before its answer to the start is here: its ARN comes first. It names the version. */
  const invokeHandler = async (invoked: string, body: string): Promise<DoorAnswer> => {
    const [functionName, version] = [nameIn(invoked), /:(\d+)$/.exec(invoked)?.[1] ?? settings.version()];
    const process = `${functionName}:${version}`;
    await Promise.all(starting);
    await settings.held;
    const { DurableExecutionArn: runnerArn = "" } = JSON.parse(body) as { DurableExecutionArn?: string };
    const execution = names.byRunner(runnerArn);
    if (execution !== undefined) execution.invocations += 1;
    const emulated = await settings.functionNamed(functionName, version);
    const before = turns.get(process);
    const invoke = async (): Promise<DoorAnswer> => {
      await before?.catch(() => undefined);
      running += 1;
      interrupted.delete(runnerArn);
      try {
        const answer = await emulated.invoke(names.toLambda(body));
        if (!hasResult(answer.body)) interrupted.add(runnerArn);
        return answer;
      } catch (error) {
        interrupted.add(runnerArn);
        throw error;
      } finally {
        running -= 1;
      }
    };
    const turn = invoke();
    turns.set(process, turn);
    return await turn;
  };

  const checkpoint = async (execution: StartedExecution, body: string): Promise<string> => {
    const updates = countCheckpoint(execution, body);
    if (Buffer.byteLength(body) > CHECKPOINT_BYTES_MAX)
      broken.push(`${execution.name}: a checkpoint of ${body.length}`);
    if (execution.operations.size > OPERATIONS_MAX)
      broken.push(`${execution.name}: more than ${OPERATIONS_MAX} operations`);
    if (execution.bytes > BYTES_MAX) broken.push(`${execution.name}: more than ${BYTES_MAX} bytes`);
    for (const update of updates) {
      const seconds = secondsOf(update);
      if (seconds > 0) await sleep(seconds);
    }
    const { waitFor, callbackSeconds } = settings;
    if (waitFor === undefined && callbackSeconds === undefined) return body;
    const parsed = JSON.parse(body) as { Updates?: Timed[] };
    for (const { WaitOptions, CallbackOptions } of parsed.Updates ?? []) {
      if (WaitOptions && waitFor) WaitOptions.WaitSeconds = waitFor(WaitOptions.WaitSeconds);
      if (CallbackOptions && callbackSeconds) CallbackOptions.TimeoutSeconds = callbackSeconds;
    }
    return JSON.stringify(parsed);
  };

  const ofRunner = async (method: string, path: string, headers: Record<string, string>, body: string) => {
    // A function is listed by its name there; Lambda takes its ARN as well.
    const plain = names
      .toRunner(decodeURIComponent(path))
      .replace(/\/functions\/arn:[^/]*:function:([^:/]+)(?::[^/]*)?\//, "/functions/$1/")
      // Lambda takes times as texts, the runner as seconds (its stores/base.py, 1.4.0), and finds nothing otherwise.
      .replace(/(Started(?:After|Before)=)([^&]+)/g, (_, key, time) => `${key}${Date.parse(time) / 1000}`);
    const found = names.all.find(({ runnerArn }) => plain.includes(runnerArn));
    const runnerArn = found?.runnerArn ?? "";
    const sent = found === undefined ? plain : plain.replace(runnerArn, encodeURIComponent(runnerArn));
    const isCheckpoint = found !== undefined && /\/checkpoint(?:\?|$)/.test(plain);
    const told = isCheckpoint ? await checkpoint(found, body) : body;
    const call = {
      service: "lambda",
      operation: `${method} ${plain.split("?")[0]}`,
      body,
      ...(found === undefined ? {} : { execution: found }),
    };
    const called = await settings.onCall(call);
    const answer = called ?? (await forward(settings.runnerUrl(), method, sent, headers, told));
    settings.onAnswer?.(call, answer);
    return answer;
  };

  const answerTo = async (incoming: IncomingMessage, body: string): Promise<DoorAnswer> => {
    const { method = "GET", url: path = "/" } = incoming;
    const headers = kept(incoming);
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(path)?.[1];
    if (invoked !== undefined) {
      if (headers[HANDLER_HEADER] !== undefined)
        return await invokeHandler(decodeURIComponent(invoked), body);
      const functionName = nameIn(decodeURIComponent(invoked));
      // Two starts of one name at once: Lambda takes one of them first.
      while (starting.size > 0) await Promise.all(starting);
      const name = String(headers["x-amz-durable-execution-name"]);
      const begun = start(functionName, name, body);
      starting.add(begun);
      const answer = await begun.finally(() => starting.delete(begun));
      settings.onAnswer?.({ service: "lambda", operation: `Invoke ${functionName} ${name}`, body }, answer);
      return answer;
    }
    if (path.startsWith("/2025-12-01/")) {
      const answer = await ofRunner(method, path, headers, body);
      return { ...answer, body: names.toLambda(answer.body) };
    }
    const configured = /^\/2015-03-31\/functions\/([^/]+)\/configuration/.exec(path)?.[1];
    const configuration = configured && settings.configurationOf(nameIn(decodeURIComponent(configured)));
    if (configuration) return { status: 200, body: JSON.stringify(configuration) };
    const service =
      /Credential=[^/]+\/\d+\/[^/]+\/([a-z0-9-]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
    const operation =
      headers["x-amz-target"]?.split(".").at(-1) ??
      /(?:^|&)Action=(\w+)/.exec(body)?.[1] ??
      `${method} ${path}`;
    const called = await settings.onCall({ service, operation, body });
    const answer = called ?? (await forward(settings.sandboxUrl, method, path, headers, body));
    calls.push(`${service}:${operation} ${answer.status}`);
    settings.onAnswer?.({ service, operation, body }, answer);
    return answer;
  };

  const server = createServer(async (incoming, outgoing) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const answer = await answerTo(incoming, Buffer.concat(parts).toString("utf8")).catch((error: unknown) =>
      refusal(500, "InternalFailure", `the front door: ${String(error)}`),
    );
    outgoing.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    outgoing.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    broken,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether a durable execution's invocation came to its end: any other answer is a process that died, or never began. */
function hasResult(body: string): boolean {
  try {
    return ["SUCCEEDED", "FAILED", "PENDING"].includes(
      String((JSON.parse(body) as JsonObject | null)?.Status),
    );
  } catch {
    return false;
  }
}

type Timed = { WaitOptions?: { WaitSeconds: number }; CallbackOptions?: { TimeoutSeconds: number } };

/** How long an execution sleeps after this update. */
function secondsOf({ Action, WaitOptions, StepOptions }: JsonObject): number {
  if (Action === "START")
    return getNumber(getObject({ WaitOptions: WaitOptions ?? {} }, "WaitOptions") ?? {}, "WaitSeconds") ?? 0;
  if (Action !== "RETRY") return 0;
  const options = getObject({ StepOptions: StepOptions ?? {} }, "StepOptions") ?? {};
  return getNumber(options, "NextAttemptDelaySeconds") ?? 0;
}

/** A function's name, of its name or ARN with a version or without. */
function nameIn(text: string): string {
  return text.replace(/^.*function:/, "").split(":")[0] ?? "";
}

const NOT_FORWARDED = /^(?:host|content-length|transfer-encoding|connection|accept-encoding|expect)$/;

function kept({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || NOT_FORWARDED.test(name) ? [] : [[name, String(value)]],
    ),
  );
}

async function forward(
  base: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<DoorAnswer> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers,
    ...(method === "GET" || method === "HEAD" ? {} : { body }),
  });
  const passed = ["content-type", "x-amzn-errortype", "x-amz-crc32"].flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { status: answer.status, headers: Object.fromEntries(passed), body: await answer.text() };
}

function refusal(status: number, type: string, message: string): DoorAnswer {
  return {
    status,
    headers: { "x-amzn-errortype": type },
    body: JSON.stringify({ Type: "User", message, Message: message }),
  };
}
