/** Every strategy there is, by name. The order in which they are tried is the policy's. */

import type { Strategy } from "../strategy.ts";
import type { StrategyName } from "../strategy-name.ts";
import { authenticatedPull } from "./authenticated-pull.ts";
import { ecrCopy } from "./ecr-copy.ts";
import { ecrPublic } from "./ecr-public.ts";
import { mirror } from "./mirror.ts";
import { pullThroughCache } from "./pull-through-cache.ts";

export const STRATEGIES: Readonly<Record<StrategyName, Strategy>> = {
  "ecr-copy": ecrCopy,
  "pull-through-cache": pullThroughCache,
  "ecr-public": ecrPublic,
  mirror: mirror,
  "authenticated-pull": authenticatedPull,
};
