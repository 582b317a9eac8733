/** Makes the settings of a cache from what the command was given, and refuses what ECR would refuse or what would do harm. */

import { parseArn } from "../../../ecs/arn.ts";
import { ecrHost } from "../../../image/ecr-hosts.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { lifecycleOf, patternAt } from "../../../mirrors/cache/cache-lifecycle.ts";
import type { CreationTemplate, WantedCache } from "../../../mirrors/cache/cache-settings.ts";
import type { Policy } from "../../../substitution/policy/policy.ts";
import type { SignedIn } from "../../account/same-account.ts";
import type { CommandIo } from "../../io.ts";
import { unreadableFile } from "../../wrong-call.ts";
import { type RegistryName, UPSTREAMS } from "./upstreams.ts";

export type CacheFlags = {
  readonly registry: RegistryName;
  readonly secret?: string;
  /** Absent: the registry's name. */
  readonly prefix?: string;
  /** A file with a lifecycle policy. */
  readonly lifecycle?: string;
  readonly templateRole?: string;
  /** False: the rule alone. */
  readonly template: boolean;
};

/** `docker-hub`, `team/hub`: CreatePullThroughCacheRule, ecrRepositoryPrefix (API reference, read 2026-11). */
const PREFIX = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const [PREFIX_MIN, PREFIX_MAX] = [2, 30];
const LIFECYCLE_LENGTH_MAX = 30_720;

/** Throws InvalidInput. */
export async function wantedCache(
  flags: CacheFlags,
  policy: Policy,
  signedIn: SignedIn,
  io: Pick<CommandIo, "readFile">,
): Promise<WantedCache> {
  const { host, needsLogin } = UPSTREAMS[flags.registry];
  const { secret } = flags;
  if (needsLogin && secret === undefined)
    throw new InvalidInput("--secret", `the ARN of a secret: ECR takes no rule for ${host} without a login`);
  if (!needsLogin && secret !== undefined)
    throw new InvalidInput("--secret", `none: ECR asks ${host} without a login`);
  if (secret !== undefined) checkSecret(secret, signedIn);
  const rule = {
    prefix: checkedPrefix(flags.prefix ?? flags.registry, policy.mirrorPrefix),
    upstreamHost: host,
    ...(secret === undefined ? {} : { secret }),
  };
  if (!flags.template) {
    refuseOfTemplate(flags);
    return { rule };
  }
  const template = await templateFor(rule.prefix, flags, policy, io);
  if (template.lifecycle !== undefined) refuseAtCopies(rule.prefix, policy, signedIn);
  return { rule, template };
}

/** Without a template they would be left out without a word, and the cache's images would never expire. */
function refuseOfTemplate({ lifecycle, templateRole }: CacheFlags): void {
  const given = { "--lifecycle": lifecycle, "--template-role": templateRole };
  for (const [flag, value] of Object.entries(given))
    if (value !== undefined) throw new InvalidInput(flag, "a template: it does not go with --no-template");
}

/**
 * The name, the account and the region of a secret:
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html (read 2026-11)
 */
function checkSecret(secret: string, { account, region }: SignedIn): void {
  const arn = parseArn(secret);
  if (arn?.service !== "secretsmanager" || !arn.resource.startsWith("secret:"))
    throw new InvalidInput("--secret", `the ARN of a secret, got ${secret}`);
  if (!/^secret:ecr-pullthroughcache\/[A-Za-z0-9/_+=.@-]+$/.test(arn.resource))
    throw new InvalidInput(
      "--secret",
      `a secret whose name begins with ecr-pullthroughcache/, as ECR demands, got ${arn.resource.slice("secret:".length)}`,
    );
  if (arn.account !== account || arn.region !== region)
    throw new InvalidInput(
      "--secret",
      `a secret of account ${account} in ${region}, where the rule is made, got one of ${arn.account} in ${arn.region}`,
    );
}

/** ECR fills whatever is pulled below a rule's prefix: copies of our own must not be below it, nor it among them. */
function checkedPrefix(prefix: string, mirrorPrefix: string | undefined): string {
  if (!PREFIX.test(prefix) || prefix.length < PREFIX_MIN || prefix.length > PREFIX_MAX)
    throw new InvalidInput(
      "--prefix",
      `${PREFIX_MIN} to ${PREFIX_MAX} small letters, digits and . _ - / between them, got ${prefix}`,
    );
  const isWithin = (one: string, other: string) => `${one}/`.startsWith(`${other}/`);
  if (mirrorPrefix !== undefined && (isWithin(prefix, mirrorPrefix) || isWithin(mirrorPrefix, prefix)))
    throw new InvalidInput("--prefix", `one apart from ${mirrorPrefix}/, where Repull keeps its copies`);
  return prefix;
}

/** A lifecycle policy knows no users: where Repull looks for copies, it would delete what runs. */
function refuseAtCopies(prefix: string, { mirrors }: Policy, { account = "", region }: SignedIn): void {
  const pattern = patternAt(prefix, mirrors.additionalRepositories, ecrHost(account, region));
  if (pattern !== undefined)
    throw new InvalidInput(
      "--prefix",
      `one apart from ${pattern} of mirrors.additionalRepositories: its copies would expire with the cache's images`,
    );
}

/**
 * Tags move: an immutable one would never be refreshed. ECR sets tags and a KMS key by a role of the operator's alone, and a template
 * that has them without one makes every pull fail.
 * (AmazonECR/latest/userguide/{pull-through-cache,repository-creation-templates-create}.html, read 2026-11;
 * https://github.com/aws/containers-roadmap/issues/2398)
 */
async function templateFor(
  prefix: string,
  { lifecycle, templateRole }: CacheFlags,
  { mirrors: { kmsKey, tags, cacheLifecycle } }: Policy,
  io: Pick<CommandIo, "readFile">,
): Promise<CreationTemplate> {
  const needing = [
    ...(Object.keys(tags).length === 0 ? [] : ["mirrors.tags"]),
    ...(kmsKey === undefined ? [] : ["mirrors.kmsKey"]),
  ];
  if (needing.length > 0 && templateRole === undefined)
    throw new InvalidInput(
      "--template-role",
      `the ARN of a role: the policy says ${needing.join(" and ")}, which ECR sets by a role of yours (docs/mirrors.md#a-cache), or --no-template`,
    );
  if (templateRole !== undefined && !isRole(templateRole))
    throw new InvalidInput("--template-role", `the ARN of a role, got ${templateRole}`);
  return {
    prefix,
    appliedFor: ["PULL_THROUGH_CACHE"],
    mutability: "MUTABLE",
    ...(kmsKey === undefined ? {} : { kmsKey }),
    tags,
    ...(lifecycle !== undefined
      ? { lifecycle: await lifecycleIn(lifecycle, io) }
      : cacheLifecycle === undefined
        ? {}
        : { lifecycle: lifecycleOf(cacheLifecycle) }),
    ...(templateRole === undefined ? {} : { role: templateRole }),
  };
}

function isRole(text: string): boolean {
  const arn = parseArn(text);
  return arn?.service === "iam" && arn.resource.startsWith("role/");
}

/** ECR itself judges the rules; anything but a document of rules is refused before anything is made. */
async function lifecycleIn(path: string, io: Pick<CommandIo, "readFile" | "whyNotRead">): Promise<string> {
  const text = await io.readFile(path);
  if (text === undefined) throw unreadableFile(path, io, "--lifecycle");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    document = undefined;
  }
  const rules = (document as { readonly rules?: unknown } | undefined | null)?.rules;
  if (!Array.isArray(rules) || rules.length === 0 || text.length > LIFECYCLE_LENGTH_MAX)
    throw new InvalidInput("--lifecycle", `a lifecycle policy of ECR: {"rules": […]}, got ${path}`);
  return text;
}
