/**
 * A cluster's dependence on Docker Hub, in the same form as an account's: its workloads, the pulls of the worst six hours, what
 * Repull would do, and which pods admission should have changed. Pure: what registries hold, the index of the cluster says.
 */

import { runsIn } from "../ecs/schedule/schedule-frequency.ts";
import { familiarName, tryParseReference } from "../image/reference.ts";
import { isDockerHubFront, registryOf } from "../image/registry-hosts.ts";
import type { IndexRow } from "../kubernetes/image-index.ts";
import { isNamespaceInScope } from "../kubernetes/index/images-in-use.ts";
import { type Mode, modeOf } from "../kubernetes/mode.ts";
import { modeOfWorkload } from "../kubernetes/workload-modes.ts";
import { isOwnerInScope } from "../kubernetes/workloads/owners.ts";
import type { PodFacts } from "../kubernetes/workloads/pod-facts.ts";
import { SLIP_REASONS, slipsOf } from "../kubernetes/workloads/slipped-through.ts";
import { excludedBy, matchesImage } from "../substitution/glob.ts";
import type { Policy } from "../substitution/policy/policy.ts";
import { counted } from "../text/counted.ts";
import type { ClusterInventory, ScannedPod, ScannedTemplate } from "./cluster-inventory.ts";
import { type ExposedImage, type Exposure, WINDOW_HOURS } from "./exposure.ts";
import { type LikelySubstitute, likelySubstitutes } from "./likely-substitutes.ts";
import { countUp, type ReadAccount, type Scan } from "./scan.ts";
import type { SlippedPods } from "./slipped-pods.ts";
import { worstFirst } from "./worst-first.ts";

type Workload = {
  readonly key: string;
  readonly namespace: string;
  readonly pods: ScannedPod[];
  template?: ScannedTemplate;
};

const PUBLIC_SUBNET = "public";

/** @param policy what the controller follows, or would */
export function scanCluster(inventory: ClusterInventory, policy: Policy, now: number): Scan {
  return countUp(readCluster(inventory, policy, now));
}

/** The same, to be counted up with accounts. */
export function readCluster(inventory: ClusterInventory, policy: Policy, now: number): ReadAccount {
  const { name, pods, nodes, gaps } = inventory;
  const workloads = workloadsOf(inventory);
  const exposures = workloads
    .flatMap((workload) => exposureOf(workload, inventory, policy, now) ?? [])
    .toSorted(worstFirst);
  // A node with an address of its own is counted by that; behind a NAT the address is not seen from here.
  const hosts = nodes.flatMap(({ externalAddress }) =>
    externalAddress === undefined ? [] : [{ subnet: PUBLIC_SUBNET, publicAddress: externalAddress }],
  );
  const ways = {
    ofSubnets: new Map([[PUBLIC_SUBNET, { kind: "internet-gateway" } as const]]),
    hosts: new Map([[name, hosts.length === nodes.length ? hosts : []]]),
  };
  return {
    clusters: 1,
    services: 0,
    schedules: 0,
    standaloneTasks: 0,
    taskDefinitions: 0,
    pods: pods.length,
    workloads: workloads.length,
    exposures,
    ways,
    slipped: slippedIn(inventory, policy, now),
    gaps,
  };
}

function workloadsOf({ pods, templates }: ClusterInventory): readonly Workload[] {
  const found = new Map<string, Workload>();
  const at = (namespace: string, kind: string, name: string): Workload => {
    const key = `${namespace}/${kind}/${name}`;
    const known = found.get(key) ?? { key, namespace, pods: [] };
    found.set(key, known);
    return known;
  };
  const ofCronJobs = new Set(
    templates.flatMap(({ namespace, kind, name, cronJob }) =>
      cronJob === undefined ? [] : [`${namespace}/${kind}/${name}`],
    ),
  );
  for (const template of templates)
    if (template.cronJob === undefined)
      at(template.namespace, template.kind, template.name).template = template;
  for (const pod of pods) {
    const { namespace, workload, isMirror, isEnding } = pod.facts;
    const isOfCronJob = ofCronJobs.has(`${namespace}/${workload.kind}/${workload.name}`);
    if (!isMirror && !isEnding && !isOfCronJob) at(namespace, workload.kind, workload.name).pods.push(pod);
  }
  return [...found.values()];
}

function exposureOf(
  { key, namespace, pods, template }: Workload,
  inventory: ClusterInventory,
  policy: Policy,
  now: number,
): Exposure | undefined {
  const [, kind = "", name = ""] = key.split("/");
  const [first] = pods;
  const written =
    template?.images ?? first?.facts.containers.map((one) => ({ ...one, image: one.written })) ?? [];
  const signedIn = template?.hasPullSecrets ?? first?.hasPullSecrets ?? false;
  const images = imagesOf(written, signedIn, inventory, policy, now);
  if (images.length === 0) return undefined;
  const { starts, because } = startsOf(pods, template, inventory);
  const pulls = starts * images.length;
  const notRemediatedBecause =
    leftAlone({ namespace, kind, name }, first?.facts, inventory, policy) ?? unplacedReason(images);
  return {
    kind: "pod",
    cluster: inventory.name,
    name: key,
    expectedStarts: starts,
    ...(because === undefined ? {} : { expectedStartsBecause: because }),
    images,
    anonymousPulls: signedIn ? 0 : pulls,
    accountPulls: signedIn ? pulls : 0,
    pulledBy: "host",
    ...(notRemediatedBecause === undefined ? {} : { notRemediatedBecause }),
    roles: [],
  };
}

const CRON_WORDS: Readonly<Record<string, string>> = {
  "@hourly": "0 *",
  "@daily": "0 0",
  "@midnight": "0 0",
  "@weekly": "0 0",
  "@monthly": "0 0",
  "@yearly": "0 0",
  "@annually": "0 0",
};

/** Pods that start in the worst six hours: each once, those of a CronJob as often as it fires. */
function startsOf(
  pods: readonly ScannedPod[],
  template: ScannedTemplate | undefined,
  { nodes }: ClusterInventory,
): { readonly starts: number; readonly because?: string } {
  const live = pods.filter(({ isDone }) => !isDone).length;
  const wants = template?.wants ?? (template === undefined ? 0 : nodes.length);
  if (template?.kind !== "CronJob")
    return { starts: template?.kind === "Job" ? live : Math.max(live, wants) };
  const { schedule } = template;
  if (schedule === undefined) return { starts: 0, because: "it is suspended" };
  // Days are left out: the busiest one counts.
  const runs = runsIn(WINDOW_HOURS, `cron(${CRON_WORDS[schedule] ?? schedule})`) ?? 1;
  const because = `${schedule}: ${counted(runs, "run")} in its busiest ${WINDOW_HOURS} hours, ${counted(wants, "pod")} each`;
  return { starts: runs * wants, because };
}

function imagesOf(
  written: readonly { readonly image: string; readonly container: string }[],
  signedIn: boolean,
  { rows }: ClusterInventory,
  policy: Policy,
  now: number,
): readonly ExposedImage[] {
  return [...Map.groupBy(written, ({ image }) => image)].flatMap(([image, containers]): ExposedImage[] => {
    const reference = tryParseReference(image);
    if (reference === undefined || !isDockerHubFront(reference.host)) return [];
    const excludedBecause = excludedBy(policy.scope.images, "images", (pattern) =>
      matchesImage(pattern, reference),
    );
    const row = rows.get(image);
    return [
      {
        image,
        containers: containers.map(({ container }) => container),
        pulledAs: signedIn ? "account" : "anonymous",
        ...(excludedBecause === undefined ? {} : { excludedBecause }),
        ...(row === undefined ? guessed(reference, signedIn, policy) : provedBy(row, now)),
      },
    ];
  });
}

/** Without a row no registry was asked: what names alone show, of sources that need no account. */
function guessed(
  reference: NonNullable<ReturnType<typeof tryParseReference>>,
  signedIn: boolean,
  policy: Policy,
) {
  const strategies = policy.strategies.filter((name) => name === "ecr-public");
  return likelySubstitutes(reference, signedIn, {
    ecrHost: "",
    policy: { ...policy, strategies },
    rules: [],
    tagsIn: () => undefined,
  });
}

function provedBy(
  row: IndexRow,
  now: number,
): Pick<ExposedImage, "first" | "trusted" | "isVerified" | "rejected"> {
  const { use, proof, trusted, askedAt, codes = [] } = row;
  const reference = tryParseReference(use);
  const isGood = now < Date.parse(row.goodUntil);
  const rejected = codes.map((code) => ({ strategy: "ecr-public" as const, because: code }));
  if (use === undefined || reference === undefined || !isGood) return { isVerified: true, rejected };
  const first: LikelySubstitute = {
    strategy: registryOf(reference.host).kind === "ecr" ? "ecr-copy" : "ecr-public",
    place: use,
    because: `the cluster's index has it, proved ${askedAt}`,
    ...(proof === undefined ? {} : { proof }),
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  };
  return {
    first,
    isVerified: true,
    rejected,
    ...(trusted === undefined
      ? {}
      : { trusted: { ...trusted, from: trusted.from === "pod" ? "pod" : "origin" } }),
  };
}

type Named = { readonly namespace: string; readonly kind: string; readonly name: string };

function leftAlone(
  workload: Named,
  pod: PodFacts | undefined,
  inventory: ClusterInventory,
  policy: Policy,
): string | undefined {
  const { namespace } = workload;
  if (inventory.mode === undefined) return "Repull is not installed in the cluster";
  if (namespace === inventory.namespace) return "it is Repull's own namespace";
  const { namespaces, images, owners } = policy.scope;
  const scope = { namespaces, images, owners, mapped: [] };
  if (!isNamespaceInScope(namespace, scope)) return "the policy or Repull leaves its namespace out";
  if (pod !== undefined && !isOwnerInScope(pod.owner, owners))
    return "an operator compares its pods, and scope.owners does not name it";
  const mode = modeFor(workload, pod, inventory, policy);
  return mode === "remediate" ? undefined : `its mode is ${mode}`;
}

function modeFor(
  workload: Named,
  pod: PodFacts | undefined,
  inventory: ClusterInventory,
  policy: Policy,
): Mode {
  const chart = inventory.mode ?? "observe";
  const ceiling = policy.mode === "remediate" ? chart : modeOf(chart, "observe");
  return modeOf(
    ceiling,
    inventory.modeLabels.get(workload.namespace),
    modeOfWorkload(inventory.workloadModes, workload.namespace, workload),
    pod?.modeLabel,
  );
}

function unplacedReason(images: readonly ExposedImage[]): string | undefined {
  const excluded = images.find((image) => image.excludedBecause !== undefined);
  if (excluded !== undefined) return `${excluded.image}: ${excluded.excludedBecause}`;
  const unplaced = images.find(({ first, isVerified }) => first === undefined || isVerified !== true);
  if (unplaced === undefined) return undefined;
  const reference = tryParseReference(unplaced.image);
  const name = reference === undefined ? unplaced.image : familiarName(reference);
  if (unplaced.isVerified !== true) return `the index has no row for ${name} yet`;
  const codes = unplaced.rejected.map(({ because }) => because).join(", ");
  return `no source of ${name} is proved${codes === "" ? "" : ` (${codes})`}`;
}

function slippedIn(inventory: ClusterInventory, policy: Policy, now: number): readonly SlippedPods[] {
  const groups = new Map<string, { -readonly [K in keyof SlippedPods]: SlippedPods[K] }>();
  for (const { facts, isDone } of inventory.pods) {
    const named = { ...facts.workload, namespace: facts.namespace };
    if (isDone || leftAlone(named, facts, inventory, policy) !== undefined) continue;
    const context = { rows: inventory.rows, modeOf: () => "remediate" as const, now };
    for (const { image, use, reason } of slipsOf(facts, context)) {
      const workload = `${facts.namespace}/${facts.workload.kind}/${facts.workload.name}`;
      const key = [workload, image, reason].join(" ");
      const group = groups.get(key) ?? {
        workload,
        image,
        use,
        pods: 0,
        reason,
        because: SLIP_REASONS[reason],
      };
      group.pods += 1;
      groups.set(key, group);
    }
  }
  return [...groups.values()].toSorted((a, b) => b.pods - a.pods || a.workload.localeCompare(b.workload));
}
