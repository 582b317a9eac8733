/**
 * `repull history NAMESPACE/KIND/NAME`: which pods of a workload run a substitute, and what Repull's Events say. The API server
 * keeps Events for an hour; the annotations of the pods stay.
 */

import { formatMoment } from "../../../text/format-moment.ts";
import { linesOf } from "../../../text/visible.ts";
import type { ClusterSession } from "../../account/cluster/cluster-session.ts";
import { type FoundWorkload, findWorkload } from "../../account/cluster/find-workload.ts";
import { parseWorkloadName, printWorkloadName } from "../../account/cluster/workload-name.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";

type Entry = {
  /** The pod, or the Event's name. */
  readonly execution: string;
  readonly at?: number;
  /** `substituted`, or the Event's reason. */
  readonly ended: string;
  readonly because?: string;
  readonly workload: string;
  readonly images: readonly {
    readonly image: string;
    readonly substitute: string;
    readonly proof?: string;
  }[];
  readonly active: boolean;
};

/** Reads, writes nothing. Exit status 0. */
export async function historyOfWorkload(
  input: { readonly name: string; readonly json: boolean },
  session: ClusterSession,
  io: CommandIo,
): Promise<number> {
  io.err(`cluster ${session.name}\n`);
  const found = await findWorkload(parseWorkloadName(input.name), session);
  const entries = [...(await eventsOf(found, session)), ...substitutedIn(found)].toSorted(
    (one, other) => (other.at ?? 0) - (one.at ?? 0),
  );
  if (input.json) for (const entry of entries) io.out(jsonLine("history", entry));
  else if (entries.length === 0)
    io.out(
      `nothing is known of ${printWorkloadName(found.name)}: no pod of it has a substitute, and Events last an hour\n`,
    );
  else io.out(entries.map(format).join("\n"));
  return EXIT.done;
}

async function eventsOf({ name }: FoundWorkload, { cluster }: ClusterSession): Promise<readonly Entry[]> {
  const events = await cluster.list("events", { namespace: name.namespace });
  return events.flatMap((event): Entry[] => {
    const { regarding, reason = "", note, eventTime, reportingController, metadata } = event;
    const isOurs = reportingController === "repull.dev/controller";
    if (!isOurs || regarding?.kind !== name.kind || regarding.name !== name.name) return [];
    const at = Date.parse(eventTime ?? "");
    return [
      {
        execution: metadata.name ?? "",
        ended: reason,
        workload: printWorkloadName(name),
        images: [],
        ...(Number.isNaN(at) ? {} : { at }),
        ...(note === undefined ? {} : { because: note }),
        active: false,
      },
    ];
  });
}

function substitutedIn({ name, pods }: FoundWorkload): readonly Entry[] {
  return pods.flatMap(({ facts }): Entry[] => {
    const images = facts.containers.flatMap(({ note, image }) =>
      note === undefined
        ? []
        : [{ image: note.image, substitute: image, proof: note.proof, askedAt: note.askedAt }],
    );
    const [first] = images;
    if (first === undefined) return [];
    const at = Date.parse(first.askedAt);
    return [
      {
        execution: facts.name,
        ended: "substituted",
        workload: printWorkloadName(name),
        active: true,
        ...(Number.isNaN(at) ? {} : { at }),
        images: images.map(({ image, substitute, proof }) => ({ image, substitute, proof })),
      },
    ];
  });
}

function format({ at, ended, because, images, execution, workload }: Entry): string {
  const time = at === undefined ? "time not known" : formatMoment(at);
  const lines = [
    [time, ended, workload].join("  "),
    ...(because === undefined ? [] : [because]),
    ...images.map(
      ({ image, substitute, proof }) => `${image} → ${substitute}${proof === undefined ? "" : ` (${proof})`}`,
    ),
    execution,
  ];
  return linesOf(lines, "    ");
}
