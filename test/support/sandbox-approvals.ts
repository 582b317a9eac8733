/** Where the questions of a sandbox's executions are looked up and answered. */

import { optional } from "../../src/ecs/json-fields.ts";
import type { ApprovalOperation, ApprovalStore } from "../../src/remediation/gates/pending-approvals.ts";
import type { StepRecord } from "../../src/runtime/in-process-steps.ts";
import type { SandboxExecutions } from "../../src/sandbox/aws/durable-executions.ts";

export function sandboxApprovals({
  records,
  answer,
}: Pick<SandboxExecutions, "records" | "answer">): ApprovalStore {
  const remediations = () => records.filter(({ workflow }) => workflow === "remediate");
  return {
    running: async () =>
      remediations()
        .filter(({ status }) => status === "running")
        .map(({ name }) => name)
        .toReversed(),
    history: async (execution) => {
      const found = remediations().find(({ name }) => name === execution);
      return (
        found && { execution, status: found.status, operations: found.log.flatMap((record) => read(record)) }
      );
    },
    answer: async (callbackId, text) =>
      answer(callbackId, { kind: "answered", text }) === "taken" ? "taken" : "closed",
  };
}

function read(record: StepRecord): readonly ApprovalOperation[] {
  if (record.kind === "callback") {
    const { name, id, answer } = record;
    return [{ kind: "opened", name, callbackId: id, ...optional("answer", answer) }];
  }
  if (record.kind !== "step" || record.result === undefined) return [];
  return [{ kind: "step", name: record.name, result: JSON.parse(record.result) }];
}
