/** An execution of `remediate` that waits for an approval, as Lambda lists and describes it. */

import type { Override } from "./account.ts";
import { ACCOUNT, REGION, secondsAgo } from "./documents.ts";

export const WAITING = `r-${"a".repeat(40)}-1`;
export const waitingArn = (account = ACCOUNT, region = REGION) =>
  `arn:aws:lambda:${region}:${account}:function:repull-remediate:7/durable-execution/${WAITING}/2b7e`;

const FUNCTION = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:repull-remediate:7`;
const execution = () => ({
  DurableExecutionArn: waitingArn(),
  DurableExecutionName: WAITING,
  FunctionArn: FUNCTION,
  Status: "RUNNING",
  StartTimestamp: secondsAgo(10),
});
const events = [
  {
    EventId: 1,
    EventType: "CallbackStarted",
    Id: "a",
    Name: "approval 1",
    EventTimestamp: secondsAgo(8),
    SubType: "Callback",
    CallbackStartedDetails: { CallbackId: "callback-1", Timeout: 43_200 },
  },
];

/** Answers what is asked about it, and takes the answer to its question. */
export const waitingPlan: Override = ({ action }) => {
  const path = decodeURIComponent(action.split("?")[0] ?? "");
  if (path.includes("/durable-execution-callbacks/")) return { body: {} };
  if (path.endsWith("/history")) return { body: { Events: events } };
  if (/\/functions\/[^/]+\/durable-executions$/.test(path))
    return { body: { DurableExecutions: [execution()] } };
  return path.includes("/durable-executions/") ? { body: execution() } : undefined;
};
