export const STRATEGY_NAMES = [
  "ecr-copy",
  "pull-through-cache",
  "ecr-public",
  "mirror",
  "authenticated-pull",
] as const;

export type StrategyName = (typeof STRATEGY_NAMES)[number];
