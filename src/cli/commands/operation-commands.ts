/** The commands that watch and stop a deployed stack: `status`, `pause`, `resume`. Each loads its own code only. */

import { type Command, Option } from "commander";
import { addBoundedAccountOptions } from "../account-options.ts";
import type { CommandIo } from "../io.ts";
import { addStackOptions, deployedConfigOptionsOf, type StackFlags } from "../stack-options.ts";
import { WrongCall } from "../wrong-call.ts";

type SwitchFlags = { readonly stack?: string | false; readonly yes: boolean; readonly json: boolean };

/** Adds them to the program; `finish` runs each to its exit status. */
export function addOperationCommands(
  program: Command,
  json: Option,
  io: CommandIo,
  finish: (run: () => Promise<number>) => Promise<void>,
): void {
  addBoundedAccountOptions(addStackOptions(program.command("status")))
    .description(
      "Show whether Repull may write, what runs, what was done in 24 hours, and which services wait. Reads only.",
    )
    .addOption(json)
    .action((options: StackFlags & { readonly json: boolean }) =>
      finish(async () => {
        const [{ status }, { openStatusSession }, { systemClock }] = await Promise.all([
          import("./status.ts"),
          import("../account/status-session.ts"),
          import("../../runtime/clock.ts"),
        ]);
        return status(
          options,
          await openStatusSession(deployedConfigOptionsOf(options), systemClock, io),
          io,
        );
      }),
    );

  const ofStack = (command: Command): Command =>
    addBoundedAccountOptions(command)
      .addOption(
        new Option("--stack <name>", "the stack whose kill switch it is; absent: the region's only one"),
      )
      .addOption(
        new Option("--no-stack", "refused: without a stack there is no kill switch").default(undefined),
      )
      .option("--yes", "do not ask", false)
      .addOption(json);

  ofStack(
    program.command("pause").requiredOption("--because <text>", "why; everyone who meets the pause reads it"),
  )
    .description("Stop every write of a stack at once: its kill switch. Shows what it will do, and asks.")
    .action((options: SwitchFlags & { readonly because: string }) =>
      finish(async () => {
        const { pause } = await import("./pause-resume.ts");
        return pause(options, await sessionFor("pause", options, io), io);
      }),
    );

  ofStack(program.command("resume"))
    .description("Let a paused stack write again. Shows why it was paused, and asks.")
    .action((options: SwitchFlags) =>
      finish(async () => {
        const { resume } = await import("./pause-resume.ts");
        return resume(options, await sessionFor("resume", options, io), io);
      }),
    );
}

async function sessionFor(command: string, { stack }: SwitchFlags, io: CommandIo) {
  if (stack === false)
    throw new WrongCall(`--no-stack does not go with ${command}: the kill switch is a stack's`);
  return await (await import("../account/kill-switch-session.ts")).openKillSwitchSession(stack, io);
}
