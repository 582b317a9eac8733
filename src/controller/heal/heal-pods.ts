/**
 * Heals pods that wait for an image: one pass looks at every waiting container, and changes the image of those that may be
 * changed, in place. Nothing else is written: no template, no rollout, no eviction.
 *
 * What is seen decides, so a pass that was lost is made up by the next. What a pass needs of earlier ones, the places that a
 * container has had, is lost with the process, and then at most tried once more.
 */

import { ClusterError } from "../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../cluster/cluster-port.ts";
import { tryParseReference } from "../../image/reference.ts";
import {
  decideHeal,
  type HealAction,
  type HealFacts,
  type HealProof,
} from "../../kubernetes/heal/decide-heal.ts";
import { healPatch } from "../../kubernetes/heal/heal-patch.ts";
import { type StuckContainer, stuckContainers } from "../../kubernetes/heal/stuck-pods.ts";
import { isNamespaceInScope } from "../../kubernetes/index/images-in-use.ts";
import { type Mode, modeOf } from "../../kubernetes/mode.ts";
import { isOwnerInScope } from "../../kubernetes/workloads/owners.ts";
import type { PodFacts } from "../../kubernetes/workloads/pod-facts.ts";
import { classify } from "../../pull-failure/classify.ts";
import type { Classification } from "../../pull-failure/types.ts";
import { acquire, formatQuotaExceeded } from "../../remediation/gates/quotas.ts";
import type { QuotaExceeded } from "../../remediation/ports/quota-exceeded.ts";
import type { QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { Outcome } from "../../remediation/report/outcome.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { Log } from "../../runtime/log.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { TellOwner } from "../events.ts";
import type { Leader } from "../leader.ts";
import type { ControllerMetrics } from "../metrics.ts";
import { useScopeOf } from "../settings.ts";
import { executionOf, type HealEnd, healOutcome } from "./heal-outcome.ts";
import { reasonOfPause } from "./pause.ts";

export type HealPorts = {
  readonly cluster: Pick<ClusterPort, "get" | "patch">;
  readonly view: ClusterView;
  readonly leader: Pick<Leader, "isLeading">;
  readonly prove: (stuck: StuckContainer) => Promise<HealProof>;
  readonly quotaStore: QuotaStore;
  readonly tellOwner: TellOwner;
  /** Takes each outcome further; a failure is its own affair. */
  readonly publish: (outcome: Outcome) => Promise<void>;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock & Timer;
  readonly log: Log;
};

export type HealSettings = {
  readonly policy: () => Policy;
  /** The most that may be done. */
  readonly mode: Mode;
  readonly namespace: string;
};

const AT_ONCE = 8;
const STALE_MS = 30_000;
const WATCHED_MS = 600_000;
const REFUSED_MS = 60_000;
const CLASSIFIED_MAX = 2_000;

/** What one container has had from us, and when. */
type Tries = { readonly uses: string[]; at: number; refusedUntil: number };
/** The pods of a revision that waited for one image. */
type Group = {
  stuck: StuckContainer;
  proof?: HealProof;
  use?: string;
  provedBy?: string;
  at: number;
  readonly pods: Set<string>;
  /** Ends that have been told. */
  readonly told: Set<string>;
  hasQuota: boolean;
};

export function createHealer(ports: HealPorts, settings: HealSettings): { pass(): Promise<void> } {
  const { cluster, view, leader, prove, quotaStore, tellOwner, publish, metrics, clock, log } = ports;
  const tries = new Map<string, Tries>();
  const groups = new Map<string, Group>();
  const read = rememberedClassifier();

  const tell = async (
    { pod }: StuckContainer,
    type: "Normal" | "Warning",
    reason: string,
    note: string,
  ): Promise<void> => {
    const { namespace, workload } = pod;
    await tellOwner({ namespace, workload, type, reason, action: "Healing", note });
  };
  /** One record for a group and an end. */
  const conclude = async (group: Group, end: HealEnd): Promise<void> => {
    const name = end.kind === "code" ? end.code : end.kind;
    if (group.told.has(name)) return;
    group.told.add(name);
    const outcome = healOutcome(group.stuck, end, group.proof);
    metrics.heals.inc({ outcome: outcome.outcome });
    log.info("outcome", { outcome });
    const isWell = outcome.outcome === "succeeded" || outcome.outcome === "dry-run";
    await tell(group.stuck, isWell ? "Normal" : "Warning", REASON_OF[end.kind], outcome.summary);
    await publish(outcome);
  };

  const factsOf = (
    { pod, container }: StuckContainer,
    proof: HealProof | undefined,
    uses: readonly string[],
  ): HealFacts => {
    const policy = settings.policy();
    const ceiling = policy.mode === "remediate" ? settings.mode : modeOf(settings.mode, "observe");
    const reference = tryParseReference(container.written);
    const { images } = policy.scope;
    const matches = (pattern: string): boolean => reference !== undefined && matchesImage(pattern, reference);
    return {
      mode: modeOf(ceiling, view.namespaces.get(pod.namespace)?.modeLabel, pod.modeLabel),
      isOwnerInScope: isOwnerInScope(pod.owner, policy.scope.owners),
      isInScope:
        pod.namespace !== settings.namespace &&
        isNamespaceInScope(pod.namespace, useScopeOf(policy)) &&
        images.include.some(matches) &&
        !images.exclude.some(matches),
      ...(proof === undefined ? {} : { proof }),
      tried: uses,
    };
  };

  const patch = async (
    stuck: StuckContainer,
    group: Group,
    { use, proof: level }: Extract<HealAction, { kind: "patch" }>,
    mine: Tries,
  ): Promise<void> => {
    const { pod, container } = stuck;
    const paused = await reasonOfPause(cluster, settings.namespace);
    if (paused !== undefined) {
      await tell(stuck, "Warning", "WritesPaused", `${container.written} was not replaced: ${paused}`);
      return;
    }
    const reached = await takeQuota(group, stuck);
    if (reached !== undefined) {
      await conclude(group, {
        kind: "quota",
        because: formatQuotaExceeded(reached),
        opensAt: reached.opensAt,
      });
      return;
    }
    const { trusted } = group.proof ?? {};
    const digest = trusted?.digest ?? tryParseReference(use)?.digest;
    if (digest === undefined || !leader.isLeading()) return;
    const note = {
      image: container.written,
      digest,
      proof: level,
      witness: trusted?.from ?? "none",
      askedAt: trusted?.askedAt ?? new Date(clock.now()).toISOString(),
    };
    mine.at = clock.now();
    try {
      await cluster.patch(
        "pods",
        { namespace: pod.namespace, name: pod.name },
        healPatch(pod, container, use, note),
      );
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      await refused(error, group, mine);
      return;
    }
    mine.uses.push(use);
    Object.assign(group, { use, provedBy: level, at: mine.at });
    group.pods.add(pod.uid);
    await tell(
      stuck,
      "Normal",
      "ImageReplaced",
      `${container.written} cannot be pulled: its waiting pods get ${use} (${level}).`,
    );
  };

  /** A test that did not hold, or a pod that is gone, is nothing: the next pass sees what there is now. */
  const refused = async (error: ClusterError, group: Group, mine: Tries): Promise<void> => {
    const isForbidden = ["Forbidden", "Unauthorized"].includes(error.reason);
    mine.refusedUntil = clock.now() + (isForbidden ? REFUSED_MS : 1_000);
    if (isForbidden) await conclude(group, { kind: "refused", because: error.message });
    else log.info("a pod was not patched", { reason: error.reason });
  };

  const takeQuota = async (group: Group, stuck: StuckContainer): Promise<QuotaExceeded | undefined> => {
    if (group.hasQuota) return undefined;
    const limits = settings.policy().quotas;
    try {
      const request = { quota: "remediationsPerHour", requester: executionOf(stuck) } as const;
      const reached = await acquire(request, limits, { quotaStore, clock });
      if (reached === undefined) group.hasQuota = true;
      return reached;
    } catch (error) {
      if (!(error instanceof ClusterError || error instanceof SyntaxError)) throw error;
      log.warn("the quota could not be read", { because: error.message });
      const opensAt = clock.now() + REFUSED_MS;
      return { quota: "remediationsPerHour", window: "unread", max: 0, used: 0, amount: 1, opensAt };
    }
  };

  const heal = async (stuck: StuckContainer): Promise<void> => {
    if (!leader.isLeading()) return;
    const { pod, container } = stuck;
    const key = `${pod.uid}/${container.container}`;
    const mine = tries.get(key) ?? { uses: [], at: Number.NEGATIVE_INFINITY, refusedUntil: 0 };
    tries.set(key, mine);
    const now = clock.now();
    // What we have written has not come back to us yet.
    const isStale = mine.uses.length > 0 && container.image !== mine.uses.at(-1) && now - mine.at < STALE_MS;
    if (isStale || now < mine.refusedUntil) return;
    const name = executionOf(stuck);
    const group = groups.get(name) ?? {
      stuck,
      at: now,
      pods: new Set<string>(),
      told: new Set<string>(),
      hasQuota: false,
    };
    groups.set(name, group);
    let action = decideHeal(stuck, factsOf(stuck, undefined, mine.uses));
    if (action.kind === "prove") {
      const proof = await prove(stuck);
      group.proof = proof;
      action = decideHeal(stuck, factsOf(stuck, proof, mine.uses));
    }
    if (action.kind === "end") await conclude(group, { kind: "code", code: action.code });
    if (action.kind !== "patch") return;
    if (action.isObserved) await conclude(group, { kind: "observed", use: action.use, proof: action.proof });
    else await patch(stuck, group, action, mine);
  };

  /** What the pods that were changed have come to. */
  const watch = async (waiting: ReadonlySet<string>): Promise<void> => {
    const now = clock.now();
    for (const [name, group] of groups) {
      const { pods, use = "", provedBy: proof = "", at } = group;
      const left = [...pods].filter((uid) => view.pods.has(uid));
      const isSettled = left.every((uid) => hasStarted(view.pods.get(uid), group.stuck.container.written));
      if (pods.size > 0 && !waiting.has(name) && left.length > 0 && isSettled)
        await conclude(group, { kind: "succeeded", use, proof });
      else if (pods.size > 0 && left.length > 0 && !isSettled && now - at >= WATCHED_MS)
        await conclude(group, { kind: "timed-out", use, proof });
      // Nothing waits and nothing is watched: a later failure of the same revision is a new one.
      if (!waiting.has(name) && (left.length === 0 || isSettled) && now - at >= WATCHED_MS)
        groups.delete(name);
    }
    for (const key of tries.keys()) if (!view.pods.has(key.slice(0, key.lastIndexOf("/")))) tries.delete(key);
  };

  return {
    async pass() {
      if (view.missing().size > 0 || !leader.isLeading()) return;
      const stuck = [...view.pods.values()].flatMap((pod) => stuckContainers(pod, read));
      metrics.stuck.set(new Set(stuck.map(({ pod }) => pod.uid)).size);
      await forEachConcurrently(stuck, AT_ONCE, heal);
      await watch(new Set(stuck.map(executionOf)));
    },
  };
}

const REASON_OF: Readonly<Record<HealEnd["kind"], string>> = {
  code: "ImageNotReplaced",
  succeeded: "PodsHealed",
  observed: "ImageWouldBeReplaced",
  "timed-out": "PodsNotStarted",
  quota: "QuotaReached",
  refused: "ImageNotReplaced",
};

function hasStarted(pod: PodFacts | undefined, written: string): boolean {
  const concerned = pod?.containers.filter((container) => container.written === written) ?? [];
  return concerned.every((container) => container.hasStarted || container.pulled !== undefined);
}

/** Thousands of pods wait with the same few words. */
function rememberedClassifier(): (message: string, image: string) => Classification {
  const known = new Map<string, Classification>();
  return (message, image) => {
    const key = `${image}\n${message}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= CLASSIFIED_MAX) known.clear();
    const found = classify(message, image);
    known.set(key, found);
    return found;
  };
}
