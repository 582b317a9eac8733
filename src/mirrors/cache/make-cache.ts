/**
 * Makes what is missing of a pull-through cache. The template goes first: a pull that comes between the two would otherwise make
 * a repository without its settings, and a template changes no repository that exists.
 * (AmazonECR/latest/userguide/repository-creation-templates-create.html, read 2026-11)
 */

import type { CacheSettings, WantedCache } from "./cache-settings.ts";
import { type CacheRefusal, decideCache } from "./decide-cache.ts";

type Made = "created" | "present";

export type CacheMade =
  /** `before`: as a decision has it. */
  | { readonly kind: "made"; readonly rule: Made; readonly template?: Made; readonly before?: string }
  /** What was made before the refusal remains. */
  | (CacheRefusal & { readonly template?: Made });

/** @param onMade gets each part as soon as it is there: what follows may fail */
export async function makeCache(
  wanted: WantedCache,
  settings: CacheSettings,
  onMade: (part: "template" | "rule") => void = () => {},
): Promise<CacheMade> {
  let template: Made | undefined;
  let rule: Made | undefined;
  let before: string | undefined;
  // Another caller may make a part meanwhile: then it is read again, and is as wanted or a refusal.
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const decision = decideCache(wanted, await readCaches(settings));
    if (decision.kind === "refused") return { ...decision, ...(template === undefined ? {} : { template }) };
    if (decision.template === "create") {
      if (wanted.template === undefined || (await settings.createTemplate(wanted.template)) === "taken")
        continue;
      template = "created";
      before = decision.before;
      onMade("template");
    } else if (decision.template === "present") template ??= "present";
    if (decision.rule === "create") {
      if ((await settings.createRule(wanted.rule)) === "taken") continue;
      rule = "created";
      onMade("rule");
    } else rule ??= "present";
    return {
      kind: "made",
      rule,
      ...(template === undefined ? {} : { template }),
      ...(before === undefined ? {} : { before }),
    };
  }
  throw new Error(`the rule ${wanted.rule.prefix} is made and deleted by another caller again and again`);
}

const ROUNDS_MAX = 3;

export async function readCaches(settings: Pick<CacheSettings, "rules" | "templates">) {
  const [rules, templates] = await Promise.all([settings.rules(), settings.templates()]);
  return { rules, templates };
}
