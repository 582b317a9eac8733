/** Random pods, and what others do to them: a seed and a number are one life. */

import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { digestOf } from "../../support/kube/admission-world.ts";
import { IMAGES } from "./images.ts";
import { containerMembers, type Maker, makerOf, metadataMembers, specMembers } from "./odd-members.ts";

export type Change =
  | { readonly kind: "label" }
  | { readonly kind: "annotate"; readonly value: string }
  | {
      readonly kind: "set-image";
      readonly container: number;
      readonly image: string;
      readonly as: "json" | "strategic";
    }
  /** The names that its source has, over whatever runs: by a patch, or by an object as a whole without our annotations. */
  | { readonly kind: "put-back"; readonly as: "patch" | "replace" | "apply" }
  | { readonly kind: "debug"; readonly name: string; readonly image: string }
  | { readonly kind: "resize"; readonly container: number }
  | { readonly kind: "status"; readonly phase: string }
  /** Deleted, but for its finalizers. */
  | { readonly kind: "end" }
  /** As another writer applies its label. */
  | { readonly kind: "applied-label"; readonly writer: string }
  | { readonly kind: "mode"; readonly value: string | null };

export type Life = {
  readonly number: number;
  readonly namespace: string;
  readonly maker: Maker;
  // biome-ignore lint/suspicious/noExplicitAny: an object for the API server
  readonly pod: any;
  readonly changes: readonly Change[];
};

/** Namespace → its label, absent where it has none. */
export const NAMESPACES: Readonly<Record<string, string | undefined>> = {
  default: undefined,
  remediated: "remediate",
  observing: "observe",
  misspelt: "on",
  "opted-out": "off",
};

const VALUES = [
  "",
  "x",
  'a "quoted" \\ value',
  '{"json": [1, null]}',
  "~1~0/%2F",
  "emoji 🚀 ünï",
  "two\nlines\ttab",
  "x".repeat(5_000),
];
const OWNERS = [
  { apiVersion: "apps/v1", kind: "ReplicaSet" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "v1", kind: "ReplicationController" },
  { apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster" },
  { apiVersion: "v1", kind: "ConfigMap" },
  { apiVersion: "apps/v1", kind: "DaemonSet", controller: true },
  { apiVersion: "apps.kruise.io/v1alpha1", kind: "CloneSet", controller: true },
  { apiVersion: "argoproj.io/v1alpha1", kind: "Workflow", controller: true },
  { apiVersion: "v1", kind: "Node", controller: true },
];
const NOTES = [
  "x",
  "",
  `nginx:1.27 ${digestOf("a")} same-index origin 2026-11-29T08:00:00Z`,
  `evil:1 ${digestOf("a")} same-index origin 2026-11-29T08:00:00Z`,
  "nginx:1.27 sha256:short same-index origin then",
];

export function lifeOf(seed: number, number: number): Life {
  const random = createRandom(seed).fork(`life ${number}`);
  const oneIn = (times: number) => random.integer(1, times) === 1;
  const namespace = oneIn(4) ? random.pick(Object.keys(NAMESPACES)) : "default";
  const containers = many(random, 1, 4, (at) => containerOf(random, `c${at}`));
  const initContainers = many(random, 0, 3, (at) => ({
    ...containerOf(random, `i-${at}`),
    ...(oneIn(2) ? { restartPolicy: "Always" } : {}),
  }));
  const volumes = many(random, 0, 2, (at) =>
    oneIn(3) ? { name: `v${at}`, emptyDir: {} } : { name: `c${at}`, image: volumeImageOf(random) },
  );
  const mode = oneIn(6) ? random.pick(["off", "observe", "remediate", "bogus", ""]) : undefined;
  const labels = {
    ...(mode === undefined ? {} : { "repull.dev/mode": mode }),
    ...(oneIn(5) ? { inject: "yes" } : {}),
    ...(oneIn(2) ? { app: "a" } : {}),
  };
  const annotations = annotationsOf(
    random,
    [...containers, ...initContainers].map(({ name }) => name),
  );
  return {
    number,
    namespace,
    maker: makerOf(random),
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace,
        ...metadataMembers(random, number),
        ...(Object.keys(labels).length === 0 ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(oneIn(5)
          ? {
              ownerReferences: [
                { ...random.pick(OWNERS), name: "o", uid: "00000000-0000-0000-0000-000000000001" },
              ],
            }
          : {}),
        ...(oneIn(20) ? { managedFields: [{}] } : {}),
      },
      spec: {
        containers,
        ...(initContainers.length === 0 ? {} : { initContainers }),
        ...(volumes.length === 0 ? {} : { volumes }),
        terminationGracePeriodSeconds: 0,
        ...specMembers(random),
      },
    },
    changes: many(random, 0, 3, () => changeOf(random, containers.length)),
  };
}

function containerOf(random: Random, name: string) {
  const policy = random.integer(1, 4) === 1 ? random.pick(["Always", "Never", "IfNotPresent"]) : undefined;
  return {
    name,
    image: random.pick(IMAGES),
    ...(policy === undefined ? {} : { imagePullPolicy: policy }),
    ...containerMembers(random),
  };
}

function volumeImageOf(random: Random) {
  const policy = random.integer(1, 4) === 1 ? random.pick(["Always", "Never", "IfNotPresent"]) : undefined;
  return { reference: random.pick(IMAGES), ...(policy === undefined ? {} : { pullPolicy: policy }) };
}

function annotationsOf(random: Random, names: readonly string[]): Record<string, string> | undefined {
  if (random.integer(1, 3) === 1) return undefined;
  const annotations: Record<string, string> = {};
  for (let at = random.integer(0, 4); at > 0; at--)
    annotations[random.pick(["example.com/a", "b", "c_d.e", "x.example.com/f-g"])] = random.pick(VALUES);
  // Ours, made up, or copied from another pod.
  if (random.integer(1, 5) === 1) annotations[`image.repull.dev/${random.pick(names)}`] = random.pick(NOTES);
  // A static pod's image in the API server.
  if (random.integer(1, 40) === 1) annotations["kubernetes.io/config.mirror"] = "x";
  // As many as the API server takes, or nearly.
  if (random.integer(1, 50) === 1)
    annotations["example.com/full"] = "y".repeat(262_144 - 6_000 - random.integer(0, 30_000));
  return annotations;
}

function changeOf(random: Random, containers: number): Change {
  const container = random.integer(0, containers - 1);
  return random.pick<Change>([
    { kind: "label" },
    { kind: "annotate", value: random.pick(VALUES) },
    { kind: "set-image", container, image: random.pick(IMAGES), as: "json" },
    { kind: "set-image", container, image: random.pick(IMAGES), as: "strategic" },
    { kind: "put-back", as: "patch" },
    { kind: "put-back", as: "replace" },
    { kind: "put-back", as: "apply" },
    { kind: "debug", name: random.pick(["debugger", "second"]), image: random.pick(IMAGES) },
    { kind: "resize", container },
    { kind: "status", phase: random.pick(["Running", "Pending", "Failed"]) },
    { kind: "end" },
    { kind: "applied-label", writer: random.pick(["argocd-controller", "kubectl", "flux"]) },
    { kind: "mode", value: random.pick(["off", "observe", "remediate", null]) },
  ]);
}

function many<T>(random: Random, least: number, most: number, make: (at: number) => T): T[] {
  return Array.from({ length: random.integer(least, most) }, (_, at) => make(at));
}
