/**
 * What is known of the sources of copies, kept in a ConfigMap: a restart, or another leader, asks and reports nothing twice.
 *
 * Records are merged by tag, because one run looks at some tags and not at all of them.
 */

import type { RefreshRecords } from "../../mirrors/refresh/refresh-records.ts";
import type { SourceRecord } from "../../mirrors/refresh/source-record.ts";
import type { LeaderState } from "../leader-state.ts";
import { type RefreshStatus, sourcesSchema } from "./refresh-status.ts";

export type Sources = ReadonlyMap<string, ReadonlyMap<string, SourceRecord>>;

type IsOne = (repository: string, tag: string) => boolean;
type RunOfTags = {
  /** Which tags the run looks at. */
  readonly isDue: IsOne;
  /** Which records are kept. */
  readonly isUsed: IsOne;
  readonly mayWrite: () => boolean;
};

export type KnownSources = {
  read(): Promise<Sources>;
  forRun(run: RunOfTags): RefreshRecords;
  writeStatus(status: RefreshStatus): Promise<void>;
};

export function createKnownSources(state: Pick<LeaderState, "read" | "update">): KnownSources {
  const read = async (): Promise<Sources> => sourcesIn(await state.read("sources"));
  return {
    read,
    forRun: ({ isDue, isUsed, mayWrite }) => ({
      // The leader alone runs, one run after the other.
      lock: async () => async () => {},
      async read() {
        // What cannot be written down must not be asked, or each pass would ask it again.
        await state.update("sources", (before) => before ?? "{}");
        return { sources: picked(await read(), isDue), known: new Map() };
      },
      async writeSources(repository, records) {
        if (!mayWrite()) return;
        await state.update("sources", (before) => {
          const all = sourcesIn(before);
          const kept = [...(all.get(repository) ?? [])].filter(([tag]) => !isDue(repository, tag));
          const merged = new Map(all).set(repository, new Map([...kept, ...records]));
          return asText(picked(merged, isUsed));
        });
      },
      writeKnown: async () => {},
    }),
    async writeStatus(status) {
      await state.update("status", () => JSON.stringify(status));
    },
  };
}

function picked(sources: Sources, isWanted: IsOne): Sources {
  const kept = [...sources].map(
    ([repository, records]) =>
      [repository, new Map([...records].filter(([tag]) => isWanted(repository, tag)))] as const,
  );
  return new Map(kept.filter(([, records]) => records.size > 0));
}

/** Text of another form says nothing: each source is asked again, within the budget. */
function sourcesIn(text: string | undefined): Sources {
  try {
    const { data = {} } = sourcesSchema.safeParse(JSON.parse(text ?? "{}"));
    return new Map(
      Object.entries(data).map(([repository, records]) => [
        repository,
        new Map(Object.entries(records) as [string, SourceRecord][]),
      ]),
    );
  } catch {
    return new Map();
  }
}

function asText(sources: Sources): string {
  return JSON.stringify(
    Object.fromEntries(
      [...sources].map(([repository, records]) => [repository, Object.fromEntries(records)]),
    ),
  );
}
