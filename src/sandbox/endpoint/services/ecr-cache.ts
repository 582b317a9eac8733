/** ECR's pull-through cache rules and repository creation templates, as its API reads, makes and deletes them. */

import { getObject, getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { SandboxCacheRule } from "../../aws/cache-rules.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { Account, Operations } from "../call.ts";
import { pageOf } from "./page.ts";

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html (read 2026-11) */
const SECRET =
  /^arn:aws[a-z-]*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/;
const NEEDS_LOGIN = new Set(["registry-1.docker.io", "ghcr.io", "registry.gitlab.com"]);
const HOSTS = new Set([...NEEDS_LOGIN, "quay.io", "registry.k8s.io", "public.ecr.aws"]);

export const ecrCache: Operations = {
  DescribePullThroughCacheRules(input, { world }) {
    const named = getStrings(input, "ecrRepositoryPrefixes");
    const rules = world.cacheRules
      .rules()
      .filter(({ prefix }) => named.length === 0 || named.includes(prefix));
    const { items, next } = pageOf(rules, input);
    return { pullThroughCacheRules: items.map((rule) => described(rule, world)), ...next };
  },

  CreatePullThroughCacheRule(input, account) {
    const { world, file } = account;
    const action = "ecr:CreatePullThroughCacheRule";
    const prefix = getString(input, "ecrRepositoryPrefix") ?? "";
    const upstreamHost = getString(input, "upstreamRegistryUrl") ?? "";
    const secret = getString(input, "credentialArn");
    if (!HOSTS.has(upstreamHost))
      throw awsRefusal(
        "invalid",
        action,
        "UnsupportedUpstreamRegistryException",
        `The upstream registry '${upstreamHost}' is not supported.`,
      );
    if (secret === undefined ? NEEDS_LOGIN.has(upstreamHost) : !SECRET.test(secret))
      throw awsRefusal(
        "invalid",
        action,
        "InvalidParameterException",
        "Invalid parameter at 'credentialArn'.",
      );
    if (world.cacheRules.rules().some((rule) => rule.prefix === prefix))
      throw awsRefusal(
        "conflict",
        action,
        "PullThroughCacheRuleAlreadyExistsException",
        `A pull through cache rule for '${prefix}' already exists in the registry with id '${world.home.account}'`,
      );
    if (secret !== undefined && file.secrets?.[secret] === undefined)
      throw awsRefusal("absent", action, "SecretNotFoundException", `The secret ${secret} was not found.`);
    const rule = { prefix, upstreamHost, ...(secret === undefined ? {} : { secret }) };
    world.cacheRules.add(rule);
    return { ...describedPlain(rule), registryId: world.home.account, createdAt: world.clock.now() / 1000 };
  },

  DeletePullThroughCacheRule(input, { world }) {
    const prefix = getString(input, "ecrRepositoryPrefix") ?? "";
    const rule = ruleNamed(prefix, world, "ecr:DeletePullThroughCacheRule");
    world.cacheRules.remove(prefix);
    return described(rule, world);
  },

  async ValidatePullThroughCacheRule(input, { world }) {
    const prefix = getString(input, "ecrRepositoryPrefix") ?? "";
    ruleNamed(prefix, world, "ecr:ValidatePullThroughCacheRule");
    const { isValid, because } = await world.ports.ecr.validateRule(prefix);
    return { ecrRepositoryPrefix: prefix, isValid, ...(isValid ? {} : { failure: because }) };
  },

  DescribeRepositoryCreationTemplates(input, { world }) {
    const named = getStrings(input, "prefixes");
    const { templates } = world.cacheRules;
    const absent = named.find((prefix) => !templates.has(prefix));
    if (absent !== undefined) throw noTemplate(absent, "ecr:DescribeRepositoryCreationTemplates");
    const { items, next } = pageOf(
      [...templates].filter(([prefix]) => named.length === 0 || named.includes(prefix)),
      input,
    );
    return {
      registryId: world.home.account,
      repositoryCreationTemplates: items.map(([, template]) => template),
      ...next,
    };
  },

  CreateRepositoryCreationTemplate(input, { world }) {
    const action = "ecr:CreateRepositoryCreationTemplate";
    const prefix = getString(input, "prefix") ?? "";
    const { templates } = world.cacheRules;
    if (templates.has(prefix))
      throw awsRefusal(
        "conflict",
        action,
        "TemplateAlreadyExistsException",
        `The repository creation template '${prefix}' already exists`,
      );
    const template: JsonObject = {
      imageTagMutability: "MUTABLE",
      ...input,
      encryptionConfiguration: getObject(input, "encryptionConfiguration") ?? { encryptionType: "AES256" },
      createdAt: world.clock.now() / 1000,
    };
    templates.set(prefix, template);
    return { registryId: world.home.account, repositoryCreationTemplate: template };
  },

  DeleteRepositoryCreationTemplate(input, { world }) {
    const prefix = getString(input, "prefix") ?? "";
    const { templates } = world.cacheRules;
    const template = templates.get(prefix);
    if (template === undefined) throw noTemplate(prefix, "ecr:DeleteRepositoryCreationTemplate");
    templates.delete(prefix);
    return { registryId: world.home.account, repositoryCreationTemplate: template };
  },
};

type World = Account["world"];

function ruleNamed(prefix: string, { cacheRules, home }: World, action: string): SandboxCacheRule {
  const rule = cacheRules.rules().find((one) => one.prefix === prefix);
  if (rule !== undefined) return rule;
  const words = `There is no pull through cache rule '${prefix}' in the registry with id '${home.account}'`;
  throw awsRefusal("absent", action, "PullThroughCacheRuleNotFoundException", words);
}

function noTemplate(prefix: string, action: string) {
  const words = `There is no repository creation template '${prefix}'`;
  return awsRefusal("absent", action, "TemplateNotFoundException", words);
}

function described(rule: SandboxCacheRule, { home }: World): JsonObject {
  const { upstreamPrefix } = rule;
  return {
    ...describedPlain(rule),
    registryId: home.account,
    ...(upstreamPrefix === undefined ? {} : { upstreamRepositoryPrefix: upstreamPrefix }),
  };
}

function describedPlain({
  prefix,
  upstreamHost,
  secret,
}: Pick<SandboxCacheRule, "prefix" | "upstreamHost" | "secret">): JsonObject {
  return {
    ecrRepositoryPrefix: prefix,
    upstreamRegistryUrl: upstreamHost,
    ...(secret === undefined ? {} : { credentialArn: secret }),
  };
}
