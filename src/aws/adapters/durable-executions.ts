/**
 * Named executions of the durable functions: Lambda starts one name once.
 *
 * An asynchronous invocation says "accepted" to a second start with the same input as well, so a name is
 * looked up before it is used; of two starters who both saw nothing, Lambda still lets one through.
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html (read 2026-11)
 */

import {
  type Execution,
  GetDurableExecutionCommand,
  InvokeCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import { functionNameOf } from "../../remediation/detect/execution-names.ts";
import { denialReason } from "../../remediation/gates/approval-decision.ts";
import { isTransient } from "../../remediation/ports/aws-error.ts";
import { heldBackIn } from "../../remediation/ports/held-back-record.ts";
import {
  type ExecutionStatus,
  type Executions,
  ignoredIn,
  parseMirrorRejection,
} from "../../remediation/ports/ports.ts";
import { rollbackIn } from "../../remediation/ports/rollback-record.ts";
import { tryParseJson } from "../../runtime/json.ts";
import { hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export type DurableFunctions = {
  /** ARNs with a version or an alias: a durable execution can be started on nothing else. */
  readonly remediate: string;
  readonly mirror: string;
};

const STATUS: Readonly<Record<string, ExecutionStatus["status"]>> = {
  RUNNING: "running",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed-out",
  STOPPED: "stopped",
  // A person resumes it: https://docs.aws.amazon.com/lambda/latest/dg/durable-managing-executions.html (read 2026-11)
  PAUSED: "running",
};

/** What a status of Lambda's means; DELETING, and an unknown word, say nothing. */
export function statusIn(word: string | undefined): ExecutionStatus["status"] {
  return STATUS[word ?? ""] ?? "unknown";
}

/** The filter by name may match more than the whole name; a name's neighbours are its few attempts. */
const PAGES_MAX = 5;
const BECAUSE_LENGTH_MAX = 500;

export function createExecutions(settings: AwsSettings, functions: DurableFunctions): Executions {
  const client = new LambdaClient(clientConfiguration(settings));

  const findOrThrow = async (functionArn: string, name: string) => {
    try {
      return await findExecution(client, withoutQualifier(functionArn), name);
    } catch (error) {
      throw toAwsError("lambda:ListDurableExecutionsByFunction", error);
    }
  };

  return {
    functionName: (workflow) => functionNameOf(functions[workflow]),

    async start(workflow, name, input) {
      if ((await findOrThrow(functions[workflow], name)) !== undefined) return "taken";
      try {
        await client.send(
          new InvokeCommand({
            FunctionName: functions[workflow],
            InvocationType: "Event",
            DurableExecutionName: name,
            Payload: Buffer.from(JSON.stringify(input)),
          }),
        );
        return "started";
      } catch (error) {
        if (hasErrorCode(error, "DurableExecutionAlreadyStartedException")) return "taken";
        throw toAwsError("lambda:InvokeFunction", error);
      }
    },

    async status(workflow, name) {
      const found = await findOrThrow(functions[workflow], name);
      if (found === undefined) return undefined;
      const status = statusIn(found.Status);
      const endedAt = found.EndTimestamp?.getTime();
      const ended = endedAt === undefined || status === "running" ? {} : { endedAt };
      if (status === "unknown")
        return { status, because: `Lambda says ${found.Status ?? "nothing"} of it`, ...ended };
      if (status !== "failed" && status !== "succeeded") return { status, ...ended };
      const read = await readResult(client, found.DurableExecutionArn);
      // That it failed is known from the list, whatever it failed of.
      if (status === "failed")
        return { status, ...optional("because", read.kind === "read" ? read.because : undefined), ...ended };
      // An unreadable result may be a denial, or a copy that was not made.
      if (read.kind === "unread") return { ...read.status, ...ended };
      const { result } = read;
      return {
        status,
        ...parseMirrorRejection(result),
        ...ignoredIn(result),
        ...heldBackIn(result),
        ...rollbackIn(result),
        ...optional("denied", denialReason(result)),
        ...ended,
      };
    },
  };
}

/**
 * The execution of this name, over all versions: one that an earlier release started is still the one of its name.
 * @param functionName name or ARN without a version
 */
export async function findExecution(
  client: LambdaClient,
  functionName: string,
  name: string,
): Promise<Execution | undefined> {
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await client.send(
      new ListDurableExecutionsByFunctionCommand({
        FunctionName: functionName,
        DurableExecutionName: name,
        ...optional("Marker", marker),
      }),
    );
    const found = listed.DurableExecutions?.find((execution) => execution.DurableExecutionName === name);
    if (found !== undefined) return found;
    marker = listed.NextMarker;
    if (!marker) return undefined;
  }
  return undefined;
}

type ExecutionResult =
  | { readonly kind: "read"; readonly because?: string; readonly result?: unknown }
  | { readonly kind: "unread"; readonly status: ExecutionStatus };

/**
 * What the execution died of, or ended with. Every one of ours ends with a result: none in the answer is one unread.
 * AWS's own sources disagree on whether data comes unasked, so it is asked for.
 */
async function readResult(client: LambdaClient, executionArn: string | undefined): Promise<ExecutionResult> {
  const unread = (because: string): ExecutionResult => ({
    kind: "unread",
    status: { status: "unknown", because },
  });
  if (executionArn === undefined) return unread("Lambda names no ARN of it");
  try {
    const { Error: failure, Result } = await client.send(
      new GetDurableExecutionCommand({ DurableExecutionArn: executionArn, IncludeExecutionData: true }),
    );
    if (failure !== undefined)
      return {
        kind: "read",
        ...optional("because", failure.ErrorMessage?.slice(0, BECAUSE_LENGTH_MAX)),
        ...optional("result", tryParseJson(Result ?? "")),
      };
    const result = tryParseJson(Result ?? "");
    return result === undefined
      ? unread("lambda:GetDurableExecution: its result is not in the answer, or is cut off")
      : { kind: "read", result };
  } catch (error) {
    return { kind: "unread", status: unreadableBy(error) };
  }
}

/** `unknown`, with the right that is missing, or that asking again may help. */
function unreadableBy(error: unknown): ExecutionStatus {
  const read = toAwsError("lambda:GetDurableExecution", error);
  const permission = hasErrorCode(error, "KMSAccessDeniedException") ? "kms:Decrypt" : read.action;
  return {
    status: "unknown",
    because: read.message,
    ...(read.kind === "denied" ? { permission } : {}),
    ...(isTransient(read) ? { transient: true } : {}),
  };
}

/** `arn:…:function:name` of `arn:…:function:name:live`, and `name` of `name:live`. */
export function withoutQualifier(functionArn: string): string {
  return functionArn.replace(
    /^((?:arn:[^:]*:lambda:[^:]*:[^:]*:function:|(?:[0-9]{12}:)?function:)?[^:]+):[^:]+$/,
    "$1",
  );
}
