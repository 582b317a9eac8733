/**
 * The plans that wait for approval, as the executions themselves report them.
 *
 * A request and its answer are in the execution's own history; so the operator is shown the plan that this very
 * execution has published, and no second record is kept.
 */

import type { CallbackResult } from "../../runtime/steps.ts";
import type { ExecutionStatus } from "../ports/ports.ts";
import { type Outcome, outcomeSchema } from "../report/outcome.ts";
import { type Decision, parseDecision } from "./approval-decision.ts";

/** The names of an execution's operations that belong to a question: `approval 1`, then `ask 1`, which published it. */
const OPENED = /^approval ([0-9]+)$/;
const PUBLISHED = /^ask ([0-9]+)$/;

/** An operation of an execution, as far as questions are concerned. */
export type ApprovalOperation =
  | {
      readonly kind: "opened";
      readonly name: string;
      readonly callbackId: string;
      readonly answer?: CallbackResult;
    }
  | { readonly kind: "step"; readonly name: string; readonly result: unknown };

export type ApprovalHistory = {
  readonly execution: string;
  readonly status: ExecutionStatus["status"];
  /** In any order. */
  readonly operations: readonly ApprovalOperation[];
};

/** Where questions are looked up and answered. */
export interface ApprovalStore {
  /** Names of the executions that run, newest first. */
  running(): Promise<readonly string[]>;
  /** @param execution name, or ARN of the execution; undefined where there is none */
  history(execution: string): Promise<ApprovalHistory | undefined>;
  /** `closed`: it was answered before, or its time is over. Throws AwsError. */
  answer(callbackId: string, text: string): Promise<"taken" | "closed">;
}

export type ApprovalStatus =
  | { readonly kind: "waiting"; readonly callbackId: string; readonly published?: Outcome }
  | { readonly kind: "decided"; readonly decision: Decision }
  /** Nothing waits, and nothing was decided. */
  | { readonly kind: "nothing"; readonly because: string };

/** The status of an execution's last approval request. */
export function latestApproval({ execution, status, operations }: ApprovalHistory): ApprovalStatus {
  const opened = operations.flatMap((operation) => {
    const number = OPENED.exec(operation.name)?.[1];
    return operation.kind === "opened" && number !== undefined
      ? [{ ...operation, number: Number(number) }]
      : [];
  });
  const last = opened.toSorted((one, other) => other.number - one.number)[0];
  const state = status === "running" ? "is running" : `has ended (${status})`;
  if (last === undefined)
    return { kind: "nothing", because: `${execution} ${state}, and has asked for no approval` };
  if (last.answer !== undefined) {
    const decision = parseDecision(last.answer);
    return decision === undefined
      ? { kind: "nothing", because: `the answer to ${execution} could not be understood, and it ${state}` }
      : { kind: "decided", decision };
  }
  if (status !== "running") return { kind: "nothing", because: `${execution} ${state}, without an answer` };
  const told = operations.find(
    ({ kind, name }) => kind === "step" && PUBLISHED.exec(name)?.[1] === String(last.number),
  );
  const read = outcomeSchema.safeParse(told?.kind === "step" ? told.result : undefined);
  return {
    kind: "waiting",
    callbackId: last.callbackId,
    ...(read.success ? { published: read.data } : {}),
  };
}
