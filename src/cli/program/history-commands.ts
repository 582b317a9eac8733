/** The commands that look back: `history` and `undo`. Each loads its own code only. */

import { optional } from "../../ecs/json-fields.ts";
import { accountClock } from "../account/account-clock.ts";
import { isWorkloadName } from "../account/cluster/workload-name.ts";
import type { HistorySession, PastOptions } from "../account/sessions/history-session.ts";
import type { CommandIo } from "../io.ts";
import { WrongCall } from "../wrong-call.ts";
import { addBoundedAccountOptions } from "./options/account-options.ts";
import { addClusterOptions, clusterOptionsOf } from "./options/cluster-options.ts";
import { addStackOptions, deployedConfigOptionsOf } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addHistoryCommands({ program, io, finish }: ProgramParts): void {
  addClusterOptions(addBoundedAccountOptions(program.command("history")), "with NAMESPACE/KIND/NAME: ")
    .description(
      "List what was done in this account, or for a cluster's workload: when, why, with what proof, and how it ended.",
    )
    .argument("[name]", "a cluster's workload: NAMESPACE/KIND/NAME; absent: the account")
    .option("--since <time>", "30d, 6h, 90m, or a time in ISO 8601", "30d")
    .option("--stack <name>", "the stack whose executions are read; absent: the region's only one")
    .option("--no-stack", "read the revisions' tags alone")
    .option("--function <name>", "the stack's remediate function, where it is not called after the stack")
    .addOption(JSON_OPTION)
    .action((name: string | undefined, { function: functionName, stack, ...options }) =>
      finish(async () => {
        if (name !== undefined) {
          if (!isWorkloadName(name)) throw new WrongCall("NAME is NAMESPACE/KIND/NAME of a cluster");
          const [{ historyOfWorkload }, { withCluster }] = await Promise.all([
            import("../commands/kubernetes/history-workload.ts"),
            import("../account/cluster/cluster-session.ts"),
          ]);
          const input = { name, json: options.json };
          return withCluster(clusterOptionsOf(options), io, (session) =>
            historyOfWorkload(input, session, io),
          );
        }
        await refuseUnclearTime(options.since, io);
        const executions = { ...optional("stack", stack), ...optional("functionName", functionName) };
        const [{ history }, session] = await Promise.all([
          import("../commands/history.ts"),
          pastOf({ kind: "reads", ...executions }, io),
        ]);
        return history(options, session, io);
      }),
    );

  addClusterOptions(
    addBoundedAccountOptions(addStackOptions(program.command("undo"))),
    "with NAMESPACE/KIND/NAME: ",
  )
    .description(
      "Go back to the previous revision of one remediation, or of all since a time; or keep Repull off a cluster's workload. Shows the plan first.",
    )
    .argument("[name]", "an execution, a service, the family of a scheduled task, or NAMESPACE/KIND/NAME")
    .option("--since <time>", "every remediation whose revision was registered since: 6h, 30d, or ISO 8601")
    .option("--cluster <cluster>", "the cluster of the service or the scheduled task, by name or ARN")
    .option("-y, --yes", "go on and write", false)
    .option("--no-wait", "do not wait until the services run their previous revision")
    .addOption(JSON_OPTION)
    .action((name: string | undefined, options) =>
      finish(async () => {
        if ((name === undefined) === (options.since === undefined))
          throw new WrongCall(
            name === undefined
              ? "name an execution, a service or a family, or give --since TIME"
              : "either a name or --since",
          );
        if (name !== undefined && isWorkloadName(name)) {
          const [{ undoWorkload }, { withCluster }] = await Promise.all([
            import("../commands/kubernetes/undo-workload.ts"),
            import("../account/cluster/cluster-session.ts"),
          ]);
          const input = { name, yes: options.yes, json: options.json };
          return withCluster(clusterOptionsOf(options), io, (session) => undoWorkload(input, session, io));
        }
        await refuseUnclearTime(options.since, io);
        const [{ undo }, session] = await Promise.all([
          import("../commands/undo.ts"),
          pastOf({ kind: "writes", rules: deployedConfigOptionsOf(options) }, io),
        ]);
        return undo({ ...(name === undefined ? {} : { name }), ...options }, session, io);
      }),
    );
}

/** A wrong call is reported before an account is asked. */
async function refuseUnclearTime(since: string | undefined, io: CommandIo): Promise<void> {
  const { parseSince } = await import("../account/sessions/history-session.ts");
  if (since !== undefined) parseSince(since, accountClock(io.env).now());
}

/** The account of the environment, for the commands that look back. */
async function pastOf(options: PastOptions, io: CommandIo): Promise<HistorySession> {
  const { openHistorySession } = await import("../account/sessions/history-session.ts");
  return await openHistorySession(options, accountClock(io.env), io);
}
