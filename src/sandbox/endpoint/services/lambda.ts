/**
 * Lambda, as the command line asks it of a stack that is installed in the sandbox: the functions, their durable executions, and
 * the callbacks of those that wait for an approval. Without a stack there are no functions.
 */

import { getString, optional } from "../../../ecs/json-fields.ts";
import type { StepRecord } from "../../../runtime/in-process-steps.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import type { ExecutionRecord } from "../../aws/durable-executions.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { Account, Operations } from "../call.ts";
import { environmentOf } from "../installed-stack.ts";
import { queueArn, queuesOf } from "../stack-parts.ts";

const FUNCTIONS = ["detect", "remediate", "mirror"] as const;
const STATUS = {
  running: "RUNNING",
  succeeded: "SUCCEEDED",
  failed: "FAILED",
  "timed-out": "TIMED_OUT",
  stopped: "STOPPED",
} as const;

export const lambda: Operations = {
  ListFunctions: (_, account) => ({
    Functions: [
      ...FUNCTIONS.flatMap((name) => {
        const arn = functionArn(name, account);
        return arn === undefined
          ? []
          : [{ FunctionName: arn.slice(arn.lastIndexOf(":") + 1), FunctionArn: arn, PackageType: "Zip" }];
      }),
      ...Object.keys(account.file.functions ?? {}).map((FunctionName) => ({
        FunctionName,
        FunctionArn: arnOf(FunctionName, account),
        PackageType: "Image",
        Version: "$LATEST",
      })),
    ],
  }),

  GetFunction(input, account) {
    const name = getString(input, "FunctionName") ?? "";
    const image = account.file.functions?.[name];
    if (image === undefined) throw absent("lambda:GetFunction", `Function not found: ${name}`);
    return {
      Configuration: { FunctionName: name, FunctionArn: arnOf(name, account), PackageType: "Image" },
      Code: { RepositoryType: "ECR", ImageUri: image },
    };
  },

  async Invoke({ FunctionName, Qualifier: _, ...event }, account) {
    const name = String(FunctionName).split(":")[0] ?? "";
    const run = account.functions.get(name);
    if (run === undefined) throw absent("lambda:InvokeFunction", `Function not found: ${name}`);
    return await run(event);
  },

  ListTags: (_, { stack }) => ({ Tags: stack === undefined ? {} : { "repull:stack": stack.name } }),

  GetFunctionConfiguration(input, account) {
    const asked = getString(input, "FunctionName") ?? "";
    const name = FUNCTIONS.find((one) => isNamed(asked, one, account));
    const arn = name === undefined ? undefined : functionArn(name, account);
    if (account.stack === undefined || name === undefined || arn === undefined)
      throw absent("lambda:GetFunctionConfiguration", `Function not found: ${asked}`);
    const { account: id, partition = "aws" } = account.world.home;
    return {
      FunctionName: `${account.stack.name}-${name}`,
      FunctionArn: `${arn}:live`,
      Runtime: "nodejs24.x",
      State: "Active",
      Role: `arn:${partition}:iam::${id}:role/${account.stack.name}-${name}`,
      Environment: { Variables: environmentOf(account.stack, account.world.home) },
      ...(name === "detect" ? {} : { DurableConfig: { RetentionPeriodInDays: 30 } }),
    };
  },

  ListEventSourceMappings(input, account) {
    const [failures] = queuesOf(account.stack);
    const isDetect = isNamed(getString(input, "FunctionName") ?? "", "detect", account);
    if (failures === undefined || !isDetect) return { EventSourceMappings: [] };
    return {
      EventSourceMappings: [
        {
          UUID: "00000000-0000-4000-8000-000000000001",
          EventSourceArn: queueArn(failures.name, account.world.home),
          ...optional("FunctionArn", functionArn("detect", account)),
          State: "Enabled",
          FunctionResponseTypes: ["ReportBatchItemFailures"],
        },
      ],
    };
  },

  GetAccountSettings: () => ({ AccountLimit: { UnreservedConcurrentExecutions: 1000 } }),

  ListDurableExecutionsByFunction(input, account) {
    const asked = getString(input, "FunctionName") ?? "";
    if (!FUNCTIONS.some((one) => isNamed(asked, one, account)))
      throw absent("lambda:ListDurableExecutionsByFunction", `Function not found: ${asked}`);
    const name = getString(input, "DurableExecutionName");
    const status = getString(input, "Statuses");
    const after = momentIn(getString(input, "StartedAfter"));
    const found = account.world.executions.records.filter(
      (record) =>
        isNamed(asked, record.workflow, account) &&
        (name === undefined || record.name === name) &&
        (status === undefined || STATUS[record.status] === status) &&
        record.startedAt >= after,
    );
    return { DurableExecutions: found.map((record) => described(record, account)) };
  },

  GetDurableExecution(input, account) {
    const record = executionIn(input, "lambda:GetDurableExecution", account);
    const { result, failure } = record;
    return {
      ...described(record, account),
      InputPayload: JSON.stringify(record.input),
      ...optional("Result", result === undefined ? undefined : JSON.stringify(result)),
      ...optional("Error", failure === undefined ? undefined : { ErrorMessage: failure }),
    };
  },

  GetDurableExecutionHistory(input, account) {
    const { log } = executionIn(input, "lambda:GetDurableExecutionHistory", account);
    const events = log.flatMap((entry, index) => eventsOf(entry, `${index}`));
    return { Events: getString(input, "ReverseOrder") === "true" ? events.toReversed() : events };
  },

  // The request's body is the result itself, and the id a part of its path.
  SendDurableExecutionCallbackSuccess: ({ CallbackId, ...result }, account) =>
    answered(String(CallbackId), { kind: "answered", text: JSON.stringify(result) }, account),

  SendDurableExecutionCallbackFailure: ({ CallbackId, ErrorMessage = "" }, account) =>
    answered(String(CallbackId), { kind: "failed", because: String(ErrorMessage) }, account),
};

function answered(
  id: string,
  answer: Parameters<Account["world"]["executions"]["answer"]>[1],
  { world }: Account,
): JsonObject {
  const taken = world.executions.answer(id, answer);
  if (taken === "taken") return {};
  const action = "lambda:SendDurableExecutionCallbackSuccess";
  if (taken === "unknown") throw absent(action, `There is no callback ${id}.`);
  const words = "The callback has already been closed, or its time is over.";
  throw awsRefusal("invalid", action, "CallbackTimeoutException", words);
}

function functionArn(name: string, account: Account): string | undefined {
  return account.stack === undefined ? undefined : arnOf(`${account.stack.name}-${name}`, account);
}

function arnOf(name: string, { world }: Account): string {
  const { account, region, partition = "aws" } = world.home;
  return `arn:${partition}:lambda:${region}:${account}:function:${name}`;
}

/** @param asked a name or an ARN, with a qualifier or without */
function isNamed(asked: string, name: string, { stack }: Account): boolean {
  const named = asked.includes(":function:") ? asked.slice(asked.indexOf(":function:") + 10) : asked;
  return stack !== undefined && named.split(":")[0] === `${stack.name}-${name}`;
}

function executionArn({ workflow, name }: ExecutionRecord, account: Account): string {
  return `${functionArn(workflow, account)}:1/durable-execution/${name}/1`;
}

function executionIn(input: JsonObject, action: string, account: Account): ExecutionRecord {
  const arn = getString(input, "DurableExecutionArn") ?? "";
  const found = account.world.executions.records.find((record) => executionArn(record, account) === arn);
  if (found === undefined) throw absent(action, `There is no execution ${arn}.`);
  return found;
}

function described(record: ExecutionRecord, account: Account): JsonObject {
  return {
    DurableExecutionArn: executionArn(record, account),
    DurableExecutionName: record.name,
    FunctionArn: functionArn(record.workflow, account) ?? "",
    Status: STATUS[record.status],
    StartTimestamp: record.startedAt / 1000,
    ...optional("EndTimestamp", record.endedAt === undefined ? undefined : record.endedAt / 1000),
  };
}

/** A step or a callback as the history has it; a wait says nothing to the command line. */
function eventsOf(entry: StepRecord, Id: string): readonly JsonObject[] {
  const event = (EventType: string, details: JsonObject): JsonObject => ({
    EventType,
    Id,
    Name: entry.name,
    ...details,
  });
  if (entry.kind === "step" && entry.result !== undefined)
    return [event("StepSucceeded", { StepSucceededDetails: { Result: { Payload: entry.result } } })];
  if (entry.kind !== "callback") return [];
  const started = event("CallbackStarted", { CallbackStartedDetails: { CallbackId: entry.id } });
  const { answer } = entry;
  switch (answer?.kind) {
    case undefined:
      return [started];
    case "answered": {
      const Result: Json = { Payload: answer.text };
      return [started, event("CallbackSucceeded", { CallbackSucceededDetails: { Result } })];
    }
    case "failed": {
      const because: Json = { Payload: { ErrorMessage: answer.because } };
      return [started, event("CallbackFailed", { CallbackFailedDetails: { Error: because } })];
    }
    default:
      return [started, event("CallbackTimedOut", { CallbackTimedOutDetails: {} })];
  }
}

/** Clients write a time of a query as ISO 8601, or as seconds since the epoch. */
function momentIn(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = Number(text);
  return Number.isNaN(seconds) ? Date.parse(text) : seconds * 1000;
}

function absent(action: string, words: string) {
  return awsRefusal("absent", action, "ResourceNotFoundException", words);
}
