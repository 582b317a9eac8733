/** The commands that watch and stop a deployed stack: `status`, `doctor`, `pause`, `resume`. Each loads its own code only. */

import { type Command, Option } from "commander";
import type { CommandIo } from "../io.ts";
import { WrongCall } from "../wrong-call.ts";
import { addBoundedAccountOptions } from "./options/account-options.ts";
import { addStackOptions, deployedConfigOptionsOf, type StackFlags } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

type SwitchFlags = { readonly stack?: string | false; readonly yes: boolean; readonly json: boolean };

export function addOperationCommands({ program, io, finish }: ProgramParts): void {
  addBoundedAccountOptions(addStackOptions(program.command("status")))
    .description(
      "Show whether Repull may write, what runs, what was done in 24 hours by the stack and by hand, and which services wait. Reads only.",
    )
    .addOption(JSON_OPTION)
    .action((options: StackFlags & { readonly json: boolean }) =>
      finish(async () => {
        const [{ status }, { openStatusSession }, { accountClock }] = await Promise.all([
          import("../commands/status.ts"),
          import("../account/sessions/status-session.ts"),
          import("../account/account-clock.ts"),
        ]);
        return status(
          options,
          await openStatusSession(deployedConfigOptionsOf(options), accountClock(io.env), io),
          io,
        );
      }),
    );

  addBoundedAccountOptions(program.command("doctor"))
    .description("Examine a deployed stack: what would not work, why, and what to do about it.")
    .option("--stack <name>", "the CloudFormation stack; absent: the region's only one")
    .option(
      "--probe",
      "also send one synthetic event through the real path, about a service that does not exist",
      false,
    )
    .option("--kube-context <name>", "examine the cluster of this context instead")
    .option("--kubeconfig <file>", "examine the cluster of this kubeconfig instead")
    .option("-n, --namespace <name>", "with a cluster: where Repull runs there", "repull")
    .addOption(JSON_OPTION)
    .action((options) => finish(() => examine(options, io)));

  const ofStack = (command: Command): Command =>
    addBoundedAccountOptions(command)
      .addOption(
        new Option("--stack <name>", "the stack whose kill switch it is; absent: the region's only one"),
      )
      .addOption(
        new Option("--no-stack", "refused: without a stack there is no kill switch").default(undefined),
      )
      .option("-y, --yes", "do not ask", false)
      .addOption(JSON_OPTION);

  ofStack(
    program.command("pause").requiredOption("--because <text>", "why; everyone who meets the pause reads it"),
  )
    .description("Stop every write of a stack at once: its kill switch. Shows what it will do, and asks.")
    .action((options: SwitchFlags & { readonly because: string }) =>
      finish(async () => {
        const { pause } = await import("../commands/pause-resume.ts");
        return pause(options, await sessionFor("pause", options, io), io);
      }),
    );

  ofStack(program.command("resume"))
    .description("Let a paused stack write again. Shows why it was paused, and asks.")
    .action((options: SwitchFlags) =>
      finish(async () => {
        const { resume } = await import("../commands/pause-resume.ts");
        return resume(options, await sessionFor("resume", options, io), io);
      }),
    );
}

type DoctorFlags = {
  readonly stack?: string;
  readonly probe: boolean;
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly json: boolean;
};

async function examine(options: DoctorFlags, io: CommandIo): Promise<number> {
  const { kubeContext, kubeconfig, stack, probe } = options;
  if (kubeContext === undefined && kubeconfig === undefined)
    return (await import("../doctor/doctor.ts")).doctor(options, io);
  if (probe || stack !== undefined)
    throw new WrongCall("either a cluster, or a stack with --stack or --probe");
  return (await import("../doctor/cluster/cluster-doctor.ts")).clusterDoctor(options, io);
}

async function sessionFor(command: string, { stack }: SwitchFlags, io: CommandIo) {
  if (stack === false)
    throw new WrongCall(`--no-stack does not go with ${command}: the kill switch is a stack's`);
  return await (await import("../account/sessions/kill-switch-session.ts")).openKillSwitchSession(stack, io);
}
