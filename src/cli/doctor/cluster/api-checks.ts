/** Whether the API server has what Repull needs, and holds Repull to its rules. */

import { type Check, failed, passed, skipped } from "../check.ts";
import { type ClusterUnderTest, part, unreadPart } from "./cluster-under-test.ts";

export async function apiChecks(tested: ClusterUnderTest): Promise<readonly Check[]> {
  return [admissionCheck(tested), await fenceCheck(tested)];
}

/** By what a pod's images are swapped: the API server itself, a webhook, or both. */
function admissionCheck({ version, hasPolicies, policy, binding, webhook, mode }: ClusterUnderTest): Check {
  const check = "admission";
  for (const one of [policy, binding, webhook]) if (one.kind === "unread") return unreadPart(check, one);
  const has = (one: typeof policy) => one.kind === "read" && one.value !== undefined;
  const server = hasPolicies
    ? `${version} can swap images itself`
    : `${version} does not serve MutatingAdmissionPolicy in v1, which Kubernetes 1.36 has`;
  if (has(policy) && !has(binding))
    return failed(
      check,
      "the policy repull-images is not bound: it swaps nothing",
      "install the chart again",
    );
  if (has(policy) && has(webhook)) return passed(check, `${server}; policy and webhook are installed`);
  if (has(policy)) return passed(check, `${server}, by the policy repull-images; no webhook is needed`);
  if (has(webhook)) return passed(check, `${server}; the webhook is installed`);
  const remedy = `install the chart with admission: ${hasPolicies ? "policy" : "webhook"}`;
  if (mode.kind === "read" && mode.value !== "remediate" && hasPolicies)
    return skipped(check, `${server}; in the mode ${mode.value ?? "observe"} nothing changes pods`);
  return failed(check, `${server}; neither policy nor webhook is installed`, remedy);
}

const FENCES = ["repull-pods", "repull-index", "repull-configuration"] as const;

type FenceSpec = {
  readonly failurePolicy?: string;
  readonly validationActions?: readonly string[];
  readonly policyName?: string;
};
type FenceStatus = { readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] } };

/** The policies that the API server holds Repull's own account to. */
async function fenceCheck({ cluster }: ClusterUnderTest): Promise<Check> {
  const check = "fence";
  const remedy = "install the chart again: without it Repull's token may change any pod";
  for (const name of FENCES) {
    const found = await part(() => cluster.get("validatingadmissionpolicies", { name }));
    const bound = await part(() => cluster.get("validatingadmissionpolicybindings", { name }));
    if (found.kind === "unread") return unreadPart(check, found);
    if (bound.kind === "unread") return unreadPart(check, bound);
    const spec = found.value?.spec as FenceSpec | undefined;
    const binding = bound.value?.spec as FenceSpec | undefined;
    if (spec === undefined) return failed(check, `there is no policy ${name}`, remedy);
    if (spec.failurePolicy !== "Fail")
      return failed(check, `the policy ${name} lets pass what it cannot judge`, remedy);
    if (binding?.policyName !== name || binding.validationActions?.includes("Deny") !== true)
      return failed(check, `the policy ${name} is not bound to refuse`, remedy);
    const status = found.value?.status as FenceStatus | undefined;
    const warnings = status?.typeChecking?.expressionWarnings ?? [];
    if (warnings.length > 0)
      return failed(
        check,
        `the API server finds faults in the policy ${name}`,
        `kubectl describe validatingadmissionpolicy ${name}`,
      );
  }
  return passed(
    check,
    "the API server refuses what Repull's account may not do to pods, the index and webhooks",
  );
}
