/** `repull doctor --kube-context C`: what is installed in a cluster, whether pods reach it, and what to do where they do not. */

import type { ClusterPort } from "../../../cluster/cluster-port.ts";
import { clusterSource } from "../../../cluster/cluster-source.ts";
import { openCluster } from "../../../cluster/open-cluster.ts";
import { type Clock, systemClock, type Timer } from "../../../runtime/clock.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";
import type { Check } from "../check.ts";
import { formatChecks } from "../format-checks.ts";
import { apiChecks } from "./api-checks.ts";
import { certificateCheck } from "./certificate-check.ts";
import { readCluster } from "./cluster-under-test.ts";
import { indexChecks } from "./index-checks.ts";
import { nodeChecks } from "./node-checks.ts";
import { registriesCheck } from "./registries-check.ts";
import { wayInChecks } from "./way-in-checks.ts";

export type ClusterDoctorInput = {
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  /** Where Repull runs. */
  readonly namespace: string;
  readonly json: boolean;
};

/** Exit status 1 where a check failed, 0 where all passed or could not be made. */
export async function clusterDoctor(
  { kubeContext, kubeconfig, namespace, json }: ClusterDoctorInput,
  io: CommandIo,
  clock: Clock & Timer = systemClock,
): Promise<number> {
  const flags = {
    ...(kubeContext === undefined ? {} : { context: kubeContext }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
  const cluster = openCluster(clusterSource(flags, io.env), clock);
  try {
    io.err(
      `cluster ${kubeContext ?? "of the kubeconfig"}, namespace ${namespace}: nothing is changed, pods are only tried\n`,
    );
    const checks = await checksOf(cluster, namespace, clock.now());
    io.out(json ? checks.map((check) => jsonLine("check", check)).join("") : formatChecks(checks));
    return checks.some(({ result }) => result === "failed") ? 1 : 0;
  } finally {
    cluster.close();
  }
}

/** In the order in which a pod goes. */
export async function checksOf(
  cluster: ClusterPort,
  namespace: string,
  now: number,
): Promise<readonly Check[]> {
  const tested = await readCluster(cluster, namespace, now);
  const wayIn = await wayInChecks(tested);
  return [
    ...(await apiChecks(tested)),
    await registriesCheck(tested),
    ...(await indexChecks(tested)),
    ...wayIn.checks,
    await certificateCheck(tested),
    ...(await nodeChecks(tested, wayIn.isProved)),
  ];
}
