/** The commands that ask registries alone: `mirror` and `rate-limit`. Each loads its own code only. */

import { addAccountOptions } from "./options/account-options.ts";
import { addStackOptions, deployedConfigOptionsOf } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addRegistryCommands({ program, io, finish }: ProgramParts): void {
  addAccountOptions(addStackOptions(program.command("mirror")))
    .description(
      "Copy one image between two registries, byte for byte. Without a choice of platforms, the whole image.",
    )
    .argument("<source>", "image reference: nginx:1.27, or with a digest exactly those bytes")
    .argument("<target>", "image reference with the tag to set")
    .option(
      "--platform <platform>",
      "OS/ARCH[/VARIANT], of Windows OS(VERSION)/ARCH; may be given several times",
      (value, all: string[]) => [...all, value],
      [],
    )
    .option("--all-platforms", "every platform of the image", false)
    .option("--referrers", "also what refers to it: signatures, attestations, bills of materials", false)
    .option(
      "--concurrency <blobs>",
      "blobs at once, 1 to 32 (default: 5 into ECR, which wants few, and 16 elsewhere)",
    )
    .option(
      "--timeout <seconds>",
      "for the whole copy, whatever the registries answer; run again, it goes on where it stopped (default: 43200)",
    )
    .addOption(JSON_OPTION)
    .action((source: string, target: string, { platform, ...options }) =>
      finish(async () => {
        const { mirror } = await import("../commands/mirror.ts");
        return mirror(
          { source, target, platforms: platform, ...options, ...deployedConfigOptionsOf(options) },
          io,
        );
      }),
    );

  program
    .command("rate-limit")
    .description(
      "Show how many pulls Docker Hub still grants, to this address and to the account of docker login.",
    )
    .option("--pulls <count>", "say whether so many pulls fit; status 3 where they do not")
    .option("--timeout <seconds>", "for all of it, whatever Docker Hub answers; status 5 then (default: 60)")
    .addOption(JSON_OPTION)
    .action((options) =>
      finish(async () => (await import("../rate-limit/rate-limit.ts")).rateLimit(options, io)),
    );
}
