/** The commands about registries: `mirror`, `mirrors` and `rate-limit`. Each loads its own code only. */

import { type Command, Option } from "commander";
import { optional } from "../../ecs/json-fields.ts";
import type { CreateCacheInput } from "../mirrors/cache/create-cache.ts";
import { REGISTRY_NAMES } from "../mirrors/cache/upstreams.ts";
import type { RefreshInput } from "../mirrors/refresh.ts";
import { WrongCall } from "../wrong-call.ts";
import { addAccountOptions, addBoundedAccountOptions } from "./options/account-options.ts";
import { addStackOptions, deployedConfigOptionsOf, type StackFlags } from "./options/stack-options.ts";
import { JSON_OPTION, type ProgramParts } from "./program-parts.ts";

export function addRegistryCommands(parts: ProgramParts): void {
  const { program, io, finish } = parts;
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
      "--also-tag <tag>",
      "a further tag of the target that is to name the copy; may be given several times",
      (value, all: string[]) => [...all, value],
      [],
    )
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

  addMirrorsCommands(parts);

  program
    .command("rate-limit")
    .description(
      "Show how many pulls Docker Hub still grants, to this address and to the account of docker login.",
    )
    .option("--pulls <count>", "say whether so many pulls fit; status 3 where they do not")
    .option("--timeout <seconds>", "give up after so many seconds, with status 5 (default: 60)")
    .addOption(JSON_OPTION)
    .action((options) =>
      finish(async () => (await import("../rate-limit/rate-limit.ts")).rateLimit(options, io)),
    );
}

/** The copies in ECR: `mirrors list`, which `mirrors` alone means, `mirrors refresh`, `mirrors prune` and `mirrors cache`. */
function addMirrorsCommands({ program, io, finish }: ProgramParts): void {
  const mirrors = program.command("mirrors").description("The copies in ECR that Repull made.");

  addBoundedAccountOptions(addStackOptions(mirrors.command("list", { isDefault: true })))
    .description(
      "List every copy: its source and whether the source's tag has moved, who uses it, its size and cost. Changes nothing, and pulls nothing.",
    )
    .option("--html <file>", "also write a report: one file that needs nothing else")
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action(
      (options: StackFlags & { readonly rights: boolean; readonly json: boolean; readonly html?: string }) =>
        finish(async () =>
          (await import("../mirrors/list.ts")).listCopies(
            { ...options, ...deployedConfigOptionsOf(options) },
            io,
          ),
        ),
    );

  addRefreshCommand(mirrors, { io, finish });

  addBoundedAccountOptions(mirrors.command("prune"))
    .description(
      "Say which copies nothing uses, and why each other one is kept. With --yes, delete those that an earlier run has marked.",
    )
    .option("--stack <name>", "the stack whose function does it; absent: the region's only one")
    .option("-y, --yes", "delete, where infra/mirrors.yaml is deployed with Mirrors=prune", false)
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action((options) => finish(async () => (await import("../mirrors/prune.ts")).prune(options, io)));

  addCacheCommands(mirrors, { io, finish });
}

type RefreshFlags = StackFlags & {
  readonly apply: boolean;
  readonly image: readonly string[];
  readonly cluster?: string;
  readonly service: readonly string[];
  readonly wait: boolean;
} & Pick<RefreshInput, "yes" | "rights" | "json">;

function addRefreshCommand(mirrors: Command, { io, finish }: Pick<ProgramParts, "io" | "finish">): void {
  addBoundedAccountOptions(addStackOptions(mirrors.command("refresh")))
    .description(
      "Say which tags have moved since they were copied, and which sources are lost. With --yes, have those copied that moved, and those that the policy lists. Services are changed by --apply alone.",
    )
    .option(
      "--apply",
      "also show which services follow a tag that has moved, and what they would run; with --yes, move them, one after the other",
      false,
    )
    .option(
      "--image <image>",
      "with --apply: this tag alone, with a digest only while it names that; may be given several times",
      (value, all: string[]) => [...all, value],
      [],
    )
    .option("--cluster <cluster>", "with --apply: services of this cluster alone, by name or ARN")
    .option(
      "--service <name>",
      "with --apply: this service alone: NAME, CLUSTER/NAME, or its ARN; may be given several times",
      (value, all: string[]) => [...all, value],
      [],
    )
    .option("--no-wait", "with --apply: stop once each redeployment is accepted (outcome: redeployed)")
    .option("-y, --yes", "copy, where infra/mirrors.yaml is deployed with Mirrors=refresh or prune", false)
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action((options: RefreshFlags) =>
      finish(async () => {
        const { refresh } = await import("../mirrors/refresh.ts");
        return refresh(refreshInputOf(options), io);
      }),
    );
}

/** What only `--apply` uses is a wrong call without it. */
function refreshInputOf({
  apply,
  image,
  cluster,
  service,
  wait,
  stack,
  policy,
  ...options
}: RefreshFlags): RefreshInput {
  const named = typeof stack === "string" ? { ...options, stack } : options;
  if (apply) {
    const selected = { ...optional("cluster", cluster), services: service, images: image };
    const config = deployedConfigOptionsOf({ ...optional("stack", stack), ...optional("policy", policy) });
    return { ...named, apply: { ...selected, settle: wait, config } };
  }
  const isOfApply = image.length > 0 || !wait || stack === false;
  if (isOfApply || cluster !== undefined || service.length > 0 || policy !== undefined)
    throw new WrongCall("--image, --cluster, --service, --no-wait, --no-stack and --policy go with --apply");
  return named;
}

/** `mirrors cache create`. */
function addCacheCommands(mirrors: Command, { io, finish }: Pick<ProgramParts, "io" | "finish">): void {
  const cache = mirrors.command("cache").description("Pull-through caches of ECR.");
  addBoundedAccountOptions(addStackOptions(cache.command("create")))
    .description(
      "Show the pull-through cache rule that ECR would get, with the template of its repositories. With --yes, create what is missing. What exists is never changed.",
    )
    .addOption(new Option("--registry <registry>", "what is cached").choices(REGISTRY_NAMES))
    .option(
      "--secret <arn>",
      "the secret by which ECR signs in there; its name begins with ecr-pullthroughcache/",
    )
    .option("--prefix <prefix>", "the first part of the repositories' names; absent: the registry's name")
    .option("--lifecycle <file>", "a lifecycle policy for each repository of the cache")
    .option(
      "--template-role <arn>",
      "the role by which ECR sets the policy's tags and KMS key on new repositories",
    )
    .option("--no-template", "the rule alone: ECR makes repositories with its own defaults")
    .option("-y, --yes", "create it", false)
    .option("--rights", "print the rights that it needs instead, as an IAM policy; sends nothing", false)
    .addOption(JSON_OPTION)
    .action((options: StackFlags & Omit<CreateCacheInput, "stack" | "policyFile">) =>
      finish(async () => {
        if (options.registry === undefined) throw new WrongCall("name a registry with --registry");
        const { createCache } = await import("../mirrors/cache/create-cache.ts");
        return createCache({ ...options, ...deployedConfigOptionsOf(options) }, io);
      }),
    );
}
