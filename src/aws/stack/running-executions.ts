/** The executions of `remediate` that run now, and the workload for which each was started. Writes nothing. */

import { GetDurableExecutionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { getObject, getString, optional } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { type JsonObject, tryParseJson } from "../../runtime/json.ts";
import { statusIn } from "../adapters/durable-executions.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { listExecutions, RUNS_MS_MAX } from "./list-executions.ts";

export type RunningExecution = {
  readonly execution: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** `prod/web`, from the event with which it was started; absent where that cannot be read. */
  readonly workload?: string;
};

/** Each costs a request: of a storm the newest are named, and all are counted. */
export const READ_MAX = 50;

/** Newest first. Throws AwsError. @param functionName name or ARN without a version */
export async function runningExecutions(
  settings: AwsSettings,
  functionName: string,
  { now }: Pick<Clock, "now"> = systemClock,
): Promise<readonly RunningExecution[]> {
  const client = new LambdaClient(clientConfiguration(settings));
  const at = now();
  const { executions } = await listExecutions(client, functionName, { since: at - RUNS_MS_MAX, now: at });
  const running = executions.filter(({ Status }) => statusIn(Status) === "running");
  const found: RunningExecution[] = [];
  for (const [
    index,
    { DurableExecutionArn = "", DurableExecutionName = "", StartTimestamp },
  ] of running.entries())
    found.push({
      execution: DurableExecutionName,
      startedAt: StartTimestamp?.getTime() ?? 0,
      ...optional("workload", index < READ_MAX ? await workloadOf(client, DurableExecutionArn) : undefined),
    });
  return found;
}

/** What may not be read keeps nothing else from being shown. */
async function workloadOf(client: LambdaClient, arn: string): Promise<string | undefined> {
  try {
    const { InputPayload = "" } = await callAws("lambda:GetDurableExecution", () =>
      client.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn, IncludeExecutionData: true })),
    );
    return workloadIn(tryParseJson(InputPayload));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return undefined;
  }
}

/** A service's event names it as `service:web`; another task is named by its group. */
export function workloadIn(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const detail = getObject(event as JsonObject, "detail") ?? {};
  const cluster = getString(detail, "clusterArn");
  const group = getString(detail, "group");
  if (cluster === undefined || group === undefined) return undefined;
  return `${cluster.slice(cluster.lastIndexOf("/") + 1)}/${group.replace(/^[a-z]+:/, "")}`;
}
