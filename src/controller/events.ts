/**
 * Kubernetes Events: what an owner of a workload sees with `kubectl describe`.
 *
 * An event that cannot be written changes nothing: it is counted by the log, and the work goes on. The same event about the
 * same object is written once in an hour, because the API server keeps events for that long.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import type { ClusterPort } from "../cluster/cluster-port.ts";
import { digestOf } from "../image/digest.ts";
import type { Workload } from "../kubernetes/workloads/owners.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { visible } from "../text/visible.ts";

export type TellOwner = (event: {
  readonly namespace: string;
  readonly workload: Workload;
  readonly type: "Normal" | "Warning";
  /** In upper camel case, for machines. */
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}) => Promise<void>;

export type UidOf = (namespace: string, workload: Pick<Workload, "kind" | "name">) => string | undefined;

const NOTE_BYTES_MAX = 1024;
const REMEMBERED_MAX = 10_000;
const HOUR_MS = 3_600_000;

export function createEvents(
  cluster: Pick<ClusterPort, "create">,
  {
    clock,
    log,
    identity,
    uidOf = () => undefined,
  }: {
    readonly clock: Pick<Clock, "now">;
    readonly log: Log;
    readonly identity: string;
    /** Of a workload that does not say its own. */
    readonly uidOf?: UidOf;
  },
): TellOwner {
  const told = new Map<string, number>();
  return async ({ namespace, workload, type, reason, action, note }) => {
    const now = clock.now();
    const key = [namespace, workload.kind, workload.name, reason, note].join(" ");
    const before = told.get(key);
    if (before !== undefined && now >= before && now - before < HOUR_MS) return;
    if (told.size >= REMEMBERED_MAX) told.clear();
    told.set(key, now);
    const uid = workload.uid ?? uidOf(namespace, workload);
    const name = `${workload.name.slice(0, 200)}.${digestOf(`${key} ${now}`).slice(7, 23)}`;
    try {
      await cluster.create("events", {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name, namespace },
        eventTime: new Date(now).toISOString().replace("Z", "000Z"),
        reportingController: "repull.dev/controller",
        reportingInstance: identity.slice(0, 128),
        action,
        reason,
        type,
        note: bounded(visible(note)),
        regarding: {
          apiVersion: workload.apiVersion,
          kind: workload.kind,
          namespace,
          name: workload.name,
          ...(uid === undefined ? {} : { uid }),
        },
      });
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      log.warn("an event could not be written", { reason, because: error.message });
    }
  };
}

function bounded(note: string): string {
  let text = note;
  while (Buffer.byteLength(text) > NOTE_BYTES_MAX) text = text.slice(0, -16);
  return text;
}
