/**
 * The cluster as the controller knows it: its pods, templates, nodes and namespaces, each in the few members that count,
 * kept up to date by the API server's own changes. Nothing is asked of the server twice.
 */

import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { Kind } from "../cluster/kinds.ts";
import { type TemplateFacts, templateFacts } from "../kubernetes/index/images-in-use.ts";
import { MODE_LABEL } from "../kubernetes/mode.ts";
import { type NodeFacts, nodeFacts } from "../kubernetes/workloads/platforms-of-nodes.ts";
import { type PodFacts, podFacts } from "../kubernetes/workloads/pod-facts.ts";

type NamespaceFacts = { readonly name: string; readonly modeLabel?: string };

export type ClusterView = {
  readonly pods: ReadonlyMap<string, PodFacts>;
  readonly templates: ReadonlyMap<string, TemplateFacts>;
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>;
  /** Grows with every change. */
  readonly changes: () => number;
  /** Kinds that have not been listed since the start, with the last error. Decisions wait for all of them. */
  readonly missing: () => ReadonlyMap<Kind, string>;
};

/** Of a kind that nothing is known of: neither its objects nor an error. */
export const NOT_READ_YET = "not read yet";

/** Kinds whose templates start pods. A ReplicaSet's is its Deployment's. */
const TEMPLATES = ["deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"] as const;

/** Follows the cluster until the signal aborts. @param onChange called after each change */
export function followCluster(
  cluster: Pick<ClusterPort, "follow">,
  signal: AbortSignal,
  onChange: () => void = () => {},
): ClusterView & { readonly ended: Promise<void> } {
  const pods = new Map<string, PodFacts>();
  const templates = new Map<string, TemplateFacts>();
  const nodes = new Map<string, NodeFacts>();
  const namespaces = new Map<string, NamespaceFacts>();
  const missing = new Map<Kind, string>();
  let changes = 0;

  const follow = async <K extends Kind, T extends object>(
    kind: K,
    facts: (object: unknown) => T | undefined,
    keyOf: (kept: T) => string,
    kept: Map<string, T>,
  ): Promise<void> => {
    missing.set(kind, NOT_READ_YET);
    // What one kind has put into a map that several kinds share.
    const mine = new Set<string>();
    const set = (object: T): void => {
      const key = keyOf(object);
      kept.set(key, object);
      mine.add(key);
    };
    for await (const change of cluster.follow(kind, {}, (object) => facts(object), signal)) {
      if (change.type === "interrupted") {
        if (missing.has(kind)) missing.set(kind, change.error.message);
        continue;
      }
      if (change.type === "listed") {
        const all = new Set(
          change.objects.flatMap((object) => (object === undefined ? [] : [keyOf(object)])),
        );
        for (const key of mine)
          if (!all.has(key)) {
            kept.delete(key);
            mine.delete(key);
          }
        for (const object of change.objects) if (object !== undefined) set(object);
        missing.delete(kind);
      } else if (change.object !== undefined) {
        if (change.type === "set") set(change.object);
        else {
          kept.delete(keyOf(change.object));
          mine.delete(keyOf(change.object));
        }
      }
      changes += 1;
      onChange();
    }
  };

  const uidOf = ({ uid }: { readonly uid: string }): string => uid;
  const nameOf = ({ name }: { readonly name: string }): string => name;
  const shared = sharedTexts();
  const ended = Promise.all([
    follow("pods", (object) => shared(podFacts(object)), uidOf, pods),
    follow("nodes", nodeFacts, nameOf, nodes),
    follow("namespaces", namespaceFacts, nameOf, namespaces),
    ...TEMPLATES.map((kind) => follow(kind, templateFacts, uidOf, templates)),
  ]).then(() => {});
  return { pods, templates, nodes, namespaces, changes: () => changes, missing: () => missing, ended };
}

function namespaceFacts(object: unknown): NamespaceFacts | undefined {
  const { metadata } = object as { metadata?: { name?: string; labels?: Readonly<Record<string, string>> } };
  const modeLabel = metadata?.labels?.[MODE_LABEL];
  if (metadata?.name === undefined) return undefined;
  return { name: metadata.name, ...(modeLabel === undefined ? {} : { modeLabel }) };
}

const TEXTS_MAX = 20_000;

/** Thousands of pods say the same few images and digests: each text is kept once. */
function sharedTexts(): (pod: PodFacts | undefined) => PodFacts | undefined {
  const texts = new Map<string, string>();
  const one = (text: string): string => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    if (texts.size >= TEXTS_MAX) texts.clear();
    texts.set(text, text);
    return text;
  };
  return (pod) =>
    pod && {
      ...pod,
      namespace: one(pod.namespace),
      revision: one(pod.revision),
      containers: pod.containers.map((container) => ({
        ...container,
        path: one(container.path),
        container: one(container.container),
        image: one(container.image),
        written: one(container.written),
        ...(container.pulled === undefined ? {} : { pulled: one(container.pulled) }),
      })),
    };
}
