/**
 * One random cluster, from its seed: waiting pods, registries that fail and come back, controllers that die, are two, or have a
 * clock that jumps, and other clients that write in between. After the trouble one controller has some minutes of quiet.
 */

import { ClusterError } from "../../../src/cluster/cluster-error.ts";
import type { ClusterPort } from "../../../src/cluster/cluster-port.ts";
import { ecrHost } from "../../../src/image/ecr-hosts.ts";
import type { Pod } from "../../../src/kubernetes/objects/objects.ts";
import { createRandom, type Random } from "../../../src/sandbox/random.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";
import { clusterWorld, type RunningController } from "../../support/kubernetes/cluster-world.ts";
import { createJudge, type Violation } from "./judge.ts";

export const TROUBLES = [
  "substitute-gone",
  "registry-dead",
  "registry-policy",
  "node-without-rights",
  "leader-killed",
  "two-writers",
  "clock-jumps",
  "pause",
  "pod-changed-by-others",
  "pod-gone",
  "server-unreachable",
] as const;
export type Trouble = (typeof TROUBLES)[number];

export type ClusterReport = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly troubles: readonly Trouble[];
  readonly healed: number;
  readonly copies: number;
};

/** Breaks a promise on purpose: what a controller is given instead of the cluster. */
export type ClusterSabotage = {
  readonly cluster?: (as: ClusterPort) => ClusterPort;
  readonly anyRegistry?: true;
};

const SECONDS_OF_TROUBLE = 240;
/** A copy that was refused is asked for again after ten minutes. */
const SECONDS_OF_QUIET = 700;

export async function runCluster(seed: number, sabotage: ClusterSabotage = {}): Promise<ClusterReport> {
  const random = createRandom(`cluster ${seed}`);
  const images = Array.from({ length: random.integer(1, 4) }, (_, at) => `app-${at}:1`);
  const hasTwin = new Map(images.map((image) => [image, random.next() < 0.5]));
  const chance = (of: number): boolean => random.next() < of;
  const nodes = ["a", "b"];
  const isPolicied = chance(0.2);
  const withoutRights = chance(0.25) ? ["b"] : [];
  const remediationsPerHour = chance(0.2) ? random.integer(1, 3) : 500;
  const { account, region } = { account: "123456789012", region: "us-east-1" };
  const ecr = ecrHost(account, region);
  const allowed = isPolicied ? ["public.ecr.aws"] : ["public.ecr.aws", ecr];
  const twins = images.filter((image) => hasTwin.get(image));
  const made = await clusterWorld({
    nodes,
    withoutRights,
    registries: {
      "docker.io": {
        images: Object.fromEntries(images.map((image) => [`library/${image}`, {}])),
        quota: { remaining: 0 },
      },
      "public.ecr.aws": {
        images: Object.fromEntries(
          twins.map((image) => [`docker/library/${image}`, { sameAs: `docker.io/library/${image}` }]),
        ),
      },
    },
    policy: { quotas: { remediationsPerHour }, scope: { namespaces: { exclude: ["excluded"] } } },
    onStart: (one, container, digest) => judge.started(one, container, digest),
  });
  const { world, cluster } = made;
  const hub = world.registries.dockerHub;
  const judge = createJudge(
    cluster,
    {
      allowed,
      remediationsPerHour,
      meanings: new Map(images.map((image) => [image, hub.digests(`library/${image.split(":")[0]}`)])),
      isLeftAlone: ({ metadata }: Pod) =>
        metadata.namespace === "excluded" ||
        metadata.labels?.["repull.dev/mode"] === "off" ||
        metadata.ownerReferences?.[0]?.apiVersion.startsWith("operator.example/") === true,
    },
    () => world.clock.now(),
  );
  cluster.put("namespaces", { metadata: { name: "excluded" } });
  addPods(random, images, nodes, made.addPods);

  const troubles = new Set<Trouble>();
  if (isPolicied) troubles.add("registry-policy");
  if (withoutRights.length > 0) troubles.add("node-without-rights");
  const copies = random.pick(["none", "in-pod", "in-pod", "stack"] as const);
  let named = 0;
  let skew = 0;
  const start = (): RunningController =>
    made.controller({
      identity: `controller-${++named}`,
      copies,
      cluster: judge.watched((sabotage.cluster ?? ((as) => as))(cluster)),
      clock: { ...world.clock, now: () => world.clock.now() + skew },
      ...(sabotage.anyRegistry ? {} : { allowedRegistries: allowed }),
    });
  const running = [start()];
  const lifted: (() => void)[] = [];

  const happen: Readonly<Record<Exclude<Trouble, "registry-policy" | "node-without-rights">, () => void>> = {
    "substitute-gone": () => {
      const as = { kind: "status", status: 404, code: "MANIFEST_UNKNOWN" } as const;
      const place = random.pick([world.registries.ecrPublic, world.registries.ecr]);
      lifted.push(place.fail({ on: "any", as }));
    },
    "registry-dead": () => {
      const place = random.pick([world.registries.ecrPublic, world.registries.ecr, hub]);
      lifted.push(world.internet.silence(place));
    },
    "leader-killed": () => {
      running.shift()?.kill();
      running.push(start());
    },
    "two-writers": () => void running.push(start()),
    "clock-jumps": () => {
      skew = random.pick([-7_200_000, -60_000, 60_000, 7_200_000]);
      lifted.push(() => {
        skew = 0;
      });
    },
    pause: () => {
      made.allow({ writes: "allowed", paused: "an incident" });
      lifted.push(() => made.allow());
    },
    "pod-changed-by-others": () => {
      const one = random.pick(cluster.all("pods"));
      cluster.put("pods", {
        ...one,
        metadata: { ...one.metadata, labels: { ...one.metadata.labels, touched: "1" } },
      });
    },
    "pod-gone": () => {
      const { metadata } = random.pick(cluster.all("pods"));
      if (cluster.all("pods").length > 2)
        cluster.remove("pods", { namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
    },
    "server-unreachable": () => {
      cluster.fault = ({ verb }) => (verb === "watch" || random.next() > 0.3 ? undefined : unreachable());
      lifted.push(() => {
        cluster.fault = undefined;
      });
    },
  };
  const kinds = Object.keys(happen) as (keyof typeof happen)[];
  for (let left = SECONDS_OF_TROUBLE; left > 0; ) {
    const seconds = Math.min(left, random.integer(1, 30));
    await world.run(seconds);
    left -= seconds;
    judge.judgeIndex();
    if (chance(0.4)) lifted.shift()?.();
    if (chance(0.6)) {
      const kind = random.pick(kinds);
      troubles.add(kind);
      happen[kind]();
    }
  }
  for (const lift of lifted.splice(0)) lift();
  if (sabotage.cluster === undefined && sabotage.anyRegistry === undefined) {
    for (const one of running.splice(0)) one.stop();
    running.push(start());
    await world.run(SECONDS_OF_QUIET);
    judge.judgeIndex();
    judgeEnd(made, judge, { copies, allowed, ecr, hasTwin, withoutRights, remediationsPerHour });
  }
  const manifests = images.map((image) =>
    world.registries.ecr.digests(`repull/docker.io/library/${image.split(":")[0]}`),
  );
  for (const one of running) one.stop();
  made.end();
  return {
    seed,
    violations: judge.violations,
    troubles: [...troubles],
    healed: cluster
      .all("pods")
      .filter(({ status, metadata }) => status?.phase === "Running" && isNoted(metadata)).length,
    copies: manifests.filter((digests) => digests.length > 0).length,
  };
}

const isNoted = ({ annotations = {} }: Pod["metadata"]): boolean =>
  Object.keys(annotations).some((key) => key.startsWith("image.repull.dev/"));

function unreachable(): never {
  throw new ClusterError(0, "Unreachable", "no connection");
}

function addPods(
  random: Random,
  images: readonly string[],
  nodes: readonly string[],
  add: (pods: readonly Pod[]) => void,
): void {
  for (let workload = 0; workload < random.integer(2, 6); workload++) {
    const image = random.pick(images);
    const kind = random.next();
    const namespace = kind < 0.1 ? "excluded" : "shop";
    const labels = kind > 0.9 ? { "repull.dev/mode": "off" } : {};
    const operator = { apiVersion: "operator.example/v1", kind: "Database", name: `db-${workload}` };
    const isOperators = kind > 0.8 && kind < 0.9;
    add(
      Array.from({ length: random.integer(1, 4) }, (_, at) =>
        pod({
          name: `w${workload}-${at}`,
          namespace,
          image,
          labels,
          node: random.pick(nodes),
          ...(isOperators ? { owner: operator } : { of: `w${workload}/1` }),
        }),
      ),
    );
  }
}

type End = {
  readonly copies: "none" | "in-pod" | "stack";
  readonly allowed: readonly string[];
  readonly ecr: string;
  readonly hasTwin: ReadonlyMap<string, boolean>;
  readonly withoutRights: readonly string[];
  readonly remediationsPerHour: number;
};

/** After the quiet: what has a place that its node may pull from runs. */
function judgeEnd(
  { cluster }: Awaited<ReturnType<typeof clusterWorld>>,
  judge: ReturnType<typeof createJudge>,
  { copies, allowed, ecr, hasTwin, withoutRights, remediationsPerHour }: End,
): void {
  // A quota of one or two an hour may leave some for later hours.
  if (remediationsPerHour < 10) return;
  for (const one of cluster.all("pods")) {
    const { metadata, spec, status } = one;
    const isOptedOut = metadata.labels?.["repull.dev/mode"] === "off" || metadata.namespace === "excluded";
    const isOperators = metadata.ownerReferences?.[0]?.kind === "Database";
    if (isOptedOut || isOperators || status?.phase === "Running") continue;
    // One that has had every place while registries failed has the last candidate, and is left alone.
    if (isNoted(metadata)) continue;
    const image = spec.containers[0]?.image ?? "";
    const isCopied =
      copies !== "none" && allowed.includes(ecr) && !withoutRights.includes(spec.nodeName ?? "");
    if (hasTwin.get(image) || isCopied) judge.blame("heals", `${metadata.name} waits for ${image}`);
  }
}
