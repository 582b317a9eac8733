/** Every strategy there is, by name. The order in which they are tried is the policy's. */

import type { StrategyName } from "../policy/policy.ts";
import type { Strategy } from "../strategy.ts";
import { signIn } from "./authenticated-pull.ts";
import { ownCopy } from "./ecr-copy.ts";
import { publicMirror } from "./ecr-public.ts";
import { freshMirror } from "./mirror.ts";
import { pullThrough } from "./pull-through-cache.ts";

export const STRATEGIES: Readonly<Record<StrategyName, Strategy>> = {
  "own-copy": ownCopy,
  "pull-through": pullThrough,
  "public-mirror": publicMirror,
  "fresh-mirror": freshMirror,
  "sign-in": signIn,
};
