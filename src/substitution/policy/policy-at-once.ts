/** The policy where an image is written into a file or a task definition: nothing is copied first, and no login is added. */

import type { Policy } from "./policy.ts";

export function policyAtOnce(policy: Policy): Policy {
  const strategies = policy.strategies.filter((name) => name !== "mirror" && name !== "authenticated-pull");
  return { ...policy, strategies };
}
