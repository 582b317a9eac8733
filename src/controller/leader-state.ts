/**
 * What has to outlive the leader: HEADs of this hour, remediations of this hour, and the status that `repull doctor` reads.
 *
 * All of it is in one ConfigMap, a key each, written by comparing versions: of two writers one has to read again. A key that
 * cannot be written means that what it counts is not done.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { ConfigMap } from "../kubernetes/objects/objects.ts";

const STATE_NAME = "repull-state";

type StateKey = "heads" | "quotas" | "status" | "policy" | "sources" | "heals";

export type LeaderState = {
  read(key: StateKey): Promise<string | undefined>;
  /** Writes what the change makes of the value that is there now; answers it. Throws ClusterError where it cannot be written. */
  update(key: StateKey, change: (before: string | undefined) => string): Promise<string>;
};

const TRIES = 5;

export function createLeaderState(
  cluster: Pick<ClusterPort, "get" | "create" | "replace">,
  namespace: string,
  stateName = STATE_NAME,
): LeaderState {
  const name = { namespace, name: stateName };
  let known: ConfigMap | undefined;
  const fresh = async (): Promise<ConfigMap | undefined> => {
    known = await cluster.get("configmaps", name);
    return known;
  };
  const write = async (before: ConfigMap | undefined, key: StateKey, value: string): Promise<void> => {
    const data = { ...before?.data, [key]: value };
    const object: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      ...before,
      metadata: before?.metadata ?? name,
      data,
    };
    known = await (before === undefined
      ? cluster.create("configmaps", object)
      : cluster.replace("configmaps", object));
  };
  // One after the other: two updates of one process must not meet as two writers do.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = last.then(run, run);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    read: async (key) => (await fresh())?.data?.[key],
    update: (key, change) =>
      inTurn(async () => {
        for (let count = 1; ; count++) {
          const before = known ?? (await fresh());
          const value = change(before?.data?.[key]);
          if (before !== undefined && before.data?.[key] === value) return value;
          try {
            await write(before, key, value);
            return value;
          } catch (error) {
            known = undefined;
            if (!isChangedBetween(error) || count >= TRIES) throw error;
          }
        }
      }),
  };
}

/** Another writer came first: what is there now has to be read. */
export function isChangedBetween(error: unknown): boolean {
  return error instanceof ClusterError && ["Conflict", "AlreadyExists", "NotFound"].includes(error.reason);
}
