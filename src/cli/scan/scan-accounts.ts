/**
 * `repull scan --profile a,b,c`, `--organization`, and `--kube-context C --account`: several accounts, or accounts and a cluster, in one
 * report. One that cannot be read is reported with its reason, and the others are scanned all the same.
 */

import { optional } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { systemClock } from "../../runtime/clock.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import { type NotScanned, nameOfNotScanned } from "../../scan/not-scanned.ts";
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
import { createHubOfAccounts } from "./hub-of-accounts.ts";
import { type PrintedAs, printScan } from "./print-scan.ts";
import { type Member, type ReadPlace, readPlace, type ScanInput } from "./read-place.ts";

/** The names in `--profile a,b,c`, each once. Throws WrongCall for an empty one. */
export function profilesIn(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new WrongCall(`--profile: expected names with commas between them, got ${text}`);
  return [...new Set(names)];
}

/** A cluster that is scanned with the accounts. */
type WithCluster = ClusterOptions & { readonly name: string };

/** How an account is reached: none of both, by the environment. */
export type AccountToScan = {
  readonly profile?: string;
  /** Of an organisation, with its role where one is assumed. */
  readonly member?: Member;
};

export type Several = {
  readonly cluster?: WithCluster;
  /** How many accounts are read at once; absent: one after the other. */
  readonly atOnce?: number;
  /** What of the list of accounts could not be read: then the report is not of all. */
  readonly gaps?: readonly string[];
  /** Accounts of the list that are not to be scanned. */
  readonly notScanned?: readonly NotScanned[];
};

/** Exit status 0 where all could be read, 5 where some could, and where none could the one that they have in common, or 5. */
export async function scanAccounts(
  accounts: readonly AccountToScan[],
  input: ScanInput,
  io: CommandIo,
  { cluster, atOnce = 1, gaps = [], notScanned: left = [] }: Several = {},
): Promise<number> {
  if (input.starts === true) throw new WrongCall("--starts is about one account: name one profile");
  if (accounts.length > 1 && input.cluster?.startsWith("arn:"))
    throw new InvalidInput("--cluster", "a name: an ARN is of one account, and several are scanned");
  refuseWithoutFolder(input.html);
  const failed: Failed[] = [];
  const hub = createHubOfAccounts();
  const found: (AccountRead | undefined)[] = accounts.map(() => undefined);
  await forEachConcurrently([...accounts.entries()], atOnce, async ([index, one]) => {
    io.signal.throwIfAborted();
    try {
      const read = await readPlace(input, ioOf(one, io), {
        ...one,
        hub,
        isKnown: ({ account, region }) =>
          found.some(
            (read) =>
              read !== undefined &&
              !("kubernetes" in read.place) &&
              read.place.account === account &&
              read.place.region === region,
          ),
      });
      if (read !== "known") found[index] = placed(one, read);
    } catch (error) {
      // Stopped: the command ends as it does elsewhere.
      if (io.signal.aborted) throw error;
      failed.push(tellFailed(one, error, input.json, io));
    }
  });
  const reads = found.filter((read) => read !== undefined);
  if (cluster !== undefined) {
    io.signal.throwIfAborted();
    try {
      reads.push(await readKubernetes(cluster, io));
    } catch (error) {
      if (io.signal.aborted) throw error;
      failed.push(tellFailed({ kubernetes: cluster.name }, error, input.json, io));
    }
  }
  if (reads.length > 0) {
    const joined = joinAccounts(reads, cluster !== undefined);
    await printAll(
      {
        ...joined,
        gaps: [...gaps, ...joined.gaps],
        notScanned: [...left, ...failed.map(({ notScanned }) => notScanned)].toSorted((one, other) =>
          nameOfNotScanned(one).localeCompare(nameOfNotScanned(other)),
        ),
      },
      failed.length,
      { ...input, ...(cluster === undefined ? {} : { clusterFlags: clusterFlags(cluster) }) },
      io,
    );
  }
  const status = statusOf(
    failed.map(({ status }) => status),
    reads.length,
  );
  return gaps.length > 0 && status === EXIT.done ? EXIT.unfinished : status;
}

/** What is written of one account must not look like another's. */
function ioOf({ profile, member }: AccountToScan, io: CommandIo): CommandIo {
  const name = profile ?? member?.id;
  return {
    ...io,
    ...(profile === undefined ? {} : { env: { ...io.env, AWS_PROFILE: profile } }),
    ...(name === undefined ? {} : { err: (text: string) => io.err(`${name}: ${text}`) }),
    isTty: false,
  };
}

async function readKubernetes(cluster: WithCluster, io: CommandIo): Promise<AccountRead> {
  const { readKubernetesCluster } = await import("./scan-kubernetes.ts");
  return await readKubernetesCluster(cluster, io);
}

function placed(
  { profile, member }: AccountToScan,
  { account, region, read }: Exclude<ReadPlace, "known">,
): AccountRead {
  const place: ScannedPlace = {
    ...optional("profile", profile),
    ...optional("accountName", member?.name),
    ...optional("assumedRole", member?.role?.arn),
    account,
    region,
  };
  return { place, read };
}

type Failed = { readonly status: number; readonly notScanned: NotScanned };

/** A fault of ours is not an account's: it ends the command. */
function tellFailed(
  { profile, member, kubernetes }: AccountToScan & { readonly kubernetes?: string },
  error: unknown,
  json: boolean,
  io: CommandIo,
): Failed {
  const told = describeError(error, "scan", { version: "", reportTo: "" });
  if (told.code === "bug") throw error;
  if (json)
    io.out(errorAsJson(told, { ...optional("profile", profile), ...optional("account", member?.id) }));
  const { code, message: because, remedy, status } = told;
  const notScanned = {
    ...optional("account", member?.id),
    ...optional("accountName", member?.name),
    ...optional("profile", profile),
    ...optional("kubernetes", kubernetes),
    code,
    because,
    remedy,
  };
  io.err(`repull scan: ${nameOfNotScanned(notScanned)} is not scanned: ${because}; ${remedy}\n`);
  return { status, notScanned };
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
