/** Where the questions of `remediate` are looked up and answered: the durable executions' own history, and their callbacks. */

import {
  type Event,
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  LambdaClient,
  SendDurableExecutionCallbackSuccessCommand,
} from "@aws-sdk/client-lambda";
import { optional } from "../../ecs/json-fields.ts";
import type { ApprovalOperation, ApprovalStore } from "../../remediation/gates/pending-approvals.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { ExecutionStatus } from "../../remediation/ports/ports.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { tryParseJson } from "../../runtime/json.ts";
import type { CallbackResult } from "../../runtime/steps.ts";
import { findExecution, statusIn } from "../adapters/durable-executions.ts";
import { callAws, hasErrorCode } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { listExecutions, RUNS_MS_MAX } from "./list-executions.ts";

const PAGE = 1000;
/** Newest first: a question that waits is among the last things that happened. An execution has 3,000 operations at most. */
const PAGES_MAX = 12;

/** @param functionName name or ARN of the stack's remediate function, without a version */
export function createApprovalStore(
  settings: AwsSettings,
  functionName: string,
  { now }: Pick<Clock, "now"> = systemClock,
): ApprovalStore {
  const client = new LambdaClient(clientConfiguration(settings));

  const find = async (execution: string): Promise<Found | undefined> => {
    if (!execution.startsWith("arn:")) {
      const found = await callAws("lambda:ListDurableExecutionsByFunction", () =>
        findExecution(client, functionName, execution),
      );
      return found && foundIn(found.DurableExecutionArn, execution, found.Status);
    }
    const action = "lambda:GetDurableExecution";
    try {
      const found = await callAws(action, () =>
        client.send(new GetDurableExecutionCommand({ DurableExecutionArn: execution })),
      );
      return foundIn(execution, found.DurableExecutionName ?? execution, found.Status);
    } catch (error) {
      if (error instanceof AwsError && error.kind === "absent") return undefined;
      throw error;
    }
  };

  const eventsOf = async (arn: string): Promise<readonly Event[]> => {
    const events: Event[] = [];
    let marker: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const read = await callAws("lambda:GetDurableExecutionHistory", () =>
        client.send(
          new GetDurableExecutionHistoryCommand({
            DurableExecutionArn: arn,
            IncludeExecutionData: true,
            ReverseOrder: true,
            MaxItems: PAGE,
            ...optional("Marker", marker),
          }),
        ),
      );
      events.push(...(read.Events ?? []));
      marker = read.NextMarker;
      if (!marker) break;
    }
    return events;
  };

  return {
    async running() {
      // Those that are paused go on when they are resumed; asking by status would leave them out.
      const at = now();
      const { executions } = await listExecutions(client, functionName, { since: at - RUNS_MS_MAX, now: at });
      return executions
        .filter(({ Status }) => statusIn(Status) === "running")
        .map(({ DurableExecutionName }) => DurableExecutionName ?? "");
    },

    async history(execution) {
      const found = await find(execution);
      if (found === undefined) return undefined;
      const { arn, name, status } = found;
      return { execution: name, status, operations: operationsIn(await eventsOf(arn)) };
    },

    async answer(callbackId, text) {
      try {
        await callAws("lambda:SendDurableExecutionCallbackSuccess", () =>
          client.send(
            new SendDurableExecutionCallbackSuccessCommand({
              CallbackId: callbackId,
              Result: Buffer.from(text),
            }),
          ),
        );
        return "taken";
      } catch (error) {
        // "The callback ID token has either expired or the callback … has already been closed."
        if (
          error instanceof AwsError &&
          hasErrorCode(error.cause, "CallbackTimeoutException", "ResourceNotFoundException")
        )
          return "closed";
        throw error;
      }
    },
  };
}

type Found = { readonly arn: string; readonly name: string; readonly status: ExecutionStatus["status"] };

function foundIn(arn: string | undefined, name: string, status: string | undefined): Found {
  return { arn: arn ?? "", name, status: statusIn(status) };
}

/** The callbacks and the finished steps; an operation's events have its id in common. */
function operationsIn(events: readonly Event[]): readonly ApprovalOperation[] {
  return events.flatMap((event): readonly ApprovalOperation[] => {
    const { Id, Name: name = "" } = event;
    const callbackId = event.CallbackStartedDetails?.CallbackId;
    if (callbackId !== undefined) {
      const answer = events.filter((other) => other.Id === Id).map(answerIn);
      return [
        {
          kind: "opened",
          name,
          callbackId,
          ...optional(
            "answer",
            answer.find((one) => one !== undefined),
          ),
        },
      ];
    }
    const result = event.StepSucceededDetails?.Result;
    return result?.Payload === undefined
      ? []
      : [{ kind: "step", name, result: tryParseJson(result.Payload) }];
  });
}

function answerIn(event: Event): CallbackResult | undefined {
  switch (event.EventType) {
    case "CallbackSucceeded":
      return { kind: "answered", text: event.CallbackSucceededDetails?.Result?.Payload ?? "" };
    case "CallbackFailed":
      return { kind: "failed", because: event.CallbackFailedDetails?.Error?.Payload?.ErrorMessage ?? "" };
    case "CallbackTimedOut":
      return { kind: "expired" };
    default:
      return undefined;
  }
}
