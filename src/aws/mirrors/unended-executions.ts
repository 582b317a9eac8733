/**
 * The durable executions of functions that have not ended, or that ended at a time or later. Only what Lambda says to have ended
 * has: a status that is not known yet, and an end without a time, are taken for one that runs.
 */

import { LambdaClient, ListDurableExecutionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { getMoment, getString, isObject, optional } from "../../ecs/json-fields.ts";
import type { Read } from "../../network/facts.ts";
import { statusIn } from "../adapters/durable-executions.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { need, readable, wholeList } from "./whole-list.ts";

/** Longer than any execution of `remediate` or `mirror` may take. */
const RUNS_MS_MAX = 60 * 86_400_000;
/** The most that Lambda answers at once. */
const PAGE = 1000;

/** Their names. @param since milliseconds since the epoch */
export function readUnendedExecutions(
  settings: AwsSettings,
  functions: readonly string[],
  since: number,
): Promise<Read<string>> {
  const action = "lambda:ListDurableExecutionsByFunction";
  const client = new LambdaClient(clientConfiguration(settings));
  return readable(action, async () => {
    const found: string[] = [];
    for (const FunctionName of functions) {
      const listed = await wholeList(action, { list: "DurableExecutions", token: "NextMarker" }, (Marker) => {
        const command = new ListDurableExecutionsByFunctionCommand({
          FunctionName,
          StartedAfter: new Date(since - RUNS_MS_MAX),
          MaxItems: PAGE,
          ...optional("Marker", Marker),
        });
        return sendRawRest(command, () => client.send(command));
      });
      for (const one of need(listed)) {
        const execution = isObject(one) ? one : {};
        const status = statusIn(getString(execution, "Status"));
        const end = getMoment(execution, "EndTimestamp") ?? Number.POSITIVE_INFINITY;
        if (status === "running" || status === "unknown" || !(end < since))
          found.push(getString(execution, "DurableExecutionName") ?? FunctionName);
      }
    }
    return found;
  });
}
