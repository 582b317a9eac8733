/**
 * `repull undo NAMESPACE/KIND/NAME`: keeps Repull off the workload's namespace, and says how the written image comes back.
 *
 * A pod's image is what it runs; to put the written one back would restart it, at the limit that it was healed from. So no
 * pod is changed: the label keeps new ones as they are written, and the rollout is the operator's to start. A label in the
 * workload's own template would itself be a rollout.
 */

import { MODE_LABEL } from "../../../kubernetes/mode.ts";
import { counted } from "../../../text/counted.ts";
import { linesOf } from "../../../text/visible.ts";
import type { ClusterSession } from "../../account/cluster/cluster-session.ts";
import { type FoundWorkload, findWorkload } from "../../account/cluster/find-workload.ts";
import { parseWorkloadName, printWorkloadName } from "../../account/cluster/workload-name.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";

export type UndoWorkloadInput = { readonly name: string; readonly yes: boolean; readonly json: boolean };

/** Exit status 1 where no pod of it has a substitute. */
export async function undoWorkload(
  input: UndoWorkloadInput,
  session: ClusterSession,
  io: CommandIo,
): Promise<number> {
  const will = input.yes ? "a namespace may be labelled" : "nothing is changed without --yes";
  io.err(`cluster ${session.name}: no pod is changed; ${will}\n`);
  const found = await findWorkload(parseWorkloadName(input.name), session);
  const { namespace } = found.name;
  const label = `${MODE_LABEL}: off`;
  const isLabelled = found.inventory.modeLabels.get(namespace) === "off";
  const substituted = found.pods.filter(({ facts }) =>
    facts.containers.some(({ note }) => note !== undefined),
  );
  const commands = commandsFor(found);
  const service = printWorkloadName(found.name);
  if (substituted.length === 0) {
    io.err(`Nothing to undo: no pod of ${service} runs a substitute of Repull.\n`);
    return EXIT.failed;
  }
  const because = `${counted(substituted.length, "pod")} of ${found.pods.length} run a substitute`;
  if (!input.yes) {
    const plan = { plan: "undo", service, cluster: session.name, because, label, commands };
    if (input.json) io.out(jsonLine("undo", plan));
    else io.out(linesOf([`${service}: ${because}`, ...planLines(namespace, isLabelled), ...then(commands)]));
    return EXIT.done;
  }
  if (!isLabelled)
    await session.cluster.patch("namespaces", { name: namespace }, [
      { op: "add", path: `/metadata/labels/${MODE_LABEL.replaceAll("/", "~1")}`, value: "off" },
    ]);
  const outcome = isLabelled ? "already" : "undone";
  const done = {
    outcome,
    service,
    cluster: session.name,
    because: `the namespace ${namespace} has the label ${label}`,
    commands,
  };
  if (input.json) io.out(jsonLine("undo", done));
  else io.out(linesOf([`${outcome}: ${done.because}`, ...then(commands)]));
  return EXIT.done;
}

function planLines(namespace: string, isLabelled: boolean): readonly string[] {
  return isLabelled
    ? [`the namespace ${namespace} has the label ${MODE_LABEL}: off already`]
    : [
        `--yes sets the label ${MODE_LABEL}: off on the namespace ${namespace}: Repull then leaves all its pods as they are written`,
      ];
}

function then(commands: readonly string[]): readonly string[] {
  return [
    "Pods that run keep their image. The written one comes back, with the limit that it may meet, by:",
    ...commands.map((command) => `  ${command}`),
  ];
}

/** How pods are made anew from what is written. */
function commandsFor({ name }: FoundWorkload): readonly string[] {
  const { namespace, kind } = name;
  const target = `${kind.toLowerCase()} ${name.name}`;
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(kind))
    return [`kubectl -n ${namespace} rollout restart ${target}`];
  if (kind === "CronJob")
    return [`kubectl -n ${namespace} create job --from=cronjob/${name.name} ${name.name}-again`];
  // A Job or a bare pod is not made anew by its owner: its file has to be applied again.
  return [`kubectl -n ${namespace} delete ${target}`, "kubectl apply -f FILE"];
}
