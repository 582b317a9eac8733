/**
 * `repull undo NAMESPACE/KIND/NAME`: keeps Repull off the workload, and says how the written image comes back.
 *
 * A pod's image is what it runs; to put the written one back would restart it, at the limit that it was healed from. So no
 * pod is changed: the label keeps new ones as they are written, and the rollout is the operator's to start. A label in the
 * workload's template would itself be a rollout, so it is one of the workload's own metadata.
 */

import { readModes } from "../../../kubernetes/image-index.ts";
import { MODE_LABEL } from "../../../kubernetes/mode.ts";
import { modeOfWorkload } from "../../../kubernetes/workload-modes.ts";
import { counted } from "../../../text/counted.ts";
import { linesOf } from "../../../text/visible.ts";
import type { ClusterSession } from "../../account/cluster/cluster-session.ts";
import { type FoundWorkload, findWorkload } from "../../account/cluster/find-workload.ts";
import { parseWorkloadName, printWorkloadName } from "../../account/cluster/workload-name.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";
import { type ModeTarget, modeTargetOf, setModeOff } from "./mode-target.ts";

export type UndoWorkloadInput = { readonly name: string; readonly yes: boolean; readonly json: boolean };

const LABEL = `${MODE_LABEL}: off`;
/** The controller writes the index a few seconds after a change. */
const TOLD_MS_MAX = 20_000;

/** Exit status 1 where no pod of it has a substitute, 5 where admission does not know of the label yet. */
export async function undoWorkload(
  input: UndoWorkloadInput,
  session: ClusterSession,
  io: CommandIo,
): Promise<number> {
  const will = input.yes ? "a label may be set" : "nothing is changed without --yes";
  io.err(`cluster ${session.name}: no pod's image is changed; ${will}\n`);
  const found = await findWorkload(parseWorkloadName(input.name), session);
  const target = modeTargetOf(found);
  const substituted = found.pods.filter(({ facts }) =>
    facts.containers.some(({ note }) => note !== undefined),
  );
  const commands = commandsFor(found, substituted, session);
  const service = printWorkloadName(found.name);
  const about = {
    service,
    cluster: session.name,
    label: LABEL,
    labelled: target.words,
    commands,
    ...(target.others.length === 0 ? {} : { others: target.others }),
    again: againFor(target),
  };
  if (substituted.length === 0) {
    io.err(`repull undo: nothing to undo: no pod of ${service} runs a substitute of Repull.\n`);
    return EXIT.failed;
  }
  if (!input.yes) {
    const because = `${counted(substituted.length, "pod")} of ${found.pods.length} run a substitute`;
    if (input.json) io.out(jsonLine("undo", { plan: "undo", ...about, because }));
    else io.out(linesOf([`${service}: ${because}`, ...planLines(found, target), ...then(commands)]));
    return EXIT.done;
  }
  const outcome = !isOff(found) && (await setModeOff(target, session)) ? "undone" : "already";
  const isTold = await isToldToAdmission(found, target, session);
  const because = `the ${target.words} has the label ${LABEL}`;
  if (input.json)
    io.out(jsonLine("undo", { outcome, ...about, because, admission: isTold ? "told" : "not-told" }));
  else
    io.out(
      linesOf([
        `${outcome}: ${because}`,
        ...(isTold ? [] : untold(session)),
        ...then(commands),
        "To let Repull act there again:",
        `  ${about.again}`,
      ]),
    );
  return isTold ? EXIT.done : EXIT.unfinished;
}

function isOff({ name, inventory }: FoundWorkload): boolean {
  const { namespace } = name;
  return (
    inventory.modeLabels.get(namespace) === "off" ||
    modeOfWorkload(inventory.workloadModes, namespace, name) === "off"
  );
}

/** New pods of a workload are left by policy and webhook once the index names it: a label of namespace or pod they see themselves. */
async function isToldToAdmission(
  { name, inventory }: FoundWorkload,
  { kind }: ModeTarget,
  { cluster, clock }: ClusterSession,
): Promise<boolean> {
  const { namespace } = name;
  const isSeen = kind === "namespaces" || kind === "pods" || inventory.modeLabels.get(namespace) === "off";
  if (isSeen || inventory.rows.size === 0) return true;
  const until = clock.now() + TOLD_MS_MAX;
  for (;;) {
    // The policy is asked once with each object, and an object that does not say it yet still gives its images.
    const objects = await cluster.list("imageindexes");
    if (objects.every((one) => modeOfWorkload(readModes([one]), namespace, name) === "off")) return true;
    if (clock.now() >= until) return false;
    await clock.sleep(1_000);
  }
}

function planLines(found: FoundWorkload, { kind, words, others }: ModeTarget): readonly string[] {
  if (isOff(found)) return [`the label ${LABEL} is there already`];
  if (kind !== "namespaces")
    return [`--yes sets the label ${LABEL} on the ${words}: Repull then leaves its pods as they are written`];
  const { namespace } = found.name;
  return [
    `Repull reads no label of a ${found.name.kind}, so --yes sets ${LABEL} on the whole ${words}:`,
    others.length === 0
      ? `nothing else runs in ${namespace} now`
      : `it then also leaves ${counted(others.length, "other workload")} there:`,
    ...others.slice(0, OTHERS_SHOWN).map((other) => `  ${other}`),
    ...(others.length > OTHERS_SHOWN
      ? [`  and ${others.length - OTHERS_SHOWN} more (--json names them)`]
      : []),
  ];
}

const OTHERS_SHOWN = 20;

function untold({ flags }: ClusterSession): readonly string[] {
  return [
    "The index does not name the workload yet: until it does, new pods of it still get the proved image.",
    `Is a controller leading? repull doctor${flags}`,
  ];
}

function then(commands: readonly string[]): readonly string[] {
  return [
    "Pods that run keep their image. The written one comes back, with the limit that it may meet, by:",
    ...commands.map((command) => `  ${command}`),
  ];
}

function againFor({ namespace, words }: ModeTarget): string {
  return `kubectl ${namespace === undefined ? "" : `-n ${namespace} `}label ${words} ${MODE_LABEL}-`;
}

/** How pods are made anew from what is written. */
function commandsFor(
  { name, template }: FoundWorkload,
  pods: FoundWorkload["pods"],
  { clock, flags }: Pick<ClusterSession, "clock" | "flags">,
): readonly string[] {
  const { namespace, kind } = name;
  const target = `${kind.toLowerCase()} ${name.name}`;
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(kind))
    return [`kubectl -n ${namespace} rollout restart ${target}`];
  const cronJob = kind === "CronJob" ? name.name : template?.cronJob;
  if (cronJob !== undefined) {
    // By a number at the end admission knows the CronJob of a Job (workload-modes.ts); that of a schedule is in minutes.
    const job = `${cronJob}-${Math.floor(clock.now() / 1_000)}`;
    return [
      ...(kind === "CronJob" ? [] : [`repull undo ${namespace}/CronJob/${cronJob} --yes${flags}`]),
      `kubectl -n ${namespace} create job --from=cronjob/${cronJob} ${job}`,
    ];
  }
  // An operator makes the pods of its own kinds anew; to delete what it was asked for would delete all of it.
  if (!["Job", "Pod"].includes(kind))
    return pods.map(({ facts }) => `kubectl -n ${namespace} delete pod ${facts.name}`);
  // A Job or a bare pod is not made anew by its owner: its file has to be applied again.
  return [`kubectl -n ${namespace} delete ${target}`, "kubectl apply -f FILE"];
}
