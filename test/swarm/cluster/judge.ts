/** What must hold in a cluster, whatever happens: each write of a controller, and each container that starts, is looked at. */

import type { ClusterPort } from "../../../src/cluster/cluster-port.ts";
import { type Digest, isDigest } from "../../../src/image/digest.ts";
import { tryParseReference } from "../../../src/image/reference.ts";
import { parseAnnotation } from "../../../src/kubernetes/annotation.ts";
import { readRows } from "../../../src/kubernetes/image-index.ts";
import type { Pod } from "../../../src/kubernetes/objects/objects.ts";
import type { SandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";

export const INVARIANTS = {
  "same-bytes": "a container starts with bytes that its image's name meant",
  "runs-on": "a container that runs is never changed",
  "only-images": "nothing of a pod is changed but images of waiting containers, and each has its note",
  "allowed-place": "an image is replaced by a digest in an allowed registry, or by its own name at a digest",
  "kill-switch": "no pod is changed while writes are paused",
  "left-alone": "a pod that is opted out, excluded, or an operator's is never changed",
  quota:
    "no more workloads than the quota of the hour are changed, and no more bytes than that of the day are copied",
  "one-copy": "an image is copied once",
  index: "the index names digests in allowed registries alone",
  heals: "pods that can be healed run in the end",
} as const;

export type Invariant = keyof typeof INVARIANTS;
export type Violation = { readonly invariant: Invariant; readonly message: string };

export type Rules = {
  readonly allowed: readonly string[];
  readonly remediationsPerHour: number;
  /** `app:1` → the digests that its name has meant: of its index, and of the platform that nodes have. */
  readonly meanings: ReadonlyMap<string, readonly string[]>;
  /** Namespaces and names of what must not be touched. */
  readonly isLeftAlone: (pod: Pod) => boolean;
};

export function createJudge(cluster: SandboxCluster, rules: Rules, now: () => number) {
  const violations: Violation[] = [];
  /** Hour → workloads that were changed in it. */
  const changed = new Map<number, Set<string>>();
  const blame = (invariant: Invariant, message: string): void => void violations.push({ invariant, message });

  const isPaused = (): boolean => {
    const found = cluster.all("configmaps").find(({ metadata }) => metadata.name === "repull-writes");
    return found?.data?.writes !== "allowed" || found.data.paused !== undefined;
  };
  const podOf = (name: string): Pod | undefined =>
    cluster.all("pods").find(({ metadata }) => metadata.name === name);

  const judgePatch = (before: Pod, after: Pod): void => {
    const { name = "" } = before.metadata;
    if (isPaused()) blame("kill-switch", name);
    if (rules.isLeftAlone(before)) blame("left-alone", name);
    const bare = ({ spec, metadata }: Pod): string =>
      JSON.stringify([
        { ...spec, containers: spec.containers.map((one) => ({ ...one, image: "" })) },
        metadata.labels,
      ]);
    if (bare(before) !== bare(after)) blame("only-images", `${name}: more than images`);
    for (const [at, { name: container, image = "" }] of after.spec.containers.entries()) {
      const was = before.spec.containers[at]?.image ?? "";
      if (was === image) continue;
      const state = before.status?.containerStatuses?.[at]?.state;
      if (state?.running !== undefined) blame("runs-on", `${name}: ${was} → ${image}`);
      const note = parseAnnotation(after.metadata.annotations?.[`image.repull.dev/${container}`]);
      if (note === undefined) blame("only-images", `${name}: ${image} has no note`);
      const reference = tryParseReference(image);
      const isOwn = note !== undefined && image.startsWith(`${note.image}@sha256:`);
      if (reference?.digest === undefined || !(isOwn || rules.allowed.includes(reference.host)))
        blame("allowed-place", `${name}: ${image}`);
    }
    const hour = Math.floor(now() / 3_600_000);
    const owner = after.metadata.ownerReferences?.[0]?.name ?? name;
    changed.set(hour, (changed.get(hour) ?? new Set<string>()).add(`${owner} ${after.metadata.namespace}`));
    if ((changed.get(hour)?.size ?? 0) > rules.remediationsPerHour)
      blame("quota", `${changed.get(hour)?.size} in an hour`);
  };

  return {
    violations,
    blame,
    /** The cluster as a controller writes it, and is judged. */
    watched: (as: ClusterPort): ClusterPort => ({
      ...as,
      async patch(kind, name, patch, options) {
        const before = kind === "pods" ? structuredClone(podOf(name.name)) : undefined;
        const patched = await as.patch(kind, name, patch, options);
        if (before !== undefined) judgePatch(before, patched as Pod);
        return patched;
      },
    }),
    /** A node has started a container. */
    started(pod: Pod, container: string, digest: string): void {
      const at = pod.spec.containers.findIndex(({ name }) => name === container);
      const note = parseAnnotation(pod.metadata.annotations?.[`image.repull.dev/${container}`]);
      const written = note?.image ?? pod.spec.containers[at]?.image ?? "";
      const meant: readonly string[] = rules.meanings.get(written) ?? [];
      if (meant.length > 0 && isDigest(digest) && !meant.includes(digest as Digest))
        blame("same-bytes", `${pod.metadata.name}: ${written} ran as ${digest}`);
    },
    judgeIndex(): void {
      for (const [image, { use }] of readRows(cluster.all("imageindexes"))) {
        const reference = use === undefined ? undefined : tryParseReference(use);
        if (use !== undefined && (reference?.digest === undefined || !rules.allowed.includes(reference.host)))
          blame("index", `${image} → ${use}`);
      }
    },
  };
}
