/**
 * Asks whether the tags that the cluster uses and that have a copy in ECR have moved, has the new bytes copied next to the old
 * ones, and reports what has moved and which sources are lost. Nothing that runs changes by it, and no row of the index.
 *
 * The decisions are those of the account's own refresh (src/mirrors/refresh); where that function is deployed, it is left to it.
 * One run looks at the tags that are due: what was learned of each, and when, outlives the leader.
 */

import { PortError } from "../../assessment/ports.ts";
import type { ClusterPort } from "../../cluster/cluster-port.ts";
import { canonicalName, repositoryName } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { type Mode, modeOf } from "../../kubernetes/mode.ts";
import { isOurTag } from "../../mirrors/copies.ts";
import type { EcrImage } from "../../mirrors/facts.ts";
import type { ImageStore } from "../../mirrors/ports.ts";
import type { RefreshReport } from "../../mirrors/refresh/refresh-report.ts";
import { type RefreshPorts, runRefresh } from "../../mirrors/refresh/run-refresh.ts";
import type { SourceRecord } from "../../mirrors/refresh/source-record.ts";
import type { Executions } from "../../remediation/ports/ports.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { type ClusterEnvironment, policyForPods } from "../assess-images.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { TellOwner } from "../events.ts";
import type { HeadLedger } from "../head-ledger.ts";
import { reasonOfPause } from "../heal/pause.ts";
import type { Leader } from "../leader.ts";
import { createLeaderState } from "../leader-state.ts";
import type { ControllerMetrics } from "../metrics.ts";
import { durationMs, useScopeOf } from "../settings.ts";
import { headsAhead, mayAskAhead } from "./heads-ahead.ts";
import { createKnownSources, type Sources } from "./refresh-records.ts";
import { COPIES_STATE_NAME, type RefreshStatus, refreshStatus } from "./refresh-status.ts";
import { type TagInUse, tagsInUse } from "./tags-in-use.ts";
import { tellRefresh } from "./tell-refresh.ts";

/** The account's part of a refresh. */
export type RefreshTarget = {
  /** `123456789012.dkr.ecr.eu-west-1.amazonaws.com` */
  readonly host: string;
  /** Empty where there is no such repository. */
  readonly images: ImageStore["images"];
  /** Who refreshes the account's copies: the function of this name; `unread` where that could not be learned. */
  leftTo(): Promise<{ readonly name?: string; readonly unread?: string }>;
  /** Throws AwsError. */
  publish(report: RefreshReport): Promise<void>;
};

export type RefresherPorts = {
  readonly cluster: ClusterPort;
  readonly view: ClusterView;
  readonly leader: Pick<Leader, "isLeading">;
  readonly ledger: HeadLedger;
  readonly environment: () => Promise<ClusterEnvironment>;
  /** Absent: nothing is copied. */
  readonly executions?: Executions;
  readonly tellOwner: TellOwner;
  readonly metrics: Pick<ControllerMetrics, "copiedTags" | "copiesRefreshed">;
  readonly clock: Clock & Timer;
  readonly log: Log;
};

export type RefresherSettings = {
  readonly policy: () => Policy;
  readonly mode: Mode;
  readonly namespace: string;
  readonly identity: string;
  /** Whether pods may name this image. */
  readonly allowed: (image: string) => boolean;
};

export const REFRESH_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** News wait for copies no longer than this; a copy goes on by itself. */
const RUN_MS_MAX = 300_000;
const TAGS_OF_A_RUN = 100;
/** A ConfigMap has a megabyte, and a record some 300 bytes. */
const TAGS_MAX = 2_000;
const ANY_DIGEST = `@sha256:${"0".repeat(64)}`;

export function createCopyRefresher(
  ports: RefresherPorts,
  settings: RefresherSettings,
  target: RefreshTarget,
): { pass(): Promise<void> } {
  const { cluster, view, leader, ledger, tellOwner, metrics, clock, log } = ports;
  const known = createKnownSources(createLeaderState(cluster, settings.namespace, COPIES_STATE_NAME));
  /** When a run of this process looked at a tag, whether anything was learned or not. */
  const looked = new Map<string, number>();
  let written = { status: "", at: Number.NEGATIVE_INFINITY };

  const tell = async (
    records: ReadonlyMap<string, SourceRecord>,
    more: Pick<RefreshStatus, "leftTo" | "because">,
  ) => {
    const now = clock.now();
    const status = refreshStatus(now, records, more);
    metrics.copiedTags.reset();
    for (const [state, count] of Object.entries(status.tags)) metrics.copiedTags.set({ state }, count);
    const { at: _, ...said } = status;
    const text = JSON.stringify(said);
    if (text === written.status && now >= written.at && now - written.at < HOUR_MS) return;
    await known.writeStatus(status);
    written = { status: text, at: now };
  };

  const isDue = ({ name }: TagInUse, record: SourceRecord | undefined, everyMs: number): boolean => {
    const now = clock.now();
    const soon = Math.min(everyMs, HOUR_MS);
    const sinceLook = now - (looked.get(name) ?? Number.NEGATIVE_INFINITY);
    if (sinceLook >= 0 && sinceLook < soon) return false;
    if (record === undefined) return true;
    // Clocks of two leaders differ by some; one of another day says nothing.
    const age = now - record.checkedAt;
    return age >= (record.state === "moved" ? soon : everyMs) || age < -everyMs;
  };

  const run = async (
    policy: Policy,
    due: readonly TagInUse[],
    tags: readonly TagInUse[],
    everyMs: number,
    sources: Sources,
  ) => {
    const until = clock.now() + RUN_MS_MAX;
    let isTold = false;
    const keys = keysOf(due);
    const used = keysOf(tags);
    const byName = new Map(due.map((tag) => [tag.name, tag]));
    const { registries } = await ports.environment();
    const { executions = NO_EXECUTIONS } = ports;
    const asked: RefreshPorts = {
      executions,
      registries: headsAhead(registries, ledger, {
        perHour: policy.kubernetes.requestsPerHour,
        maxAgeMs: everyMs / 2,
        wasRead: (image) => {
          const tag = byName.get(canonicalName(image));
          return tag !== undefined && recordOf(sources, tag)?.copied !== undefined;
        },
      }),
      store: storeOf(due, target),
      reader: { read: async () => usesOf(due) },
      records: known.forRun({
        isDue: (repository, tag) => keys.has(keyOf(repository, tag)),
        isUsed: (repository, tag) => used.has(keyOf(repository, tag)),
        mayWrite: () => isTold,
      }),
      tagLists: { listTags: async () => undefined },
      // The client keeps what it has learned for the index.
      logins: { learnLogin: async () => {} },
      stopped: () => reasonOfPause(cluster, settings.namespace),
      async publish(report) {
        // What is not reported stays news for the next leader, so nothing is noted of it either.
        if (!leader.isLeading()) return;
        isTold = true;
        await tellRefresh(report, byName, tellOwner);
        await target.publish(report).catch((error: unknown) => {
          if (!(error instanceof PortError)) throw error;
          log.warn("the news of copies were not put on the bus", { because: error.message });
        });
      },
      clock,
    };
    const input = { policy, host: target.host, run: settings.identity, isDryRun: false };
    const report = await runRefresh(input, asked, () => leader.isLeading() && clock.now() < until);
    for (const { name } of due) looked.set(name, clock.now());
    const { moved, lost, unread, heads, because } = report;
    metrics.copiesRefreshed.set(clock.now() / 1000);
    if (report.tags > 0 || unread.length > 0)
      log.info("asked whether copied tags have moved", {
        tags: report.tags,
        heads,
        moved: moved.length,
        lost: lost.length,
        unread,
        ...(because === undefined ? {} : { because }),
      });
    return [...unread, ...(because === undefined ? [] : [because])].join("; ");
  };

  let because = "";
  return {
    async pass() {
      if (!leader.isLeading() || view.missing().size > 0) return;
      const policy = policyNow(settings, ports);
      const { refreshEvery, requestsPerHour } = policy.kubernetes;
      if (refreshEvery === "never" || policy.mirrorPrefix === undefined) return;
      const everyMs = durationMs(refreshEvery);
      const { name: leftTo, unread } = await target.leftTo();
      if (leftTo !== undefined) return await tell(new Map(), { leftTo });
      if (unread !== undefined) return await tell(new Map(), { because: unread });
      const tags = tagsInUse(view, useScopeOf(policy), { ecrHost: target.host, policy })
        .filter(({ repository }) => settings.allowed(`${target.host}/${repository}${ANY_DIGEST}`))
        .slice(0, TAGS_MAX);
      const sources = await known.read();
      const mayAsk = mayAskAhead(ledger, requestsPerHour);
      const due = tags
        .filter(
          (tag) =>
            isDue(tag, recordOf(sources, tag), everyMs) && (mayAsk || !isDockerHubFront(tag.source.host)),
        )
        .slice(0, TAGS_OF_A_RUN);
      try {
        if (due.length > 0) because = await run(policy, due, tags, everyMs, sources);
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        log.warn("copies were not refreshed", { because: error.message });
        because = error.message;
      }
      if (!leader.isLeading()) return;
      await tell(
        recordsOf(due.length > 0 ? await known.read() : sources, tags),
        because === "" ? {} : { because },
      );
    },
  };
}

/** The rules under which copies are made: of the mode that chart and policy allow together, and of no list of wanted images. */
function policyNow({ policy, mode }: RefresherSettings, { executions }: RefresherPorts): Policy {
  const now = policy();
  const lowered = now.mode === "remediate" ? mode : modeOf(mode, "observe");
  return {
    ...policyForPods(now, executions !== undefined),
    mode: lowered === "remediate" ? now.mode : "observe",
    mirrors: { ...now.mirrors, images: [] },
  };
}

const NO_EXECUTIONS: Executions = {
  functionName: (workflow) => workflow,
  start: async () => "taken",
  status: async () => undefined,
};

function storeOf(due: readonly TagInUse[], { images }: RefreshTarget): RefreshPorts["store"] {
  const byRepository = Map.groupBy(due, ({ repository }) => repository);
  const isAsked = (repository: string, tag: string): boolean =>
    (byRepository.get(repository) ?? []).some(({ source }) => tag.slice(0, -13) === source.tag);
  return {
    repositories: async () => [...byRepository.keys()],
    async describe(name) {
      const [first] = byRepository.get(name) ?? [];
      // The place of a copy is made of its source's name.
      return {
        name,
        readers: "own-account",
        ...(first === undefined ? {} : { source: repositoryName(first.source) }),
      };
    },
    async images(repository) {
      const read = await images(repository);
      if ("unread" in read) return read;
      return read.map(
        (image): EcrImage => ({
          ...image,
          tags: image.tags.filter((tag) => !isOurTag(tag, image.digest) || isAsked(repository, tag)),
        }),
      );
    },
  };
}

/** As an account says who uses images: of a cluster, pods are what tasks are of ECS. */
function usesOf(due: readonly TagInUse[]): Awaited<ReturnType<RefreshPorts["reader"]["read"]>> {
  const others = { services: [], "service-revisions": [], "task-definitions": [], functions: [] };
  const tasks = due.flatMap(({ uses }) => uses);
  return {
    uses: { ...others, tasks, "job-definitions": [], "build-projects": [] },
    clusters: [],
    schedules: [],
  };
}

function keyOf(repository: string, tag: string): string {
  return `${repository} ${tag}`;
}

function keysOf(tags: readonly TagInUse[]): ReadonlySet<string> {
  return new Set(tags.map(({ repository, source }) => keyOf(repository, source.tag ?? "")));
}

function recordOf(sources: Sources, { repository, source }: TagInUse): SourceRecord | undefined {
  return sources.get(repository)?.get(source.tag ?? "");
}

function recordsOf(sources: Sources, tags: readonly TagInUse[]): ReadonlyMap<string, SourceRecord> {
  return new Map(
    tags.flatMap((tag) => {
      const record = recordOf(sources, tag);
      return record === undefined ? [] : [[tag.name, record] as const];
    }),
  );
}
