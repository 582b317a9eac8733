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

import { denialIn } from "../remediation/decision.ts";
import { functionNameOf } from "../remediation/names.ts";
import { type ExecutionStatus, type Executions, ignoredIn, refusalIn } from "../remediation/ports.ts";
import { present } from "../workload/members.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf, isCode } from "./failure.ts";

export type DurableFunctions = {
  /** ARNs with a version or an alias: a durable execution can be started on nothing else. */
  readonly remediate: string;
  readonly mirror: string;
};

export const STATUS: Readonly<Record<string, ExecutionStatus["status"]>> = {
  RUNNING: "running",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed-out",
  STOPPED: "stopped",
};

/** The filter by name may match more than the whole name; a name's neighbours are its few attempts. */
const PAGES_MAX = 5;
const BECAUSE_LENGTH_MAX = 500;

export function createExecutions(settings: AwsSettings, functions: DurableFunctions): Executions {
  const client = new LambdaClient(clientConfiguration(settings));

  const findOrThrow = async (functionArn: string, name: string) => {
    try {
      return await findExecution(client, unqualified(functionArn), name);
    } catch (error) {
      throw awsErrorOf("lambda:ListDurableExecutionsByFunction", error);
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
        if (isCode(error, "DurableExecutionAlreadyStartedException")) return "taken";
        throw awsErrorOf("lambda:InvokeFunction", error);
      }
    },

    async status(workflow, name) {
      const found = await findOrThrow(functions[workflow], name);
      if (found === undefined) return undefined;
      const status = STATUS[found.Status ?? ""] ?? "running";
      const endedAt = found.EndTimestamp?.getTime();
      const ended = endedAt === undefined || status === "running" ? {} : { endedAt };
      if (status !== "failed" && status !== "succeeded") return { status, ...ended };
      const { because, result } = await ending(client, found.DurableExecutionArn);
      if (status === "failed") return { status, ...(because === undefined ? {} : { because }), ...ended };
      return {
        status,
        ...refusalIn(result),
        ...ignoredIn(result),
        ...present("denied", denialIn(result)),
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
        ...present("Marker", marker),
      }),
    );
    const found = listed.DurableExecutions?.find((execution) => execution.DurableExecutionName === name);
    if (found !== undefined) return found;
    marker = listed.NextMarker;
    if (!marker) return undefined;
  }
  return undefined;
}

/** What the execution died of, or ended with, where Lambda says; its status stands without it. */
async function ending(
  client: LambdaClient,
  executionArn: string | undefined,
): Promise<{ readonly because?: string; readonly result?: unknown }> {
  if (executionArn === undefined) return {};
  const execution = await client
    .send(new GetDurableExecutionCommand({ DurableExecutionArn: executionArn }))
    .catch(() => undefined);
  const because = execution?.Error?.ErrorMessage?.slice(0, BECAUSE_LENGTH_MAX);
  return {
    ...(because === undefined ? {} : { because }),
    ...(execution?.Result === undefined ? {} : { result: parsed(execution.Result) }),
  };
}

/** What a text of JSON holds; undefined for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `arn:…:function:name` of `arn:…:function:name:live`, and `name` of `name:live`. */
export function unqualified(functionArn: string): string {
  return functionArn.replace(
    /^((?:arn:[^:]*:lambda:[^:]*:[^:]*:function:|(?:[0-9]{12}:)?function:)?[^:]+):[^:]+$/,
    "$1",
  );
}
