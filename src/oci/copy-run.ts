/** A copy's hands: how it asks, how it moves, and how it puts names on things. What it learns is in its memory. */

import { type Digest, isDigest } from "../image/digest.ts";
import { manifestName } from "../image/reference.ts";
import type { Clock } from "../runtime/clock.ts";
import { moveBlob } from "./blob-move.ts";
import type { CopyOptions, CopyProgress, CopyRequest, CopyResult } from "./copy.ts";
import { CopyError, onSide, refusedOn } from "./copy-error.ts";
import { CopyMemory, type CopyPlace, type Tally } from "./copy-memory.ts";
import { fetchManifest, type ImageReader, type ImageTree, readTree } from "./image-tree.ts";
import type { Descriptor } from "./manifest.ts";
import { inPool } from "./pool.ts";
import type { Manifest, ManifestHead } from "./registry.ts";
import { RegistryError } from "./registry-error.ts";
import type { Repository } from "./repository.ts";

const MANIFESTS_AT_ONCE = 8;
/** Up to here an upload too many costs as little as the question that would have spared it. */
const ASKING_COSTS_BYTES = 64 * 1024;

export class CopyRun {
  readonly request: CopyRequest;
  readonly source: Repository;
  readonly target: Repository;
  readonly signal: AbortSignal;
  readonly #memory: CopyMemory;
  readonly #options: CopyOptions;
  readonly #clock: Clock;
  readonly #concurrency: number;
  #due: readonly Descriptor[] = [];

  /** @param memory what earlier parts of the same copy have learned and done */
  constructor(
    request: CopyRequest,
    options: CopyOptions,
    at: CopyPlace,
    memory = new CopyMemory(request, at.registries),
  ) {
    this.request = request;
    this.signal = options.signal ?? new AbortController().signal;
    this.#memory = memory;
    this.#options = options;
    this.#clock = at.clock;
    this.#concurrency = at.concurrency;
    this.source = memory.source;
    this.target = memory.target;
  }

  /** Whether the target's word is asked for, and taken. */
  get asksTarget(): boolean {
    return this.#memory.asksTarget;
  }

  /** Forgets what was taken on the target's word; what this copy has brought there itself is there. */
  doubtTarget(): void {
    this.#memory.doubtTarget();
  }

  /** The words for a copy that was stopped: what is left to do. */
  aborted(reason: unknown): CopyError {
    const left = this.#due.filter(({ digest }) => this.#memory.outcomeOf(digest) === undefined);
    const bytes = left.reduce((sum, { size }) => sum + size, 0);
    const words = left.length === 0 ? "no blob was left" : `${left.length} blobs of ${bytes} bytes left`;
    const fields = { kind: "aborted", side: "source" } as const;
    return new CopyError(`the copy was stopped, ${words}`, fields, { cause: reason });
  }

  /** What the source's name stands for, without a counted pull. */
  async headSource(): Promise<Digest> {
    const { source } = this.request;
    const name = manifestName(source);
    const head = await onSide("source", undefined, this.source.headManifest(name, this.signal));
    if (head !== undefined) return head.digest;
    const message = `source: ${source.host}/${source.path} has no manifest ${name}`;
    throw new CopyError(message, { kind: "absent", side: "source" });
  }

  /** What a name stands for at the target, asked once. */
  async headTarget(name: string): Promise<ManifestHead | undefined> {
    const known = this.#memory.heads.get(name);
    if (known !== undefined) return known;
    const asked = this.target.headManifest(name, this.signal);
    const head = await onSide("target", isDigest(name) ? name : undefined, asked);
    if (head !== undefined) this.#memory.heads.set(name, head);
    return head;
  }

  /** The manifest at the root of the source, fetched once. */
  async fetchRoot(trusted: Digest | undefined): Promise<Manifest> {
    const root = await this.fetch(trusted ?? this.#memory.root ?? manifestName(this.request.source));
    this.#memory.root = root.digest;
    return root;
  }

  /** A manifest that this run has fetched already. */
  fetched(digest: Digest): Manifest | undefined {
    return this.#memory.fetched.get(digest);
  }

  fetch(name: string): Promise<Manifest> {
    return fetchManifest(this.#reader(), name, this.signal);
  }

  readTree(root: Manifest): Promise<ImageTree> {
    return readTree(this.#reader(), root, this.signal);
  }

  /**
   * The media type of a manifest that the target has under its name; undefined where it has not. One that it has
   * without the name gets it: what a registry holds by digest it holds whole, and a counted source is not asked.
   */
  async presentAs(digest: Digest, tag: string | undefined): Promise<string | undefined> {
    if (!this.asksTarget) return undefined;
    const head = await this.headTarget(tag ?? digest);
    if (head?.digest === digest) return head.mediaType;
    if (tag === undefined) return undefined;
    const held = await onSide("target", digest, this.target.getManifest(digest, this.signal));
    if (held === undefined) return undefined;
    await this.name(held, tag);
    return held.mediaType;
  }

  /** The tag for what is copied: computed from it, or the target's own. */
  tagFor(digest: Digest): string | undefined {
    const { tagFor, target } = this.request;
    return tagFor === undefined ? target.tag : tagFor(digest);
  }

  /** Keeps bytes at hand that a blob would otherwise be fetched for. */
  remember(digest: Digest, bytes: Uint8Array): void {
    this.#memory.bytes.set(digest, bytes);
  }

  /** Moves what a tree needs, the biggest first, and tells how it goes. */
  async moveBlobs(tree: Pick<ImageTree, "root" | "blobs">): Promise<void> {
    this.#due = tree.blobs;
    for (const { digest, data } of tree.blobs) if (data !== undefined) this.remember(digest, data);
    const bytes = tree.blobs.reduce((sum, { size }) => sum + size, 0);
    this.#options.onPlan?.({ digest: tree.root, blobs: tree.blobs.length, bytes });
    const todo = tree.blobs.filter(({ digest }) => this.#memory.outcomeOf(digest) === undefined);
    const first = todo.slice(0, this.#concurrency);
    const asksTarget = this.asksTarget;
    const present = asksTarget ? await this.#presentOf(first) : new Set<Digest>();
    const due = todo.filter(({ digest }) => !present.has(digest));
    for (const blob of todo.filter(({ digest }) => present.has(digest))) this.#skip(blob);
    const answered = new Set(first);
    await inPool(
      due,
      this.#concurrency,
      (blob, signal) => {
        // An attempt that was cut off began with the same blobs: where it has left none of them, it has left none.
        const isWorthAsking = present.size > 0 || blob.size > ASKING_COSTS_BYTES;
        return this.#moveOne(blob, asksTarget && isWorthAsking && !answered.has(blob), signal);
      },
      this.signal,
    );
  }

  /** Which of some blobs the target says to hold. */
  async #presentOf(blobs: readonly Descriptor[]): Promise<ReadonlySet<Digest>> {
    const present = new Set<Digest>();
    await inPool(
      blobs,
      this.#concurrency,
      async ({ digest }, signal) => {
        const asked = this.target.hasBlob(digest, signal);
        if (await onSide("target", digest, asked)) present.add(digest);
      },
      this.signal,
    );
    return present;
  }

  #skip(blob: Descriptor): void {
    this.#memory.settle(blob, "skipped");
    const { digest, size } = blob;
    this.#options.onProgress?.({ blob: digest, state: "skipped", bytesDone: size, bytesAll: size });
  }

  /** Moves a blob that is no part of the image, and is not counted with it. */
  async moveBeside(blob: Descriptor): Promise<void> {
    await moveBlob(this.#route(this.asksTarget), blob, this.signal);
  }

  /** Children by their digests, then what names them; the root by its tag. */
  async nameAll(tree: ImageTree, tag: string | undefined): Promise<void> {
    for (const level of tree.levels) {
      await inPool(
        level,
        MANIFESTS_AT_ONCE,
        (manifest, signal) => this.name(manifest, manifest.digest === tree.root ? tag : undefined, signal),
        this.signal,
      );
    }
  }

  /** Stores one manifest under a tag, or under its digest. An equal digest under an immutable tag is success. */
  async name(manifest: Manifest, tag: string | undefined, signal = this.signal): Promise<void> {
    try {
      await this.target.putManifest(tag ?? manifest.digest, manifest, signal);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const refused = refusedOn("target", manifest.digest, error);
      if (tag === undefined || !["malformed", "denied"].includes(error.kind)) throw refused;
      // ECR refuses even the manifest that the tag already stands for: TAG_INVALID.
      const asked = this.target.headManifest(tag, signal);
      const holds = await asked.catch(() => undefined);
      if (holds?.digest === manifest.digest) return;
      if (holds === undefined || !isImmutable(error)) throw refused;
      const message = `target: tag ${tag} stands for ${holds.digest} and cannot be moved to ${manifest.digest}`;
      const fields = { kind: "tag-taken", side: "target", digest: manifest.digest } as const;
      throw new CopyError(message, fields, { cause: error });
    }
  }

  /** The account of what was done. */
  result(copied: {
    readonly digest: Digest;
    readonly mediaType: string;
    readonly sourceDigest: Digest;
    readonly tag: string | undefined;
    readonly alreadyPresent: boolean;
    readonly foreign?: readonly Descriptor[];
  }): CopyResult {
    const { tag, foreign = [], ...rest } = copied;
    return {
      ...rest,
      ...this.account(),
      ...(tag === undefined ? {} : { tag }),
      ...(foreign.length === 0 ? {} : { foreignLayers: foreign.map(({ digest }) => digest) }),
    };
  }

  /** What has been asked and moved so far. */
  account(): Tally & Pick<CopyResult, "requests" | "quota"> {
    const { quota } = this.source;
    return {
      ...this.#memory.tally,
      requests: { source: this.source.requests, target: this.target.requests },
      ...(quota === undefined ? {} : { quota }),
    };
  }

  async #moveOne(blob: Descriptor, askTarget: boolean, signal: AbortSignal): Promise<void> {
    const { onProgress } = this.#options;
    let bytesDone = 0;
    const tell = (state: CopyProgress["state"]): void =>
      onProgress?.({ blob: blob.digest, state, bytesDone, bytesAll: blob.size });
    const onBytes = (bytes: number): void => {
      bytesDone += bytes;
      tell("moving");
    };
    tell("started");
    const route = this.#route(askTarget, onProgress === undefined ? undefined : onBytes);
    const outcome = await moveBlob(route, blob, signal);
    bytesDone = blob.size;
    this.#memory.settle(blob, outcome);
    tell(outcome === "moved" ? "done" : outcome);
  }

  #reader(): ImageReader {
    const { source, target, asksTarget: askTarget } = this;
    const { fetched, fetchedMax } = this.#memory;
    return { source, target, fetched, fetchedMax, askTarget };
  }

  #route(askTarget: boolean, onBytes?: (bytes: number) => void): Parameters<typeof moveBlob>[0] {
    return {
      source: this.source,
      target: this.target,
      clock: this.#clock,
      askTarget,
      mountFrom: this.#memory.mountFrom,
      bytesOf: (digest) => this.#memory.bytes.get(digest),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
  }
}

function isImmutable(error: RegistryError): boolean {
  return error.codes.includes("TAG_INVALID") || /immutable|already exists/i.test(error.message);
}
