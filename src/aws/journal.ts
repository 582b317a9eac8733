/** What Lambda remembers of the durable executions of `remediate`: their times, and what they returned. */

import {
  type Execution,
  GetDurableExecutionCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import type { Journal, PastExecution } from "../remediation/history.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { parsed, statusIn } from "./executions.ts";
import { attempt } from "./failure.ts";

const PAGE = 100;
const PAGES_MAX = 20;

/** @param functionName name or ARN of the stack's remediate function, without a version */
export function createJournal(settings: AwsSettings, functionName: string): Journal {
  const client = new LambdaClient(clientConfiguration(settings));

  const resultOf = async (arn: string): Promise<unknown> => {
    const { Result } = await attempt("lambda:GetDurableExecution", () =>
      client.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn })),
    );
    return Result === undefined ? undefined : parsed(Result);
  };

  const told = async ({
    DurableExecutionArn,
    DurableExecutionName,
    Status,
    StartTimestamp,
    EndTimestamp,
  }: Execution): Promise<PastExecution> => {
    const status = statusIn(Status);
    const result = status === "succeeded" ? await resultOf(DurableExecutionArn ?? "") : undefined;
    return {
      name: DurableExecutionName ?? "",
      status,
      startedAt: StartTimestamp?.getTime() ?? 0,
      ...(EndTimestamp === undefined ? {} : { endedAt: EndTimestamp.getTime() }),
      ...(result === undefined ? {} : { result }),
    };
  };

  return {
    async past(since) {
      const found: PastExecution[] = [];
      let marker: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const listed = await attempt("lambda:ListDurableExecutionsByFunction", () =>
          client.send(
            new ListDurableExecutionsByFunctionCommand({
              FunctionName: functionName,
              StartedAfter: new Date(since),
              ReverseOrder: true,
              MaxItems: PAGE,
              ...(marker === undefined ? {} : { Marker: marker }),
            }),
          ),
        );
        for (const execution of listed.DurableExecutions ?? []) found.push(await told(execution));
        marker = listed.NextMarker;
        if (!marker) break;
      }
      return found;
    },
  };
}
