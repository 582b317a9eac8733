/** A scan in words: what the risk is in one sentence, then who carries it, and how it was counted. */

import type { ExposedImage, Exposure } from "../../scan/exposure.ts";
import { busiestAddress, type ImageChange } from "../../scan/image-changes.ts";
import { formatNotScanned } from "../../scan/not-scanned.ts";
import { ACCOUNT_PULLS, ANONYMOUS_PULLS, type EgressLoad } from "../../scan/peak-pulls.ts";
import type { Scan } from "../../scan/scan.ts";
import { abbreviate } from "../../substitution/explain-plan.ts";
import { counted, grouped } from "../../text/counted.ts";
import { linesOf } from "../../text/visible.ts";
import { jsonLine } from "../output/json-line.ts";
import { textTable } from "../output/text-table.ts";
import { changesSentence, changeTo } from "./format-image-changes.ts";

export type Headline = {
  /** `medium` from half of what Docker Hub grants: what else pulls from there is not seen. */
  readonly level: "none" | "low" | "medium" | "high";
  readonly sentence: string;
};

/** How it was counted: the same words under every table. */
const METHOD: readonly string[] = [
  "The worst six hours, because Docker Hub counts the pulls of six: every task of a service is replaced once (a deployment of everything, or the loss of its hosts), schedules fire as often as they can in all of them, and what runs by hand starts again.",
  "Each start pulls each of its Docker Hub images once; hosts that still hold an image may need fewer, and a second deployment within six hours needs more.",
  `Docker Hub grants ${ANONYMOUS_PULLS} anonymous pulls in six hours to each address, and ${ACCOUNT_PULLS} to a free account; a task's pulls are spread evenly over its subnets.`,
];

/** The same for a cluster. */
const CLUSTER_METHOD: readonly string[] = [
  "The worst six hours, because Docker Hub counts the pulls of six: every pod starts once on a node that does not hold its images, and CronJobs fire as often as they can in all of them.",
  `Docker Hub grants ${ANONYMOUS_PULLS} anonymous pulls in six hours to each address, and ${ACCOUNT_PULLS} to a free account; pods with imagePullSecrets count as pulled with an account.`,
];

export function methodOf({ pods, accounts }: Pick<Scan, "pods" | "accounts">): readonly string[] {
  if (pods === undefined) return METHOD;
  return accounts === undefined ? CLUSTER_METHOD : [...METHOD, ...CLUSTER_METHOD.slice(0, 1)];
}

/** What `--verify` has asked, and what it cannot know. */
const VERIFIED =
  "Each place was asked by HEAD whether it holds the bytes that the image's name means now. What a running deployment has pinned, and whether its tasks may pull from there, repull plan knows.";

/** The account's risk in one sentence. */
export function headlineOf(scan: Scan): Headline {
  const { exposures } = scan;
  if (exposures.length === 0)
    return {
      level: "none",
      sentence: `Nothing here depends on Docker Hub: none of ${countsOf(scan)} has an image from it.`,
    };
  const actedFor = exposures.filter(({ notRemediatedBecause }) => notRemediatedBecause === undefined).length;
  const all = exposures.length === 1 ? "the one workload" : `all ${counted(exposures.length, "workload")}`;
  const some = `${grouped(actedFor)} of ${counted(exposures.length, "workload")}`;
  const acts = `Repull would act for ${actedFor === exposures.length ? all : some}.`;
  const worst = busiestAddress(scan.addresses);
  if (worst === undefined) {
    const stranded = scan.addresses.reduce((sum, { pulls }) => sum + pulls, 0);
    if (stranded > 0)
      return {
        level: "low",
        sentence: `The worst six hours take ${counted(stranded, "anonymous pull")} from subnets that have no way out to Docker Hub: no address is counted against. ${acts}`,
      };
    const pulls = exposures.reduce((sum, { accountPulls }) => sum + accountPulls, 0);
    return {
      level: levelOf(pulls, ACCOUNT_PULLS),
      sentence: `No image is pulled anonymously; the worst six hours take ${counted(pulls, "pull")} with accounts, of which a free one has ${ACCOUNT_PULLS} in six hours. ${acts}`,
    };
  }
  const { pullsPerAddress } = worst;
  const where = placeOf(worst);
  const level = levelOf(pullsPerAddress, ANONYMOUS_PULLS);
  const sentence =
    level === "high"
      ? `The worst six hours take ${counted(pullsPerAddress, "anonymous pull")} ${where}, and Docker Hub grants ${ANONYMOUS_PULLS} in six hours: ${grouped(pullsPerAddress - ANONYMOUS_PULLS)} would be refused. ${acts}`
      : `The risk is ${level}: the worst six hours take ${counted(pullsPerAddress, "anonymous pull")} ${where}, and Docker Hub grants ${ANONYMOUS_PULLS}. ${acts}`;
  return { level, sentence };
}

function levelOf(pulls: number, granted: number): "low" | "medium" | "high" {
  if (pulls > granted) return "high";
  return pulls >= granted / 2 ? "medium" : "low";
}

function placeOf({ kind, address }: EgressLoad): string {
  if (kind === "nat") return `from ${address}`;
  return kind === "per-task"
    ? `from one of its own addresses`
    : `from one address, if they share it (${address})`;
}

export function countsOf(scan: Scan): string {
  const { services, schedules, standaloneTasks, pods, workloads = 0, accounts, kubernetes } = scan;
  const inCluster = `${counted(workloads, "workload")} with ${counted(pods ?? 0, "pod")}`;
  // Of an account or a cluster that could not be read, nothing is counted: it is not an empty one.
  if (pods !== undefined && (accounts === undefined || accounts.length === 0)) return inCluster;
  const inAccount = `${counted(services, "service")}, ${counted(schedules, "scheduled run")} and ${counted(standaloneTasks, "task")} run by hand`;
  return pods === undefined || kubernetes?.length === 0 ? inAccount : `${inAccount}, ${inCluster}`;
}

/** What Repull would do for an image, in a few words. */
function planOfImage({ first }: ExposedImage): string {
  if (first === undefined) return "nowhere";
  return `${first.strategy} ${abbreviate(first.place)}${first.proof === undefined ? "" : ` (${first.proof})`}`;
}

/** One object a line: each workload, then one of the kind `summary`. */
export function scanAsJson(scan: Scan): string {
  const { exposures, ...rest } = scan;
  const summary = { kind: "summary", headline: headlineOf(scan), ...rest };
  return [...exposures.map((line) => jsonLine("scan", line)), jsonLine("summary", summary)].join("");
}

/**
 * @param flags of the command, as `repull plan` takes them on: ` --no-stack`
 * @param clusterFlags the same for the workloads of a cluster that is scanned with accounts
 */
export function formatScan(scan: Scan, flags = "", clusterFlags = ""): string {
  const { exposures, addresses, gaps } = scan;
  const lines = [headlineOf(scan).sentence, ""];
  if (exposures.length > 0) {
    lines.push(
      "Images to change, the most pulled first:",
      "",
      ...textTable(
        ["image", "change to", "used by", "saves", "still needed"],
        scan.imageChanges.map(changeRow),
      ),
      "",
      ...[changesSentence(scan)].flatMap((sentence) => (sentence === undefined ? [] : [sentence, ""])),
      `${counted(exposures.length, "workload")} on Docker Hub images, among ${countsOf(scan)}:`,
      "",
      ...textTable(
        [
          ...(scan.accounts === undefined ? [] : [scan.kubernetes === undefined ? "account" : "where"]),
          ...["workload", "image", "pulled as", "pulls", "what Repull would do"],
        ],
        exposures.flatMap(rowsOf),
      ),
      "",
      ...textTable(
        ["anonymous pulls of the worst six hours leave by", "pulls", `of ${ANONYMOUS_PULLS}`],
        addresses.map(({ address, pulls, pullsPerAddress, kind }) => [
          address,
          String(pulls),
          kind === "per-task"
            ? `${pullsPerAddress} for one`
            : `${Math.round((100 * pullsPerAddress) / ANONYMOUS_PULLS)} %`,
        ]),
      ),
      "",
      ...methodOf(scan),
      ...(exposures.some(({ images }) => images.some(({ isVerified }) => isVerified)) &&
      scan.pods === undefined
        ? [VERIFIED]
        : []),
    );
    const service = exposures.find(
      ({ kind, notRemediatedBecause }) => kind === "service" && notRemediatedBecause === undefined,
    );
    if (service !== undefined)
      lines.push(
        "",
        `next${signedIn(service)}: repull plan ${service.name} --cluster ${service.cluster}${placeFlags(service)}${flags}`,
      );
  }
  lines.push(...slippedLines(scan));
  const pod = exposures.find(({ kind }) => kind === "pod");
  if (pod !== undefined) {
    const led = scan.kubernetes === undefined ? flags : clusterFlags;
    lines.push("", `next: repull plan ${pod.name}${led}`);
  }
  for (const one of scan.notScanned ?? []) lines.push(`not scanned: ${formatNotScanned(one)}`);
  for (const gap of gaps) lines.push(`not read: ${gap}`);
  return linesOf(lines);
}

/** Pods that admission should have changed, by workload and reason. */
function slippedLines({ slipped = [] }: Scan): readonly string[] {
  if (slipped.length === 0) return [];
  return [
    "",
    `${slippedSentence(slipped)}:`,
    "",
    ...textTable(
      ["workload", "image", "pods", "why"],
      slipped.map(({ workload, image, pods, reason, because }) => [
        workload,
        image,
        String(pods),
        `${reason}: ${because}`,
      ]),
    ),
  ];
}

export function slippedSentence(slipped: NonNullable<Scan["slipped"]>): string {
  const pods = slipped.reduce((sum, one) => sum + one.pods, 0);
  return `${counted(pods, "pod")} should run a proved image and ${pods === 1 ? "does" : "do"} not`;
}

/** Whose a workload is, where several places were scanned: an account's region, or a cluster of Kubernetes. */
export function whereOf({ platform, accountName, account, region }: Exposure): string | undefined {
  if (platform === "kubernetes") return "Kubernetes";
  if (account === undefined) return undefined;
  const named = [accountName, account, region].filter((part) => part !== undefined).join(" ");
  return platform === undefined ? named : `ECS ${named}`;
}

/** What leads a command to the account of a workload, where several were scanned. */
function placeFlags({ profile, region }: Exposure): string {
  return profile === undefined ? "" : ` --profile ${profile} --region ${region}`;
}

/** An account that a role has read needs credentials of its own for the next command. */
function signedIn({ assumedRole, account, region }: Exposure): string {
  return assumedRole === undefined ? "" : `, signed in to account ${account}, region ${region}`;
}

function changeRow(change: ImageChange): readonly string[] {
  const { image, to, workloads, pulls, busiestAddressAfter } = change;
  return [
    image,
    abbreviate(changeTo(change)),
    counted(workloads.length, "workload"),
    to === undefined ? "–" : counted(pulls, "pull"),
    String(busiestAddressAfter),
  ];
}

function rowsOf(exposure: Exposure): readonly (readonly string[])[] {
  const { kind, cluster, name, images } = exposure;
  const where = whereOf(exposure);
  const { anonymousPulls, accountPulls, notRemediatedBecause } = exposure;
  return images.map((image, index) => [
    ...(where === undefined ? [] : [index === 0 ? where : ""]),
    index === 0 ? `${cluster}/${name}${kind === "standalone" ? " (by hand)" : ""}` : "",
    image.image,
    image.pulledAs,
    index === 0 ? String(anonymousPulls + accountPulls) : "",
    notRemediatedBecause === undefined
      ? planOfImage(image)
      : index === 0
        ? `nothing: ${notRemediatedBecause}`
        : "",
  ]);
}
