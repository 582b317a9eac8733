/** A Kubernetes cluster as commands by hand see it: whose policy and mode count there, and what the index says. */

import { ClusterError } from "../../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../../cluster/cluster-port.ts";
import { clusterSource } from "../../../cluster/cluster-source.ts";
import { controllerMode } from "../../../cluster/controller-mode.ts";
import { openCluster } from "../../../cluster/open-cluster.ts";
import { POLICY_CONFIG_MAP } from "../../../kubernetes/chart/names.ts";
import { type IndexRow, readRows } from "../../../kubernetes/image-index.ts";
import type { Mode } from "../../../kubernetes/mode.ts";
import { type Clock, systemClock, type Timer } from "../../../runtime/clock.ts";
import { type Policy, policyFrom } from "../../../substitution/policy/policy.ts";
import type { CommandIo } from "../../io.ts";
import { readPolicyFile } from "../../policy-file.ts";
import { clusterFlags } from "./cluster-flags.ts";

export type ClusterOptions = {
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  /** Where Repull runs. */
  readonly namespace: string;
  readonly policyFile?: string;
};

export type ClusterSession = {
  readonly cluster: ClusterPort;
  /** How reports call it. */
  readonly name: string;
  readonly namespace: string;
  readonly policy: Policy;
  /** The chart's mode; undefined: no controller is found. */
  readonly mode?: Mode;
  readonly rows: ReadonlyMap<string, IndexRow>;
  /** What could not be read, and why. */
  readonly gaps: readonly string[];
  /** As further commands take it on. */
  readonly flags: string;
  readonly clock: Clock & Timer;
};

/** Runs a command over the cluster, and ends the connection with it. Throws ClusterError where the cluster cannot be opened. */
export async function withCluster<T>(
  options: ClusterOptions,
  io: CommandIo,
  run: (session: ClusterSession) => Promise<T>,
  clock: Clock & Timer = systemClock,
): Promise<T> {
  const { kubeContext, kubeconfig } = options;
  const source = clusterSource(
    {
      ...(kubeContext === undefined ? {} : { context: kubeContext }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    },
    io.env,
  );
  const cluster = openCluster(source, clock);
  try {
    return await run(await clusterSession(cluster, options, io, clock));
  } finally {
    cluster.close();
  }
}

/** Reads what commands need of an open cluster. */
export async function clusterSession(
  cluster: ClusterPort,
  options: ClusterOptions,
  io: Pick<CommandIo, "env" | "readFile">,
  clock: Clock & Timer,
): Promise<ClusterSession> {
  const { kubeContext, namespace, policyFile } = options;
  const gaps: string[] = [];
  const orGap = async <V>(what: string, otherwise: V, read: () => Promise<V>): Promise<V> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason !== "NotServed") gaps.push(`${what}: ${error.message}`);
      return otherwise;
    }
  };
  const policy = await policyOf(policyFile, io, () =>
    orGap("the policy", undefined, async () => {
      const found = await cluster.get("configmaps", { namespace, name: POLICY_CONFIG_MAP });
      return found?.data?.["policy.json"];
    }),
  );
  const mode = await orGap("the controller's mode", undefined, () => controllerMode(cluster, namespace));
  const rows = await orGap<ReadonlyMap<string, IndexRow>>("the index", new Map(), async () =>
    readRows(await cluster.list("imageindexes")),
  );
  return {
    cluster,
    namespace,
    policy,
    rows,
    gaps,
    clock,
    name: kubeContext ?? "kubernetes",
    ...(mode === undefined ? {} : { mode }),
    flags: clusterFlags(options),
  };
}

async function policyOf(
  file: string | undefined,
  io: Pick<CommandIo, "env" | "readFile" | "whyNotRead">,
  installed: () => Promise<string | undefined>,
): Promise<Policy> {
  if (file === undefined) return policyFrom(io.env, await installed());
  return policyFrom(io.env, await readPolicyFile(file, io));
}
