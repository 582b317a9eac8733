/**
 * What the label `repull.dev/mode` on a workload's own metadata says of all its pods. Pure.
 *
 * A Deployment's label starts no rollout: a ReplicaSet is made anew for a change of the pod template alone. The API server shows
 * admission the pod and not its workload, so the controller writes the workloads whose mode is lowered into each object of the
 * index (`spec.modes`), where policy and webhook find them by the pod's owner.
 */

import { MODE_LABEL, MODES, type Mode, modeOf } from "./mode.ts";

export type LoweredMode = Exclude<Mode, "remediate">;
/** `namespace/kind/name`; `namespace/Job` for Jobs without a number at the end of their name; a namespace; or `*` for each. */
export type WorkloadModes = { get(key: string): Mode | undefined };
type Named = { readonly kind: string; readonly name: string };

/** Every object of the index has them all, and etcd takes 1.5 MiB. */
export const MODES_MAX = 1_000;

/** The label in the metadata of an object as the API server sends it. */
export function modeLabelIn(metadata: unknown): string | undefined {
  const { labels } = (metadata ?? {}) as { readonly labels?: Readonly<Record<string, unknown>> };
  const label = labels?.[MODE_LABEL];
  return typeof label === "string" ? label : undefined;
}

/** The CronJob that a Job is of; undefined for another Job, and for another kind. */
export function cronJobOf(kind: unknown, ownerReferences: unknown): string | undefined {
  if (kind !== "Job" || !Array.isArray(ownerReferences)) return undefined;
  const owners: readonly { readonly kind?: unknown; readonly name?: unknown }[] = ownerReferences;
  const name = owners.find((owner) => owner?.kind === "CronJob")?.name;
  return typeof name === "string" ? name : undefined;
}

type LabelledWorkload = Named & {
  readonly namespace: string;
  readonly modeLabel?: string;
  /** The CronJob that a Job is of. */
  readonly cronJob?: string;
};

/** The workloads whose label lowers their mode. */
export function loweredModes(workloads: Iterable<LabelledWorkload>): ReadonlyMap<string, LoweredMode> {
  const all = [...workloads];
  const lowered = new Map<string, LoweredMode>();
  for (const { namespace, kind, name, modeLabel } of all) {
    const mode = modeLabel === undefined ? "remediate" : modeOf("remediate", modeLabel);
    if (mode !== "remediate") lowered.set(workloadKey(namespace, { kind, name }), mode);
  }
  // A Job that was made of a CronJob by hand has any name.
  for (const { namespace, kind, name, cronJob } of all) {
    const ofCronJob = cronJob && lowered.get(workloadKey(namespace, { kind: "CronJob", name: cronJob }));
    if (!ofCronJob) continue;
    const [key = "", byName] = workloadsOf({ kind, name }).map((one) => workloadKey(namespace, one));
    if (byName !== workloadKey(namespace, { kind: "CronJob", name: cronJob }))
      lowered.set(key, lower(lowered.get(key), ofCronJob));
  }
  return lowered;
}

/**
 * The modes as the index says them, so also for a Job that a person makes of a labelled CronJob: its first pod comes before the
 * controller has seen the Job. Admission leaves the pods of every Job of such a namespace whose name has no number at its end; what
 * then waits for an image is healed as the labels of its Job say.
 */
export function indexModes(workloads: Iterable<LabelledWorkload>): ReadonlyMap<string, LoweredMode> {
  const all = [...workloads];
  const lowered = new Map(loweredModes(all));
  for (const { namespace, kind, name } of all) {
    const mode = kind === "CronJob" ? lowered.get(workloadKey(namespace, { kind, name })) : undefined;
    const key = jobsByHand(namespace);
    if (mode !== undefined) lowered.set(key, lower(lowered.get(key), mode));
  }
  return lowered;
}

function jobsByHand(namespace: string): string {
  return `${namespace}/Job`;
}

/**
 * No more than the index has room for: where there are more, whole namespaces get the lowest mode in them, those with the most
 * first, so that one team's labels do not decide for the others; or, where there are too many namespaces, every one.
 */
export function boundedModes(
  lowered: ReadonlyMap<string, LoweredMode>,
  max = MODES_MAX,
): Readonly<Record<string, LoweredMode>> {
  const namespaces = [...Map.groupBy(lowered, ([key]) => key.slice(0, key.indexOf("/")))].toSorted(
    ([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1),
  );
  const modes = new Map(lowered);
  for (const [namespace, entries] of namespaces) {
    if (modes.size <= max) break;
    for (const [key] of entries) modes.delete(key);
    modes.set(namespace, lowestOf(entries));
  }
  if (modes.size > max) return { [EVERY]: lowestOf(modes) };
  return Object.fromEntries([...modes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function lowestOf(entries: Iterable<readonly [string, LoweredMode]>): LoweredMode {
  return [...entries].reduce<LoweredMode>((found, [, mode]) => lower(found, mode), "observe");
}

const EVERY = "*";

/** The lowest mode that concerns pods of this workload; undefined where none does. */
export function modeOfWorkload(modes: WorkloadModes, namespace: string, workload: Named): Mode | undefined {
  const named = workloadsOf(workload);
  const isByHand = workload.kind === "Job" && named.length === 1;
  const keys = [
    ...[EVERY, namespace, ...named.map((one) => workloadKey(namespace, one))],
    ...(isByHand ? [jobsByHand(namespace)] : []),
  ];
  return keys.reduce<Mode | undefined>((found, key) => {
    const mode = modes.get(key);
    return mode === undefined ? found : lower(found, mode);
  }, undefined);
}

/** A Job of a CronJob is called after it and the minute of its time: k8s.io/kubernetes pkg/controller/cronjob/utils.go, getJobName. */
function workloadsOf({ kind, name }: Named): readonly Named[] {
  const [, cronJob] = kind === "Job" ? (/^(.+)-[0-9]+$/.exec(name) ?? []) : [];
  return [{ kind, name }, ...(cronJob === undefined ? [] : [{ kind: "CronJob", name: cronJob }])];
}

/** `namespace/kind/name`: a workload in the index and in what admission looks up. */
export function workloadKey(namespace: string, { kind, name }: Named): string {
  return `${namespace}/${kind}/${name}`;
}

function lower<T extends Mode>(a: T | undefined, b: T): T {
  return a === undefined || MODES.indexOf(b) < MODES.indexOf(a) ? b : a;
}
