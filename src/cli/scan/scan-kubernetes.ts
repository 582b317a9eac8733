/** `repull scan --kube-context C`: a cluster's dependence on Docker Hub, in the forms of a scan of an account. Writes nothing there. */

import type { ClusterPort } from "../../cluster/cluster-port.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Scan } from "../../scan/scan.ts";
import { readCluster, scanCluster } from "../../scan/scan-cluster.ts";
import type { AccountRead } from "../../scan/several-accounts.ts";
import {
  type ClusterOptions,
  type ClusterSession,
  clusterSession,
  withCluster,
} from "../account/cluster/cluster-session.ts";
import { readInventory } from "../account/cluster/read-inventory.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { refuseWithoutFolder, writeReport } from "../output/write-report.ts";
import { printScan } from "./print-scan.ts";

export type ClusterScanInput = ClusterOptions & {
  readonly html?: string;
  readonly csv: boolean;
  readonly json: boolean;
};

/** Exit status 0, whatever it finds. */
export async function scanKubernetes(input: ClusterScanInput, io: CommandIo): Promise<number> {
  refuseWithoutFolder(input.html);
  return await withCluster(input, io, (session) => scanOpen(input, session, io));
}

/** The same over a cluster that is open. */
export async function scanOpenCluster(
  cluster: ClusterPort,
  input: ClusterScanInput,
  io: CommandIo,
  clock: Clock & Timer,
): Promise<number> {
  return await scanOpen(input, await clusterSession(cluster, input, io, clock), io);
}

/** Reads a cluster that is scanned together with accounts. */
export async function readKubernetesCluster(input: ClusterOptions, io: CommandIo): Promise<AccountRead> {
  return await withCluster(input, io, async (session) => {
    const { name, policy, clock } = session;
    io.err(`cluster ${name}: nothing is changed\n`);
    const read = readCluster(await readInventory(session), policy, clock.now());
    return { place: { kubernetes: name }, read };
  });
}

async function scanOpen(input: ClusterScanInput, session: ClusterSession, io: CommandIo): Promise<number> {
  const { name, policy, clock } = session;
  io.err(`cluster ${name}: nothing is changed\n`);
  const scanned: Scan = scanCluster(await readInventory(session), policy, clock.now());
  if (input.html !== undefined) {
    const { scanAsHtml } = await import("./report/report.ts");
    const at = new Date(clock.now()).toISOString();
    await writeReport(input.html, scanAsHtml(scanned, { cluster: name, at }), io);
  }
  printScan(scanned, { ...input, roles: false }, session.flags, io);
  return EXIT.done;
}
