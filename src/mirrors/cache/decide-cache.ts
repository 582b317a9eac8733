/**
 * What is missing of a pull-through cache, or why none of it may be made. What exists is never changed: services pull by it, and
 * it may be another caller's.
 */

import type { CacheRule, CreationTemplate, FoundCaches, WantedCache } from "./cache-settings.ts";

/** ECR's name of the prefix of everything. */
const ROOT = "ROOT";

type Part = "create" | "present";

export type CacheRefusal = {
  readonly kind: "refused";
  readonly code: "rule-has-other-upstream" | "rule-has-other-secret" | "template-differs";
  readonly because: string;
  /** What would change it, for a person to decide on. */
  readonly command: readonly string[];
};

export type CacheDecision =
  /** A `template` that is not wanted is absent. `before`: the template of a wider prefix that new repositories go by until then. */
  | { readonly kind: "make"; readonly rule: Part; readonly template?: Part; readonly before?: string }
  | CacheRefusal;

export function decideCache(wanted: WantedCache, { rules, templates }: FoundCaches): CacheDecision {
  const rule = rules.find(({ prefix }) => prefix === wanted.rule.prefix);
  const refusal = rule && whyRuleDiffers(rule, wanted.rule);
  if (refusal !== undefined) return refusal;
  const made = { kind: "make", rule: rule === undefined ? "create" : "present" } as const;
  if (wanted.template === undefined) return made;
  const template = templates.find(({ prefix }) => prefix === wanted.rule.prefix);
  if (template === undefined) {
    const before = templateAbove(wanted.rule.prefix, templates);
    return { ...made, template: "create", ...(before === undefined ? {} : { before }) };
  }
  const differences = differencesOf(template, wanted.template);
  if (differences.length === 0) return { ...made, template: "present" };
  return {
    kind: "refused",
    code: "template-differs",
    because: `the repository creation template ${template.prefix} exists with other settings: ${differences.join(", ")}`,
    command: ["aws", "ecr", "delete-repository-creation-template", "--prefix", template.prefix],
  };
}

/**
 * The closest one: a template of `team` is for `team/hub/*` too, and that of ROOT for all that has no other. It stays as it is, and
 * is for these repositories no longer.
 * (AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html, read 2026-11)
 */
function templateAbove(prefix: string, templates: readonly CreationTemplate[]): string | undefined {
  const above = templates.filter(
    (one) =>
      one.appliedFor.includes("PULL_THROUGH_CACHE") &&
      (one.prefix === ROOT || prefix.startsWith(`${one.prefix}/`)),
  );
  const depth = (one: CreationTemplate): number => (one.prefix === ROOT ? 0 : one.prefix.length);
  return above.toSorted((one, other) => depth(other) - depth(one))[0]?.prefix;
}

function whyRuleDiffers(found: CacheRule, wanted: CacheRule): CacheRefusal | undefined {
  const { prefix } = found;
  const at = ["--ecr-repository-prefix", prefix];
  if (placeOf(found) !== placeOf(wanted))
    return {
      kind: "refused",
      code: "rule-has-other-upstream",
      because: `the rule ${prefix} exists and leads to ${placeOf(found)}`,
      command: ["aws", "ecr", "delete-pull-through-cache-rule", ...at],
    };
  if (found.secret === wanted.secret || wanted.secret === undefined) return undefined;
  return {
    kind: "refused",
    code: "rule-has-other-secret",
    because: `the rule ${prefix} exists with ${found.secret === undefined ? "no secret" : `the secret ${found.secret}`}`,
    command: ["aws", "ecr", "update-pull-through-cache-rule", ...at, "--credential-arn", wanted.secret],
  };
}

function placeOf({ upstreamHost, upstreamPrefix = ROOT }: CacheRule): string {
  return upstreamPrefix === ROOT ? upstreamHost : `${upstreamHost}/${upstreamPrefix}`;
}

/** The members that are not as wanted, by ECR's names. */
function differencesOf(found: CreationTemplate, wanted: CreationTemplate): readonly string[] {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [name: string, isSame: boolean])[] = [
    ["appliedFor",              wanted.appliedFor.every((use) => found.appliedFor.includes(use))],
    ["imageTagMutability",      found.mutability === wanted.mutability],
    ["encryptionConfiguration", isSameKey(found.kmsKey, wanted.kmsKey)],
    ["resourceTags",            isSameObject(found.tags, wanted.tags)],
    ["lifecyclePolicy",         isSameJson(found.lifecycle, wanted.lifecycle)],
    ["repositoryPolicy",        isSameJson(found.repositoryPolicy, wanted.repositoryPolicy)],
    // A role of its own changes nothing of a repository.
    ["customRoleArn",           wanted.role === undefined || found.role === wanted.role],
  ];
  return table.flatMap(([name, isSame]) => (isSame ? [] : [name]));
}

/** ECR answers with the key's ARN, also where an alias or an id was given. An alias is not looked up: any key may be its. */
function isSameKey(found: string | undefined, wanted: string | undefined): boolean {
  if (found === undefined || wanted === undefined) return found === wanted;
  return found === wanted || wanted.includes("alias/") || found.endsWith(`:key/${wanted}`);
}

function isSameObject(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key] === other[key]);
}

/** Blanks and the order of members are not a difference. */
function isSameJson(one: string | undefined, other: string | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && plain(one) === plain(other));
}

function plain(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}
