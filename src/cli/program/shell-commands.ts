/** The commands about the command line itself: `completion` and `schema`. Each loads its own code only. */

import { EXIT } from "../exit-status.ts";
import { WrongCall } from "../wrong-call.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addShellCommands({ program, io, finish }: ProgramParts): void {
  program
    .command("completion")
    .description("Print the script that completes commands and options in a shell.")
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) =>
      finish(async () => {
        const { completionScript, SHELLS } = await import("../completion/completion-script.ts");
        const known = SHELLS.find((name) => name === shell);
        if (known === undefined) throw new WrongCall(`a shell is one of ${SHELLS.join(", ")}, not ${shell}`);
        io.out(completionScript(program, known));
        return EXIT.done;
      }),
    );

  program
    .command("schema")
    .description("Print the JSON Schema of one type of line that --json prints; without a type, their names.")
    .argument("[type]", "the member type of such a line")
    .addOption(JSON_OPTION)
    .action((type: string | undefined) =>
      finish(async () => (await import("../commands/schema.ts")).schema(type, io)),
    );
}
