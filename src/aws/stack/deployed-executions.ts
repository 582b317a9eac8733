/** The executions that Lambda remembers of a durable function, of every deployed stack: doctor only reads them. */

import { GetDurableExecutionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { ExecutionStatus } from "../../remediation/ports/ports.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { tryParseJson } from "../../runtime/json.ts";
import { statusIn, withoutQualifier } from "../adapters/durable-executions.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { type ReadResult, tryRead } from "./deployed-stack.ts";
import { listExecutions } from "./list-executions.ts";

export type ListedExecution = {
  readonly arn: string;
  readonly name: string;
  readonly status: ExecutionStatus["status"];
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
};

export type DescribedExecution = {
  /** The event, or the order for a copy, that it was started with. */
  readonly input?: unknown;
  readonly result?: unknown;
  readonly because?: string;
};

export interface DeployedExecutions {
  /** Of all versions, newest first. */
  since(functionArn: string, since: number): Promise<ReadResult<readonly ListedExecution[]>>;
  described(executionArn: string): Promise<ReadResult<DescribedExecution>>;
}

export function readDeployedExecutions(
  settings: AwsSettings,
  { now }: Pick<Clock, "now"> = systemClock,
): DeployedExecutions {
  const client = new LambdaClient(clientConfiguration(settings));
  return {
    since: (functionArn, since) =>
      tryRead("lambda:ListDurableExecutionsByFunction", async () => {
        const { executions } = await listExecutions(client, withoutQualifier(functionArn), {
          since,
          now: now(),
        });
        return executions.map((execution) => ({
          arn: execution.DurableExecutionArn ?? "",
          name: execution.DurableExecutionName ?? "",
          status: statusIn(execution.Status),
          startedAt: execution.StartTimestamp?.getTime() ?? 0,
        }));
      }),
    described: (executionArn) =>
      tryRead("lambda:GetDurableExecution", async () => {
        const {
          InputPayload,
          Result,
          Error: error,
        } = await client.send(
          new GetDurableExecutionCommand({ DurableExecutionArn: executionArn, IncludeExecutionData: true }),
        );
        return {
          ...(InputPayload === undefined ? {} : { input: tryParseJson(InputPayload) }),
          ...(Result === undefined ? {} : { result: tryParseJson(Result) }),
          ...(error?.ErrorMessage === undefined ? {} : { because: error.ErrorMessage }),
        };
      }),
  };
}
