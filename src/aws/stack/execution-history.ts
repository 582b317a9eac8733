/** What Lambda remembers of the durable executions of `remediate`: their times, and what they returned. */

import { type Execution, GetDurableExecutionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import type { ExecutionHistory, ExecutionSummary } from "../../history/history.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { statusIn, tryParseJson } from "../adapters/durable-executions.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { listExecutions } from "./list-executions.ts";

/** @param functionName name or ARN of the stack's remediate function, without a version */
export function createExecutionHistory(
  settings: AwsSettings,
  functionName: string,
  { now }: Pick<Clock, "now"> = systemClock,
): ExecutionHistory {
  const client = new LambdaClient(clientConfiguration(settings));

  /** One result that may not be read keeps nothing else from being told. */
  const resultOf = async (arn: string): Promise<Pick<ExecutionSummary, "result" | "because">> => {
    try {
      const { Result } = await callAws("lambda:GetDurableExecution", () =>
        client.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn, IncludeExecutionData: true })),
      );
      return optional("result", tryParseJson(Result ?? ""));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { because: error.message };
    }
  };

  const told = async ({
    DurableExecutionArn,
    DurableExecutionName,
    Status,
    StartTimestamp,
    EndTimestamp,
  }: Execution): Promise<ExecutionSummary> => {
    const status = statusIn(Status);
    const read = status === "succeeded" ? await resultOf(DurableExecutionArn ?? "") : {};
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
      const { executions } = await listExecutions(client, functionName, { since, now: now() });
      const found: ExecutionSummary[] = [];
      for (const execution of executions) found.push(await told(execution));
      return found;
    },
  };
}
