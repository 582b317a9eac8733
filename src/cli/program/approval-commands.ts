/** `approve` and `deny` as the program's commands. */

import { Option } from "commander";
import { optional } from "../../ecs/json-fields.ts";
import { addBoundedAccountOptions } from "./options/account-options.ts";
import { addStackOptions, deployedConfigOptionsOf, type StackFlags } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

type ApprovalOptions = StackFlags & {
  readonly because?: string;
  readonly function?: string;
  readonly json: boolean;
};

export function addApprovalCommands({ program, io, finish }: ProgramParts): void {
  const remediateFunction = new Option(
    "--function <name>",
    "the stack's remediate function, where it is not called after the stack",
  );
  const run = (word: "approve" | "deny", executions: readonly string[], options: ApprovalOptions) =>
    finish(async () => {
      const [{ answerApproval }, { openApprovalSession }] = await Promise.all([
        import("../commands/answer-approval.ts"),
        import("../account/sessions/approval-session.ts"),
      ]);
      const { function: functionName, because, json } = options;
      const account = await openApprovalSession(
        {
          ...deployedConfigOptionsOf(options),
          ...optional("functionName", functionName),
        },
        io,
      );
      return answerApproval(
        { word, executions, json, ...(because === undefined ? {} : { because }) },
        account,
        io,
      );
    });

  addBoundedAccountOptions(addStackOptions(program.command("approve")))
    .description("Approve a plan that waits (mode approve). Without a name: list what waits.")
    .argument("[execution...]", "names or ARNs of executions, as the event has them")
    .addOption(remediateFunction)
    .addOption(JSON_OPTION)
    .action((executions: string[], options: ApprovalOptions) => run("approve", executions, options));

  addBoundedAccountOptions(addStackOptions(program.command("deny")))
    .description("Deny a plan that waits: nothing is written for that deployment.")
    .argument("<execution...>", "names or ARNs of executions, as the event has them")
    .option("--because <text>", "why; it is kept in the record")
    .addOption(remediateFunction)
    .addOption(JSON_OPTION)
    .action((executions: string[], options: ApprovalOptions) => run("deny", executions, options));
}
