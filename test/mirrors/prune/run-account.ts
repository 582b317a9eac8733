/** An account in memory with two unused copies that a first run has marked, as the ports of the clean-up see it. */

import { type Digest, digestOf, shortDigest } from "../../../src/image/digest.ts";
import type { AccountUses, EcrImage } from "../../../src/mirrors/facts.ts";
import type { Mark } from "../../../src/mirrors/prune/mark.ts";
import { type PrunePorts, type PruneReport, runPrune } from "../../../src/mirrors/prune/run-prune.ts";

export const DAY = 86_400_000;
const BEGIN = 2_000 * DAY;
export const [WEB, APP] = ["repull/docker.io/library/web", "repull/docker.io/library/app"];

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** An old image that was pulled once. */
export function old(name: string, more: Partial<EcrImage> = {}): EcrImage {
  const digest = digestOf(name);
  return {
    digest,
    tags: [`1-${shortDigest(digest)}`],
    pushedAt: BEGIN - 400 * DAY,
    pulledAt: BEGIN - 400 * DAY,
    mediaType: MANIFEST,
    isActive: true,
    ...more,
  };
}

export const index = (name: string): EcrImage => old(name, { mediaType: INDEX });
export const part = (name: string, more: Partial<EcrImage> = {}): EcrImage =>
  old(name, { tags: [], ...more });
export const proof = (name: string): EcrImage => old(name, { tags: [`index-${"a".repeat(64)}`] });

/** One that has not ended has no end. */
export type TestExecution = { readonly name: string; end?: number };

export class RunAccount {
  now = BEGIN;
  readonly images: Map<string, EcrImage[]>;
  readonly lists = new Map<Digest, readonly Digest[]>();
  readonly executions: TestExecution[] = [];
  readonly used: Digest[] = [];
  unrecorded: string | undefined;
  /** What ECR refuses to delete with a status of 200. */
  readonly refused = new Set<Digest>();
  /** Happens while the uses are read, before any of them is. */
  whileReading: () => void = () => {};
  /** Happens when the images of a repository are described again, before and after deletions. */
  beforeDeletion: () => void = () => {};
  /** Throws where a call fails. */
  fails: (call: string, repository?: string) => void = () => {};
  readonly #marks = new Map<string, Mark>();
  readonly #rests = new Map<string, ReadonlySet<Digest>>();
  readonly taskDefinitions = new Map<string, readonly string[]>();
  #asked = 0;

  constructor(images: Readonly<Record<string, readonly EcrImage[]>>) {
    this.images = new Map(Object.entries(images).map(([name, those]) => [name, [...those]]));
  }

  digestsIn(repository: string): readonly Digest[] {
    return (this.images.get(repository) ?? []).map(({ digest }) => digest);
  }

  /** A first run marks; days later, `run` is the second one. */
  async mark(): Promise<void> {
    await this.run();
    this.now += 2 * DAY;
  }

  async run(isDryRun = false, told?: Parameters<typeof runPrune>[2]): Promise<PruneReport> {
    this.#asked = 0;
    return await runPrune({ prefix: "repull", host: "h", run: `${this.now}`, isDryRun }, this.ports(), told);
  }

  ports(): PrunePorts {
    return {
      times: () => [this.now],
      unrecorded: async () => this.unrecorded,
      stopped: async () => {
        this.#asked += 1;
        return undefined;
      },
      executions: async (since: number = Number.POSITIVE_INFINITY) =>
        this.executions.filter(({ end = Number.POSITIVE_INFINITY }) => end >= since).map(({ name }) => name),
      store: {
        repositories: async () => [...this.images.keys()],
        describe: async (name) => ({ name, source: "docker.io/library/web", readers: "own-account" }),
        images: async (name) => {
          if (this.#asked > 1) this.beforeDeletion();
          return [...(this.images.get(name) ?? [])];
        },
        children: async (_, digests) =>
          new Map(digests.map((digest) => [digest, this.lists.get(digest) ?? []])),
        deleteImages: async (name, digests) => {
          if (digests.length > 0) this.fails("deleteImages", name);
          const left = (this.images.get(name) ?? []).filter(
            ({ digest }) => !digests.includes(digest) || this.refused.has(digest),
          );
          this.images.set(name, left);
        },
      },
      reader: {
        read: async (known) => {
          this.whileReading();
          known.set("task-definition", ["nginx"]);
          return this.uses();
        },
      },
      records: {
        lock: async () => async () => this.fails("release"),
        read: async () => ({
          marks: new Map(this.#marks),
          rests: new Map(this.#rests),
          known: new Map(this.taskDefinitions),
        }),
        writeMarks: async (repository, marks) => {
          for (const key of [...this.#marks.keys()])
            if (key.startsWith(`${repository}@`)) this.#marks.delete(key);
          for (const [key, mark] of marks) this.#marks.set(key, mark);
        },
        writeRest: async (repository, digests) => {
          this.fails("writeRest", repository);
          this.#rests.set(repository, new Set(digests));
        },
        writeKnown: async (added) => {
          for (const [arn, images] of added) this.taskDefinitions.set(arn, images);
        },
      },
    };
  }

  uses(): AccountUses {
    return {
      uses: {
        services: [],
        "service-revisions": [],
        "task-definitions": this.used.map((digest) => ({ place: "task-definitions", by: "web:2", digest })),
        tasks: [],
        functions: [],
        "job-definitions": [],
        "build-projects": [],
      },
      clusters: [],
      schedules: [],
    };
  }
}
