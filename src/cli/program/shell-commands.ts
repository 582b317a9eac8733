/** The commands about the command line itself: `version`, `completion` and `schema`. Each loads its own code only. */

import { Argument } from "commander";
import { completionScript, SHELLS, type Shell } from "../completion/completion-script.ts";
import { EXIT } from "../exit-status.ts";
import { jsonLine, LINE_TYPES } from "../output/json-line.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addShellCommands({ program, io, finish }: ProgramParts): void {
  program
    .command("version")
    .description("Print the version, and that of Node.")
    .addOption(JSON_OPTION)
    .action(({ json }: { json?: boolean }) =>
      finish(async () => {
        const version = program.version() ?? "";
        io.out(
          json === true
            ? jsonLine("version", { version, node: process.versions.node })
            : `repull ${version}, Node ${process.version}\n`,
        );
        return EXIT.done;
      }),
    );

  program
    .command("completion")
    .description("Print the script that completes commands and options in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action((shell: Shell) =>
      finish(async () => {
        io.out(completionScript(program, shell));
        return EXIT.done;
      }),
    );

  program
    .command("schema")
    .description("Print the JSON Schema of one type of line that --json prints; without a type, their names.")
    // The command says itself which type was perhaps meant: the parser only keeps the choices for completion.
    .addArgument(
      new Argument("[type]", "the member type of such a line").choices(LINE_TYPES).argParser(String),
    )
    .addOption(JSON_OPTION)
    .action((type: string | undefined) =>
      finish(async () => (await import("../commands/schema.ts")).schema(type, io)),
    );
}
