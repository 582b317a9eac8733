/**
 * One synthetic event through the real path, about a service that does not exist: so nothing can be written for it.
 *
 * It begins at the bus, with the stack's rule for it, because only ECS may put an event of ECS on a bus; what the rule
 * for those would let through is asked of EventBridge itself. It ends with the record that every remediation leaves.
 */

import type { DeployedExecutions } from "../../aws/stack/deployed-executions.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { functionNameOf, remediationName } from "../../remediation/detect/execution-names.ts";
import { outcomeSchema } from "../../remediation/report/outcome.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { type Check, failed, passed, skipped } from "./check.ts";
import { taskEvent } from "./rule-checks.ts";
import type { CheckReport } from "./run-checks.ts";
import type { StackUnderTest } from "./stack-under-test.ts";

const CHECK = "the whole path";
const SECONDS_MAX = 120;
const PAUSE_SECONDS = 2;
/** Clocks differ: Lambda's may be behind ours. */
const CLOCKS_APART_MS = 300_000;

export type Path = {
  put(document: JsonObject): Promise<void>;
  readonly executions: DeployedExecutions;
};

/** Sends the event, and waits for its record. */
export async function probe(
  { queueUrl, remediateArn, cluster }: Omit<CheckReport, "checks">,
  home: StackUnderTest["home"],
  { put, executions }: Path,
  clock: Clock,
): Promise<Check> {
  if (queueUrl === undefined || remediateArn === undefined)
    return skipped(CHECK, "the queue or remediate was not found");
  const startedAt = clock.now();
  const document = taskEvent(home, cluster, {
    group: "service:repull-doctor",
    // A deployment of its own each time: a name starts once.
    startedBy: `ecs-svc/${startedAt}`,
    stopCode: "TaskFailedToStart",
    stoppedReason:
      "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
  });
  const failure = readEvent(document, home);
  if (failure.kind === "ignored") return skipped(CHECK, `the event would be ignored: ${failure.because}`);
  const name = remediationName(functionNameOf(remediateArn), failure, 1);
  try {
    await put(document);
    for (let waited = 0; waited < SECONDS_MAX; waited += PAUSE_SECONDS) {
      const listed = await executions.since(remediateArn, startedAt - CLOCKS_APART_MS);
      if (listed.kind === "unread") return skipped(CHECK, listed.error.message);
      const found = listed.value.find((execution) => execution.name === name);
      if (found !== undefined && found.status !== "running")
        return await recordOf(found.arn, name, found.status, waited, executions);
      await clock.sleep(PAUSE_SECONDS * 1000);
    }
  } catch (error) {
    return skipped(CHECK, error instanceof Error ? error.message : String(error));
  }
  return failed(
    CHECK,
    `no execution of ${name} has ended within ${SECONDS_MAX} s`,
    "look at detect's log for the synthetic event, then at remediate's executions",
  );
}

async function recordOf(
  arn: string,
  name: string,
  status: string,
  waited: number,
  executions: DeployedExecutions,
): Promise<Check> {
  const read = await executions.described(arn);
  const console = "look at it in the Lambda console: remediate, Durable executions";
  if (read.kind === "unread") return skipped(CHECK, read.error.message);
  const { result, because } = read.value;
  if (status !== "succeeded")
    return failed(CHECK, `${name} ${status}${because === undefined ? "" : `: ${because}`}`, console);
  const record = outcomeSchema.safeParse(result);
  if (!record.success) return failed(CHECK, `${name} has ended without a record`, console);
  return passed(
    CHECK,
    `a synthetic event went from the bus to its record in about ${waited} s: ${record.data.outcome}, ${record.data.because}`,
  );
}
