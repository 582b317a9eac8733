/** The commands about the policy document: `policy init`, `check`, `schema` and `public-images`. Each loads its own code only. */

import { addBoundedAccountOptions } from "./options/account-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addPolicyCommands({ program, io, finish }: ProgramParts): void {
  const policies = program
    .command("policy")
    .description("Write, check and describe a policy document, and the tables that a policy rests on.");

  policies
    .command("init")
    .description(
      "Print a policy document with every key, its default and what it decides, as JSON with comments.",
    )
    .action(() => finish(async () => (await import("../commands/policy/init.ts")).policyInit(io)));

  addBoundedAccountOptions(policies.command("check"))
    .description(
      "Say whether a policy document is one, what it means, key by key, and which parameters give its rights. With --stack: which of them the stack lacks. Writes nothing.",
    )
    .argument("<file>", "the document, in JSON; comments are allowed")
    .option("--stack <name>", "compare with this deployed stack; absent: no request is sent")
    .addOption(JSON_OPTION)
    .action((file: string, options) =>
      finish(async () => (await import("../commands/policy/check.ts")).policyCheck({ file, ...options }, io)),
    );

  policies
    .command("schema")
    .description("Print the JSON Schema of a policy document, for editors.")
    .action(() => finish(async () => (await import("../commands/policy/schema.ts")).policySchema(io)));

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
