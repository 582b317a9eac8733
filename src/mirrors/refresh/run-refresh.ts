/**
 * One refresh of the copies: asks the source of each copied tag that is used what the tag names now, has moved tags copied
 * next to the old copies, then has copied what the policy's list wants. Nothing that runs changes by it.
 *
 * A dry run asks and reports, and has nothing copied. Only one run works at a time: each remembers what it reported.
 */

import type { ImageReference } from "../../image/reference.ts";
import type { Logins, Registries, TagLists } from "../../oci/client/registries.ts";
import { excludedBy, matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy-in-force.ts";
import { type AccountUses, type ImageUse, USE_PLACES } from "../facts.ts";
import type { ImageStore, UseReader } from "../ports.ts";
import { usesOfReports } from "../reports/match-reports.ts";
import { headSources, type SourceHead } from "../source-states.ts";
import { readSourcedCopies } from "../sourced-copies.ts";
import { type CopiedTag, copiedTags, hasCopyOf } from "./copied-tags.ts";
import { type CopyTold, copyInOrder, type DueCopy, type QueuePorts } from "./copy-queue.ts";
import { dueOfMoved, dueOfWanted } from "./due-copies.ts";
import { type NewImages, newImages } from "./new-images.ts";
import { readWanted } from "./read-wanted.ts";
import { type RefreshRecords, writeRecords } from "./refresh-records.ts";
import {
  type LostSource,
  type MovedTag,
  type RefreshReport,
  usersTold,
  type WantedTold,
  type Withheld,
} from "./refresh-report.ts";
import { type NewsCode, recordOf, type SourceRecord } from "./source-record.ts";
import type { WantedTag } from "./wanted-tags.ts";

export type RefreshPorts = QueuePorts & {
  readonly store: Pick<ImageStore, "repositories" | "describe" | "images">;
  readonly reader: UseReader;
  readonly records: RefreshRecords;
  readonly registries: Registries;
  readonly tagLists: TagLists;
  readonly logins: Logins;
  /** Publishes the news of a run. */
  readonly publish: (report: RefreshReport) => Promise<void>;
  /** Why nothing may be written; undefined where it may. Unreadable is a reason. */
  readonly stopped: () => Promise<string | undefined>;
};

export type RefreshInput = {
  readonly policy: Policy;
  /** `123456789012.dkr.ecr.eu-west-1.amazonaws.com` */
  readonly host: string;
  readonly run: string;
  readonly isDryRun: boolean;
};

/** Throws AwsError where the table cannot be used. @param hasTime whether to ask, to begin or to wait further */
export async function runRefresh(
  input: RefreshInput,
  ports: RefreshPorts,
  hasTime: () => boolean = () => true,
): Promise<RefreshReport> {
  const { policy, isDryRun, run } = input;
  const { mirrorPrefix } = policy;
  if (mirrorPrefix === undefined)
    return { kind: isDryRun ? "dry-run" : "refreshed", because: "MirrorPrefix is empty", ...NOTHING };
  const release = isDryRun ? async () => {} : await ports.records.lock(run, ports.clock.now());
  if (release === undefined) return { kind: "locked", because: "another run is at work", ...NOTHING };
  try {
    const counted = countingHeads(ports.registries);
    const asking = { ...ports, registries: counted.registries };
    const seen = await look(mirrorPrefix, input, asking, hasTime);
    const withheld = await withheldBy(input, ports);
    const due = withheld === undefined ? dueCopies(seen, input, asking) : [];
    const told = await copyInOrder(due, { ...ports, spared: limitedHosts(seen) }, hasTime);
    const images = await newImages(seen.tags, told, input.host, ports.store);
    const report = { ...reportOf(seen, told, images, withheld, input), heads: counted.heads() };
    if (isDryRun) return report;
    // In this order: what could not be published is news in the next run too.
    await ports.publish(report);
    await writeRecords(seen, told, ports.records);
    return report;
  } finally {
    // A lock that is left ends by itself: what was found must be reported all the same.
    await release().catch(() => {});
  }
}

const NOTHING = {
  tags: 0,
  heads: 0,
  unanswered: 0,
  moved: [],
  lost: [],
  back: [],
  wanted: [],
  problems: [],
  unread: [],
};

type Looked = {
  readonly tag: CopiedTag;
  readonly head: SourceHead;
  readonly record: SourceRecord | undefined;
  readonly news: NewsCode | undefined;
};

type Seen = {
  readonly tags: readonly Looked[];
  /** The policy's, without a copy. */
  readonly wanted: readonly (WantedTag & { readonly users: number })[];
  readonly problems: RefreshReport["problems"];
  readonly before: ReadonlyMap<string, ReadonlyMap<string, SourceRecord>>;
  readonly unread: readonly string[];
};

function countingHeads({ headManifest, getManifest, getBlob }: Registries) {
  let heads = 0;
  const registries: Registries = {
    headManifest(image, signal) {
      heads += 1;
      return headManifest(image, signal);
    },
    getManifest,
    getBlob,
  };
  return { registries, heads: () => heads };
}

/** The registries that have had enough, with what they said. */
function limitedHosts({ tags }: Seen): ReadonlyMap<string, string> {
  return new Map(
    tags.flatMap(({ tag, head }) =>
      head.kind === "unknown" && head.code === "limited" ? [[tag.source.host, head.because] as const] : [],
    ),
  );
}

async function look(
  prefix: string,
  { policy }: RefreshInput,
  { store, reader, records, registries, tagLists, logins, clock }: RefreshPorts,
  hasTime: () => boolean,
): Promise<Seen> {
  const { copies, gaps } = await readSourcedCopies(prefix, store);
  const { sources: before, known: knownBefore } = await records.read();
  const known = new Map(knownBefore);
  const read = await reader.read(known);
  const added = new Map([...known].filter(([arn, images]) => knownBefore.get(arn) !== images));
  if (added.size > 0) await records.writeKnown(added);
  const { uses, missing } = usesIn(read);
  const all = copiedTags(copies, uses);
  const wanted = await readWanted(policy.mirrors.images, all, uses, tagLists, hasTime);
  // Where something that may use a copy was not read, each copy may be used.
  const inUse = all.filter(
    ({ users, name }) => users.length > 0 || missing.length > 0 || wanted.names.has(name),
  );
  const found = await headSources(
    inUse.map(({ source }) => source),
    { headManifest: registries.headManifest, learnLogin: (image) => logins.learnLogin(image) },
    hasTime,
  );
  const now = clock.now();
  const tags = inUse.map((tag): Looked => {
    const head = found.get(tag.name) ?? { kind: "unknown", code: "not-asked", because: "it was not asked" };
    const last = before.get(tag.repository)?.get(tag.source.tag ?? "");
    const isCopied = head.kind === "found" && hasCopyOf(tag, head.digest, last);
    const { record, news } = recordOf(last, head, isCopied, now);
    return { tag, head, record, news };
  });
  return {
    tags,
    wanted: wanted.missing,
    problems: wanted.problems,
    before,
    unread: [...new Set([...gaps, ...missing])],
  };
}

/** The uses that were read, and what was not: a cluster without a report runs images that are not seen from here. */
function usesIn({ uses, clusters }: AccountUses): {
  readonly uses: readonly ImageUse[];
  readonly missing: readonly string[];
} {
  const missing: string[] = [];
  const all = USE_PLACES.flatMap((place): readonly ImageUse[] => {
    const read = uses[place];
    if (!("unread" in read)) return read;
    missing.push(read.because);
    return [];
  });
  if ("unread" in clusters) return { uses: all, missing: [...missing, clusters.because] };
  for (const { name, because } of clusters)
    if (because !== undefined) missing.push(`the images of the cluster ${name}: ${because}`);
  return { uses: [...all, ...usesOfReports(clusters)], missing };
}

async function withheldBy(
  { policy, isDryRun }: RefreshInput,
  { stopped }: Pick<RefreshPorts, "stopped">,
): Promise<Withheld | undefined> {
  const withheld = (code: Withheld["code"], because: string): Withheld => ({
    kind: "withheld",
    code,
    because,
  });
  if (isDryRun) return withheld("dry-run", "nothing is copied by a dry run");
  if (policy.mode === "observe") return withheld("mode-observe", "the mode is observe: nothing is written");
  if (!policy.strategies.includes("mirror"))
    return withheld("no-copies", "the policy's strategies make no copies");
  const because = await stopped();
  return because === undefined ? undefined : withheld("writes-stopped", because);
}

function dueCopies(seen: Seen, input: RefreshInput, ports: RefreshPorts): readonly DueCopy[] {
  return [
    ...seen.tags.flatMap(({ tag, head, record }) =>
      record?.state === "moved" && head.kind === "found" && excluded(tag.source, input.policy) === undefined
        ? dueOfMoved(tag, head.digest, input, ports)
        : [],
    ),
    ...seen.wanted.flatMap((one) =>
      excluded(one.source, input.policy) === undefined ? dueOfWanted(one, input, ports) : [],
    ),
  ];
}

function excluded(source: ImageReference, { scope }: Policy): Withheld | undefined {
  const because = excludedBy(scope.images, "images", (pattern) => matchesImage(pattern, source));
  return because === undefined ? undefined : { kind: "withheld", code: "excluded-by-policy", because };
}

function reportOf(
  seen: Seen,
  told: ReadonlyMap<string, CopyTold>,
  images: NewImages,
  withheld: Withheld | undefined,
  { isDryRun, policy }: RefreshInput,
): Omit<RefreshReport, "heads"> {
  const outcomeOf = (name: string, source: ImageReference): CopyTold | Withheld =>
    told.get(name) ?? withheld ?? excluded(source, policy) ?? NOT_BEGUN;
  const moved = seen.tags.flatMap(({ tag, head, record, news }): MovedTag[] => {
    const { source, name, repository, copies, users } = tag;
    const [newest] = copies;
    if (record?.state !== "moved" || head.kind !== "found" || newest === undefined) return [];
    return [
      {
        code: "tag-moved",
        source: name,
        repository,
        from: newest.copy.digest,
        to: head.digest,
        users: usersTold(users),
        copy: outcomeOf(name, source),
        images: images.get(name) ?? [],
        isNews: news === "tag-moved",
      },
    ];
  });
  const lost = seen.tags.flatMap(({ tag: { name, repository, users }, head, record, news }): LostSource[] => {
    const code = LOSSES[record?.state ?? "same"];
    // A silence is reported when it lasts.
    if (record === undefined || code === undefined || record.told !== code) return [];
    const because = head.kind === "unknown" ? { because: head.because } : {};
    return [
      {
        code,
        source: name,
        repository,
        since: record.since,
        ...because,
        users: usersTold(users),
        isNews: news === code,
      },
    ];
  });
  return {
    kind: isDryRun ? "dry-run" : "refreshed",
    ...(withheld === undefined ? {} : { because: withheld.because }),
    tags: seen.tags.length,
    unanswered: seen.tags.filter(({ head }) => head.kind === "unknown").length,
    moved,
    lost,
    back: seen.tags.flatMap(({ tag, news }) => (news === "source-back" ? [tag.name] : [])),
    wanted: seen.wanted.map(
      ({ name, source, users }): WantedTold => ({ source: name, users, copy: outcomeOf(name, source) }),
    ),
    problems: seen.problems,
    unread: seen.unread,
  };
}

const NOT_BEGUN: CopyTold = { kind: "waiting", code: "no-time", because: "no time was left in this run" };

const LOSSES: Readonly<Partial<Record<SourceRecord["state"], LostSource["code"]>>> = {
  gone: "source-gone",
  refused: "source-refused",
  unreadable: "source-unreadable",
};
