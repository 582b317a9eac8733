/**
 * Keeps the index of proved images: asks for what is due, removes what has expired or is no longer accepted, and writes what
 * differs. One pass looks at every image in use; passes are repeated as long as the process leads.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import { printPlatform } from "../image/platform.ts";
import type { IndexRow } from "../kubernetes/image-index.ts";
import { isAcceptable } from "../kubernetes/index/acceptable-rows.ts";
import { dueImages } from "../kubernetes/index/due-images.ts";
import { type ImageInUse, imagesInUse } from "../kubernetes/index/images-in-use.ts";
import { pulledRegistries } from "../kubernetes/index/pulled-registries.ts";
import { isPassing } from "../kubernetes/index/row-codes.ts";
import { isGood } from "../kubernetes/index/row-of.ts";
import { isAllowedBy } from "../kubernetes/policies/allowed-images.ts";
import { indexModes } from "../kubernetes/workload-modes.ts";
import { platformsOfNodes } from "../kubernetes/workloads/platforms-of-nodes.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import { assessImages, type ClusterEnvironment } from "./assess-images.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { TellOwner } from "./events.ts";
import type { HeadLedger } from "./head-ledger.ts";
import type { IndexObjects } from "./index-objects.ts";
import { EXPIRED_MAX, type IndexStatus, rowsByState } from "./index-status.ts";
import type { Leader } from "./leader.ts";
import type { LeaderState } from "./leader-state.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { durationMs, useScopeOf } from "./settings.ts";

export type IndexPorts = {
  readonly view: ClusterView;
  readonly objects: IndexObjects;
  readonly ledger: HeadLedger;
  readonly leader: Pick<Leader, "isLeading">;
  readonly state: Pick<LeaderState, "update">;
  readonly environment: () => Promise<ClusterEnvironment>;
  readonly tellOwner: TellOwner;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly log: Log;
};

export type IndexSettings = {
  /** The policy of now: it may change between two passes. */
  readonly policy: () => Policy;
  /** What the fence lets rows name: registries, or repositories in them; undefined: there is no fence. */
  readonly allowedRegistries?: readonly string[] | undefined;
  readonly identity: string;
};

export type IndexKeeper = {
  /** Reads what earlier leaders have left: once, when this process begins to lead. */
  begin(): Promise<void>;
  pass(): Promise<void>;
  rows(): ReadonlyMap<string, IndexRow>;
  /** The next pass asks for this image, however new its row is: something has become of it. */
  renew(image: string): void;
};

/** What healing needs is not spent on what may never fail: a tenth. */
const KEPT_FOR_HEALING = 0.1;
const IMAGES_OF_A_PASS = 200;
const WRITE_EVERY_MS = 2_000;
const STATUS_EVERY_MS = 60_000;
const OWNERS_TOLD = 5;

export function createIndexKeeper(ports: IndexPorts, settings: IndexSettings): IndexKeeper {
  const { view, objects, ledger, leader, state, environment, tellOwner, metrics, clock, log } = ports;
  let rows = new Map<string, IndexRow>();
  const wanted = new Set<string>();
  let writtenAt = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let statusAt = Number.NEGATIVE_INFINITY;
  const heads = { asked: 0, refused: 0 };
  let refused: string | undefined;
  let policyInForce = "";
  let expired: IndexStatus["expired"] = [];
  /** Why the newest question had no answer, where an older answer is kept. */
  const silentCodes = new Map<string, readonly string[]>();
  /** What the last write said of workloads. */
  let modesWritten = "";
  const keyOfModes = (): string => JSON.stringify([...indexModes(view.templates.values())].toSorted());
  const allowed = (image: string): boolean => isAllowedBy(settings.allowedRegistries, image);

  const writeNow = async (): Promise<void> => {
    if (!leader.isLeading()) return;
    writtenAt = clock.now();
    modesWritten = keyOfModes();
    const result = await objects.write(rows, indexModes(view.templates.values()));
    metrics.writes.inc({ result: result.kind });
    refused = result.kind === "refused" ? result.error.message : undefined;
    if (result.kind === "refused") log.error("the index is refused", { because: result.error.message });
    // Another leader's rows are as good as ours: of one image the newer counts, and the next pass writes.
    if (result.kind === "changed") rows = newest(rows, await objects.load());
  };
  const write = (): Promise<void> => {
    writing = writing.then(writeNow).catch((error: unknown) => {
      if (!(error instanceof ClusterError)) throw error;
      metrics.writes.inc({ result: "unanswered" });
      log.warn("the index could not be written", { because: error.message });
    });
    return writing;
  };

  const removeUnfit = (policy: Policy): void => {
    for (const [image, row] of rows) if (!isAcceptable(image, row, policy, allowed)) rows.delete(image);
  };

  /** @param placed the images that had a place when the pass began */
  const expire = async (images: readonly ImageInUse[], placed: ReadonlySet<string>): Promise<void> => {
    const now = clock.now();
    for (const [image, row] of rows) if (!isGood(row, now)) rows.delete(image);
    for (const one of images) {
      const { image } = one;
      const row = rows.get(image);
      if (!placed.has(image) || row?.use !== undefined) continue;
      const codes = [...(row?.codes ?? silentCodes.get(image) ?? ["not-asked"])];
      // Other bytes are an answer: nothing has expired.
      if (!codes.some(isPassing)) continue;
      metrics.expired.inc();
      expired = [{ image, at: new Date(now).toISOString(), codes }, ...expired].slice(0, EXPIRED_MAX);
      await tellExpired(one, codes);
    }
  };
  const tellExpired = async ({ image, revisions }: ImageInUse, codes: readonly string[]): Promise<void> => {
    const pods = revisions.flatMap(([first]) => (first === undefined ? [] : [first]));
    for (const { namespace, workload } of pods.slice(0, OWNERS_TOLD))
      await tellOwner({
        namespace,
        workload,
        type: "Warning",
        reason: "ImageProofExpired",
        action: "Proving",
        note: `No registry has proved a substitute of ${image} again in time (${codes.join(", ")}): new pods pull it as it is written.`,
      });
  };

  const publishStatus = async (images: readonly ImageInUse[], due: number): Promise<void> => {
    const now = clock.now();
    const { left, again } = ledger.left();
    const counts = rowsByState(rows.values());
    metrics.images.set(images.length);
    metrics.due.set(due);
    metrics.rows.reset();
    for (const [name, count] of Object.entries(counts)) metrics.rows.set({ state: name }, count);
    metrics.headsLeft.set(left);
    for (const result of ["asked", "refused"] as const) {
      metrics.heads.inc({ result }, ledger.counted[result] - heads[result]);
      heads[result] = ledger.counted[result];
    }
    metrics.stoppedUntil.set(again === undefined ? 0 : again / 1000);
    metrics.lastPass.set(now / 1000);
    if (now - statusAt >= 0 && now - statusAt < STATUS_EVERY_MS) return;
    statusAt = now;
    const needed = platformsOfNodes(view.nodes.values());
    const status: IndexStatus = {
      schemaVersion: "1",
      at: new Date(now).toISOString(),
      leader: settings.identity,
      images: images.length,
      due,
      rows: counts,
      platforms: needed.kind === "known" ? needed.platforms.map(printPlatform) : [],
      requests: { left, ...(again === undefined ? {} : { stoppedUntil: new Date(again).toISOString() }) },
      expired,
      missing: Object.fromEntries(view.missing()),
      ...(refused === undefined ? {} : { refused }),
    };
    try {
      await state.update("status", () => JSON.stringify(status));
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      log.warn("the status could not be written", { because: error.message });
    }
  };

  return {
    rows: () => rows,
    renew: (image) => void wanted.add(image),
    async begin() {
      await ledger.load();
      rows = new Map(await objects.load());
      statusAt = Number.NEGATIVE_INFINITY;
    },
    async pass() {
      const policy = settings.policy();
      const before = rows.size;
      const placed = new Set([...rows].flatMap(([image, { use }]) => (use === undefined ? [] : [image])));
      removeUnfit(policy);
      const hasRemoved = rows.size !== before;
      // Half a cluster is not a cluster: a revision whose pods are not read yet would be without a word of its own.
      const images =
        view.missing().size > 0
          ? []
          : imagesInUse(view.pods.values(), view.templates.values(), useScopeOf(policy));
      const platforms = platformsOfNodes(view.nodes.values());
      const proofMaxAgeMs = durationMs(policy.kubernetes.proofMaxAge);
      const keptForHealing = Math.floor(policy.kubernetes.requestsPerHour * KEPT_FOR_HEALING);
      const rules = JSON.stringify(policy);
      const isNewPolicy = policyInForce !== "" && policyInForce !== rules;
      policyInForce = rules;
      const due = isNewPolicy
        ? images
        : dueImages(images, { rows, now: clock.now(), proofMaxAgeMs, platforms, wanted });
      wanted.clear();
      // Who has labelled a workload waits for it: before anything is asked.
      if (hasRemoved || keyOfModes() !== modesWritten) await write();
      const reached = pulledRegistries(view.pods.values());
      const asked = await environment();
      const stated = policy.kubernetes.reachableRegistries;
      await assessImages(
        due.slice(0, IMAGES_OF_A_PASS),
        rows,
        {
          environment: { ...asked, registries: ledger.within(asked.registries) },
          policy,
          platforms,
          pullable: (host) => reached.has(host) || stated.includes(host),
          allowed,
          proofMaxAgeMs,
          mayAskLimited: () => leader.isLeading() && ledger.left().left > keptForHealing,
        },
        ({ image, row, asked: said }) => {
          if (row === said) silentCodes.delete(image);
          else silentCodes.set(image, said.codes ?? []);
          rows.set(image, row);
          if (clock.now() - writtenAt >= WRITE_EVERY_MS) void write();
          return leader.isLeading();
        },
      );
      await expire(images, placed);
      await write();
      await publishStatus(images, due.length);
    },
  };
}

function newest(
  mine: ReadonlyMap<string, IndexRow>,
  theirs: ReadonlyMap<string, IndexRow>,
): Map<string, IndexRow> {
  const merged = new Map(theirs);
  for (const [image, row] of mine) {
    const other = merged.get(image);
    if (other === undefined || Date.parse(other.askedAt) <= Date.parse(row.askedAt)) merged.set(image, row);
  }
  return merged;
}
