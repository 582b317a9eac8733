/**
 * Counts the durable executions that Lambda ended without a result of theirs: they failed, or ran out of time.
 *
 * An execution that times out can count nothing itself, so its function is asked. A stop is a person's and does not count.
 */

import { LambdaClient, ListDurableExecutionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { type DurableFunctions, withoutQualifier } from "./durable-executions.ts";

/** Longer than `ExecutionTimeout` of each function (`infra/template.yaml`): an execution that ends now began after that. */
const STARTED_WITHIN_MS = 117 * 3_600_000;
/** Each page has up to 1,000 executions, and only those that ended badly. */
const PAGES_MAX = 5;
const PAGE = 1000;

export interface EndedBadly {
  /** How many ended from `from` (included) to `to`, in milliseconds since the epoch. Throws AwsError. */
  count(workflow: keyof DurableFunctions, from: number, to: number): Promise<number>;
}

export function createEndedBadly(settings: AwsSettings, functions: DurableFunctions): EndedBadly {
  const client = new LambdaClient(clientConfiguration(settings));
  return {
    async count(workflow, from, to) {
      const FunctionName = withoutQualifier(functions[workflow]);
      let found = 0;
      let marker: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const { DurableExecutions = [], NextMarker } = await callAws(
          "lambda:ListDurableExecutionsByFunction",
          () =>
            client.send(
              new ListDurableExecutionsByFunctionCommand({
                FunctionName,
                Statuses: ["FAILED", "TIMED_OUT"],
                StartedAfter: new Date(from - STARTED_WITHIN_MS),
                MaxItems: PAGE,
                ...optional("Marker", marker),
              }),
            ),
        );
        found += DurableExecutions.filter(({ EndTimestamp, Status = "" }) => {
          const endedAt = EndTimestamp?.getTime() ?? Number.NaN;
          return ["FAILED", "TIMED_OUT"].includes(Status) && endedAt >= from && endedAt < to;
        }).length;
        if (!NextMarker) break;
        marker = NextMarker;
      }
      return found;
    },
  };
}
