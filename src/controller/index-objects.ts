/**
 * The index as the cluster keeps it, read and written by versions: what another writer has written in between is read
 * first, so that two leaders can never mix their rows.
 */

import { ClusterError } from "../cluster/cluster-error.ts";
import type { ClusterPort } from "../cluster/cluster-port.ts";
import { type IndexRow, packRows, readRows } from "../kubernetes/image-index.ts";
import type { ImageIndexObject } from "../kubernetes/objects/objects.ts";
import { boundedModes, type LoweredMode } from "../kubernetes/workload-modes.ts";
import { OLD_DEFINITION } from "./index-status.ts";
import { isChangedBetween } from "./leader-state.ts";

type IndexWrite =
  | { readonly kind: "written"; readonly objects: number }
  /** Another writer came first; `load` before the next try. */
  | { readonly kind: "changed" }
  /** The server, or the fence in it, does not take it. */
  | { readonly kind: "refused"; readonly error: ClusterError };

export type IndexObjects = {
  /** Reads the rows that are there: what an earlier leader has proved. */
  load(): Promise<ReadonlyMap<string, IndexRow>>;
  /**
   * Writes the objects that differ. Throws ClusterError where the server does not answer.
   * @param modes workloads whose label lowers their mode
   */
  write(rows: ReadonlyMap<string, IndexRow>, modes?: ReadonlyMap<string, LoweredMode>): Promise<IndexWrite>;
};

const OWN_NAME = /^repull-(\d+)$/;
const PROBE_NAME = "repull-probe";
const DROPS_MODES = `${OLD_DEFINITION} and drops spec.modes: a workload has the label repull.dev/mode, so the index is empty until the definition is upgraded`;
/** The fence answers Forbidden: what is Invalid is so by the schema. */
const REFUSES_ROWS = `${OLD_DEFINITION}, or has been changed, and refuses a row`;

export function createIndexObjects(
  cluster: Pick<ClusterPort, "list" | "create" | "replace" | "delete">,
): IndexObjects {
  const known = new Map<string, ImageIndexObject>();
  let keepsModes = false;

  /** A definition that is older than this controller (`crd.install: false`) drops the member without a word. */
  const areModesKept = async (modes: Readonly<Record<string, LoweredMode>>): Promise<boolean> => {
    if (keepsModes) return true;
    const [one] = packRows(new Map());
    if (one === undefined) return false;
    const probe = { ...one, metadata: { ...one.metadata, name: PROBE_NAME }, spec: { rows: {}, modes } };
    const stored = await cluster.create("imageindexes", probe, { dryRun: true });
    keepsModes = stored.spec.modes !== undefined;
    return keepsModes;
  };

  const put = async (object: ImageIndexObject): Promise<boolean> => {
    const before = known.get(object.metadata.name ?? "");
    if (before !== undefined && isSame(before, object)) return false;
    const stored =
      before === undefined
        ? await cluster.create("imageindexes", object)
        : await cluster.replace("imageindexes", {
            ...object,
            metadata: { ...before.metadata, ...object.metadata },
          });
    known.set(object.metadata.name ?? "", { ...object, metadata: stored.metadata });
    return true;
  };

  return {
    async load() {
      const objects = await cluster.list("imageindexes");
      const ours = objects.filter(({ metadata }) => OWN_NAME.test(metadata.name ?? ""));
      known.clear();
      keepsModes = false;
      for (const object of ours) known.set(object.metadata.name ?? "", object);
      return readRows(ours);
    },
    async write(rows, modes = new Map()) {
      const said = modes.size === 0 ? {} : { modes: boundedModes(modes) };
      let written = 0;
      try {
        // Admission that cannot know what to leave alone leaves everything alone.
        const isSaid = said.modes === undefined || (await areModesKept(said.modes));
        const objects = packRows(isSaid ? rows : new Map()).map((one) => ({
          ...one,
          spec: { ...one.spec, ...(isSaid ? said : {}) },
        }));
        // From the end: a row that moves to another object is in two of them for a moment, never in none.
        for (const object of objects.toReversed()) if (await put(object)) written += 1;
        for (const name of [...known.keys()])
          if (Number(OWN_NAME.exec(name)?.[1]) >= objects.length) {
            await cluster.delete("imageindexes", { name });
            known.delete(name);
            written += 1;
          }
        if (!isSaid) return { kind: "refused", error: new ClusterError(0, "NotServed", DROPS_MODES) };
      } catch (error) {
        if (isChangedBetween(error)) return { kind: "changed" };
        if (error instanceof ClusterError && error.reason === "Invalid")
          return {
            kind: "refused",
            error: new ClusterError(error.status, "Invalid", `${REFUSES_ROWS}: ${error.message}`),
          };
        if (error instanceof ClusterError && ["Forbidden", "TooLarge", "NotServed"].includes(error.reason))
          return { kind: "refused", error };
        throw error;
      }
      return { kind: "written", objects: written };
    },
  };
}

function isSame(before: ImageIndexObject, object: ImageIndexObject): boolean {
  return (
    JSON.stringify(before.spec.rows) === JSON.stringify(object.spec.rows) &&
    JSON.stringify(before.spec.modes) === JSON.stringify(object.spec.modes)
  );
}
