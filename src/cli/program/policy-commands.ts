/** The commands about the policy document: `policy check`, `policy public-images`. Each loads its own code only. */

import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addPolicyCommands({ program, io, finish }: ProgramParts): void {
  const policies = program
    .command("policy")
    .description("Check a policy document, and the tables that a policy rests on.");

  policies
    .command("check")
    .description("Say whether a policy document is one, and what it means, key by key.")
    .argument("<file>", "the document, in JSON")
    .addOption(JSON_OPTION)
    .action((file: string, options) =>
      finish(async () => (await import("../commands/policy/check.ts")).policyCheck({ file, ...options }, io)),
    );

  policies
    .command("public-images")
    .description(
      "Check the table of publishers' images on ECR Public against the registries; HEAD only, no pulls.",
    )
    .addOption(JSON_OPTION)
    .action((options) =>
      finish(async () => (await import("../commands/policy/public-images.ts")).publicImages(options, io)),
    );
}
