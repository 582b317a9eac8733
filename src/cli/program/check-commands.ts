/** `repull check`, as commander reads it. */

import { Option } from "commander";
import { PINS } from "../../prevention/source-files/edits/pin.ts";
import { addAccountOptions } from "./options/account-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addCheckCommands({ program, io, finish }: ProgramParts): void {
  addAccountOptions(program.command("check"))
    .description(
      "Find every image that files would pull, and the proved replacement of those from Docker Hub. Writes nothing without --fix.",
    )
    .argument("[path...]", "files and folders; - is standard input; absent: this folder")
    .option(
      "--exclude <glob>",
      "leave files and folders out, as a line of .gitignore would; may be given several times",
      (glob: string, globs: readonly string[]) => [...globs, glob],
      [],
    )
    .option("--fix", "write the proved replacements into the files", false)
    .option("--diff", "show what --fix would write; with --fix, what it writes", false)
    .addOption(
      new Option(
        "--pin <how>",
        "what a replacement has; absent: both, and the digest alone in task definitions and CloudFormation",
      ).choices(PINS),
    )
    .option("--offline", "ask no registry: name likely places, which are not proved", false)
    .option("--assessments <file>", "use the answers that --record wrote, and ask nothing")
    .option("--record <file>", "write what was asked, one JSON object an image")
    .option("--fresh", "ask again what was asked in the last six hours", false)
    .option("--anonymous", "show no login to any registry", false)
    .option("--stack <name>", "use this stack's policy, and the copies in its account's ECR")
    .option("--policy <file>", "use this policy document")
    .option("--sarif <file>", "write the findings as SARIF 2.1.0, with their fixes")
    .option("--github", "print the findings as GitHub annotations", false)
    .addOption(JSON_OPTION)
    .action((paths: readonly string[], { policy, ...options }) =>
      finish(async () => {
        const { check } = await import("../check/check.ts");
        return check(
          {
            ...options,
            paths: paths.length === 0 ? ["."] : paths,
            ...(policy === undefined ? {} : { policyFile: policy }),
          },
          io,
        );
      }),
    );
}
