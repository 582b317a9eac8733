/** What brings events to `detect`, and where the unhandled ones are, with the reason of the oldest. */

import type {
  DeadLetter,
  DeployedFunction,
  DeployedQueue,
  ReadResult,
} from "../../aws/stack/deployed-stack.ts";
import { redact } from "../../text/redact.ts";
import { type Check, failed, passed, skipped, unread } from "./check.ts";
import type { StackUnderTest } from "./stack-under-test.ts";

const REASON_LENGTH_MAX = 200;

export type Queues = {
  readonly checks: readonly Check[];
  readonly queue?: DeployedQueue;
  readonly deadLetters?: DeployedQueue;
};

export async function queueChecks(
  detect: DeployedFunction | undefined,
  tested: StackUnderTest,
): Promise<Queues> {
  if (detect === undefined) return { checks: [skipped("mapping", "detect was not found")] };
  const { stack } = tested;
  const mappings = await stack.mappings(detect.arn);
  if (mappings.kind === "unread") return { checks: [unread("mapping", mappings)] };
  const [mapping] = mappings.value;
  if (mapping === undefined)
    return { checks: [failed("mapping", "no queue brings messages to detect", "deploy the stack again")] };
  const queue = await stack.queue(mapping.queueArn);
  const url = detect.environment.REPULL_DEAD_LETTER_QUEUE_URL ?? "";
  const deadLetters = await stack.queue(url);
  return {
    checks: [
      mappingCheck(mapping),
      queueCheck(queue),
      await deadLettersCheck("dead letters", "docs/operating.md#dead-letters", deadLetters, tested),
    ],
    ...(queue.kind === "read" ? { queue: queue.value } : {}),
    ...(deadLetters.kind === "read" ? { deadLetters: deadLetters.value } : {}),
  };
}

function mappingCheck({
  id,
  state,
  reportsBatchItemFailures,
}: {
  readonly id: string;
  readonly state: string;
  readonly reportsBatchItemFailures: boolean;
}): Check {
  if (state !== "Enabled")
    return failed(
      "mapping",
      `the mapping from the queue to detect is ${state}`,
      `aws lambda update-event-source-mapping --enabled --uuid ${id}`,
    );
  return reportsBatchItemFailures
    ? passed("mapping", "the queue brings messages to detect, and single failures come back alone")
    : failed(
        "mapping",
        "one message that fails brings its whole batch back",
        "set FunctionResponseTypes to ReportBatchItemFailures, or deploy the stack again",
      );
}

function queueCheck(part: ReadResult<DeployedQueue>): Check {
  if (part.kind === "unread") return unread("queue", part);
  const { messages, inFlight, deadLetterArn } = part.value;
  if (deadLetterArn === undefined)
    return failed("queue", "what fails is lost: it has no dead-letter queue", "deploy the stack again");
  return messages > 0
    ? failed(
        "queue",
        `${messages} message${messages === 1 ? " waits" : "s wait"}, ${inFlight} are being handled`,
        "look at detect's log: docs/operating.md#waiting",
      )
    : passed("queue", `empty, ${inFlight} messages are being handled`);
}

/** A queue that should be empty; where it is not, why its oldest message lies there. */
export async function deadLettersCheck(
  check: string,
  page: string,
  part: ReadResult<DeployedQueue>,
  { stack, now }: StackUnderTest,
): Promise<Check> {
  if (part.kind === "unread") return unread(check, part);
  const { messages, url } = part.value;
  if (messages === 0) return passed(check, "none");
  const lie = `${messages} message${messages === 1 ? " lies" : "s lie"} in ${url.slice(url.lastIndexOf("/") + 1)}`;
  const oldest = await stack.oldestDeadLetter(url);
  if (oldest.kind === "unread" || oldest.value === undefined) return failed(check, lie, page);
  return failed(check, `${lie}; the oldest ${formatDeadLetter(oldest.value, now())}`, page);
}

/** Its reason; never its body, which may hold anything. */
function formatDeadLetter({ sentAt, because }: DeadLetter, now: number): string {
  const hours = Math.max(0, Math.round((now - sentAt) / 3_600_000));
  const age = hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
  const reason = because === undefined ? "detect failed five times" : redact(because);
  return `(${age}): ${reason.slice(0, REASON_LENGTH_MAX)}`;
}
