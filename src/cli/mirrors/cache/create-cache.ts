/**
 * `repull mirrors cache create`: a pull-through cache rule of ECR, with the template of the repositories that it makes. Shows what
 * it would create; with `--yes`, creates what is missing. What exists is never changed.
 */

import { createCacheSettings } from "../../../aws/cache/cache-settings.ts";
import { getCallerIdentity } from "../../../aws/client/caller-identity.ts";
import { shellWords } from "../../../diagnosis/remedies/format-remedy.ts";
import { optional } from "../../../ecs/json-fields.ts";
import type { WantedCache } from "../../../mirrors/cache/cache-settings.ts";
import { type CacheRefusal, decideCache } from "../../../mirrors/cache/decide-cache.ts";
import { makeCache, readCaches } from "../../../mirrors/cache/make-cache.ts";
import { AwsError } from "../../../remediation/ports/aws-error.ts";
import { linesOf } from "../../../text/visible.ts";
import { awsSettingsFrom } from "../../account/aws-settings.ts";
import {
  type DeployedConfigOptions,
  readDeployedConfig,
  refuseUnlessWritesAllowed,
} from "../../account/deployed-config.ts";
import { stackFlags } from "../../account/stack-flags.ts";
import { whereOf } from "../../account/where.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";
import { permissions } from "../../output/permissions.ts";
import { RefusedCommand } from "../../refused-command.ts";
import type { CacheLine } from "./cache-line.ts";
import { boundedPermissions, CREATE_CACHE_ACTIONS } from "./cache-rights.ts";
import { formatCache } from "./format-cache.ts";
import { UPSTREAMS } from "./upstreams.ts";
import { type CacheFlags, wantedCache } from "./wanted-cache.ts";

export type CreateCacheInput = CacheFlags & {
  readonly yes: boolean;
  readonly rights: boolean;
  readonly json: boolean;
  /** As they were given: the commands that are printed lead there too. */
  readonly region?: string;
  readonly profile?: string;
} & DeployedConfigOptions;

/** Exit status 0 where it is there or could be made, 1 where ECR cannot use it, 4 where something else has its name. */
export async function createCache(input: CreateCacheInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(CREATE_CACHE_ACTIONS, input.json, boundedPermissions(input)));
    return EXIT.done;
  }
  const aws = await awsSettingsFrom(io);
  const { account, partition } = await getCallerIdentity(aws);
  const config = await readDeployedConfig(input, aws, io);
  const wanted = await wantedCache(input, config.policy, { account, region: aws.region }, io);
  io.err(`${whereOf(account, aws)}, by ${config.from}${input.yes ? "" : ": nothing is changed"}\n`);
  const at = placeFlags(aws.region, input);
  const settings = createCacheSettings(aws, UPSTREAMS[input.registry].name);
  const place = {
    type: "cache" as const,
    account,
    region: aws.region,
    registry: input.registry,
    prefix: wanted.rule.prefix,
    upstream: wanted.rule.upstreamHost,
    settings: settingsIn(wanted),
    repositories: `arn:${partition}:ecr:${aws.region}:${account}:repository/${wanted.rule.prefix}/*`,
  };
  const tell = (line: CacheLine) =>
    io.out(input.json ? jsonLine("cache", line) : linesOf(formatCache(line, againIn(input))));

  if (!input.yes) {
    const decision = decideCache(wanted, await readCaches(settings));
    if (decision.kind === "refused") throw refusal(there(decision, at), "nothing was written");
    const { rule, template, before } = decision;
    tell({
      ...place,
      kind: "dry-run",
      rule,
      ...optional("template", template),
      ...optional("before", before),
      undo: [],
    });
    return EXIT.done;
  }

  await refuseUnlessWritesAllowed(config);
  const undo: string[][] = [];
  const made = await makeCache(wanted, settings, (part) =>
    undo.unshift([...undoOf(part, wanted), ...at]),
  ).catch((error: unknown) => {
    // As an error: --quiet must not hide what is left.
    for (const command of undo)
      io.err(`repull mirrors cache create: created before it failed; undo: ${shellWords(command)}\n`);
    throw error;
  });
  if (made.kind === "refused")
    throw refusal(
      there(made, at),
      undo[0] === undefined ? "nothing was written" : `created before; undo: ${shellWords(undo[0])}`,
    );
  const { rule, template, before } = made;
  const validity = await validityOf(settings, wanted.rule.prefix, io);
  tell({
    ...place,
    kind: "made",
    rule,
    undo,
    ...optional("template", template),
    ...optional("before", before),
    ...validity,
  });
  return validity.isValid === false ? EXIT.failed : EXIT.done;
}

function refusal({ code, because, command }: CacheRefusal, effect: string): RefusedCommand {
  return new RefusedCommand(code, `${because}: ${effect}; ${shellWords(command)} would change that`);
}

/** A command that is pasted elsewhere must not delete what has the same prefix in another account or region. */
function placeFlags(region: string, { profile }: Pick<CreateCacheInput, "profile">): readonly string[] {
  return ["--region", region, ...(profile === undefined ? [] : ["--profile", profile])];
}

function there(refused: CacheRefusal, at: readonly string[]): CacheRefusal {
  return { ...refused, command: [...refused.command, ...at] };
}

function undoOf(part: "template" | "rule", { rule: { prefix } }: WantedCache): string[] {
  return part === "rule"
    ? ["aws", "ecr", "delete-pull-through-cache-rule", "--ecr-repository-prefix", prefix]
    : ["aws", "ecr", "delete-repository-creation-template", "--prefix", prefix];
}

function settingsIn({ rule: { secret }, template }: WantedCache): CacheLine["settings"] {
  const { mutability, kmsKey, tags, lifecycle, role } = template ?? {};
  return {
    ...(secret === undefined ? {} : { secret }),
    ...(mutability === undefined ? {} : { mutability }),
    ...(kmsKey === undefined ? {} : { kmsKey }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(lifecycle === undefined ? {} : { lifecycle }),
    ...(role === undefined ? {} : { role }),
  };
}

/** The rule is there whatever the answer: without one, nothing is known. */
async function validityOf(
  settings: ReturnType<typeof createCacheSettings>,
  prefix: string,
  io: Pick<CommandIo, "err">,
): Promise<Pick<CacheLine, "isValid" | "because">> {
  try {
    const { isValid, because } = await settings.validate(prefix);
    return { isValid, ...(because === "" ? {} : { because }) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    io.err(`not checked whether ECR can sign in: ${error.message}\n`);
    return {};
  }
}

function againIn(input: CreateCacheInput): string {
  const { registry, secret, prefix, lifecycle, templateRole, template, region, profile } = input;
  const given = { secret, prefix, lifecycle, "template-role": templateRole, region, profile };
  const words = [
    ...["repull", "mirrors", "cache", "create", "--registry", registry],
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...(template ? [] : ["--no-template"]),
    "--yes",
  ];
  return `${shellWords(words)}${stackFlags(input)}`;
}
