/**
 * One controller at a time, by a Lease, as Kubernetes' own controllers choose theirs.
 *
 * Clocks of two machines differ, so the holder's times are never compared with ours: a Lease is free when it has not changed
 * for its whole duration while we looked (k8s.io/client-go tools/leaderelection, read 2026-11). That a process believes it
 * leads is not a lock: every write compares the version of what it read, and a holder that could not renew stops before the
 * Lease is free for others.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { Lease } from "../kubernetes/objects/objects.ts";
import type { Clock } from "../runtime/clock.ts";

const LEASE_SECONDS = 15;
/** A holder that has not renewed for so long no longer writes. */
const RENEW_DEADLINE_SECONDS = 10;
export const RENEW_EVERY_SECONDS = 2;

export type Leader = {
  /** Takes or renews the Lease where that is possible now; answers whether we hold it. */
  campaign(): Promise<boolean>;
  /** Whether writes may be sent now. */
  isLeading(): boolean;
  /** What kept the last campaign from the Lease; absent where another process holds it, or was quicker. */
  trouble(): ClusterError | undefined;
  /** Frees the Lease for the next holder. */
  resign(): Promise<void>;
};

export function createLeader(
  cluster: Pick<ClusterPort, "get" | "create" | "replace">,
  {
    name,
    namespace,
    identity,
    clock,
  }: {
    readonly name: string;
    readonly namespace: string;
    /** Unique for each process. */
    readonly identity: string;
    readonly clock: Pick<Clock, "now">;
  },
): Leader {
  let renewedAt = Number.NEGATIVE_INFINITY;
  let seen: { readonly version: string; readonly at: number } | undefined;
  let trouble: ClusterError | undefined;

  const write = async (before: Lease | undefined, holder: string): Promise<boolean> => {
    const at = clock.now();
    const isMine = before?.spec?.holderIdentity === identity;
    const time = microTime(at);
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: before?.metadata ?? { name, namespace },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: LEASE_SECONDS,
        acquireTime: (isMine ? before?.spec?.acquireTime : undefined) ?? time,
        renewTime: time,
        leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (before === undefined || isMine ? 0 : 1),
      },
    };
    try {
      await (before === undefined ? cluster.create("leases", lease) : cluster.replace("leases", lease));
    } catch (error) {
      // Another one was quicker, or the server does not answer: we look again at the next pass.
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason !== "Conflict" && error.reason !== "AlreadyExists") trouble = error;
      return false;
    }
    renewedAt = holder === identity ? at : Number.NEGATIVE_INFINITY;
    return holder === identity;
  };

  const read = async (): Promise<Lease | undefined | "unread"> => {
    try {
      const found = await cluster.get("leases", { namespace, name });
      trouble = undefined;
      return found;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      trouble = error;
      return "unread";
    }
  };

  const isLeading = (): boolean => {
    const age = clock.now() - renewedAt;
    // A clock that was set back makes the age negative: it says nothing then.
    return age >= 0 && age < RENEW_DEADLINE_SECONDS * 1000;
  };

  return {
    isLeading,
    trouble: () => trouble,
    async campaign() {
      const lease = await read();
      if (lease === "unread") return isLeading();
      if (lease === undefined) return (await write(undefined, identity)) || isLeading();
      const holder = lease.spec?.holderIdentity ?? "";
      if (holder === identity || holder === "") return (await write(lease, identity)) || isLeading();
      renewedAt = Number.NEGATIVE_INFINITY;
      const version = lease.metadata.resourceVersion ?? "";
      const now = clock.now();
      if (seen?.version !== version || now < seen.at) seen = { version, at: now };
      const lasts = (lease.spec?.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
      return now - seen.at > lasts ? await write(lease, identity) : false;
    },
    async resign() {
      const lease = await read();
      if (lease !== "unread" && lease?.spec?.holderIdentity === identity) await write(lease, "");
      renewedAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** RFC 3339 with microseconds, as a Lease wants it. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
