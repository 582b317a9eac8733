/**
 * Heals that are under way, kept in the leader's state: a pod that starts while no leader looks has its outcome from the next one.
 *
 * A heal is noted before its first patch and struck out when its outcome is there. A state that cannot be written prevents no
 * heal: then the outcome alone may be missing.
 */

import * as z from "zod";
import { ClusterError } from "../../cluster/cluster-error.ts";
import { type Digest, isDigest } from "../../image/digest.ts";
import type { LeaderState } from "../leader-state.ts";
import type { HealSubject } from "./heal-outcome.ts";

export type OpenHeal = {
  readonly subject: HealSubject;
  readonly use: string;
  readonly proof: string;
  readonly trusted?: { readonly digest: Digest; readonly from: string; readonly askedAt: string } | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export type OpenHeals = {
  /** Ends when it is kept, or cannot be. */
  note(name: string, heal: OpenHeal): Promise<void>;
  close(name: string): void;
  /** What an earlier leader has left. */
  load(): Promise<ReadonlyMap<string, OpenHeal>>;
};

/**
 * Some 700 bytes each, and a ConfigMap has a megabyte, in which the quotas are too. A heal that needs much more is not kept: the
 * API server bounds no name of an owner.
 */
const HEALS_MAX = 200;
const HEAL_BYTES_MAX = 3_000;

export function createOpenHeals(state: Pick<LeaderState, "read" | "update">): OpenHeals {
  const noted = new Map<string, { readonly use: string; readonly kept: Promise<void> }>();
  type Change = { readonly name: string; readonly heal?: OpenHeal; readonly resolve: () => void };
  let waiting: Change[] = [];
  let isWriting = false;
  /** A storm's workloads come within a moment: what waits while one write is under way is written by the next together. */
  const writeWaiting = async (): Promise<void> => {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        await state.update("heals", (before) => changed(before, changes));
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
      }
      for (const { resolve } of changes) resolve();
    }
    isWriting = false;
  };
  const write = (name: string, heal?: OpenHeal): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ name, ...(heal === undefined ? {} : { heal }), resolve });
      void writeWaiting();
    });

  return {
    note(name, heal) {
      const before = noted.get(name);
      if (before?.use === heal.use) return before.kept;
      const kept = write(name, heal);
      noted.set(name, { use: heal.use, kept });
      return kept;
    },
    close(name) {
      if (noted.delete(name)) void write(name);
    },
    async load() {
      const heals = healsIn(await state.read("heals"));
      noted.clear();
      for (const [name, { use }] of heals) noted.set(name, { use, kept: Promise.resolve() });
      return heals;
    },
  };
}

function changed(
  before: string | undefined,
  changes: readonly { readonly name: string; readonly heal?: OpenHeal }[],
): string {
  const heals = new Map(healsIn(before));
  for (const { name, heal } of changes)
    if (heal === undefined) heals.delete(name);
    else if (hasRoom(heal) && (heals.has(name) || heals.size < HEALS_MAX)) heals.set(name, heal);
  return JSON.stringify(Object.fromEntries(heals));
}

function hasRoom(heal: OpenHeal): boolean {
  return Buffer.byteLength(JSON.stringify(heal)) <= HEAL_BYTES_MAX;
}

const text = z.string();
const openHealSchema = z.object({
  subject: z.object({
    pod: z.object({
      namespace: text,
      workload: z.object({ apiVersion: text, kind: text, name: text, uid: text.optional() }),
      revision: text,
    }),
    container: z.object({ container: text, written: text }),
    failure: z.looseObject({ kind: text, evidence: z.array(text) }),
  }),
  use: text,
  proof: text,
  trusted: z.object({ digest: text.refine(isDigest), from: text, askedAt: text }).optional(),
  at: z.number(),
});

/** What has another form is left out: its outcome is missing, and nothing else. */
function healsIn(kept: string | undefined): ReadonlyMap<string, OpenHeal> {
  try {
    const all = Object.entries(JSON.parse(kept ?? "{}") as object);
    return new Map(
      all.flatMap(([name, one]) => {
        const { data } = openHealSchema.safeParse(one);
        return data === undefined ? [] : [[name, data as unknown as OpenHeal] as const];
      }),
    );
  } catch {
    return new Map();
  }
}
