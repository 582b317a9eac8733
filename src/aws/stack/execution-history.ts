/**
 * What Lambda remembers of the durable executions of `remediate`: their times, what they returned, and for which workload
 * the others were started.
 */

import { type Execution, GetDurableExecutionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import type { ExecutionHistory, ExecutionSummary } from "../../history/history.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { tryParseJson } from "../../runtime/json.ts";
import { statusIn } from "../adapters/durable-executions.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { listExecutions, RUNS_MS_MAX } from "./list-executions.ts";
import { READ_MAX, workloadIn } from "./running-executions.ts";

/** @param functionName name or ARN of the stack's remediate function, without a version */
export function createExecutionHistory(
  settings: AwsSettings,
  functionName: string,
  { now }: Pick<Clock, "now"> = systemClock,
): ExecutionHistory {
  const client = new LambdaClient(clientConfiguration(settings));

  /** A result that may not be read does not hide the others. */
  const dataOf = async (
    arn: string,
    status: ExecutionSummary["status"],
  ): Promise<Pick<ExecutionSummary, "result" | "because" | "workload">> => {
    try {
      const { Result, InputPayload } = await callAws("lambda:GetDurableExecution", () =>
        client.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn, IncludeExecutionData: true })),
      );
      return status === "succeeded"
        ? optional("result", tryParseJson(Result ?? ""))
        : optional("workload", workloadIn(tryParseJson(InputPayload ?? "")));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { because: error.message };
    }
  };

  const told = async (
    { DurableExecutionArn, DurableExecutionName, Status, StartTimestamp, EndTimestamp }: Execution,
    isNamed: boolean,
  ): Promise<ExecutionSummary> => {
    const status = statusIn(Status);
    const read = status === "succeeded" || isNamed ? await dataOf(DurableExecutionArn ?? "", status) : {};
    return {
      name: DurableExecutionName ?? "",
      status,
      startedAt: StartTimestamp?.getTime() ?? 0,
      ...(EndTimestamp === undefined ? {} : { endedAt: EndTimestamp.getTime() }),
      ...read,
    };
  };

  return {
    async past(since) {
      // One that waited for an approval, a quota or a limit began long before what it did.
      const listed = await listExecutions(client, functionName, { since: since - RUNS_MS_MAX, now: now() });
      const executions = listed.executions.filter(
        ({ StartTimestamp, EndTimestamp }) =>
          EndTimestamp === undefined || Math.max(timeOf(StartTimestamp), timeOf(EndTimestamp)) >= since,
      );
      const found: ExecutionSummary[] = [];
      for (const [index, execution] of executions.entries())
        found.push(await told(execution, index < READ_MAX));
      return found;
    },
  };
}

function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? 0;
}
