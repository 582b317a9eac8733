/**
 * The upstream image of a name in a pull-through cache, by the rules of our own account.
 *
 * ECR serves what is cached even where its upstream refuses, so a limit is met for what it does not have: other places
 * that hold the upstream's bytes can stand in for it.
 */

import { ecrHost } from "../image/ecr-hosts.ts";
import { canonicalName, type ImageReference } from "../image/reference.ts";
import { ruleFor, upstreamOf } from "../substitution/pull-through-rule.ts";
import type { StrategyContext } from "../substitution/strategy.ts";

type Rules = StrategyContext["rules"];

/** The upstream's name of an image; undefined where no rule of ours leads to it. */
export function cachedUpstream(
  image: ImageReference,
  rules: Rules,
  { account, region }: { readonly account: string; readonly region: string },
): ImageReference | undefined {
  // Another account's rules are not for us to see.
  if ("because" in rules || image.host !== ecrHost(account, region)) return undefined;
  const rule = ruleFor(image.path, rules);
  return rule && { ...image, ...upstreamOf(rule, image.path) };
}

/** Why a limit under ECR's name is not taken for an upstream's. */
export function noCache(images: readonly { readonly reference: ImageReference }[], rules: Rules): string {
  const names = images.map(({ reference }) => canonicalName(reference)).join(", ");
  return "because" in rules
    ? `whether ${names} is behind a pull-through cache is not known: ${rules.because}`
    : `a limit of private ECR itself: no pull-through cache rule of this account leads to ${names}, and a copy in ECR would not help`;
}
