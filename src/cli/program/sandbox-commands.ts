/** The commands that need no account: `demo`, `explain`, `replay` and `sandbox serve`. Each loads its own code only. */

import { Option } from "commander";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { CommandIo } from "../io.ts";
import { WrongCall } from "../wrong-call.ts";
import { addBoundedAccountOptions } from "./options/account-options.ts";
import { addStackOptions, deployedConfigOptionsOf } from "./options/stack-options.ts";
import { wholeNumber } from "./options/whole-number.ts";
import { JSON_OPTION, type ProgramParts, SEED_OPTION } from "./program-parts.ts";

export function addSandboxCommands({ program, io, finish }: ProgramParts): void {
  program
    .command("demo", { isDefault: false })
    .description("Tell the whole story in a sandbox: three services, the limit, and how they run again.")
    .addOption(SEED_OPTION)
    .addOption(JSON_OPTION)
    .action((options) =>
      finish(async () => {
        const { demo } = await import("../demo/demo.ts");
        return demo({ ...options, policy: await policyOf(io) }, io);
      }),
    );

  program
    .command("explain")
    .description(
      "Say what an event or an error text means, and what would be done. Sends nothing, changes nothing.",
    )
    .argument(
      "[file...]",
      "events, tasks as aws ecs describe-tasks answers them, error texts, or what kubectl prints of a pod or events; - for standard input",
    )
    .option("--text <text>", "an error text instead of files")
    .option("--image <image>", "the image of the container that failed with --text")
    .addOption(JSON_OPTION)
    .action((files: string[], options) =>
      finish(async () => {
        if (options.text === undefined && files.length === 0)
          throw new WrongCall("name a FILE, - for standard input, or --text TEXT");
        if (options.text !== undefined && files.length > 0) throw new WrongCall("either FILE or --text");
        if (options.text === undefined && options.image !== undefined)
          throw new WrongCall("--image goes with --text; an event names its own");
        const { explain } = await import("../commands/explain.ts");
        return explain({ files, ...options, policy: await policyOf(io) }, io);
      }),
    );

  addBoundedAccountOptions(addStackOptions(program.command("replay")))
    .description(
      "Remediate recorded events: in a sandbox, or with --aws in your account. The sandbox uses the defaults of a stack with the mode remediate, or --policy FILE.",
    )
    .argument("<file...>", "EventBridge documents: one, an array, or one a line; - for standard input")
    .option("--aws", "in the account of your credentials; shows the plan first", false)
    .option("-y, --yes", "with --aws: go on and write", false)
    .option("--no-wait", "stop once the redeployment is accepted (outcome: redeployed)")
    .option("--world <file>", "the sandbox's world, instead of worlds/<name>.json next to the event")
    .addOption(SEED_OPTION)
    .addOption(JSON_OPTION)
    .action((files: string[], { wait, ...options }) =>
      finish(async () => {
        const { aws, yes, stack, world } = options;
        // An option without an effect is reported, not ignored: its user meant something by it.
        if (!aws && (yes || stack !== undefined))
          throw new WrongCall(`${yes ? "--yes" : "--stack and --no-stack"} goes with --aws`);
        if (aws && world !== undefined) throw new WrongCall("either --aws or --world");
        const { replay } = await import("../replay/replay.ts");
        return replay({ files, ...options, ...deployedConfigOptionsOf(options), settle: wait }, io);
      }),
    );

  const sandbox = program.command("sandbox").description("Serve a closed world that needs no account.");

  sandbox
    .command("serve")
    .description(
      "Serve a sandbox on loopback until Ctrl-C: an AWS account for AWS_ENDPOINT_URL, and its registries.",
    )
    .option("--world <file>", "the world that is served; absent: the demonstration's")
    .option("--port <port>", "the port of the AWS endpoint; 0: any free one", wholeNumber(0, 65_535), 0)
    .option("--stack <name>", "install Repull in it, as a stack of this name; absent: not installed")
    .addOption(
      new Option("--mode <mode>", "the stack's Mode")
        .choices(["observe", "approve", "remediate"])
        .default("remediate"),
    )
    .option("--speed <times>", "seconds of the sandbox in one second", wholeNumber(1, 1000), 1)
    .addOption(SEED_OPTION)
    .addOption(JSON_OPTION)
    .action((options) =>
      finish(async () => (await import("../commands/sandbox-serve.ts")).sandboxServe(options, io)),
    );
}

/** The defaults of a stack, and what the environment sets in addition. */
async function policyOf({ env }: CommandIo): Promise<Policy> {
  return (await import("../../substitution/policy/policy.ts")).policyFrom(env);
}
