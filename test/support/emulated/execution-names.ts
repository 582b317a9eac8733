/** Lambda's ARNs of durable executions, in place of the local runner's, which are `UUID/INVOCATION`. */

import type { JsonObject } from "../../../src/runtime/json.ts";

export type StartedExecution = {
  readonly functionName: string;
  /** Of the function, to which its alias pointed when it was started: all its invocations are of that one. */
  readonly version: string;
  readonly name: string;
  /** As Lambda has it. */
  readonly arn: string;
  /** As the runner has it. */
  readonly runnerArn: string;
  readonly input: string;
  /** Of operations: their ids. */
  readonly operations: Set<string>;
  /** What its checkpoints sent, in bytes. */
  bytes: number;
  invocations: number;
};

export type ExecutionNames = {
  readonly all: readonly StartedExecution[];
  find(functionName: string, name: string): StartedExecution | undefined;
  add(
    started: Pick<StartedExecution, "functionName" | "version" | "name" | "input" | "runnerArn">,
  ): StartedExecution;
  byRunner(runnerArn: string): StartedExecution | undefined;
  /** The runner's ARNs in a text, in Lambda's form. */
  toLambda(text: string): string;
  /** Lambda's ARNs in a text, in the runner's form. */
  toRunner(text: string): string;
};

export function executionNames({ account, region }: { account: string; region: string }): ExecutionNames {
  const all: StartedExecution[] = [];
  return {
    all,
    find: (functionName, name) => all.find((one) => one.functionName === functionName && one.name === name),
    add(started) {
      const { functionName, version, name, runnerArn } = started;
      const id = runnerArn.split("/")[0] ?? "";
      const arn = `arn:aws:lambda:${region}:${account}:function:${functionName}:${version}/durable-execution/${name}/${id}`;
      const made = {
        ...started,
        arn,
        operations: new Set<string>(),
        bytes: 0,
        invocations: 0,
      };
      all.push(made);
      return made;
    },
    byRunner: (runnerArn) => all.find((one) => one.runnerArn === runnerArn),
    toLambda: (text) => all.reduce((so, { arn, runnerArn }) => so.replaceAll(runnerArn, arn), text),
    toRunner: (text) => all.reduce((so, { arn, runnerArn }) => so.replaceAll(arn, runnerArn), text),
  };
}

/** What a checkpoint adds to an execution's history. */
export function countCheckpoint(execution: StartedExecution, body: string): readonly JsonObject[] {
  const { Updates = [] } = JSON.parse(body) as { readonly Updates?: readonly JsonObject[] };
  for (const { Id } of Updates) execution.operations.add(String(Id));
  execution.bytes += Buffer.byteLength(body);
  return Updates;
}
