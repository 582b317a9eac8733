/** Every strategy there is, by name. The order in which they are tried is the policy's. */

import type { StrategyName } from "../policy.ts";
import type { Strategy } from "../strategy.ts";
import { freshMirror } from "./fresh-mirror.ts";
import { ownCopy } from "./own-copy.ts";
import { publicMirror } from "./public-mirror.ts";
import { pullThrough } from "./pull-through.ts";
import { signIn } from "./sign-in.ts";

export const STRATEGIES: Readonly<Record<StrategyName, Strategy>> = {
  "own-copy": ownCopy,
  "pull-through": pullThrough,
  "public-mirror": publicMirror,
  "fresh-mirror": freshMirror,
  "sign-in": signIn,
};
