/**
 * Lambda's durable execution service, as far as a function can tell: it invokes with an envelope, keeps what is
 * checkpointed, and comes back when a wait is over.
 *
 * Its time is skipped: a wait is over at once, and the caller that drives it is told how long the wait was. Shapes are
 * those of client-lambda 3.1162 and of @aws/durable-execution-sdk-js 2.4.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { AwsAnswer, AwsRequest } from "./aws-stub.ts";
import type { Answer } from "./runtime-api.ts";

type Operation = {
  Id: string;
  Type: string;
  Status: string;
  StartTimestamp: number;
  EndTimestamp?: number;
  Name?: string;
  SubType?: string;
  ParentId?: string;
  ExecutionDetails?: { InputPayload: string };
  StepDetails?: { Attempt: number; NextAttemptTimestamp?: number; Result?: string; Error?: unknown };
  ContextDetails?: { Result?: string; Error?: unknown };
  WaitDetails?: { ScheduledEndTimestamp: number };
};

type Update = {
  readonly Id: string;
  readonly Type: string;
  readonly Action: string;
  readonly Name?: string;
  readonly SubType?: string;
  readonly ParentId?: string;
  readonly Payload?: string;
  readonly Error?: unknown;
  readonly StepOptions?: { readonly NextAttemptDelaySeconds?: number };
  readonly WaitOptions?: { readonly WaitSeconds?: number };
};

export type DurableExecution = {
  readonly arn: string;
  readonly functionName: string;
  /** The version to which the alias pointed when it was started: all its invocations are of that one. */
  readonly version: number;
  readonly name: string;
  readonly operations: Operation[];
  status: "RUNNING" | "SUCCEEDED" | "FAILED";
  result?: unknown;
  error?: { readonly ErrorType?: string; readonly ErrorMessage?: string };
  /** How often the function was called for it. */
  invocations: number;
  token: string;
  /** Seconds that it has to wait now; 0 when it can go on. */
  waitSeconds: number;
};

/** "One checkpoint 256 KB" (the durable functions guide, read 2026-11). */
const CHECKPOINT_BYTES_MAX = 256 * 1024;
/** So that the state has to be read in pages, as a long history is. */
const OPERATIONS_IN_ENVELOPE = 3;
const OPERATIONS_A_PAGE = 2;

export class DurableService {
  readonly executions: DurableExecution[] = [];
  /** To which the alias `live` of every function points. */
  #version = 7;
  /** Called with every update before it is kept; false: the checkpoint is lost, and its sender dies. */
  onUpdate: (execution: DurableExecution, update: Update) => boolean = () => true;
  readonly #region: string;
  readonly #account: string;

  constructor({ region, account }: { readonly region: string; readonly account: string }) {
    this.#region = region;
    this.#account = account;
  }

  get version(): number {
    return this.#version;
  }

  /** What a deployment of the stack does: a new version of each function, to which its alias points from now on. */
  publish(): void {
    this.#version += 1;
  }

  /** Answers Lambda's calls; undefined for a call that is none of them. */
  answer({ action, query, body, headers }: AwsRequest): AwsAnswer | undefined {
    const path = decodeURIComponent(action);
    const invoked = /^POST \/2015-03-31\/functions\/(.+)\/invocations$/.exec(path)?.[1];
    if (invoked !== undefined) {
      assert.equal(headers["x-amz-invocation-type"], "Event");
      return this.start(invoked, String(headers["x-amz-durable-execution-name"]), body);
    }
    const listed = /^GET \/2025-12-01\/functions\/(.+)\/durable-executions$/.exec(path)?.[1];
    if (listed !== undefined) {
      assert.doesNotMatch(listed, /:(?:live|\d+)$/, "executions are listed over all versions");
      const name = query.get("DurableExecutionName");
      const found = this.executions.filter(
        (execution) =>
          (listed === execution.functionName || listed.endsWith(`:${execution.functionName}`)) &&
          (name === null || execution.name === name),
      );
      return { body: { DurableExecutions: found.map(described) } };
    }
    const call = /^(?:GET|POST) \/2025-12-01\/durable-executions\/(.+?)(?:\/(checkpoint|state))?$/.exec(path);
    if (call === null) return undefined;
    const execution = this.executions.find(({ arn }) => arn === call[1]);
    if (execution === undefined) return refusal(404, "ResourceNotFoundException", "no such execution");
    if (call[2] === "checkpoint") return this.#checkpoint(execution, body);
    if (call[2] === "state") return page(execution, query);
    const { error, result, operations } = execution;
    const input = operations[0]?.ExecutionDetails?.InputPayload;
    const payloads = {
      InputPayload: input,
      Result: result === undefined ? undefined : JSON.stringify(result),
    };
    return { body: { ...described(execution), ...payloads, Error: error } };
  }

  /** Starts an execution, or says why not, as an asynchronous Invoke does. */
  start(functionArn: string, name: string, input: JsonObject): AwsAnswer {
    const [, functionName = "", version] = /:function:([^:]+)(?::(.+))?$/.exec(functionArn) ?? [];
    assert(version !== undefined, `a durable execution is started on a version or an alias: ${functionArn}`);
    assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    const before = this.executions.find((one) => one.functionName === functionName && one.name === name);
    const payload = JSON.stringify(input);
    if (before !== undefined) {
      return before.operations[0]?.ExecutionDetails?.InputPayload === payload
        ? { status: 202, body: "" }
        : refusal(409, "DurableExecutionAlreadyStartedException", "the name is taken");
    }
    const prefix = `arn:aws:lambda:${this.#region}:${this.#account}:function:${functionName}:${this.#version}`;
    this.executions.push({
      arn: `${prefix}/durable-execution/${name}/${randomUUID()}`,
      functionName,
      version: this.#version,
      name,
      operations: [
        {
          Id: randomUUID(),
          Type: "EXECUTION",
          Status: "STARTED",
          StartTimestamp: seconds(),
          ExecutionDetails: { InputPayload: payload },
        },
      ],
      status: "RUNNING",
      invocations: 0,
      token: randomUUID(),
      waitSeconds: 0,
    });
    return { status: 202, body: "" };
  }

  /**
   * Runs every execution to its end.
   * @param invoke calls the function that an execution is of, once
   * @param sleep lets the world go on while all of them wait
   */
  async drive(
    invoke: (execution: DurableExecution, envelope: JsonObject) => Promise<Answer>,
    sleep: (seconds: number) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      const running = this.executions.filter(({ status }) => status === "RUNNING");
      if (running.length === 0) return;
      const ready = running.find(({ waitSeconds }) => waitSeconds === 0);
      if (ready !== undefined) {
        this.#settle(ready, await invoke(ready, this.#envelope(ready)));
        continue;
      }
      const slept = Math.min(...running.map(({ waitSeconds }) => waitSeconds));
      await sleep(slept);
      for (const execution of running) {
        execution.waitSeconds -= slept;
        if (execution.waitSeconds === 0) execution.operations.forEach(ripen);
      }
    }
  }

  #envelope(execution: DurableExecution): JsonObject {
    execution.invocations += 1;
    execution.token = randomUUID();
    const isLong = execution.operations.length > OPERATIONS_IN_ENVELOPE;
    return {
      DurableExecutionArn: execution.arn,
      CheckpointToken: execution.token,
      InitialExecutionState: {
        // The invocation's event spells times as texts, the API's answers as numbers.
        Operations: execution.operations
          .slice(0, OPERATIONS_IN_ENVELOPE)
          .map(
            (operation) => ({ ...operation, StartTimestamp: iso(operation.StartTimestamp) }) as JsonObject,
          ),
        ...(isLong ? { NextMarker: String(OPERATIONS_IN_ENVELOPE) } : {}),
      },
    };
  }

  /** What the function's own answer says of the execution. */
  #settle(execution: DurableExecution, answer: Answer): void {
    // A function that dies or throws is called again, with what was checkpointed.
    if (answer.kind !== "response") {
      assert(execution.invocations < 20, `it never gets through: ${JSON.stringify(answer)}`);
      return;
    }
    const { Status, Result, Error: error } = answer.body as Record<string, unknown>;
    if (Status === "SUCCEEDED") {
      execution.status = "SUCCEEDED";
      execution.result = typeof Result === "string" && Result !== "" ? JSON.parse(Result) : undefined;
    } else if (Status === "FAILED") {
      execution.status = "FAILED";
      execution.error = error as NonNullable<DurableExecution["error"]>;
    } else {
      assert.equal(Status, "PENDING");
      const ends = execution.operations.flatMap(({ Status, WaitDetails, StepDetails }) => {
        if (Status === "STARTED" && WaitDetails !== undefined) return WaitDetails.ScheduledEndTimestamp;
        return Status === "PENDING" ? (StepDetails?.NextAttemptTimestamp ?? []) : [];
      });
      assert(ends.length > 0, "it is pending, and waits for nothing");
      execution.waitSeconds = Math.max(1, Math.ceil(Math.min(...ends) - seconds()));
    }
  }

  #checkpoint(execution: DurableExecution, body: JsonObject): AwsAnswer {
    if (body.CheckpointToken !== execution.token)
      return refusal(400, "InvalidParameterValueException", "Invalid Checkpoint Token");
    const bytes = Buffer.byteLength(JSON.stringify(body.Updates ?? []));
    assert(bytes <= CHECKPOINT_BYTES_MAX, `a checkpoint of ${bytes} bytes`);
    const updates = (body.Updates ?? []) as unknown as readonly Update[];
    const changed: Operation[] = [];
    for (const update of updates) {
      if (!this.onUpdate(execution, update)) return refusal(500, "ServiceException", "lost");
      changed.push(apply(execution, update));
    }
    execution.token = randomUUID();
    return { body: { CheckpointToken: execution.token, NewExecutionState: { Operations: changed } } };
  }
}

function apply(execution: DurableExecution, update: Update): Operation {
  const { Id, Type, Action, Name, SubType, ParentId, Payload, Error: error } = update;
  let operation = execution.operations.find((one) => one.Id === Id);
  if (operation === undefined) {
    operation = {
      Id,
      Type,
      Status: "STARTED",
      StartTimestamp: seconds(),
      ...(Name === undefined ? {} : { Name }),
      ...(SubType === undefined ? {} : { SubType }),
      ...(ParentId === undefined ? {} : { ParentId }),
      ...(Type === "STEP" ? { StepDetails: { Attempt: 0 } } : {}),
    };
    execution.operations.push(operation);
  }
  assert(!["SUCCEEDED", "FAILED"].includes(operation.Status), `${Name} has ended, and gets ${Action}`);
  const step = operation.StepDetails ?? { Attempt: 0 };
  if (Action === "START") {
    operation.Status = "STARTED";
    if (Type === "WAIT") {
      const ends = seconds() + (update.WaitOptions?.WaitSeconds ?? 0);
      operation.WaitDetails = { ScheduledEndTimestamp: ends };
    }
  } else if (Action === "RETRY") {
    operation.Status = "PENDING";
    const next = seconds() + (update.StepOptions?.NextAttemptDelaySeconds ?? 1);
    operation.StepDetails = { Attempt: step.Attempt + 1, NextAttemptTimestamp: next, Error: error };
  } else {
    operation.Status = Action === "SUCCEED" ? "SUCCEEDED" : "FAILED";
    operation.EndTimestamp = seconds();
    const ended = {
      ...(Payload === undefined ? {} : { Result: Payload }),
      ...(error === undefined ? {} : { Error: error }),
    };
    if (Type === "CONTEXT") operation.ContextDetails = ended;
    else operation.StepDetails = { Attempt: step.Attempt, ...ended };
  }
  return operation;
}

/** What waited has waited enough. */
function ripen(operation: Operation): void {
  if (operation.Type === "WAIT" && operation.Status === "STARTED") {
    operation.Status = "SUCCEEDED";
    operation.EndTimestamp = seconds();
  } else if (operation.Status === "PENDING") {
    operation.Status = "READY";
  }
}

function page({ operations, token }: DurableExecution, query: URLSearchParams): AwsAnswer {
  if (query.get("CheckpointToken") !== token)
    return refusal(400, "InvalidParameterValueException", "Invalid Checkpoint Token");
  const from = Number(query.get("Marker"));
  const to = from + OPERATIONS_A_PAGE;
  return {
    body: {
      Operations: operations.slice(from, to),
      ...(to < operations.length ? { NextMarker: String(to) } : {}),
    },
  };
}

function described({ arn, functionName, name, status, operations }: DurableExecution): JsonObject {
  return {
    DurableExecutionArn: arn,
    DurableExecutionName: name,
    FunctionArn: arn.slice(0, arn.indexOf(`:${functionName}:`) + functionName.length + 1),
    Status: status,
    StartTimestamp: operations[0]?.StartTimestamp ?? 0,
  };
}

function refusal(status: number, type: string, message: string): AwsAnswer {
  return { status, headers: { "x-amzn-errortype": type }, body: { Type: "User", message } };
}

function seconds(): number {
  return Date.now() / 1000;
}

function iso(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}
