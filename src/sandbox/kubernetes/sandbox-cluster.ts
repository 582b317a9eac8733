/**
 * A cluster in memory, as its API server shows it: versions, conflicts, patches that hold or do not, and changes that followers
 * are reported in order. A test in test/contracts compares it with a real API server.
 */

import { ClusterError, type ClusterReason } from "../../cluster/cluster-error.ts";
import type { Change, ClusterPort, ObjectName, Selection } from "../../cluster/cluster-port.ts";
import { apiVersionOf, KINDS, type Kind, type Objects } from "../../cluster/kinds.ts";
import type { ClusterObject } from "../../kubernetes/objects/objects.ts";
import { applyPatch } from "./json-patch.ts";
import { isSelected } from "./label-selector.ts";
import { refusedPod, refusedPodChange } from "./pod-rules.ts";

type ClusterRequest = {
  readonly verb: "get" | "list" | "watch" | "create" | "replace" | "patch" | "delete";
  readonly kind: Kind;
  readonly name?: string;
};

export type SandboxCluster = ClusterPort & {
  /** As another client: without rules, and without faults. Undefined deletes. */
  put<K extends Kind>(kind: K, object: Objects[K] | Partial<ClusterObject>): Objects[K];
  remove(kind: Kind, name: ObjectName): void;
  all<K extends Kind>(kind: K): readonly Objects[K][];
  /** Asked before each request; an error refuses it. */
  fault: ((request: ClusterRequest) => ClusterError | undefined) | undefined;
  /** Called after each write. */
  onWrite: ((request: ClusterRequest, object: ClusterObject) => void) | undefined;
  readonly requests: ClusterRequest[];
};

type Follower = {
  readonly kind: Kind;
  tell(change: Change<ClusterObject>): void;
};

export function createSandboxCluster(): SandboxCluster {
  const stored = new Map<string, ClusterObject>();
  const followers = new Set<Follower>();
  const requests: ClusterRequest[] = [];
  let version = 1;
  let uids = 0;

  const keyOf = (kind: Kind, { namespace = "", name }: ObjectName): string =>
    `${kind} ${KINDS[kind].isNamespaced ? namespace : ""} ${name}`;
  const nameOf = ({ metadata }: ClusterObject): ObjectName => ({
    name: metadata.name ?? "",
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  });
  const refuse = (reason: ClusterReason, status: number, message: string): never => {
    throw new ClusterError(status, reason, message);
  };
  /** A name is a part of the path that is asked for. */
  const checked = (kind: Kind, name: ObjectName): ObjectName => {
    const isWhole = /^[^/%]+$/.test(name.name) && name.name !== "." && name.name !== "..";
    if (!isWhole || KINDS[kind].isNamespaced !== (name.namespace !== undefined))
      refuse("BadRequest", 0, `${kind} "${name.name}" is not the name of an object`);
    return name;
  };
  const ask = (request: ClusterRequest): void => {
    requests.push(request);
    const error = cluster.fault?.(request);
    if (error !== undefined) throw error;
  };
  const tell = (kind: Kind, change: Change<ClusterObject>): void => {
    for (const follower of followers) if (follower.kind === kind) follower.tell(change);
  };
  const store = (kind: Kind, object: ClusterObject): ClusterObject => {
    const key = keyOf(kind, nameOf(object));
    const before = stored.get(key);
    version += 1;
    const kept: ClusterObject = {
      ...structuredClone(object),
      apiVersion: apiVersionOf(kind),
      kind: KINDS[kind].kind,
      metadata: {
        ...structuredClone(object.metadata),
        uid: before?.metadata.uid ?? object.metadata.uid ?? `uid-${++uids}`,
        resourceVersion: String(version),
      },
    };
    stored.set(key, kept);
    tell(kind, { type: "set", object: structuredClone(kept) });
    return structuredClone(kept);
  };
  const drop = (kind: Kind, name: ObjectName): void => {
    const before = stored.get(keyOf(kind, name));
    if (before === undefined) return;
    stored.delete(keyOf(kind, name));
    tell(kind, { type: "deleted", object: structuredClone(before) });
  };
  const selected = (kind: Kind, selection: Selection): readonly ClusterObject[] =>
    [...stored]
      .filter(([key, object]) => key.startsWith(`${kind} `) && isMeant(object, selection))
      .map(([, object]) => structuredClone(object));
  const present = (kind: Kind, name: ObjectName): ClusterObject =>
    stored.get(keyOf(kind, name)) ?? refuse("NotFound", 404, `${kind} "${name.name}" not found`);

  const cluster: SandboxCluster = {
    fault: undefined,
    onWrite: undefined,
    requests,
    put: (kind, object) => store(kind, object as ClusterObject) as never,
    remove: drop,
    all: (kind) => selected(kind, {}) as never,

    async get(kind, name) {
      checked(kind, name);
      ask({ verb: "get", kind, name: name.name });
      return structuredClone(stored.get(keyOf(kind, name))) as never;
    },
    async list(kind, selection = {}) {
      ask({ verb: "list", kind });
      return selected(kind, selection) as never;
    },
    follow: (kind, selection, keep, signal) =>
      changesOf(kind, selection, signal, (object) => keep(object as never)),
    async create(kind, given, { dryRun = false } = {}) {
      const { generateName } = given.metadata;
      const name = given.metadata.name ?? `${generateName ?? ""}${(++uids).toString(36).padStart(5, "0")}`;
      const object = { ...given, metadata: { ...given.metadata, name } };
      checked(kind, nameOf(object));
      ask({ verb: "create", kind, name });
      const { namespace } = object.metadata;
      if (namespace !== undefined && !stored.has(keyOf("namespaces", { name: namespace })))
        refuse("NotFound", 404, `namespaces "${namespace}" not found`);
      const unfit = kind === "pods" ? refusedPod(object as ClusterObject) : undefined;
      if (unfit !== undefined) refuse("Invalid", 422, unfit);
      if (stored.has(keyOf(kind, nameOf(object))))
        refuse("AlreadyExists", 409, `${kind} "${object.metadata.name}" already exists`);
      if (dryRun) return object as never;
      const kept = store(kind, object);
      cluster.onWrite?.({ verb: "create", kind, name }, kept);
      return kept as never;
    },
    async replace(kind, object, { dryRun = false } = {}) {
      ask({ verb: "replace", kind, name: object.metadata.name ?? "" });
      if (object.metadata.resourceVersion === undefined)
        refuse("BadRequest", 0, `${kind} "${object.metadata.name}": without the version that was read`);
      const before = present(kind, nameOf(object));
      if (object.metadata.resourceVersion !== before.metadata.resourceVersion)
        refuse("Conflict", 409, `${kind} "${object.metadata.name}": the object has been modified`);
      if (dryRun) return object;
      const kept = store(kind, object);
      cluster.onWrite?.({ verb: "replace", kind, name: object.metadata.name ?? "" }, kept);
      return kept as never;
    },
    async patch(kind, name, patch, { dryRun = false } = {}) {
      checked(kind, name);
      ask({ verb: "patch", kind, name: name.name });
      const before = present(kind, name);
      const after = applyPatch(before, patch);
      if ("invalid" in after) return refuse("Invalid", 422, after.invalid);
      if (kind === "pods") {
        const refused = refusedPodChange(before, after);
        if (refused !== undefined) refuse("Invalid", 422, refused);
      }
      if (dryRun) return after as never;
      const kept = store(kind, after);
      cluster.onWrite?.({ verb: "patch", kind, name: name.name }, kept);
      return kept as never;
    },
    async delete(kind, name, { dryRun = false } = {}) {
      checked(kind, name);
      ask({ verb: "delete", kind, name: name.name });
      if (!dryRun) drop(kind, name);
    },
    version: async () => "v1.36.3",
    isServed: async () => true,
    close() {},
  };

  async function* changesOf<T>(
    kind: Kind,
    selection: Selection,
    signal: AbortSignal,
    keep: (object: ClusterObject) => T,
  ): AsyncIterable<Change<T>> {
    const queue: Change<ClusterObject>[] = [];
    let wake = (): void => {};
    // An object that the labels no longer select is gone for the one who follows.
    const told = new Set<string>();
    const follower: Follower = {
      kind,
      tell(change) {
        if (change.type !== "set" && change.type !== "deleted") return;
        const key = keyOf(kind, nameOf(change.object));
        const isNow = change.type === "set" && isMeant(change.object, selection);
        if (!isNow && !told.has(key)) return;
        if (isNow) told.add(key);
        else told.delete(key);
        queue.push({ type: isNow ? "set" : "deleted", object: change.object });
        wake();
      },
    };
    followers.add(follower);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      const first = firstOf(kind, selection);
      if (first.type === "listed") for (const object of first.objects) told.add(keyOf(kind, nameOf(object)));
      queue.push(first);
      while (!signal.aborted) {
        const change = queue.shift();
        if (change === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        if (change.type === "interrupted") yield change;
        else if (change.type === "listed") yield { type: "listed", objects: change.objects.map(keep) };
        else yield { type: change.type, object: keep(change.object) };
      }
    } finally {
      followers.delete(follower);
    }
  }

  /** The list that begins; where it is refused, the interruption, as a real follower would report it before it asks again. */
  function firstOf(kind: Kind, selection: Selection): Change<ClusterObject> {
    try {
      ask({ verb: "watch", kind });
      return { type: "listed", objects: selected(kind, selection) };
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      return { type: "interrupted", error };
    }
  }

  return cluster;
}

function isMeant({ metadata }: ClusterObject, { namespace, labels, fields = "" }: Selection): boolean {
  const named = /^metadata\.name=(.*)$/.exec(fields)?.[1];
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    (named === undefined || metadata.name === named) &&
    isSelected(labels, metadata.labels)
  );
}
