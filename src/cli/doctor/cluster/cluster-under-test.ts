/** What the doctor of a cluster looks at, read once for all checks. Nothing here writes. */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../../cluster/cluster-port.ts";
import { controllerMode } from "../../../cluster/controller-mode.ts";
import { type IndexRow, readRows } from "../../../kubernetes/image-index.ts";
import { MODE_LABEL, type Mode, modeOf } from "../../../kubernetes/mode.ts";
import type { ClusterObject, OtherObject } from "../../../kubernetes/objects/objects.ts";
import { SYSTEM_NAMESPACES } from "../../../kubernetes/policies/which-pods.ts";
import { type Check, failed, skipped } from "../check.ts";

export type ClusterUnderTest = {
  readonly cluster: ClusterPort;
  /** Where Repull runs. */
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly version: string;
  /** Whether the API server has MutatingAdmissionPolicy in v1: it can swap images itself then. */
  readonly hasPolicies: boolean;
  readonly policy: Part<OtherObject | undefined>;
  readonly binding: Part<OtherObject | undefined>;
  readonly webhook: Part<OtherObject | undefined>;
  /** The most that may be done, as the chart has it; undefined where no controller is found. */
  readonly mode: Part<Mode | undefined>;
  readonly rows: Part<ReadonlyMap<string, IndexRow>>;
  readonly namespaces: Part<readonly NamespaceUnderTest[]>;
};

/** What could be read, or why not. */
export type Part<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unread"; readonly error: ClusterError };

export type NamespaceUnderTest = { readonly name: string; readonly mode: Mode };

const NAME = "repull-images";
const WEBHOOK_CONFIGURATION = "repull";

export async function readCluster(
  cluster: ClusterPort,
  namespace: string,
  now: number,
): Promise<ClusterUnderTest> {
  const version = await cluster.version();
  const hasPolicies = await cluster.isServed("mutatingadmissionpolicies");
  const none = { kind: "read", value: undefined } as const;
  const [policy, binding, webhook, mode, rows] = await Promise.all([
    hasPolicies ? part(() => cluster.get("mutatingadmissionpolicies", { name: NAME })) : none,
    hasPolicies ? part(() => cluster.get("mutatingadmissionpolicybindings", { name: NAME })) : none,
    part(() => cluster.get("mutatingwebhookconfigurations", { name: WEBHOOK_CONFIGURATION })),
    part(() => controllerMode(cluster, namespace)),
    part(async () => readRows(await cluster.list("imageindexes"))),
  ]);
  const ceiling = (mode.kind === "read" ? mode.value : undefined) ?? "observe";
  const namespaces = await part(async () =>
    (await cluster.list("namespaces")).flatMap((one) => namespaceOf(one, namespace, ceiling)),
  );
  return {
    cluster,
    namespace,
    now,
    version,
    hasPolicies,
    policy,
    binding,
    webhook,
    mode,
    rows,
    namespaces,
  };
}

export async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { kind: "read", value: await read() };
  } catch (error) {
    if (error instanceof ClusterError) return { kind: "unread", error };
    throw error;
  }
}

/** The check of a part that could not be read: only a right that is missing has a remedy. */
export function unreadPart(check: string, { error }: Extract<Part<unknown>, { kind: "unread" }>): Check {
  if (error.reason === "NotServed")
    return failed(check, "the cluster does not have it", "install the chart (infra/helm/repull)");
  const isRight = error.reason === "Forbidden";
  return skipped(check, error.message, isRight ? "ask with an account that may read it" : undefined);
}

function namespaceOf({ metadata }: ClusterObject, own: string, ceiling: Mode): readonly NamespaceUnderTest[] {
  const { name = "", labels, deletionTimestamp } = metadata;
  const isLeftAlone = name === own || SYSTEM_NAMESPACES.some((system) => system === name);
  if (isLeftAlone || deletionTimestamp !== undefined) return [];
  return [{ name, mode: modeOf(ceiling, labels?.[MODE_LABEL]) }];
}
