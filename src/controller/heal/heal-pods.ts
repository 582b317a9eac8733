/**
 * Heals pods that wait for an image: one pass looks at every waiting container, and changes the image of those that may be
 * changed, in place. Nothing else is written: no template, no rollout, no eviction.
 *
 * What is seen decides, so a pass that was lost is made up by the next. What a pass needs of earlier ones, the places that a
 * container has had, is lost with the process, and then at most tried once more.
 */

import { ClusterError, isTransient } from "../../cluster/cluster-error.ts";
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
import type { Outcome } from "../../remediation/report/outcome.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { Log } from "../../runtime/log.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Copies } from "../copies/copies.ts";
import type { TellOwner } from "../events.ts";
import type { Leader } from "../leader.ts";
import type { ControllerMetrics } from "../metrics.ts";
import { createLabels } from "./current-labels.ts";
import type { ClosedGate, Gates } from "./gates.ts";
import { type Group, groupOf, newGroup, openHealOf } from "./heal-group.ts";
import { executionOf, type HealEnd, type HealSubject, healOutcome, REASON_OF } from "./heal-outcome.ts";
import type { OpenHeals } from "./open-heals.ts";
import type { Prover } from "./prove.ts";
import { rememberedClassifier } from "./remembered-classifier.ts";
import { type HealSettings, standingOf } from "./standing.ts";
import { hasStarted, isOurs, watchPatchedBefore, watchPod } from "./watched-pods.ts";

export type HealPorts = {
  readonly cluster: Pick<ClusterPort, "patch">;
  readonly view: ClusterView;
  readonly leader: Pick<Leader, "isLeading">;
  readonly prover: Prover;
  /** Absent: nothing is copied. */
  readonly copies?: Copies;
  readonly gates: Gates;
  /** What outlives this leader of the heals under way; absent: nothing does. */
  readonly openHeals?: OpenHeals;
  /** Gets an image for which there is a place now that the index may not know of. */
  readonly onPlace?: (image: string) => void;
  readonly tellOwner: TellOwner;
  /** Takes each outcome further; a failure is its own affair. */
  readonly publish: (outcome: Outcome) => Promise<void>;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock & Timer;
  readonly log: Log;
};

const AT_ONCE = 16;
const STALE_MS = 30_000;
const WATCHED_MS = 600_000;
const REFUSED_MS = 60_000;

/** What one container has had from us, and when. */
type Tries = { readonly uses: string[]; at: number; refusedUntil: number; refusals: number };
export type Healer = {
  /** Takes over what an earlier leader has begun: once, when this process begins to lead. */
  begin(): Promise<void>;
  pass(): Promise<void>;
};

export function createHealer(ports: HealPorts, settings: HealSettings): Healer {
  const { cluster, view, leader, prover, copies, gates, openHeals, tellOwner, publish, metrics, clock, log } =
    ports;
  const tries = new Map<string, Tries>();
  const groups = new Map<string, Group>();
  const read = rememberedClassifier();
  const labelsOf = createLabels(view, clock);

  const tell = async (
    { pod }: HealSubject,
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
    if (end.kind === "succeeded" || end.kind === "timed-out") openHeals?.close(executionOf(group.stuck));
  };

  /** Whether the group may be written for now; what prevents that is reported. */
  const mayWrite = async (group: Group, stuck: StuckContainer): Promise<boolean> => {
    if (clock.now() < group.closedUntil) return false;
    const closed = await gates.closed(group.isCounted ? undefined : executionOf(stuck));
    if (closed === undefined) {
      group.isCounted = true;
      return leader.isLeading();
    }
    group.closedUntil = closed.again;
    await tellClosed(group, stuck, closed);
    return false;
  };
  const tellClosed = async (group: Group, stuck: StuckContainer, closed: ClosedGate): Promise<void> => {
    const { kind, because, opensAt } = closed;
    if (kind !== "paused") return await conclude(group, { kind, because, opensAt });
    const note = `${stuck.container.written} was not replaced: ${because}`;
    await tell(stuck, "Warning", "WritesPaused", note);
  };

  /** Has the image brought into ECR. What has come is found by the next proof. */
  const copy = async (
    stuck: StuckContainer,
    group: Group,
    { copy: needed }: Extract<HealAction, { kind: "copy" }>,
  ): Promise<void> => {
    if (copies === undefined || !(await mayWrite(group, stuck))) return;
    const { key, request } = needed;
    const source = request.source ?? request.target;
    await tell(
      stuck,
      "Normal",
      "ImageCopying",
      `${stuck.container.written} is copied: ${source} → ${request.target}`,
    );
    const answer = await copies.ask(request);
    if (answer.kind === "waiting") return;
    if (answer.kind === "refused" && answer.held !== undefined) {
      const { opensAt } = answer.held;
      await conclude(group, { kind: "quota", because: answer.because, opensAt });
      group.closedUntil = Math.min(opensAt, clock.now() + REFUSED_MS);
      return;
    }
    group.copiesEnded.add(key);
    if (answer.kind === "refused") {
      group.notCopied = answer.because;
      await tell(stuck, "Warning", "ImageNotCopied", `${source} was not copied: ${answer.because}`);
      return;
    }
    prover.forget(stuck.container.written);
    ports.onPlace?.(stuck.container.written);
  };

  const patch = async (
    stuck: StuckContainer,
    group: Group,
    { use, proof: level }: Extract<HealAction, { kind: "patch" }>,
    mine: Tries,
  ): Promise<void> => {
    if (!(await mayWrite(group, stuck))) return;
    const { pod, container } = stuck;
    const { trusted } = group.proof ?? {};
    const digest = trusted?.digest ?? tryParseReference(use)?.digest;
    await openHeals?.note(executionOf(stuck), openHealOf(stuck, { ...group, at: clock.now() }, use, level));
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
      // Without an answer it may have been done: what becomes of the pod is watched, and the next pass sees its image.
      if (isTransient(error)) watchPod(group, pod, use, level, mine.at);
      await refused(error, group, mine);
      return;
    }
    mine.uses.push(use);
    mine.refusals = 0;
    watchPod(group, pod, use, level, mine.at);
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
    const asked = Math.min((error.retryAfterSeconds ?? 0) * 1_000, REFUSED_MS);
    const pause = Math.min(1_000 * 2 ** mine.refusals, REFUSED_MS);
    mine.refusedUntil = clock.now() + (isForbidden ? REFUSED_MS : Math.max(pause, asked));
    // A test that did not hold says nothing of the server's load: the next look decides.
    mine.refusals = error.reason === "Invalid" || error.reason === "Conflict" ? 0 : mine.refusals + 1;
    if (isForbidden) await conclude(group, { kind: "refused", because: error.message });
    else log.info("a pod was not patched", { reason: error.reason });
  };

  const heal = async (stuck: StuckContainer): Promise<void> => {
    if (!leader.isLeading()) return;
    const { pod, container } = stuck;
    const key = `${pod.uid}/${container.container}`;
    const mine = tries.get(key) ?? {
      uses: [],
      at: Number.NEGATIVE_INFINITY,
      refusedUntil: 0,
      refusals: 0,
    };
    tries.set(key, mine);
    const now = clock.now();
    // What we have written has not come back to us yet.
    const isStale = mine.uses.length > 0 && container.image !== mine.uses.at(-1) && now - mine.at < STALE_MS;
    if (isStale || now < mine.refusedUntil) return;
    const name = executionOf(stuck);
    const group = groups.get(name) ?? newGroup(stuck, now);
    groups.set(name, group);
    watchPatchedBefore(group, stuck, now);
    const factsOf = (proved: { readonly proof?: HealProof }, tried: readonly string[]): HealFacts => ({
      ...standingOf(stuck, labelsOf(pod), settings),
      ...proved,
      tried,
      copiesEnded: group.copiesEnded,
    });
    let action = decideHeal(stuck, factsOf({}, mine.uses));
    if (action.kind === "prove") {
      const proof = await prover.prove(stuck);
      group.proof = proof;
      action = decideHeal(stuck, factsOf({ proof }, mine.uses));
    }
    if (action.kind === "end")
      await conclude(group, { kind: "code", code: action.code, more: group.notCopied });
    if (action.kind === "end" || action.kind === "wait" || action.kind === "prove") return;
    const { use, proof } = action.kind === "copy" ? action.copy : action;
    if (action.isObserved) await conclude(group, { kind: "observed", use, proof });
    else if (action.kind === "copy") await copy(stuck, group, action);
    else await patch(stuck, group, action, mine);
  };

  const forget = (name: string): void => {
    groups.delete(name);
    openHeals?.close(name);
  };
  const succeeded = async (group: Group, use: string, proof: string): Promise<void> => {
    if (group.told.has("succeeded")) return;
    ports.onPlace?.(group.stuck.container.written);
    await conclude(group, { kind: "succeeded", use, proof });
  };
  /** What the pods that were changed have come to. */
  const watch = async (waiting: ReadonlySet<string>): Promise<void> => {
    const now = clock.now();
    for (const [name, group] of groups) {
      const { pods, use = "", provedBy: proof = "", at } = group;
      const left = [...pods].filter((uid) => isOurs(view.pods.get(uid), group.stuck.container.written));
      const isSettled = left.every((uid) => hasStarted(view.pods.get(uid), group.stuck.container.written));
      if (pods.size > 0 && !waiting.has(name) && left.length > 0 && isSettled)
        await succeeded(group, use, proof);
      else if (pods.size > 0 && left.length > 0 && !isSettled && now - at >= WATCHED_MS)
        await conclude(group, { kind: "timed-out", use, proof });
      // Nothing waits and nothing is watched: a later failure of the same revision is a new one.
      if (!waiting.has(name) && (left.length === 0 || isSettled) && now - at >= WATCHED_MS) forget(name);
    }
    for (const key of tries.keys()) if (!view.pods.has(key.slice(0, key.lastIndexOf("/")))) tries.delete(key);
  };

  return {
    async begin() {
      const open = (await openHeals?.load()) ?? new Map();
      for (const [name, heal] of open) {
        if (!groups.has(name)) groups.set(name, groupOf(heal, view.pods.values()));
      }
      // Another leader has reported what this process once began.
      for (const [name, { told, pods }] of groups)
        if (pods.size > 0 && !open.has(name)) told.add("succeeded").add("timed-out");
    },
    async pass() {
      if (view.missing().size > 0 || !leader.isLeading()) return;
      const stuck = [...view.pods.values()].flatMap((pod) => stuckContainers(pod, read));
      metrics.stuck.set(new Set(stuck.map(({ pod }) => pod.uid)).size);
      await forEachConcurrently(stuck, AT_ONCE, heal);
      await watch(new Set(stuck.map(executionOf)));
    },
  };
}
