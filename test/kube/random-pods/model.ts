/**
 * What may have become of a pod, said once more and simply: of each image that is asked for, the one that must run. Apart from the
 * product's own code, so that both can be compared.
 */

import { provedRow } from "./images.ts";
import { NAMESPACES } from "./lives.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of the API server
type Any = any;

export type Site = {
  readonly id: string;
  readonly image: string;
  readonly pullPolicy?: string;
  /** Absent: an ephemeral container's, which has none. */
  readonly note?: string;
};

/** The images of a pod with their notes, by name. */
export function sitesOf({ metadata, spec }: Any): ReadonlyMap<string, Site> {
  const noteOf = (prefix: string, name: string) => metadata.annotations?.[`${prefix}.repull.dev/${name}`];
  const site = (id: string, image: string, pullPolicy: string, note: string | undefined): [string, Site] => [
    id,
    { id, image, pullPolicy, ...(note === undefined ? {} : { note }) },
  ];
  return new Map([
    ...[...spec.containers, ...(spec.initContainers ?? [])].map((one: Any) =>
      site(one.name, one.image, one.imagePullPolicy, noteOf("image", one.name)),
    ),
    ...(spec.ephemeralContainers ?? []).map((one: Any) =>
      site(`ephemeral ${one.name}`, one.image, one.imagePullPolicy, undefined),
    ),
    ...(spec.volumes ?? []).flatMap((one: Any) =>
      one.image === undefined
        ? []
        : [
            site(
              `volume ${one.name}`,
              one.image.reference,
              one.image.pullPolicy,
              noteOf("image-volume", one.name),
            ),
          ],
    ),
  ]);
}

/** Whether anything of the pod may be changed. */
export function isChangeable({ metadata }: Any): boolean {
  const ofNamespace = NAMESPACES[metadata.namespace];
  const words = [ofNamespace, metadata.labels?.["repull.dev/mode"]];
  const owners: Any[] = metadata.ownerReferences ?? [];
  return (
    metadata.annotations?.["kubernetes.io/config.mirror"] === undefined &&
    words.every((word) => word === undefined || word === "remediate") &&
    owners.every(
      ({ apiVersion, kind }) => /^(?:apps|batch)\//.test(apiVersion) || kind === "ReplicationController",
    )
  );
}

/** What must run where `asked` is asked for. @param old what runs now; absent in a new pod */
export function expectedOf(
  asked: Site,
  old: Site | undefined,
): { readonly image: string; readonly note?: string } {
  const left = { image: asked.image, ...(asked.note === undefined ? {} : { note: asked.note }) };
  if (old?.image === asked.image) return left;
  const isSwap = asked.image.includes("@sha256:");
  if (isSwap && asked.id.startsWith("ephemeral ")) return left;
  if (
    isSwap &&
    asked.note !== old?.note &&
    writtenIn(asked.note) !== undefined &&
    writtenIn(asked.note) !== asked.image
  )
    return left;
  if (old?.note !== undefined && isNoteOf(old.image, old.note) && writtenIn(old.note) === asked.image)
    return { image: old.image, note: old.note };
  const row = provedRow(asked.image, asked.pullPolicy);
  if (row?.use !== undefined && row.use !== asked.image) {
    const meant = row.trusted?.digest ?? row.use.split("@")[1];
    const note = `${asked.image} ${meant} ${row.proof} ${row.trusted?.from ?? "none"} ${row.askedAt}`;
    return asked.id.startsWith("ephemeral ") ? { image: row.use } : { image: row.use, note };
  }
  // The note of what this request takes away goes with it.
  return old?.note !== undefined && old.note === asked.note ? { image: asked.image } : left;
}

/** A note that was copied with another image is not of that one. */
function isNoteOf(image: string, note: string): boolean {
  const digest = image.split("@")[1] ?? "";
  return (
    /^sha256:[0-9a-f]{64}$/.test(digest) && (!note.includes(" same-index ") || note.includes(` ${digest} `))
  );
}

function writtenIn(note: string | undefined): string | undefined {
  return /^(.+) sha256:[0-9a-f]{64} [^ ]+ [^ ]+ [^ ]+$/s.exec(note ?? "")?.[1];
}
