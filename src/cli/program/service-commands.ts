/** The commands that look at an account by hand: `scan`, `diagnose`, `plan`, `fix`. Each loads its own code only. */

import { type Command, Option } from "commander";
import { optional } from "../../ecs/json-fields.ts";
import { isWorkloadName } from "../account/cluster/workload-name.ts";
import type { AccountSession } from "../account/sessions/account-session.ts";
import type { DiagnoseInput } from "../commands/diagnose.ts";
import type { CommandIo } from "../io.ts";
import type { ScanInput } from "../scan/read-place.ts";
import { WrongCall } from "../wrong-call.ts";
import { addBoundedAccountOptions, allowSeveralProfiles } from "./options/account-options.ts";
import { addClusterOptions, type ClusterFlags, clusterOptionsOf } from "./options/cluster-options.ts";
import { addStackOptions, deployedConfigOptionsOf, type StackFlags } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

type ServiceOptions = StackFlags & {
  readonly policy?: string;
  readonly cluster?: string;
  readonly json: boolean;
};

type ScanOptions = Omit<ScanInput, "policyFile"> &
  ClusterFlags & { readonly policy?: string; readonly account: boolean };

export function addServiceCommands({ program, io, finish }: ProgramParts): void {
  const cluster = new Option("--cluster <cluster>", "its cluster, by name or ARN; absent: looked for in all");
  addClusterOptions(
    allowSeveralProfiles(addBoundedAccountOptions(addStackOptions(program.command("scan")))),
    "instead of an account, or with --account next to it: ",
  )
    .option("--account", "with a cluster: the account too, or those of --profile, in one report", false)
    .description(
      "Read the whole account, or several with --profile A,B,C: what depends on Docker Hub, what the worst six hours would do, and where else the images are. Changes nothing.",
    )
    .option("--cluster <cluster>", "one cluster, by name or ARN; else all of the region")
    .option(
      "--verify",
      "ask registries whether the sources have the same content: HEAD requests, which count as no pull",
      false,
    )
    .option("--organization", "every active account of the organisation instead, by a role in each", false)
    .option(
      "--ou <ids>",
      "of it, the accounts of these units (ou-…, r-…) and of those below; commas between them",
    )
    .option("--accounts <ids>", "of it, these accounts; the organisation's list is not asked")
    .option("--role-name <name>", "the role in each account; absent: RepullScan, of infra/scan-role.yaml")
    .option("--external-id <id>", "the external id that the role wants")
    .option("--html <file>", "also write a report: one file that needs nothing else")
    .option("--csv", "print the images to change as CSV instead", false)
    .option("--roles", "print the roles instead, as the stack's PassableRoleArns takes them", false)
    .option(
      "--starts",
      "diagnose every service instead: would it start, or why does it not; one line each",
      false,
    )
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action((options: ScanOptions) =>
      finish(async () => {
        refuseTwoForms(options);
        const input = { ...options, ...optional("policyFile", options.policy) };
        if (options.kubeContext === undefined && options.kubeconfig === undefined)
          return (await import("../scan/scan.ts")).scan(input, io);
        if (input.organization)
          throw new WrongCall("--organization is about accounts alone: scan the cluster by itself");
        if (options.account) {
          if (input.roles || input.rights || input.starts)
            throw new WrongCall("--roles, --starts and --rights are for an account alone");
          const { profilesIn, scanAccounts } = await import("../scan/scan-accounts.ts");
          const accounts =
            input.profile === undefined ? [{}] : profilesIn(input.profile).map((profile) => ({ profile }));
          const cluster = { ...clusterOptionsOf(options), name: options.kubeContext ?? "kubernetes" };
          return await scanAccounts(accounts, input, io, { cluster });
        }
        if (input.profile?.includes(","))
          throw new WrongCall(
            "--profile A,B with a cluster: --account scans both, without it one profile is meant",
          );
        if (input.verify || input.roles || input.rights || input.starts || input.cluster !== undefined)
          throw new WrongCall(
            "--cluster, --verify, --roles, --starts and --rights are for an account (--account scans both): of a cluster the index says what is proved",
          );
        const { scanKubernetes } = await import("../scan/scan-kubernetes.ts");
        return scanKubernetes({ ...input, ...clusterOptionsOf(options) }, io);
      }),
    );

  addBoundedAccountOptions(program.command("diagnose"))
    .description(
      "Say why a task does not start: the cause, the fact that proves it, and how to fix it. Changes nothing.",
    )
    .argument(
      "[target...]",
      "a file (an event, or what ECS answers to describe-tasks or describe-services; - for standard input), or a task's id or ARN, a service, CLUSTER/SERVICE, the console's address",
    )
    .option("--text <text>", "a reason instead: what ECS says of the stopped task")
    .option("--image <image>", "the image of the container that failed with --text")
    .option("--service <name>", "a service, where a file has the same name")
    .addOption(cluster)
    .option("--offline", "ask no account: the words alone, or with --facts", false)
    .option("--facts <folder>", "recorded answers in place of an account: <service>.<Operation>.json")
    .option("--html <file>", "also write a page: the way from subnet to target, and where it breaks")
    .option("--record <folder>", "also keep what the account answers, in a folder that is there")
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action((targets: string[], options: Omit<DiagnoseInput, "targets">) =>
      finish(async () => {
        const { text, image, service, rights } = options;
        if (targets.length === 0 && text === undefined && service === undefined && !rights)
          throw new WrongCall("name a TARGET, --text or --service");
        if (image !== undefined && text === undefined)
          throw new WrongCall("--image goes with --text; a task names its own");
        return (await import("../commands/diagnose.ts")).diagnose({ targets, ...options }, io);
      }),
    );

  const byHand = (command: Command): Command =>
    addBoundedAccountOptions(
      addStackOptions(
        command.argument("<service>", "the service: NAME, CLUSTER/NAME, or its ARN").addOption(cluster),
      ),
    ).addOption(JSON_OPTION);

  addClusterOptions(byHand(program.command("plan")), "with NAMESPACE/KIND/NAME: ")
    .description(
      "Show what Repull would do for a service that runs, or a cluster's workload (NAMESPACE/KIND/NAME): where its images could come from, and what would be written. Changes nothing.",
    )
    .action((service: string, options: ServiceOptions & ClusterFlags) =>
      finish(async () => {
        if (isWorkloadName(service)) {
          const [{ planWorkload }, { withCluster }] = await Promise.all([
            import("../commands/kubernetes/plan-workload.ts"),
            import("../account/cluster/cluster-session.ts"),
          ]);
          const input = { name: service, json: options.json };
          return withCluster(clusterOptionsOf(options), io, (session) => planWorkload(input, session, io));
        }
        const [{ plan }, session] = await Promise.all([
          import("../commands/plan.ts"),
          sessionFor(options, "default", io),
        ]);
        return plan({ service, ...named(options) }, session, io);
      }),
    );

  byHand(program.command("fix"))
    .description(
      "Move a service to another source of its images before a limit stops it. Shows the plan, and asks.",
    )
    .option("-y, --yes", "do not ask", false)
    .option("--no-wait", "stop once the redeployment is accepted (outcome: redeployed)")
    .action((service: string, options: ServiceOptions & { readonly yes: boolean; readonly wait: boolean }) =>
      finish(async () => {
        const [{ fix }, session] = await Promise.all([
          import("../commands/fix.ts"),
          sessionFor(options, "refuse", io),
        ]);
        return fix({ service, ...named(options), yes: options.yes, settle: options.wait }, session, io);
      }),
    );
}

function named({ cluster, json }: ServiceOptions) {
  return { ...(cluster === undefined ? {} : { cluster }), json };
}

async function sessionFor(
  options: ServiceOptions,
  absent: "refuse" | "default",
  io: CommandIo,
): Promise<AccountSession> {
  const { openAccountSession } = await import("../account/sessions/account-session.ts");
  return await openAccountSession(deployedConfigOptionsOf(options), absent, io);
}

/** One answer is printed: a second form would be left out without a word, and a report would not be written. */
function refuseTwoForms({ csv, roles, starts, rights, json, html }: ScanOptions): void {
  if (csv && json) throw new WrongCall("either --csv or --json");
  if (Number(csv) + Number(roles) + Number(starts && !rights) > 1)
    throw new WrongCall("either --csv, or --roles, or --starts");
  if (html !== undefined && (starts || rights))
    throw new WrongCall("--html goes with a scan alone: --starts and --rights have no report");
}
