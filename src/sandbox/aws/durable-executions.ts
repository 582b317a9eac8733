/**
 * Durable executions in the sandbox: one name starts once, and what it started lives in the world's time.
 *
 * Each is a process of the clock over a log of its own, so that it can wait for hours in parallel with others, die after
 * any step, and go on from where the log ends.
 */

import assert from "node:assert/strict";
import { optional } from "../../ecs/json-fields.ts";
import { denialReason } from "../../remediation/gates/approval-decision.ts";
import { AwsError, isTransient } from "../../remediation/ports/aws-error.ts";
import { heldBackIn } from "../../remediation/ports/held-back-record.ts";
import {
  type ExecutionStatus,
  type Executions,
  ignoredIn,
  parseMirrorRejection,
} from "../../remediation/ports/ports.ts";
import { rollbackIn } from "../../remediation/ports/rollback-record.ts";
import {
  answerCallback,
  type CallbackRecord,
  type CrashPoint,
  runInProcess,
  type StepRecord,
} from "../../runtime/in-process-steps.ts";
import type { Json } from "../../runtime/json.ts";
import type { CallbackResult, Steps } from "../../runtime/steps.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import { type Assumptions, DEFAULT_ASSUMPTIONS } from "../world/assumptions.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

type Workflow = Parameters<Executions["start"]>[0];
type WorkflowBody = (input: Json, steps: Steps, name: string) => Promise<unknown>;

export type ExecutionRecord = {
  readonly workflow: Workflow;
  readonly name: string;
  readonly input: Json;
  readonly startedAt: number;
  readonly log: readonly StepRecord[];
  status: Exclude<ExecutionStatus["status"], "unknown">;
  endedAt?: number;
  result?: unknown;
  /** The words of what it failed with. */
  failure?: string;
};

export interface SandboxExecutions {
  readonly port: Executions;
  /** Says what runs when an execution of this workflow is started. */
  serve(workflow: Workflow, body: WorkflowBody): void;
  /** Names the stack whose functions run here; until then it is `repull`. */
  ofStack(name: string): void;
  /** Decides after each step whether the process dies there. */
  dies(decide: (death: CrashPoint, execution: ExecutionRecord) => boolean): void;
  /** Answers the question of this id, as the outside does; `closed` where it was answered, or is over. */
  answer(id: string, answer: CallbackResult): "taken" | "closed" | "unknown";
  /** In the order of their start. */
  readonly records: readonly ExecutionRecord[];
  running(): boolean;
}

/** Between the asynchronous invocation and the first line of the function. */
const START_MS = 500;

export function createExecutions(
  clock: VirtualClock,
  { executionNames }: Pick<Assumptions, "executionNames"> = DEFAULT_ASSUMPTIONS,
  faults: AwsFault = () => {},
): SandboxExecutions {
  let stack = "repull";
  const bodies = new Map<Workflow, WorkflowBody>();
  const records: ExecutionRecord[] = [];
  let decide: (death: CrashPoint, execution: ExecutionRecord) => boolean = () => false;
  const find = (workflow: Workflow, name: string): ExecutionRecord | undefined =>
    records.find((record) => record.workflow === workflow && record.name === name);

  /** An execution's end is in its history, which is another API call and may fail on its own. */
  const unreadable = ({ status }: ExecutionRecord): ExecutionStatus | undefined => {
    if (status === "running") return undefined;
    try {
      faults("lambda:GetDurableExecution");
      return undefined;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return {
        status: "unknown",
        because: error.message,
        ...(error.kind === "denied" ? { permission: error.action } : {}),
        ...(isTransient(error) ? { transient: true } : {}),
      };
    }
  };

  const live = async (record: ExecutionRecord, log: StepRecord[], body: WorkflowBody): Promise<void> => {
    try {
      record.result = await runInProcess((steps) => body(structuredClone(record.input), steps, record.name), {
        clock,
        log,
        execution: record.name,
        crashesAt: (death) => decide(death, record),
      });
      record.status = "succeeded";
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      record.status = "failed";
      record.failure = error instanceof Error ? error.message : String(error);
    }
    record.endedAt = clock.now();
  };

  return {
    port: {
      functionName: (workflow) => `${stack}-${workflow}`,
      async start(workflow, name, input) {
        // Lambda's own rule for the names of durable executions.
        assert.match(name, /^[A-Za-z0-9_-]{1,64}$/, "the name of an execution");
        const isTaken =
          executionNames === "per-account"
            ? records.some((record) => record.name === name)
            : find(workflow, name) !== undefined;
        if (isTaken) return "taken";
        const body = bodies.get(workflow);
        assert(body !== undefined, `no function runs ${workflow}`);
        const log: StepRecord[] = [];
        const record: ExecutionRecord = {
          workflow,
          name,
          input: structuredClone(input),
          startedAt: clock.now(),
          log,
          status: "running",
        };
        records.push(record);
        clock.schedule(clock.now() + START_MS, () => live(record, log, body));
        return "started";
      },
      async status(workflow, name) {
        faults("lambda:ListDurableExecutionsByFunction");
        const found = find(workflow, name);
        const unread = found === undefined ? undefined : unreadable(found);
        if (found !== undefined && unread !== undefined) {
          const endedAt = optional("endedAt", found.endedAt);
          // The list says that it failed, next to the result.
          return found.status === "succeeded"
            ? { ...unread, ...endedAt }
            : { status: found.status, ...endedAt };
        }
        return (
          found && {
            status: found.status,
            ...optional("because", found.failure),
            ...parseMirrorRejection(found.result),
            ...ignoredIn(found.result),
            ...heldBackIn(found.result),
            ...rollbackIn(found.result),
            ...optional("denied", denialReason(found.result)),
            ...optional("endedAt", found.endedAt),
          }
        );
      },
    },
    serve: (workflow, body) => void bodies.set(workflow, body),
    ofStack(name) {
      stack = name;
    },
    dies(by) {
      decide = by;
    },
    answer(id, answer) {
      const question = records
        .flatMap(({ log }) => log)
        .find((record): record is CallbackRecord => record.kind === "callback" && record.id === id);
      return question === undefined ? "unknown" : answerCallback(question, answer, clock.now());
    },
    records,
    running: () => records.some(({ status }) => status === "running"),
  };
}
