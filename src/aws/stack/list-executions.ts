/**
 * The durable executions of a function that began within a time, newest first.
 *
 * AWS's own sources disagree on what `ReverseOrder` does (client-lambda 3.1162: "oldest first"; others: "newest first"),
 * so it is not sent, and the order is made here. A list that is too long is cut by time, at its old end: the newest are
 * never lost, whatever the order in which they come.
 */

import {
  type Execution,
  type LambdaClient,
  ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import { callAws } from "../client/aws-error-codes.ts";

/** The most that Lambda answers at once. */
const PAGE = 1000;
const PAGES_MAX = 20;
/** Each halves the time: of sixty days five seconds are left. */
const CUTS_MAX = 20;

/** Longer than the ExecutionTimeout of `remediate`, in this release and earlier ones: what began before has ended. */
export const RUNS_MS_MAX = 60 * 86_400_000;

export type ListedExecutions = {
  readonly executions: readonly Execution[];
  /** Milliseconds since the epoch: what began before was not read. */
  readonly since: number;
};

/** @param functionName name or ARN without a version. Throws AwsError. */
export async function listExecutions(
  client: LambdaClient,
  functionName: string,
  { since, now }: { readonly since: number; readonly now: number },
): Promise<ListedExecutions> {
  let from = since;
  for (let cut = 0; ; cut++) {
    const { executions, isWhole } = await pagesSince(client, functionName, from);
    if (isWhole || cut === CUTS_MAX)
      return { executions: executions.toSorted((one, other) => startOf(other) - startOf(one)), since: from };
    from = Math.max(from + 1, Math.floor((from + now) / 2));
  }
}

async function pagesSince(
  client: LambdaClient,
  functionName: string,
  from: number,
): Promise<{ readonly executions: readonly Execution[]; readonly isWhole: boolean }> {
  const executions: Execution[] = [];
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const listed = await callAws("lambda:ListDurableExecutionsByFunction", () =>
      client.send(
        new ListDurableExecutionsByFunctionCommand({
          FunctionName: functionName,
          StartedAfter: new Date(from),
          MaxItems: PAGE,
          ...optional("Marker", marker),
        }),
      ),
    );
    executions.push(...(listed.DurableExecutions ?? []));
    marker = listed.NextMarker;
    if (!marker) return { executions, isWhole: true };
  }
  return { executions, isWhole: false };
}

function startOf({ StartTimestamp }: Execution): number {
  return StartTimestamp?.getTime() ?? 0;
}
