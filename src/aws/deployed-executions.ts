/** What Lambda remembers of a durable function's executions, whoever deployed it: for a doctor that reads and writes nothing. */

import {
  GetDurableExecutionCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { ExecutionStatus } from "../remediation/ports.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { type Part, part } from "./deployed-stack.ts";
import { parsed, statusIn, unqualified } from "./executions.ts";

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
  since(functionArn: string, since: number): Promise<Part<readonly ListedExecution[]>>;
  described(executionArn: string): Promise<Part<DescribedExecution>>;
}

const PAGE = 100;
const PAGES_MAX = 10;

export function readDeployedExecutions(settings: AwsSettings): DeployedExecutions {
  const client = new LambdaClient(clientConfiguration(settings));
  return {
    since: (functionArn, since) =>
      part("lambda:ListDurableExecutionsByFunction", async () => {
        const found: ListedExecution[] = [];
        let marker: string | undefined;
        for (let page = 0; page < PAGES_MAX; page++) {
          const listed = await client.send(
            new ListDurableExecutionsByFunctionCommand({
              FunctionName: unqualified(functionArn),
              StartedAfter: new Date(since),
              ReverseOrder: true,
              MaxItems: PAGE,
              ...(marker === undefined ? {} : { Marker: marker }),
            }),
          );
          for (const execution of listed.DurableExecutions ?? [])
            found.push({
              arn: execution.DurableExecutionArn ?? "",
              name: execution.DurableExecutionName ?? "",
              status: statusIn(execution.Status),
              startedAt: execution.StartTimestamp?.getTime() ?? 0,
            });
          marker = listed.NextMarker;
          if (!marker) break;
        }
        return found;
      }),
    described: (executionArn) =>
      part("lambda:GetDurableExecution", async () => {
        const {
          InputPayload,
          Result,
          Error: error,
        } = await client.send(new GetDurableExecutionCommand({ DurableExecutionArn: executionArn }));
        return {
          ...(InputPayload === undefined ? {} : { input: parsed(InputPayload) }),
          ...(Result === undefined ? {} : { result: parsed(Result) }),
          ...(error?.ErrorMessage === undefined ? {} : { because: error.ErrorMessage }),
        };
      }),
  };
}
