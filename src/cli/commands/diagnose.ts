/** `repull diagnose`: why a task does not start. Reads only: an account, recorded answers, or the words alone. */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import { createAccountReads } from "../../aws/diagnosis/account-reads.ts";
import type { Recorded } from "../../aws/diagnosis/recorded-network.ts";
import { recordedReads } from "../../aws/diagnosis/recorded-reads.ts";
import { type Diagnosis, diagnose as diagnoseStart } from "../../diagnosis/diagnose.ts";
import { type FailedStart, failedStartOf } from "../../diagnosis/failed-start.ts";
import type { AccountReads } from "../../diagnosis/reads.ts";
import { DIAGNOSE_RIGHTS } from "../../diagnosis/reads.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type AskingImages, askingImages } from "../account/ask-image.ts";
import { awsSettingsFrom, awsSettingsIn } from "../account/aws-settings.ts";
import { startsInAccount } from "../account/find-failed-start.ts";
import { recordedIn, recordingReads } from "../account/recorded-answers.ts";
import { EXIT } from "../exit-status.ts";
import { startsInText } from "../input/failed-start-documents.ts";
import { requireImage } from "../input/require-image.ts";
import type { CommandIo } from "../io.ts";
import { diagnosisInWords } from "../output/format-diagnosis.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";

export type DiagnoseInput = {
  /** Files, or in the account tasks and services. */
  readonly targets: readonly string[];
  readonly text?: string;
  readonly image?: string;
  /** A service, whatever file of that name there is. */
  readonly service?: string;
  readonly cluster?: string;
  /** Ask no account. */
  readonly offline: boolean;
  /** A folder of recorded answers, in place of an account. */
  readonly facts?: string;
  /** A folder, that exists, for what the account answers. */
  readonly record?: string;
  /** A file for the diagnoses as a page. */
  readonly html?: string;
  readonly rights: boolean;
  readonly json: boolean;
};

export async function diagnose(input: DiagnoseInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(DIAGNOSE_RIGHTS, input.json));
    return EXIT.done;
  }
  const { starts, names } = await given(input, io);
  const isOffline = input.offline || input.facts !== undefined;
  const recorded = input.facts === undefined ? undefined : await recordedIn(input.facts, io);
  if (isOffline && recorded === undefined && names.length > 0)
    throw new InvalidInput(
      "TARGET",
      `a file, because no account is asked: ${names[0]} cannot be read as one`,
    );
  const images = askingImages(io);
  try {
    const account = isOffline ? undefined : await accountOf(starts, names, images, io);
    return await diagnoseAll({ starts, names, recorded, account }, input, io);
  } finally {
    images.close();
  }
}

type Asked = {
  readonly starts: readonly FailedStart[];
  readonly names: readonly string[];
  readonly recorded: Recorded | undefined;
  readonly account: AccountReads | undefined;
};

async function diagnoseAll(
  { starts, names, recorded, account }: Asked,
  input: DiagnoseInput,
  io: CommandIo,
): Promise<number> {
  const region = io.env.AWS_REGION ?? "";
  const recorder = account === undefined || input.record === undefined ? undefined : recordingReads(account);
  const places = new Map<string, AccountReads>();
  const readsFor = (start: Partial<FailedStart>): AccountReads => {
    if (account !== undefined) return recorder ?? account;
    const home = { account: start.account, region: start.region ?? region };
    const key = `${home.account} ${home.region}`;
    const reads = places.get(key) ?? recordedReads(recorded ?? new Map(), home);
    places.set(key, reads);
    return reads;
  };
  const asked: FailedStart[] = [];
  for (const name of names) asked.push(...(await startsInAccount(name, input.cluster, readsFor({}))));
  const diagnoses: Diagnosis[] = [];
  for (const start of [...starts, ...asked]) {
    const found = await diagnoseStart(start, readsFor(start));
    diagnoses.push(found);
    io.out(input.json ? jsonLine("diagnosis", found) : diagnosisInWords(found));
  }
  if (input.html !== undefined) await writePage(input.html, diagnoses, io);
  if (recorder !== undefined && input.record !== undefined) await recorder.write(input.record, io);
  return statusOf(diagnoses);
}

async function writePage(path: string, diagnoses: readonly Diagnosis[], io: CommandIo): Promise<void> {
  const { diagnosesAsHtml } = await import("../output/diagnosis-page/page.ts");
  const page = diagnosesAsHtml(diagnoses, new Date(systemClock.now()).toISOString());
  try {
    await io.writeFile?.(path, page);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new InvalidInput("--html", `a file that can be written: ${because}`, { cause: error });
  }
}

/** What is read of files and of the text, and what is left to be the name of a task or a service. */
async function given(
  input: DiagnoseInput,
  io: CommandIo,
): Promise<{ readonly starts: readonly FailedStart[]; readonly names: readonly string[] }> {
  requireImage(input.image);
  const starts: FailedStart[] = input.text === undefined ? [] : [failedStartOf(input.text, input.image)];
  const names: string[] = input.service === undefined ? [] : [input.service];
  for (const target of input.targets) {
    const text = await io.readFile(target);
    if (text === undefined) names.push(target);
    else starts.push(...startsInText(text, target === "-" ? "standard input" : target));
  }
  return { starts, names };
}

/** A person waits for a throttled answer sooner than for a diagnosis without it. */
const ATTEMPTS_MAX = 6;

/** The account of the environment. A document is of a region of its own, and of words alone none need be known. */
async function accountOf(
  starts: readonly FailedStart[],
  names: readonly string[],
  { ask, opening }: Pick<AskingImages, "ask" | "opening">,
  io: CommandIo,
): Promise<AccountReads> {
  const [first] = starts;
  const own = names.length === 0 ? first?.region : undefined;
  const settings = own === undefined ? await awsSettingsFrom(io) : awsSettingsIn(own, io);
  const { account } = await getCallerIdentity(settings);
  const foreign = starts.find((start) => start.account !== undefined && start.account !== account);
  if (foreign !== undefined)
    throw new InvalidInput(
      "TARGET",
      `a task of account ${account}, or --offline: ${foreign.target} is of another`,
    );
  return createAccountReads({ attemptsMax: ATTEMPTS_MAX, ...settings }, account, ask, opening);
}

/** Bad news beats what is open, and that beats good news. */
function statusOf(diagnoses: readonly Diagnosis[]): number {
  if (diagnoses.some(({ verdict }) => verdict === "cause-found")) return EXIT.failed;
  return diagnoses.some(({ verdict }) => verdict === "not-sure") ? EXIT.unfinished : EXIT.done;
}
