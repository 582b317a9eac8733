/** The command line: reads arguments and environment, runs one command, prints and exits. Nothing else does. */

import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { optional } from "../ecs/json-fields.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import type { HistorySession, PastOptions } from "./account/history-session.ts";
import {
  type AccountFlags,
  addAccountOptions,
  addBoundedAccountOptions,
  isBounded,
  secondsIn,
} from "./account-options.ts";
import { addApprovalCommands } from "./commands/approve-deny.ts";
import { addOperationCommands } from "./commands/operation-commands.ts";
import { addServiceCommands } from "./commands/service-commands.ts";
import { EXIT } from "./exit-status.ts";
import { addHelpTexts } from "./help-text.ts";
import { wrongCall } from "./output/command-error.ts";
import { processIo } from "./process-io.ts";
import { createCommandRunner } from "./run-command.ts";
import { addStackOptions, deployedConfigOptionsOf } from "./stack-options.ts";
import { WrongCall } from "./wrong-call.ts";

const { given, flags } = givenIn(process.argv.slice(2));
const { io, stopped, endAfter, callOff } = processIo(process.env, systemClock, flags);
const bugs: { readonly url?: string } = "bugs" in packageJson ? (packageJson.bugs as object) : {};
const runner = createCommandRunner(io, stopped, {
  version: packageJson.version,
  reportTo: bugs.url ?? "the repository that this release is from",
});
const { finish } = runner;

// Each command loads its own code only: whoever copies an image does not wait for the sandbox to be read.
const policy = async (): Promise<Policy> =>
  (await import("../substitution/policy/policy.ts")).policyFrom(io.env);

const program = new Command("repull")
  .description("Puts Amazon ECS services that hit a registry's pull limit back on their feet.")
  .version(packageJson.version)
  .option("--verbose", "tell of each request to AWS, and of the stack of a fault", false)
  .option("--quiet", "print results and errors alone, no progress", false)
  .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} })
  .configureHelp({ showGlobalOptions: true })
  .hook("preAction", (_, command) => begin(command))
  .exitOverride();

const json = new Option("--json", "one JSON object a line, to standard output").default(false);
const seed = new Option("--seed <seed>", "decides everything that the sandbox leaves to chance").default("1");

program
  .command("demo", { isDefault: false })
  .description("Tell the whole story in a sandbox: three services, the limit, and how they run again.")
  .addOption(seed)
  .addOption(json)
  .action((options) =>
    finish(async () => {
      const { demo } = await import("./demo/demo.ts");
      return demo({ ...options, policy: await policy() }, io);
    }),
  );

program
  .command("explain")
  .description(
    "Say what an event or an error text means, and what would be done. Asks nobody, changes nothing.",
  )
  .argument(
    "[file...]",
    "events, tasks as aws ecs describe-tasks answers them, error texts, or what kubectl prints of a pod or events; - for standard input",
  )
  .option("--text <text>", "an error text instead of files")
  .option("--image <image>", "the image of the container that failed with --text")
  .addOption(json)
  .action((files: string[], options) =>
    finish(async () => {
      if (options.text === undefined && files.length === 0) throw new WrongCall("name a FILE, - or --text");
      if (options.text !== undefined && files.length > 0) throw new WrongCall("either FILE or --text");
      if (options.text === undefined && options.image !== undefined)
        throw new WrongCall("--image goes with --text; an event names its own");
      const { explain } = await import("./commands/explain.ts");
      return explain({ files, ...options, policy: await policy() }, io);
    }),
  );

addBoundedAccountOptions(addStackOptions(program.command("replay")))
  .description(
    "Remediate recorded events: in a sandbox, or with --aws in the account of the environment. The sandbox goes by the stack's defaults with the mode remediate, or by --policy FILE.",
  )
  .argument("<file...>", "EventBridge documents: one, an array, or one a line; - for standard input")
  .option(
    "--aws",
    "against the account of the environment (AWS_REGION, AWS_ENDPOINT_URL); shows the plan first",
    false,
  )
  .option("--yes", "with --aws: go on and write", false)
  .option("--no-wait", "stop once the redeployment is accepted (outcome: redeployed)")
  .option("--world <file>", "the sandbox's world, instead of worlds/<name>.json beside the event")
  .addOption(seed)
  .addOption(json)
  .action((files: string[], { wait, ...options }) =>
    finish(async () => {
      const { aws, yes, stack, world } = options;
      // What would have no effect is told, rather than passed over: each of them means something to who says it.
      if (!aws && (yes || stack !== undefined))
        throw new WrongCall(`${yes ? "--yes" : "--stack and --no-stack"} goes with --aws`);
      if (aws && world !== undefined) throw new WrongCall("either --aws or --world");
      const { replay } = await import("./replay/replay.ts");
      return replay({ files, ...options, ...deployedConfigOptionsOf(options), settle: wait }, io);
    }),
  );

addServiceCommands(program, json, io, finish);

addBoundedAccountOptions(program.command("doctor"))
  .description("Examine a deployed stack: what would not work, why, and what to do about it.")
  .option("--stack <name>", "the CloudFormation stack; absent: the region's only one")
  .option(
    "--probe",
    "also send one synthetic event through the real path, about a service that does not exist",
    false,
  )
  .addOption(json)
  .action((options) => finish(async () => (await import("./doctor/doctor.ts")).doctor(options, io)));

const policies = program.command("policy").description("Work with what the owner decided.");

policies
  .command("check")
  .description("Say whether a policy document is one, and what it means, key by key.")
  .argument("<file>", "the document, in JSON")
  .addOption(json)
  .action((file: string, options) =>
    finish(async () => (await import("./commands/policy-check.ts")).policyCheck({ file, ...options }, io)),
  );

policies
  .command("public-images")
  .description("Ask whether the table of twins on ECR Public is still true; HEADs only, no pulls.")
  .addOption(json)
  .action((options) =>
    finish(async () => (await import("./commands/policy-public-images.ts")).publicImages(options, io)),
  );

const sandbox = program.command("sandbox").description("Work with the closed world that needs no account.");

sandbox
  .command("serve")
  .description("Serve the sandbox's registries on loopback, for skopeo, crane and others, until Ctrl-C.")
  .option("--world <file>", "the world whose registries they are; absent: the demonstration's")
  .addOption(seed)
  .addOption(json)
  .action((options) =>
    finish(async () => (await import("./commands/sandbox-serve.ts")).sandboxServe(options, io)),
  );

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
  .addOption(json)
  .action((source: string, target: string, { platform, ...options }) =>
    finish(async () => {
      const { mirror } = await import("./commands/mirror.ts");
      return mirror(
        { source, target, platforms: platform, ...options, ...deployedConfigOptionsOf(options) },
        io,
      );
    }),
  );

program
  .command("rate-limit")
  .description(
    "Tell how many pulls Docker Hub still grants, to this address and to the account of docker login.",
  )
  .option("--pulls <count>", "say whether so many pulls fit; status 3 where they do not")
  .option("--timeout <seconds>", "for all of it, whatever Docker Hub answers; status 5 then (default: 60)")
  .addOption(json)
  .action((options) =>
    finish(async () => (await import("./rate-limit/rate-limit.ts")).rateLimit(options, io)),
  );

addBoundedAccountOptions(program.command("history"))
  .description(
    "Say what was done in the account of the environment, when, why, with what proof, and how it ended.",
  )
  .option("--since <time>", "30d, 6h, 90m, or a time in ISO 8601", "30d")
  .option("--stack <name>", "the stack whose executions are read; absent: the region's only one")
  .option("--no-stack", "read the revisions' tags alone")
  .option("--function <name>", "the stack's remediate function, where it is not called after the stack")
  .addOption(json)
  .action(({ function: functionName, stack, ...options }) =>
    finish(async () => {
      const executions = { ...optional("stack", stack), ...optional("functionName", functionName) };
      const [{ history }, session] = await Promise.all([
        import("./commands/history.ts"),
        pastOf({ kind: "reads", ...executions }),
      ]);
      return history(options, session, io);
    }),
  );

addBoundedAccountOptions(addStackOptions(program.command("undo")))
  .description(
    "Go back to the former revision of one remediation, or of all since a time. Shows the plan first.",
  )
  .argument("[name]", "an execution, a service, or the family of a scheduled task")
  .option("--since <time>", "every remediation whose revision was registered since: 6h, 30d, or ISO 8601")
  .option("--cluster <cluster>", "the cluster of the service or the scheduled task, by name or ARN")
  .option("--yes", "go on and write", false)
  .option("--no-wait", "do not follow the services until their former revision stands")
  .addOption(json)
  .action((name: string | undefined, options) =>
    finish(async () => {
      if ((name === undefined) === (options.since === undefined))
        throw new WrongCall("either the NAME of an execution, service or family, or --since TIME");
      const [{ undo }, session] = await Promise.all([
        import("./commands/undo.ts"),
        pastOf({ kind: "writes", rules: deployedConfigOptionsOf(options) }),
      ]);
      return undo({ ...(name === undefined ? {} : { name }), ...options }, session, io);
    }),
  );

addApprovalCommands(program, json, io, finish);
addOperationCommands(program, json, io, finish);

/** The account of the environment, for the commands that look back. */
async function pastOf(options: PastOptions): Promise<HistorySession> {
  const [{ openHistorySession }, { systemClock }] = await Promise.all([
    import("./account/history-session.ts"),
    import("../runtime/clock.ts"),
  ]);
  return await openHistorySession(options, systemClock, io);
}

program
  .command("completion")
  .description("Print the script that completes commands and options in a shell.")
  .argument("<shell>", "bash, zsh or fish")
  .action((shell: string) =>
    finish(async () => {
      const { completionScript, SHELLS } = await import("./completion.ts");
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
  .addOption(json)
  .action((type: string | undefined) =>
    finish(async () => (await import("./commands/schema.ts")).schema(type, io)),
  );

addHelpTexts(program);

/** What the command was told of where, as whom and for how long, before it runs. */
function begin(command: Command): void {
  const {
    region,
    profile,
    timeout,
    json: asJson,
  } = command.opts<AccountFlags & { readonly json?: boolean }>();
  runner.begin({ command: wordsOf(command), json: asJson === true, verbose: flags.verbose });
  // AWS's own SDK reads both from here too, for credentials.
  if (region !== undefined) process.env.AWS_REGION = region;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  if (timeout !== undefined && isBounded(command)) endAfter(secondsIn(timeout));
}

/** `policy check` */
function wordsOf(command: Command): string {
  return command.parent === null ? "" : `${wordsOf(command.parent)} ${command.name()}`.trim();
}

/** The command that the words name, as far as they name one. */
function commandOf(words: readonly string[], from: Command): Command {
  const [word, ...rest] = words.filter((one) => !one.startsWith("-"));
  const next = from.commands.find((one) => one.name() === word);
  return next === undefined ? from : commandOf(rest, next);
}

/** Both are needed before any word is printed. */
function givenIn(words: readonly string[]) {
  const until = words.indexOf("--");
  const options = until < 0 ? words : words.slice(0, until);
  return {
    given: words,
    flags: {
      quiet: options.includes("--quiet"),
      verbose: options.includes("--verbose"),
      json: options.includes("--json"),
    },
  };
}

if (flags.verbose) process.setSourceMapsEnabled(true);

/** `help policy check` is about `policy check`: commander's own looks at the first word only. */
const [first, ...words] = given;
const asked = first === "help" && words.length > 1 ? [...words, "--help"] : given;

try {
  await program.parseAsync(asked, { from: "user" });
} catch (error) {
  const command = wordsOf(commandOf(given, program));
  runner.begin({ command, ...flags });
  if (!(error instanceof CommanderError)) process.exitCode = runner.tellThrown(error);
  else if (error.exitCode === 0) process.exitCode = EXIT.done;
  // The help that commander shows where no command is named has said it.
  else if (error.code === "commander.help") process.exitCode = EXIT.usage;
  else process.exitCode = runner.tell(wrongCall(error.message.replace(/^error: /, ""), command));
} finally {
  callOff();
}
// A question that was given up may still wait for its answer: it must not keep the command from ending.
process.stderr.write("", () => process.stdout.write("", () => process.exit()));
