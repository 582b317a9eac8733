/**
 * `repull scan --profile a,b,c`, and `--kube-context C --account`: several accounts, or accounts and a cluster, in one report. One that cannot be read is reported with its reason, and the others are
 * scanned all the same.
 */

import { optional } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Scan, ScannedPlace } from "../../scan/scan.ts";
import { type AccountRead, joinAccounts } from "../../scan/several-accounts.ts";
import { clusterFlags } from "../account/cluster/cluster-flags.ts";
import type { ClusterOptions } from "../account/cluster/cluster-session.ts";
import { stackFlags } from "../account/stack-flags.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { describeError, errorAsJson } from "../output/command-error.ts";
import { refuseWithoutFolder, writeReport } from "../output/write-report.ts";
import { WrongCall } from "../wrong-call.ts";
import { type PrintedAs, printScan } from "./print-scan.ts";
import { type ReadPlace, readPlace, type ScanInput } from "./read-place.ts";

/** The names in `--profile a,b,c`, each once. Throws WrongCall for an empty one. */
export function profilesIn(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new WrongCall(`--profile: expected names with commas between them, got ${text}`);
  return [...new Set(names)];
}

/** A cluster that is scanned with the accounts. */
export type WithCluster = ClusterOptions & { readonly name: string };

/** Exit status 0 where all could be read, 5 where some could, and where none could the one that they have in common, or 5. */
export async function scanAccounts(
  /** Undefined among them: the account of the environment. */
  profiles: readonly (string | undefined)[],
  input: ScanInput,
  io: CommandIo,
  cluster?: WithCluster,
): Promise<number> {
  if (input.starts === true) throw new WrongCall("--starts is about one account: name one profile");
  if (profiles.length > 1 && input.cluster?.startsWith("arn:"))
    throw new InvalidInput("--cluster", "a name: an ARN is of one account, and several are scanned");
  refuseWithoutFolder(input.html);
  const reads: AccountRead[] = [];
  const statuses: number[] = [];
  for (const profile of profiles) {
    io.signal.throwIfAborted();
    // What is written of one profile must not look like another's.
    const own = profile === undefined ? { ...io, isTty: false } : ofProfile(profile, io);
    try {
      const read = await readPlace(input, own, {
        ...optional("profile", profile),
        isKnown: ({ account, region }) =>
          reads.some(
            ({ place }) => !("kubernetes" in place) && place.account === account && place.region === region,
          ),
      });
      if (read !== "known") reads.push(placed(profile, read));
    } catch (error) {
      // Stopped: the command ends as it does elsewhere.
      if (io.signal.aborted) throw error;
      statuses.push(tellFailed(profile, error, input.json, io));
    }
  }
  if (cluster !== undefined) {
    io.signal.throwIfAborted();
    try {
      reads.push(await readKubernetes(cluster, io));
    } catch (error) {
      if (io.signal.aborted) throw error;
      statuses.push(tellFailed(undefined, error, input.json, io, `cluster ${cluster.name}`));
    }
  }
  if (reads.length > 0)
    await printAll(
      joinAccounts(reads, cluster !== undefined),
      statuses.length,
      { ...input, ...(cluster === undefined ? {} : { clusterFlags: clusterFlags(cluster) }) },
      io,
    );
  return statusOf(statuses, reads.length);
}

function ofProfile(profile: string, io: CommandIo): CommandIo {
  return {
    ...io,
    env: { ...io.env, AWS_PROFILE: profile },
    err: (text) => io.err(`${profile}: ${text}`),
    isTty: false,
  };
}

async function readKubernetes(cluster: WithCluster, io: CommandIo): Promise<AccountRead> {
  const { readKubernetesCluster } = await import("./scan-kubernetes.ts");
  return await readKubernetesCluster(cluster, io);
}

function placed(
  profile: string | undefined,
  { account, region, read }: Exclude<ReadPlace, "known">,
): AccountRead {
  const place: ScannedPlace = { ...optional("profile", profile), account, region };
  return { place, read };
}

/** A fault of ours is not an account's: it ends the command. */
function tellFailed(
  profile: string | undefined,
  error: unknown,
  json: boolean,
  io: CommandIo,
  what = profile ?? "the account",
): number {
  const told = describeError(error, "scan", { version: "", reportTo: "" });
  if (told.code === "bug") throw error;
  if (json) io.out(errorAsJson(told, profile));
  io.err(`repull scan: ${what} is not scanned: ${told.message}; ${told.remedy}\n`);
  return told.status;
}

function statusOf(failed: readonly number[], read: number): number {
  const [first = EXIT.done] = failed;
  if (failed.length === 0) return EXIT.done;
  return read === 0 && failed.every((status) => status === first) ? first : EXIT.unfinished;
}

async function printAll(
  scanned: Scan,
  failed: number,
  input: ScanInput & Pick<PrintedAs, "clusterFlags">,
  io: CommandIo,
): Promise<void> {
  if (input.html !== undefined) {
    const { scanAsHtml } = await import("./report/report.ts");
    const at = new Date(systemClock.now()).toISOString();
    await writeReport(
      input.html,
      scanAsHtml(scanned, { accounts: scanned.accounts?.length ?? 0, failed, at }),
      io,
    );
  }
  printScan(scanned, input, stackFlags(input), io);
}
