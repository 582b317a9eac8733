/** ECR's pull-through cache rules and repository creation templates: read, and made where they are missing; never changed. */

import {
  CreatePullThroughCacheRuleCommand,
  CreateRepositoryCreationTemplateCommand,
  DescribePullThroughCacheRulesCommand,
  DescribeRepositoryCreationTemplatesCommand,
  ECRClient,
  type RCTAppliedFor,
  type RepositoryCreationTemplate,
  type UpstreamRegistry,
  ValidatePullThroughCacheRuleCommand,
} from "@aws-sdk/client-ecr";
import type { CacheSettings, CreationTemplate } from "../../mirrors/cache/cache-settings.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { callAws, hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** A hundred an answer; ECR has ten rules and some templates by default. */
const PAGES_MAX = 20;

/** @param upstream ECR's name of the registry, `docker-hub` for example */
export function createCacheSettings(settings: AwsSettings, upstream: UpstreamRegistry): CacheSettings {
  const client = new ECRClient(clientConfiguration(settings));
  return {
    async rules() {
      const rules = await allPages("ecr:DescribePullThroughCacheRules", async (nextToken) => {
        const page = await client.send(new DescribePullThroughCacheRulesCommand({ nextToken }));
        return { items: page.pullThroughCacheRules, next: page.nextToken };
      });
      return rules.map(
        ({ ecrRepositoryPrefix, upstreamRegistryUrl, upstreamRepositoryPrefix, credentialArn }) => ({
          prefix: ecrRepositoryPrefix ?? "",
          upstreamHost: upstreamRegistryUrl ?? "",
          ...(upstreamRepositoryPrefix ? { upstreamPrefix: upstreamRepositoryPrefix } : {}),
          ...(credentialArn ? { secret: credentialArn } : {}),
        }),
      );
    },

    async templates() {
      const templates = await allPages("ecr:DescribeRepositoryCreationTemplates", async (nextToken) => {
        const page = await client.send(new DescribeRepositoryCreationTemplatesCommand({ nextToken }));
        return { items: page.repositoryCreationTemplates, next: page.nextToken };
      });
      return templates.map(templateOf);
    },

    async createRule({ prefix, upstreamHost, secret }) {
      return await unlessTaken(
        "ecr:CreatePullThroughCacheRule",
        "PullThroughCacheRuleAlreadyExistsException",
        () =>
          client.send(
            new CreatePullThroughCacheRuleCommand({
              ecrRepositoryPrefix: prefix,
              upstreamRegistryUrl: upstreamHost,
              upstreamRegistry: upstream,
              ...(secret === undefined ? {} : { credentialArn: secret }),
            }),
          ),
      );
    },

    async createTemplate(template) {
      return await unlessTaken("ecr:CreateRepositoryCreationTemplate", "TemplateAlreadyExistsException", () =>
        client.send(new CreateRepositoryCreationTemplateCommand(inputOf(template))),
      );
    },

    async validate(prefix) {
      const { isValid = false, failure } = await callAws("ecr:ValidatePullThroughCacheRule", () =>
        client.send(new ValidatePullThroughCacheRuleCommand({ ecrRepositoryPrefix: prefix })),
      );
      return { isValid, because: failure ?? (isValid ? "" : "no reason is given") };
    },
  };
}

function templateOf(template: RepositoryCreationTemplate): CreationTemplate {
  const { encryptionConfiguration: encryption, resourceTags = [], lifecyclePolicy } = template;
  const { repositoryPolicy, customRoleArn, imageTagMutability } = template;
  return {
    prefix: template.prefix ?? "",
    appliedFor: template.appliedFor ?? [],
    mutability: imageTagMutability ?? "MUTABLE",
    ...(encryption?.encryptionType?.startsWith("KMS") ? { kmsKey: encryption.kmsKey ?? "" } : {}),
    tags: Object.fromEntries(resourceTags.map(({ Key = "", Value = "" }) => [Key, Value])),
    ...(lifecyclePolicy ? { lifecycle: lifecyclePolicy } : {}),
    ...(repositoryPolicy ? { repositoryPolicy } : {}),
    ...(customRoleArn ? { role: customRoleArn } : {}),
  };
}

function inputOf({ prefix, appliedFor, mutability, kmsKey, tags, lifecycle, role }: CreationTemplate) {
  return {
    prefix,
    description: "Made by repull mirrors cache create",
    appliedFor: [...appliedFor] as RCTAppliedFor[],
    imageTagMutability: mutability === "IMMUTABLE" ? ("IMMUTABLE" as const) : ("MUTABLE" as const),
    encryptionConfiguration:
      kmsKey === undefined
        ? { encryptionType: "AES256" as const }
        : { encryptionType: "KMS" as const, ...(kmsKey === "" ? {} : { kmsKey }) },
    ...(Object.keys(tags).length === 0
      ? {}
      : { resourceTags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
    ...(lifecycle === undefined ? {} : { lifecyclePolicy: lifecycle }),
    ...(role === undefined ? {} : { customRoleArn: role }),
  };
}

/** A list that was not read to its end proves nothing: a rule of the same prefix may be in the rest. */
async function allPages<T>(
  action: string,
  ask: (
    token: string | undefined,
  ) => Promise<{ readonly items: readonly T[] | undefined; readonly next: string | undefined }>,
): Promise<readonly T[]> {
  const found: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items = [], next } = await callAws(action, () => ask(token));
    found.push(...items);
    if (!next) return found;
    token = next;
  }
  throw new AwsError("unavailable", action, `${action}: the list has more than ${PAGES_MAX} pages`);
}

async function unlessTaken(
  action: string,
  code: string,
  call: () => Promise<unknown>,
): Promise<"created" | "taken"> {
  try {
    await call();
    return "created";
  } catch (error) {
    if (hasErrorCode(error, code)) return "taken";
    throw toAwsError(action, error);
  }
}
