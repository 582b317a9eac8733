/**
 * What Repull asks of a cluster, and writes to it.
 *
 * Absence is `undefined`; every other refusal is a ClusterError. Each request has a time limit of its own, and each
 * answer a bound; nothing is asked twice but by `follow`, whose reads go on until they are called off.
 */

import type { JsonPatch } from "../kubernetes/objects/json-patch.ts";
import type { Kind, Objects } from "./kinds.ts";

/** Where an object is. `namespace` is absent exactly for kinds without one. */
export type ObjectName = { readonly namespace?: string; readonly name: string };

export type Selection = {
  /** Absent: of all namespaces. */
  readonly namespace?: string;
  /** A label selector as the API has it: `a=b,!c,d in (e,f)`. */
  readonly labels?: string;
  /** A field selector: `spec.nodeName=a`, `metadata.name=b`. */
  readonly fields?: string;
};

export type WriteOptions = {
  /** The server does all but store it: admission answers, and its answer is the result. */
  readonly dryRun?: boolean;
  /** Gets each warning that comes with the answer, as kubectl prints it: what admission says of a request that it allows. */
  readonly warned?: (text: string) => void;
};

/** What happened to objects of a kind, in the order of the server. */
export type Change<T> =
  /** All there are: first of all, and again whenever changes may have been missed. Whatever is not among them is gone. */
  | { readonly type: "listed"; readonly objects: readonly T[] }
  /** New or changed. */
  | { readonly type: "set"; readonly object: T }
  /** Gone, as it was last. */
  | { readonly type: "deleted"; readonly object: T }
  /** Changes may come late: the server does not answer, and is asked again after a pause. */
  | { readonly type: "interrupted"; readonly error: Error };

export interface ClusterPort {
  /** Undefined where there is no such object. */
  get<K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal): Promise<Objects[K] | undefined>;

  /** All of them, read page by page. */
  list<K extends Kind>(kind: K, selection?: Selection, signal?: AbortSignal): Promise<readonly Objects[K][]>;

  /**
   * All of them, and then each change, until the signal aborts; then it ends without an error. It reconnects by itself, with
   * pauses that grow to half a minute, lists again where the server has forgotten the version, and never ends by itself:
   * a kind that is not served, or that we may not read, is an interruption like any other.
   * @param keep what is kept of an object, as soon as it is read: a cluster's pods in whole do not fit in our memory
   */
  follow<K extends Kind, T>(
    kind: K,
    selection: Selection,
    keep: (object: Objects[K]) => T,
    signal: AbortSignal,
  ): AsyncIterable<Change<T>>;

  /** @returns as the server stored it. `AlreadyExists` where the name is taken. */
  create<K extends Kind>(kind: K, object: Objects[K], options?: WriteOptions): Promise<Objects[K]>;

  /**
   * Puts an object in the place of the one that was read: its `metadata.resourceVersion` must be there, and `Conflict` says
   * that another client wrote in between. `NotFound` where there is none.
   */
  replace<K extends Kind>(kind: K, object: Objects[K], options?: WriteOptions): Promise<Objects[K]>;

  /** RFC 6902. A `test` that does not hold is `Invalid` (422), and nothing is changed. */
  patch<K extends Kind>(
    kind: K,
    name: ObjectName,
    patch: JsonPatch,
    options?: WriteOptions,
  ): Promise<Objects[K]>;

  /** Nothing happens where there is none. */
  delete<K extends Kind>(kind: K, name: ObjectName, options?: WriteOptions): Promise<void>;

  /** The server's own version, `v1.36.3`. */
  version(): Promise<string>;

  /** Whether the server has this kind in the version that we use. */
  isServed(kind: Kind): Promise<boolean>;

  /** Ends open connections. */
  close(): void;
}
