/** `repull plan NAMESPACE/KIND/NAME`: what the cluster's index knows of a workload's images, and what would happen to its pods. */

import { tryParseReference } from "../../../image/reference.ts";
import { isDockerHubFront } from "../../../image/registry-hosts.ts";
import type { IndexRow } from "../../../kubernetes/image-index.ts";
import type { PodFacts } from "../../../kubernetes/workloads/pod-facts.ts";
import { scanCluster } from "../../../scan/scan-cluster.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";
import { counted } from "../../../text/counted.ts";
import { linesOf } from "../../../text/visible.ts";
import type { ClusterSession } from "../../account/cluster/cluster-session.ts";
import { type FoundWorkload, findWorkload } from "../../account/cluster/find-workload.ts";
import { parseWorkloadName, printWorkloadName } from "../../account/cluster/workload-name.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";

type PlannedImage = {
  readonly image: string;
  readonly containers: readonly string[];
  readonly substitute?: string;
  readonly proof?: string;
  readonly trusted?: IndexRow["trusted"];
  readonly askedAt?: string;
  readonly goodUntil?: string;
  /** Why no source is proved. */
  readonly codes: readonly string[];
  /** Pods that run, or would pull, this image as it is written; that have a substitute; and that wait. */
  readonly asWritten: number;
  readonly substituted: number;
  readonly waiting: number;
};

/** Exit status 0 where every image of Docker Hub's has a proved source and the mode lets it be used, or there is none. */
export async function planWorkload(
  input: { readonly name: string; readonly json: boolean },
  session: ClusterSession,
  io: CommandIo,
): Promise<number> {
  io.err(`cluster ${session.name}: nothing is changed\n`);
  const found = await findWorkload(parseWorkloadName(input.name), session);
  const images = imagesOf(found, session);
  const { kind, because } = verdictOf(found, images, session);
  const next = nextOf(found, images, session);
  const name = printWorkloadName(found.name);
  if (input.json)
    io.out(
      jsonLine("plan", {
        service: name,
        workload: { kind: "pod", cluster: session.name, name },
        policy: `the cluster ${session.name}`,
        mode: found.mode,
        kind,
        because,
        images,
        next,
      }),
    );
  else io.out(linesOf([`${name}: ${because}`, "", ...images.flatMap(linesOfImage), ...nextLines(next)]));
  return kind === "substitute" || kind === "nothing-to-do" ? EXIT.done : EXIT.failed;
}

function imagesOf(
  { template, pods }: FoundWorkload,
  { rows, clock }: ClusterSession,
): readonly PlannedImage[] {
  const written = new Map<string, Set<string>>();
  const add = (image: string, container: string): void => {
    const reference = tryParseReference(image);
    if (reference === undefined || !(isDockerHubFront(reference.host) || rows.has(image))) return;
    written.set(image, (written.get(image) ?? new Set<string>()).add(container));
  };
  for (const { image, container } of template?.images ?? []) add(image, container);
  for (const { facts } of pods) for (const one of facts.containers) add(one.written, one.container);
  return [...written].map(([image, containers]) => {
    const row = rows.get(image);
    const isGood = row !== undefined && clock.now() < Date.parse(row.goodUntil);
    const of = pods.map(({ facts }) => facts.containers.filter((one) => one.written === image));
    const count = (holds: (one: PodFacts["containers"][number]) => boolean): number =>
      of.filter((containers) => containers.some(holds)).length;
    return {
      image,
      containers: [...containers],
      ...(isGood && row.use !== undefined ? { substitute: row.use, proof: row.proof ?? "" } : {}),
      ...(row?.trusted === undefined ? {} : { trusted: row.trusted }),
      ...(row === undefined ? {} : { askedAt: row.askedAt, goodUntil: row.goodUntil }),
      codes: row === undefined ? ["not-in-index"] : isGood ? (row.codes ?? []) : ["expired"],
      asWritten: count(({ note }) => note === undefined),
      substituted: count(({ note }) => note !== undefined),
      waiting: count(({ hasStarted, waiting }) => !hasStarted && waiting !== undefined),
    };
  });
}

function verdictOf(
  { name, inventory }: FoundWorkload,
  images: readonly PlannedImage[],
  { policy, clock }: ClusterSession,
): {
  readonly kind: "nothing-to-do" | "substitute" | "no-substitute" | "left-alone";
  readonly because: string;
} {
  if (images.length === 0)
    return {
      kind: "nothing-to-do",
      because: "none of its images is from Docker Hub or has a row in the index",
    };
  const { exposures } = scanCluster(inventory, policy, clock.now());
  const left = exposures.find((exposure) => exposure.name === printWorkloadName(name))?.notRemediatedBecause;
  if (images.some(({ substitute }) => substitute === undefined))
    return { kind: "no-substitute", because: left ?? "not every image has a proved source" };
  return left === undefined
    ? { kind: "substitute", because: "new pods get the proved images, and waiting ones in place" }
    : { kind: "left-alone", because: left };
}

function nextOf(
  { name }: FoundWorkload,
  images: readonly PlannedImage[],
  { flags }: ClusterSession,
): readonly string[] {
  const unknown = images.some(({ codes }) => codes.includes("not-in-index"));
  return [
    ...(unknown ? [`repull doctor${flags === "" ? " --kube-context CONTEXT" : flags}`] : []),
    ...images.flatMap(({ substitute, image }) =>
      substitute === undefined
        ? []
        : [`write ${substitute} in the source of ${name.kind} ${name.name}, where it says ${image}`],
    ),
  ];
}

function linesOfImage({
  image,
  containers,
  substitute,
  proof,
  codes,
  asWritten,
  substituted,
  waiting,
}: PlannedImage) {
  const where =
    substitute === undefined
      ? `no proved source (${codes.join(", ")})`
      : `${abbreviate(substitute)} (${proof})`;
  const pods = [
    `${counted(substituted, "pod")} with a substitute`,
    `${asWritten} as written`,
    ...(waiting === 0 ? [] : [`${waiting} waiting`]),
  ];
  return [`${image} (${containers.join(", ")})`, `  → ${where}`, `  ${pods.join(", ")}`];
}

function nextLines(next: readonly string[]): readonly string[] {
  return next.length === 0 ? [] : ["", ...next.map((one) => `next: ${one}`)];
}
