/** Whether pods of each namespace reach Repull, and whether a swapped pod would be let in. */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import { forEachConcurrently } from "../../../runtime/for-each-concurrently.ts";
import { type Check, failed, listed, passed, skipped } from "../check.ts";
import { type Marker, type Probed, probeNamespace } from "./admission-probe.ts";
import { type ClusterUnderTest, type NamespaceUnderTest, unreadPart } from "./cluster-under-test.ts";

export type WayIn = {
  readonly checks: readonly Check[];
  /** The webhook itself was seen to answer. */
  readonly isProved: boolean;
};

const CONCURRENCY = 4;

export async function wayInChecks(tested: ClusterUnderTest): Promise<WayIn> {
  const none = (because: string): WayIn => ({
    checks: [skipped("way in", because), skipped("swapped pods", because)],
    isProved: false,
  });
  const { namespaces, rows } = tested;
  if (namespaces.kind === "unread") return { checks: [unreadPart("way in", namespaces)], isProved: false };
  const marker = markerOf(tested);
  if (marker === undefined)
    return none(rows.kind === "unread" ? "there is no index" : "no image of the index has a place now");
  const probed: Probed[] = [];
  const asked = namespaces.value.filter(({ mode }) => mode !== "off");
  try {
    await forEachConcurrently(asked, CONCURRENCY, async ({ name }) => {
      probed.push(await probeNamespace(tested.cluster, name, marker));
    });
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return none(error.message);
  }
  const inOrder = probed.toSorted((a, b) => a.namespace.localeCompare(b.namespace));
  return {
    checks: [reachCheck(inOrder, asked, tested), refusalCheck(inOrder, marker)],
    isProved: hasWebhook(tested) && inOrder.some(({ reached }) => reached !== "no"),
  };
}

/** The row that is good for longest. */
function markerOf({ rows, now }: ClusterUnderTest): Marker | undefined {
  if (rows.kind === "unread") return undefined;
  const good = [...rows.value].flatMap(([image, { use, goodUntil }]) =>
    use === undefined || use === image || !(now < Date.parse(goodUntil)) ? [] : [{ image, use, goodUntil }],
  );
  return good.toSorted((a, b) => Date.parse(b.goodUntil) - Date.parse(a.goodUntil))[0];
}

const hasWebhook = ({ webhook }: ClusterUnderTest) => webhook.kind === "read" && webhook.value !== undefined;

function reachCheck(
  probed: readonly Probed[],
  asked: readonly NamespaceUnderTest[],
  tested: ClusterUnderTest,
): Check {
  const check = "way in";
  const tried = probed.filter(({ untried }) => untried === undefined);
  const isObserved = (name: string) => asked.some((one) => one.name === name && one.mode === "observe");
  const missed = tried.filter(({ namespace, reached, refusal }) => {
    if (reached !== "no" || refusal !== undefined) return false;
    // Only the webhook reports what it would do; the policy is not even installed.
    return !isObserved(namespace) || hasWebhook(tested);
  });
  if (missed.length > 0) {
    const names = listed(missed.map(({ namespace }) => namespace));
    return failed(check, `a pod that would be swapped is left as it is in ${names}`, remedyOf(tested));
  }
  const reached = tried.filter(({ reached }) => reached !== "no");
  if (reached.length === 0)
    return skipped(
      check,
      tried.length === 0
        ? "no namespace takes a pod to try"
        : "in the mode observe pods are left as they are, and no webhook says what would be done",
    );
  const rest = probed.length - tried.length;
  const words = `a pod of ${counted(reached.length, "namespace")} reaches Repull`;
  return passed(check, rest === 0 ? words : `${words}; ${rest} take no pod to try`);
}

function remedyOf(tested: ClusterUnderTest): string {
  return hasWebhook(tested)
    ? "let the control plane reach the webhook's port on the nodes (10250), or set webhook.hostNetwork; see the checks certificate and network"
    : "look at the policy: kubectl describe mutatingadmissionpolicy repull-images";
}

function refusalCheck(probed: readonly Probed[], { use }: Marker): Check {
  const check = "swapped pods";
  const refusing = probed.filter(({ refusal }) => refusal !== undefined);
  if (refusing.length > 0) {
    const names = listed(refusing.map(({ namespace }) => namespace));
    return failed(
      check,
      `${names} refuses ${use}: ${refusing[0]?.refusal}`,
      "let that policy allow the registry, or label the namespace repull.dev/mode: off",
    );
  }
  const tried = probed.filter(({ untried }) => untried === undefined);
  const [first] = probed.filter(({ untried }) => untried !== undefined);
  if (tried.length === 0)
    return skipped(
      check,
      first === undefined ? "no namespace is Repull's to change" : `${first.namespace}: ${first.untried}`,
    );
  return passed(check, `${counted(tried.length, "namespace")} take ${use}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
